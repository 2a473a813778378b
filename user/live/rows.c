/* SPDX-License-Identifier: GPL-2.0 */
/* rows.c - filter, sum up, sort. */
#include "live/rows.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "util/array.h"
#include "util/reason.h"

#define COMPARE(a, b) (((a) > (b)) - ((a) < (b)))

const char *group_word(enum group group)
{
	return group == GROUP_SOURCE ? "source" : "port";
}

int group_parse(const char *text, enum group *ret)
{
	if (!strcmp(text, "source"))
		*ret = GROUP_SOURCE;
	else if (!strcmp(text, "port"))
		*ret = GROUP_PORT;
	else
		return -EINVAL;
	return 0;
}

/* --- one by one ------------------------------------------------------------------------------- */

static int row_add(struct rows *rows, const struct page *page, const struct rule *rule)
{
	const struct attempt *attempt = &page->attempt;
	struct row *row = array_append(&rows->list, &rows->count, sizeof(*row));

	if (!row)
		return -ENOMEM;
	*row = (struct row){
		.attempt = attempt,
		.rule = rule,
		.packets = attempt->record.packets,
		.bytes = attempt->record.bytes,
		.rate = page->rate,
		.first_ns = attempt->first_ns,
		.last_ns = attempt->last_ns,
		.reasons = 1ULL << attempt->record.reason,
		.attempts = 1,
		.others = 1,
		.dropped = !attempt->record.observed,
	};
	return 0;
}

static int rows_select(struct rows *rows, const struct book *book, const struct port_names *names,
		       const struct filter *filter)
{
	for (size_t i = 0; i < book->count; i++) {
		const struct attempt *attempt = &book->pages[i].attempt;
		const struct rule *rule = service_of(names, &attempt->record);

		if (filter_matches(filter, &attempt->record, rule, attempt->last_ns) &&
		    row_add(rows, &book->pages[i], rule))
			return -ENOMEM;
	}
	return 0;
}

/* --- summed up -------------------------------------------------------------------------------- */

static int compare_other(const struct row *a, const struct row *b, enum group group)
{
	return group == GROUP_SOURCE ? row_compare_port(a, b) : row_compare_source(a, b);
}

static int compare_grouped(const void *left, const void *right, void *context)
{
	enum group group = *(enum group *)context;
	int order = row_compare_group(left, right, group);

	return order ? order : compare_other(left, right, group);
}

static void rows_group(struct rows *rows, enum group group)
{
	size_t count = 0;
	struct row before = {0}; /* the last one as it was, before sums */

	qsort_r(rows->list, rows->count, sizeof(*rows->list), compare_grouped, &group);
	for (size_t i = 0; i < rows->count; i++) {
		struct row row = rows->list[i];

		if (!count || row_compare_group(&before, &row, group)) {
			rows->list[count++] = row;
		} else {
			rows->list[count - 1].others += compare_other(&before, &row, group) != 0;
			row_join(&rows->list[count - 1], &row);
		}
		before = row;
	}
	rows->count = count;
}

/* --- in order --------------------------------------------------------------------------------- */

static int compare_text(const char *a, const char *b)
{
	return strcmp(a ? a : "", b ? b : "");
}

static const char *reason_text(const struct row *row)
{
	return reason_name(row->attempt->record.reason);
}

static int compare_from(const struct row *a, const struct row *b)
{
	int order = COMPARE(a->attempt->record.zone, b->attempt->record.zone);

	return order ? order : strcmp(a->attempt->interface, b->attempt->interface);
}

static int compare_column(const struct row *a, const struct row *b, enum sort sort)
{
	switch (sort) {
	case SORT_HITS:
		return COMPARE(a->packets, b->packets);
	case SORT_RATE:
		return COMPARE(a->rate, b->rate);
	case SORT_SOURCE:
		return row_compare_source(a, b);
	case SORT_PORT:
		return row_compare_port(a, b);
	case SORT_SERVICE:
		return compare_text(a->rule ? a->rule->service : NULL,
				    b->rule ? b->rule->service : NULL);
	case SORT_FROM:
		return compare_from(a, b);
	case SORT_REASON:
		return compare_text(reason_text(a), reason_text(b));
	case SORT_RULE:
		return compare_text(a->rule ? a->rule->role : NULL, b->rule ? b->rule->role : NULL);
	default:
		return COMPARE(a->last_ns, b->last_ns);
	}
}

/* Of those that are alike the newest comes first, and never do two of them change places. */
static int compare_rows(const void *left, const void *right, void *context)
{
	const struct rows_request *request = context;
	int order = compare_column(left, right, request->sort);
	const struct row *a = left, *b = right;

	if (order)
		return request->ascending ? order : -order;
	order = COMPARE(b->last_ns, a->last_ns);
	if (!order)
		order = row_compare_source(a, b);
	if (!order)
		order = row_compare_port(a, b);
	return order ? order : COMPARE(a->attempt->record.reason, b->attempt->record.reason);
}

static void rows_sort(struct row *list, size_t count, const struct rows_request *request)
{
	struct rows_request order = *request;

	if (count)
		qsort_r(list, count, sizeof(*list), compare_rows, &order);
}

/* Behind each fold that is open come its rows, in the same order as all others. */
static int children_insert(struct rows *rows, struct row *children, size_t count,
			   const struct rows_request *request)
{
	struct row *list = malloc((rows->count + count) * sizeof(*list));
	size_t at = 0;

	if (!list)
		return -ENOMEM;
	for (size_t i = 0; i < rows->count; i++) {
		const struct row *fold = &rows->list[i];
		size_t begin = 0;

		list[at++] = *fold;
		if (!fold->open)
			continue;
		while (memcmp(&children[begin].key, &fold->key, sizeof(fold->key)) != 0)
			begin++;
		rows_sort(&children[begin], fold->folded, request);
		memcpy(&list[at], &children[begin], fold->folded * sizeof(*list));
		at += fold->folded;
	}
	free(rows->list);
	rows->list = list;
	rows->count = at;
	return 0;
}

static int rows_fold(struct rows *rows, const struct rows_request *request)
{
	struct row *children;
	size_t count;
	int r = fold_rows(&rows->list, &rows->count, &request->open, &children, &count);

	if (r)
		return r;
	rows_sort(rows->list, rows->count, request);
	if (count)
		r = children_insert(rows, children, count, request);
	free(children);
	return r;
}

int rows_build(struct rows *rows, const struct book *book, const struct port_names *names,
	       const struct rows_request *request)
{
	int r;

	rows->count = rows->unfolded = 0;
	r = rows_select(rows, book, names, &request->filter);
	if (r)
		return r;
	if (request->group != GROUP_NONE)
		rows_group(rows, request->group);
	rows->unfolded = rows->count;
	if (request->fold)
		return rows_fold(rows, request);
	rows_sort(rows->list, rows->count, request);
	return 0;
}

void rows_free(struct rows *rows)
{
	free(rows->list);
	*rows = (struct rows){0};
}
