/* SPDX-License-Identifier: GPL-2.0 */
/* row.c - one line of a table of attempts. */
#include "live/row.h"

#include <string.h>

#define COMPARE(a, b) (((a) > (b)) - ((a) < (b)))

void row_join(struct row *sum, const struct row *row)
{
	if (row->last_ns > sum->last_ns) {
		sum->attempt = row->attempt;
		sum->rule = row->rule;
		sum->last_ns = row->last_ns;
	}
	if (row->first_ns && (!sum->first_ns || row->first_ns < sum->first_ns))
		sum->first_ns = row->first_ns;
	sum->packets += row->packets;
	sum->bytes += row->bytes;
	sum->rate += row->rate;
	sum->reasons |= row->reasons;
	sum->attempts += row->attempts;
	sum->dropped += row->dropped;
}

static const uint8_t *source_of(const struct row *row)
{
	return row->folded ? row->key.source : row->attempt->record.source;
}

int row_compare_source(const struct row *a, const struct row *b)
{
	return memcmp(source_of(a), source_of(b), 16);
}

static unsigned int port_of(const struct row *row)
{
	const struct rw_attempt *record = &row->attempt->record;

	return row->folded ? row->key.port << 8 | row->key.l4 : record->port << 8 | record->l4;
}

int row_compare_port(const struct row *a, const struct row *b)
{
	return COMPARE(port_of(a), port_of(b));
}

int row_compare_group(const struct row *a, const struct row *b, enum group group)
{
	return group == GROUP_SOURCE ? row_compare_source(a, b) : row_compare_port(a, b);
}

bool row_is_same(const struct row *a, const struct row *b, enum group group)
{
	const struct rw_attempt *one = &a->attempt->record, *other = &b->attempt->record;

	if (a->folded || b->folded)
		return a->folded && b->folded && !memcmp(&a->key, &b->key, sizeof(a->key));
	if (group != GROUP_NONE)
		return row_compare_group(a, b, group) == 0;
	return !row_compare_source(a, b) && !row_compare_port(a, b) &&
	       one->reason == other->reason && one->ifindex == other->ifindex &&
	       one->observed == other->observed;
}
