/* SPDX-License-Identifier: GPL-2.0 */
/*
 * shapes.h - instructions that old verifiers accept, and get wrong.
 *
 * RHEL 8.4 computes the bounds of a 64-bit difference in 32 bits, so that of two values without
 * bounds it takes live branches for dead ones; kernels below 5.10 forget the bounds of a value that
 * was spilled, and refuse a program that returns it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <linux/bpf.h>

struct shapes {
	const struct bpf_insn *insns;
	size_t count;
	bool is_program;      /* its first argument is the context */
	bool returns_verdict; /* of which the verifier wants to know the bounds */
	/* Does instruction `number` refer to a symbol? */
	bool (*is_relocated)(const void *context, size_t number);
	const void *context;
};

/* Returns what is wrong with the first instruction at or behind *at that has a fault, which *at is
 * then; NULL: nothing. -1 in *at: no memory. */
const char *shapes_fault(const struct shapes *shapes, size_t *at);
