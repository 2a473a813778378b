/* SPDX-License-Identifier: GPL-2.0 */
/* fold.c - which rows are alike, and one row for all of them. */
#include "live/fold.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "util/array.h"

/* --- those that are open ---------------------------------------------------------------------- */

static size_t folds_find(const struct folds *folds, const struct fold_key *key)
{
	size_t i = 0;

	while (i < folds->count && memcmp(&folds->keys[i], key, sizeof(*key)) != 0)
		i++;
	return i;
}

bool folds_has(const struct folds *folds, const struct fold_key *key)
{
	return folds_find(folds, key) < folds->count;
}

void folds_toggle(struct folds *folds, const struct fold_key *key)
{
	size_t at = folds_find(folds, key);
	bool was_open = at < folds->count;

	if (!was_open && folds->count < FOLDS_OPEN) {
		folds->keys[folds->count++] = *key;
		return;
	}
	if (!was_open)
		at = 0;
	memmove(&folds->keys[at], &folds->keys[at + 1],
		(folds->count - at - 1) * sizeof(folds->keys[0]));
	if (was_open)
		folds->count--;
	else
		folds->keys[FOLDS_OPEN - 1] = *key;
}

/* --- rows that are alike ---------------------------------------------------------------------- */

static struct fold_key key_make(const struct row *row, enum fold_kind kind)
{
	const struct rw_attempt *record = &row->attempt->record;
	struct fold_key key = {
		.kind = kind, .reason = record->reason, .observed = record->observed};

	if (kind == FOLD_SOURCE)
		memcpy(key.source, record->source, sizeof(key.source));
	if (kind == FOLD_PORT) {
		key.port = record->port;
		key.l4 = record->l4;
	}
	return key;
}

static int compare_sources(const void *left, const void *right)
{
	return row_compare_source(left, right);
}

static int compare_folds(const void *left, const void *right)
{
	const struct row *a = left, *b = right;
	int order = memcmp(&a->key, &b->key, sizeof(a->key));

	if (!order)
		order = row_compare_source(a, b);
	return order ? order : row_compare_port(a, b);
}

static void siblings_count(struct row *list, size_t count)
{
	size_t end;

	qsort(list, count, sizeof(*list), compare_sources);
	for (size_t begin = 0; begin < count; begin = end) {
		for (end = begin; end < count && !row_compare_source(&list[begin], &list[end]);)
			end++;
		for (size_t i = begin; i < end; i++)
			list[i].siblings = end - begin;
	}
}

static bool may_fold(const struct row *row)
{
	return row->attempts == 1 && row->packets <= FOLD_PACKETS;
}

/* Those that may be folded go to the end. Returns where they begin. */
static size_t rows_part(struct row *list, size_t count)
{
	size_t kept = 0;

	for (size_t i = 0; i < count; i++)
		if (!may_fold(&list[i])) {
			struct row row = list[i];

			list[i] = list[kept];
			list[kept++] = row;
		}
	return kept;
}

/* --- one row for a run of them ---------------------------------------------------------------- */

struct folding {
	struct row *rows; /* that are left to be folded */
	size_t count;
	struct row *done; /* owned, as what follows: rows of the table */
	size_t done_count;
	struct row *children;
	size_t child_count;
	const struct folds *open;
};

static size_t ports_count(const struct row *run, size_t count)
{
	uint64_t seen[65536 / 64] = {0};
	size_t ports = 0;

	for (size_t i = 0; i < count; i++) {
		uint16_t port = run[i].attempt->record.port;

		ports += !(seen[port / 64] >> port % 64 & 1);
		seen[port / 64] |= 1ULL << port % 64;
	}
	return ports;
}

/* The run is in the order of what its rows have not in common. */
static struct row fold_make(const struct row *run, size_t count)
{
	enum fold_kind kind = run->key.kind;
	struct row fold = *run;

	for (size_t i = 1; i < count; i++) {
		fold.others += kind == FOLD_SOURCE ? row_compare_port(&run[i - 1], &run[i]) != 0
						   : row_compare_source(&run[i - 1], &run[i]) != 0;
		row_join(&fold, &run[i]);
	}
	fold.folded = count;
	if (kind == FOLD_REASON)
		fold.ports = ports_count(run, count);
	if (kind != FOLD_PORT)
		fold.rule = NULL;
	return fold;
}

static int row_append(struct row **list, size_t *count, const struct row *row)
{
	struct row *place = array_append(list, count, sizeof(*place));

	if (!place)
		return -ENOMEM;
	*place = *row;
	return 0;
}

static int run_fold(struct folding *folding, const struct row *run, size_t count)
{
	struct row fold = fold_make(run, count);

	fold.open = folds_has(folding->open, &fold.key);
	for (size_t i = 0; fold.open && i < count; i++) {
		struct row child = run[i];

		child.child = true;
		if (row_append(&folding->children, &folding->child_count, &child))
			return -ENOMEM;
	}
	return row_append(&folding->done, &folding->done_count, &fold);
}

/* What is in no fold of that kind is left to be folded. */
static int kind_fold(struct folding *folding, enum fold_kind kind)
{
	struct row *rows = folding->rows;
	size_t left = 0, end, enough = kind == FOLD_REASON ? FOLD_ALL_ROWS : FOLD_ROWS;

	for (size_t i = 0; i < folding->count; i++)
		rows[i].key = key_make(&rows[i], kind);
	qsort(rows, folding->count, sizeof(*rows), compare_folds);
	for (size_t begin = 0; begin < folding->count; begin = end) {
		for (end = begin; end < folding->count && !memcmp(&rows[begin].key, &rows[end].key,
								  sizeof(rows[begin].key));)
			end++;
		if (end - begin < enough) {
			memmove(&rows[left], &rows[begin], (end - begin) * sizeof(*rows));
			left += end - begin;
		} else if (run_fold(folding, &rows[begin], end - begin)) {
			return -ENOMEM;
		}
	}
	folding->count = left;
	return 0;
}

/* A source with several rows keeps them: they are rows of the table. */
static int known_keep(struct folding *folding)
{
	size_t left = 0;

	for (size_t i = 0; i < folding->count; i++) {
		struct row *row = &folding->rows[i];

		if (row->siblings <= FOLD_SIBLINGS)
			folding->rows[left++] = *row;
		else if (row_append(&folding->done, &folding->done_count, row))
			return -ENOMEM;
	}
	folding->count = left;
	return 0;
}

static int rest_keep(struct folding *folding)
{
	for (size_t i = 0; i < folding->count; i++)
		if (row_append(&folding->done, &folding->done_count, &folding->rows[i]))
			return -ENOMEM;
	return 0;
}

static int rows_fold_all(struct folding *folding)
{
	int r = kind_fold(folding, FOLD_SOURCE);

	if (!r)
		r = known_keep(folding);
	if (!r)
		r = kind_fold(folding, FOLD_PORT);
	if (!r)
		r = kind_fold(folding, FOLD_REASON);
	return r ? r : rest_keep(folding);
}

/* Who is in no fold has no key. */
static void keys_clear(struct row *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (!list[i].folded)
			list[i].key = (struct fold_key){0};
}

int fold_rows(struct row **list, size_t *count, const struct folds *open, struct row **ret_children,
	      size_t *ret_child_count)
{
	struct folding folding = {.open = open};
	size_t kept = rows_part(*list, *count);

	*ret_children = NULL;
	*ret_child_count = 0;
	if (*count - kept < FOLD_ROWS)
		return 0;
	siblings_count(*list, *count);
	kept = rows_part(*list, *count);
	folding.rows = *list + kept;
	folding.count = *count - kept;
	for (size_t i = 0; i < kept; i++)
		if (row_append(&folding.done, &folding.done_count, &(*list)[i])) {
			free(folding.done);
			return -ENOMEM;
		}
	if (rows_fold_all(&folding)) {
		free(folding.done);
		free(folding.children);
		return -ENOMEM;
	}
	keys_clear(folding.done, folding.done_count);
	free(*list);
	*list = folding.done;
	*count = folding.done_count;
	*ret_children = folding.children;
	*ret_child_count = folding.child_count;
	return 0;
}
