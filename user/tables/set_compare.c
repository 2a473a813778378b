/* SPDX-License-Identifier: GPL-2.0 */
/* set_compare.c - what differs between the sets of two policies. */
#include "tables/set_compare.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "util/array.h"
#include "util/cleanup.h"

/* --- which is which --------------------------------------------------------------------------- */

static bool has_same_sources(const struct set *a, const struct set *b)
{
	for (size_t i = 0; a->source_count == b->source_count && i < a->source_count; i++)
		if (a->sources[i].length != b->sources[i].length ||
		    memcmp(a->sources[i].source, b->sources[i].source, 16) != 0)
			return false;
	return a->source_count == b->source_count;
}

static bool is_same(const struct set *a, const struct set *b)
{
	return !strcmp(a->name, b->name) && (a->name[0] || has_same_sources(a, b));
}

static const struct set *find(const struct tables *tables, const struct set *set)
{
	for (size_t i = 0; i < tables->set_count; i++)
		if (is_same(&tables->sets[i], set))
			return &tables->sets[i];
	return NULL;
}

void sets_translate(const struct tables *from, const struct tables *to, struct set_translation *ret)
{
	*ret = (struct set_translation){{0}};
	for (size_t i = 0; from && to && i < from->set_count && i < RW_SETS; i++) {
		const struct set *set = find(to, &from->sets[i]);

		ret->bits[i] = set ? RW_ZONE_SET(set - to->sets) : 0;
	}
}

uint64_t zones_translate(const struct set_translation *translation, uint64_t zones)
{
	uint64_t found = zones & ~RW_ZONE_SETS;

	for (size_t i = 0; i < RW_SETS; i++)
		if (zones & RW_ZONE_SET(i))
			found |= translation->bits[i];
	return found;
}

/* --- what changes ----------------------------------------------------------------------------- */

static int cidr_order(const void *left, const void *right)
{
	return cidr_compare(left, right);
}

/* Sorted, each once. */
static int sources_list(const struct set *set, struct cidr_list *ret)
{
	size_t count = set ? set->source_count : 0, kept = 0;

	ret->list = calloc(count + 1, sizeof(*ret->list));
	if (!ret->list)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		memcpy(ret->list[i].source, set->sources[i].source, sizeof(ret->list[i].source));
		ret->list[i].length = set->sources[i].length;
	}
	qsort(ret->list, count, sizeof(*ret->list), cidr_order);
	for (size_t i = 0; i < count; i++)
		if (!kept || cidr_compare(&ret->list[kept - 1], &ret->list[i]))
			ret->list[kept++] = ret->list[i];
	ret->count = kept;
	return 0;
}

/* What both have goes out of both. */
static void common_drop(struct cidr_list *a, struct cidr_list *b)
{
	size_t left = 0, right = 0, kept_left = 0, kept_right = 0;

	while (left < a->count || right < b->count) {
		int order = left == a->count	? 1
			    : right == b->count ? -1
						: cidr_compare(&a->list[left], &b->list[right]);

		if (order < 0)
			a->list[kept_left++] = a->list[left];
		if (order > 0)
			b->list[kept_right++] = b->list[right];
		left += order <= 0;
		right += order >= 0;
	}
	a->count = kept_left;
	b->count = kept_right;
}

static bool is_on(const struct set *set, const char *interface)
{
	for (size_t i = 0; i < set->on_count; i++)
		if (!strcmp(set->on[i], interface))
			return true;
	return false;
}

static bool has_same_on(const struct set *a, const struct set *b)
{
	if (a->has_on != b->has_on || a->on_count != b->on_count)
		return false;
	for (size_t i = 0; i < a->on_count; i++)
		if (!is_on(b, a->on[i]))
			return false;
	return true;
}

static void set_change_free(struct set_change *change)
{
	free(change->added.list);
	free(change->removed.list);
}

/* Of `before` and `after`, one may be NULL. */
static int change_add(struct set_changes *changes, const char *name, const struct set *before,
		      const struct set *after)
{
	_cleanup_(set_change_free) struct set_change change = {
		.name = name, .before = before, .after = after};
	struct set_change *added;

	if (sources_list(before, &change.removed) || sources_list(after, &change.added))
		return -ENOMEM;
	common_drop(&change.removed, &change.added);
	change.on_changed = before && after && !has_same_on(before, after);
	if (before && after && !change.added.count && !change.removed.count && !change.on_changed)
		return 0;
	added = array_append(&changes->list, &changes->count, sizeof(*added));
	if (!added)
		return -ENOMEM;
	*added = change;
	change = (struct set_change){0};
	return 0;
}

/* Prefixes that stand in a service's "from" show as ports that open and close. */
int sets_compare(const struct tables *before, const struct tables *after, struct set_changes *ret)
{
	_cleanup_(set_changes_free) struct set_changes changes = {0};
	int r = 0;

	for (size_t i = 0; r == 0 && i < after->set_count; i++)
		if (after->sets[i].name[0])
			r = change_add(&changes, after->sets[i].name, find(before, &after->sets[i]),
				       &after->sets[i]);
	for (size_t i = 0; r == 0 && i < before->set_count; i++)
		if (before->sets[i].name[0] && !find(after, &before->sets[i]))
			r = change_add(&changes, before->sets[i].name, &before->sets[i], NULL);
	if (r < 0)
		return r;
	*ret = changes;
	changes = (struct set_changes){0};
	return 0;
}

void set_changes_free(struct set_changes *changes)
{
	for (size_t i = 0; i < changes->count; i++)
		set_change_free(&changes->list[i]);
	free(changes->list);
	*changes = (struct set_changes){0};
}
