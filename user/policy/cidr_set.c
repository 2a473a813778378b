/* SPDX-License-Identifier: GPL-2.0 */
/* cidr_set.c - a sorted list in which each prefix knows the one around it. */
#include "policy/cidr_set.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "util/array.h"

void cidr_set_free(struct cidr_set *set)
{
	free(set->list);
	*set = (struct cidr_set){0};
}

int cidr_set_add(struct cidr_set *set, const struct cidr *cidr, uint32_t tag)
{
	struct cidr_item *item = array_append(&set->list, &set->count, sizeof(*item));

	if (!item)
		return -ENOMEM;
	*item = (struct cidr_item){.cidr = *cidr, .tag = tag};
	return 0;
}

static int item_compare(const void *left, const void *right)
{
	const struct cidr_item *a = left, *b = right;
	int order = cidr_compare(&a->cidr, &b->cidr);

	return order ? order : (a->tag > b->tag) - (a->tag < b->tag);
}

static void drop_same(struct cidr_set *set)
{
	size_t kept = 0;

	for (size_t i = 0; i < set->count; i++)
		if (!kept || cidr_compare(&set->list[kept - 1].cidr, &set->list[i].cidr))
			set->list[kept++] = set->list[i];
	set->count = kept;
}

static const struct cidr_item *outer_of(const struct cidr_set *set, const struct cidr_item *item)
{
	return item->outer ? &set->list[item->outer - 1] : NULL;
}

void cidr_set_finish(struct cidr_set *set)
{
	if (!set->count)
		return;
	qsort(set->list, set->count, sizeof(*set->list), item_compare);
	drop_same(set);
	for (size_t i = 1; i < set->count; i++) {
		const struct cidr_item *outer = &set->list[i - 1];

		while (outer && !cidr_covers(&outer->cidr, &set->list[i].cidr))
			outer = outer_of(set, outer);
		set->list[i].outer = outer ? (uint32_t)(outer - set->list) + 1 : 0;
	}
}

/* How many of them do not stand behind `cidr`? */
static size_t rank(struct cidr_set *set, const struct cidr *cidr)
{
	size_t low = 0, high = set->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		set->steps++;
		if (cidr_compare(&set->list[middle].cidr, cidr) <= 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static const struct cidr_item *find_around(struct cidr_set *set, const struct cidr *cidr,
					   size_t behind)
{
	const struct cidr_item *item = behind ? &set->list[behind - 1] : NULL;

	while (item && !cidr_covers(&item->cidr, cidr)) {
		set->steps++;
		item = outer_of(set, item);
	}
	/* ::/0 is around IPv4 in the 16 bytes alone, and all that is around it is wider still. */
	return item && cidr_overlaps(&item->cidr, cidr) ? item : NULL;
}

static const struct cidr_item *find_inside(struct cidr_set *set, const struct cidr *cidr,
					   size_t behind)
{
	static const struct cidr ipv4_last = {.source = {[10] = 0xff, 0xff, 0xff, 0xff, 0xff, 0xff},
					      .length = 128};
	const struct cidr_item *item = set->list + behind;

	if (behind < set->count && cidr_covers(cidr, &item->cidr) &&
	    !cidr_overlaps(cidr, &item->cidr))
		item = set->list + rank(set, &ipv4_last);
	set->steps++;
	return item < set->list + set->count && cidr_overlaps(cidr, &item->cidr) ? item : NULL;
}

const struct cidr_item *cidr_set_find(struct cidr_set *set, const struct cidr *cidr)
{
	size_t behind = rank(set, cidr);
	const struct cidr_item *item = find_around(set, cidr, behind);

	return item ? item : find_inside(set, cidr, behind);
}
