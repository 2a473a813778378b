/* SPDX-License-Identifier: GPL-2.0 */
/* assign.c - keep what is the same in its place. */
#include "kernel/generation/assign.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "util/cleanup.h"

unsigned int slot_by_name(const struct about *about, const char *name)
{
	unsigned int slot;

	for (slot = 1; about && slot < RW_SLOTS; slot++)
		if (strcmp(about->slots[slot], name) == 0)
			return slot;
	return 0;
}

static unsigned int slot_free(const struct about *current, const struct about *about)
{
	unsigned int slot;

	for (slot = 1; slot < RW_SLOTS; slot++)
		if (!about->slots[slot][0] && !(current && current->slots[slot][0]))
			return slot;
	return 0;
}

int assign_slots(const struct tables *tables, const struct about *current, struct about *about)
{
	unsigned int slot;
	size_t i;

	for (i = 0; i < tables->interface_count; i++) {
		slot = slot_by_name(current, tables->interfaces[i].name);
		if (slot)
			strcpy(about->slots[slot], tables->interfaces[i].name);
	}
	for (i = 0; i < tables->interface_count; i++) {
		if (slot_by_name(about, tables->interfaces[i].name))
			continue;
		slot = slot_free(current, about);
		if (!slot)
			return -ENOSPC;
		strcpy(about->slots[slot], tables->interfaces[i].name);
	}
	for (i = 0; i < tables->interface_count; i++) {
		slot = slot_by_name(about, tables->interfaces[i].name);
		about->hooks[slot] = tables->interfaces[i].hook;
		about->shields[slot] = tables->interfaces[i].shield;
	}
	return 0;
}

static int compare_identity(const void *left, const void *right)
{
	const struct rule *a = &(*(const struct numbered_rule *const *)left)->rule;
	const struct rule *b = &(*(const struct numbered_rule *const *)right)->rule;
	int order;

	if (a->l4 != b->l4)
		return a->l4 - b->l4;
	if (a->port != b->port)
		return a->port - b->port;
	if (a->port_end != b->port_end)
		return a->port_end - b->port_end;
	order = strcmp(a->role, b->role);
	return order ? order : strcmp(a->service, b->service);
}

/* Pointers to the current records, sorted by identity. */
static const struct numbered_rule **sort_records(const struct generation *current, size_t count)
{
	const struct numbered_rule **sorted = calloc(count + 1, sizeof(*sorted));
	size_t i;

	if (!sorted)
		return NULL;
	for (i = 0; i < count; i++)
		sorted[i] = &current->rules[i];
	qsort(sorted, count, sizeof(*sorted), compare_identity);
	return sorted;
}

/*
 * Next index that `taken` does not have; past the end, the first that the new policy leaves free.
 */
static uint32_t index_free(const uint8_t *taken, uint8_t mask, uint32_t from)
{
	while (from < RW_RULES && (taken[from] & mask))
		from++;
	return from;
}

#define TAKEN_NEW     1
#define TAKEN_CURRENT 2

static void assign_fresh(struct numbered_rule *records, bool *fresh, size_t count, uint8_t *taken)
{
	uint8_t mask = TAKEN_NEW | TAKEN_CURRENT;
	uint32_t next = 0;
	size_t i;

	for (i = 0; i < count; i++) {
		if (!fresh[i])
			continue;
		next = index_free(taken, mask, next);
		if (next == RW_RULES && mask != TAKEN_NEW) {
			mask = TAKEN_NEW;
			next = index_free(taken, mask, 0);
		}
		records[i].index = next;
		taken[next] |= TAKEN_NEW;
	}
}

int assign_rules(const struct tables *tables, const struct generation *current,
		 struct numbered_rule *records, bool *fresh)
{
	size_t have = current && current->about ? current->about->rule_count : 0, i;
	_free_ const struct numbered_rule **sorted = NULL;
	_free_ uint8_t *taken = calloc(RW_RULES, 1);
	const struct numbered_rule *record, **found;

	sorted = sort_records(current, have);
	if (!sorted || !taken)
		return -ENOMEM;
	for (i = 0; i < have; i++)
		taken[current->rules[i].index] = TAKEN_CURRENT;
	for (i = 0; i < tables->rule_count; i++) {
		records[i].rule = tables->rules[i];
		record = &records[i];
		found = bsearch(&record, sorted, have, sizeof(*sorted), compare_identity);
		fresh[i] = !found;
		if (!found)
			continue;
		records[i].index = (*found)->index;
		taken[records[i].index] |= TAKEN_NEW;
	}
	assign_fresh(records, fresh, tables->rule_count, taken);
	return 0;
}
