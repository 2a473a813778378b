/* SPDX-License-Identifier: GPL-2.0 */
/*
 * conntrack.h - the object whose programs ask the kernel's connection tracking (bpf/forward.bpf.h).
 *
 * To call these functions the kernel's BTF is needed, which nothing else of Rolewall's is: so it is an
 * object of its own, of the same maps, and loaded only on hosts that forward.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* Its bytes, an ELF file. Borrowed. */
const void *conntrack_elf(size_t *ret_size);

/* Those of the third object: the same as the first, but it knows flows (bpf/flow.bpf.h). */
const void *flows_elf(size_t *ret_size);

/* Does the kernel take a program that asks? Tried, with the smallest one. */
bool conntrack_can_be_asked(void);
