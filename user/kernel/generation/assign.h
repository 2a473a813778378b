/* SPDX-License-Identifier: GPL-2.0 */
/*
 * assign.h - which slot an interface gets, and which counters a rule.
 *
 * What both generations have keeps its place; what is new never takes a place that the generation
 * in force uses, so that the way back to it stays open. Pure.
 */
#pragma once

#include "kernel/generation/generation.h"

/* Fill `about->slots`, `hooks` and `shields` for the interfaces of `tables`. -ENOSPC: more than RW_SLOTS - 1 in old and
 * new together. */
int assign_slots(const struct tables *tables, const struct about *current, struct about *about);

/* Slot of an interface, or 0. */
unsigned int slot_by_name(const struct about *about, const char *name);

/*
 * Fill `records[i]` for `tables->rules[i]`. `fresh[i]` is set where the counters are new and have
 * to be zeroed. -ENOMEM.
 */
int assign_rules(const struct tables *tables, const struct generation *current,
		 struct numbered_rule *records, bool *fresh);
