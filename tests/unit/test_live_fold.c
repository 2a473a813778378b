/* SPDX-License-Identifier: GPL-2.0 */
/* test_live_fold.c - floods and scans as one row, and the keys that open it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "live/rows.h"
#include "live/view.h"

static const struct port_names no_names;

struct knock {
	uint32_t source; /* 10.x.y.z */
	uint16_t port;
	uint64_t packets;
	int64_t last;
};

static void put(struct book *book, struct knock knock)
{
	struct attempt attempt = {.last_ns = knock.last, .first_ns = knock.last};
	char text[32];
	struct cidr cidr;

	snprintf(text, sizeof(text), "10.%u.%u.%u", knock.source >> 16, knock.source >> 8 & 255,
		 knock.source & 255);
	assert_int_equal(cidr_parse(text, &cidr, NULL), 0);
	memcpy(attempt.record.source, cidr.source, 16);
	attempt.record.port = knock.port;
	attempt.record.l4 = IPPROTO_TCP;
	attempt.record.reason = RW_REASON_NOT_OPEN;
	attempt.record.packets = knock.packets;
	assert_int_equal(book_put(book, &attempt), 0);
}

static void build(struct rows *rows, struct book *book, const struct rows_request *request)
{
	assert_int_equal(book_open(book), 0);
	assert_int_equal(rows_build(rows, book, &no_names, request), 0);
}

static void a_flood_from_everywhere_is_one_row(void **state)
{
	struct book book = {0};
	struct rows rows = {0};
	struct rows_request request = {.fold = true};

	for (uint32_t i = 0; i < 60000; i++)
		put(&book, (struct knock){1000 + i, 3306, 1 + i % 2, 10 + i});
	put(&book, (struct knock){1, 25, 500, 5});
	build(&rows, &book, &request);
	assert_int_equal(rows.count, 2);
	assert_int_equal(rows.unfolded, 60001);
	assert_int_equal(rows.list[0].key.kind, FOLD_PORT);
	assert_int_equal(rows.list[0].folded, 60000);
	assert_int_equal(rows.list[0].others, 60000);
	assert_int_equal(rows.list[0].packets, 90000);
	assert_int_equal(rows.list[0].last_ns, 60009);
	assert_int_equal(rows.list[0].first_ns, 10);
	assert_int_equal(rows.list[1].folded, 0);
	request.fold = false;
	build(&rows, &book, &request);
	assert_int_equal(rows.count, 60001);
	rows_free(&rows);
	book_free(&book);
}

/* The slow scanner's last port is the one that is flooded. */
static void who_comes_slowly_is_seen_beside_a_flood(void **state)
{
	struct book book = {0};
	struct rows rows = {0};
	struct rows_request request = {.fold = true, .sort = SORT_SOURCE, .ascending = true};

	for (uint32_t i = 0; i < 100; i++)
		put(&book, (struct knock){1000 + i, 3306, 1, 10 + i});
	for (uint16_t i = 0; i < 3; i++)
		put(&book, (struct knock){7, 3304 + i, 2, 1});
	put(&book, (struct knock){8, 3306, FOLD_PACKETS + 1, 1});
	build(&rows, &book, &request);
	assert_int_equal(rows.count, 5);
	assert_int_equal(rows.list[0].folded, 100);
	for (int i = 1; i < 4; i++)
		assert_int_equal(rows.list[i].attempt->record.source[15], 7);
	assert_int_equal(rows.list[4].attempt->record.source[15], 8);
	rows_free(&rows);
	book_free(&book);
}

static void a_scan_and_a_flood_to_everywhere_are_a_row_each(void **state)
{
	struct book book = {0};
	struct rows rows = {0};
	struct rows_request request = {.fold = true, .sort = SORT_HITS};

	for (uint16_t i = 0; i < 1024; i++)
		put(&book, (struct knock){9, 1 + i, 1, 1});
	for (uint32_t i = 0; i < 500; i++)
		put(&book, (struct knock){1000 + i, 2000 + i / 2, 1, 2});
	build(&rows, &book, &request);
	assert_int_equal(rows.count, 2);
	assert_int_equal(rows.list[0].key.kind, FOLD_SOURCE);
	assert_int_equal(rows.list[0].others, 1024);
	assert_int_equal(rows.list[0].key.source[15], 9);
	assert_int_equal(rows.list[1].key.kind, FOLD_REASON);
	assert_int_equal(rows.list[1].others, 500);
	assert_int_equal(rows.list[1].ports, 250);
	rows_free(&rows);
	book_free(&book);
}

static void few_rows_are_not_folded(void **state)
{
	struct book book = {0};
	struct rows rows = {0};
	struct rows_request request = {.fold = true};

	for (uint32_t i = 0; i < FOLD_ROWS - 1; i++)
		put(&book, (struct knock){1000 + i, 23, 1, 1});
	build(&rows, &book, &request);
	assert_int_equal(rows.count, FOLD_ROWS - 1);
	/* Other ports: the usual noise of a day, which is worth its rows. */
	for (uint32_t i = 0; i < FOLD_ROWS; i++)
		put(&book, (struct knock){2000 + i, 3000 + i, 1, 1});
	build(&rows, &book, &request);
	assert_int_equal(rows.count, 2 * FOLD_ROWS - 1);
	rows_free(&rows);
	book_free(&book);
}

static void an_open_fold_has_its_rows_behind_it(void **state)
{
	struct book book = {0};
	struct rows rows = {0};
	struct rows_request request = {.fold = true, .sort = SORT_HITS};
	struct row fold;

	for (uint32_t i = 0; i < 40; i++) {
		put(&book, (struct knock){1000 + i, 23, 1 + i % 3, 1});
		put(&book, (struct knock){2000 + i, 24, 1, 1});
	}
	put(&book, (struct knock){1, 25, 70, 1});
	build(&rows, &book, &request);
	assert_int_equal(rows.count, 3);
	fold = rows.list[0];
	folds_toggle(&request.open, &fold.key);
	build(&rows, &book, &request);
	assert_int_equal(rows.count, 43);
	assert_true(row_is_same(&rows.list[0], &fold, GROUP_NONE));
	assert_true(rows.list[0].open);
	for (int i = 1; i <= 40; i++) {
		assert_true(rows.list[i].child);
		assert_int_equal(rows.list[i].attempt->record.port, 23);
		assert_true(i == 1 || rows.list[i].packets <= rows.list[i - 1].packets);
	}
	assert_int_equal(rows.list[41].packets, 70);
	assert_int_equal(rows.list[42].folded, 40);
	folds_toggle(&request.open, &fold.key);
	build(&rows, &book, &request);
	assert_int_equal(rows.count, 3);
	rows_free(&rows);
	book_free(&book);
}

static void sums_are_folded_too(void **state)
{
	struct book book = {0};
	struct rows rows = {0};
	struct rows_request request = {.fold = true, .group = GROUP_SOURCE, .sort = SORT_HITS};

	for (uint32_t i = 0; i < 200; i++)
		put(&book, (struct knock){1000 + i, 3306, 1, 1});
	put(&book, (struct knock){7, 23, 4, 1});
	put(&book, (struct knock){7, 24, 4, 1});
	for (uint16_t i = 0; i < 100; i++)
		put(&book, (struct knock){9, 5000 + i, 1, 1});
	build(&rows, &book, &request);
	assert_int_equal(rows.count, 3);
	assert_int_equal(rows.list[0].key.kind, FOLD_PORT);
	assert_int_equal(rows.list[1].packets, 100);
	assert_int_equal(rows.list[2].packets, 8);
	request.group = GROUP_PORT;
	build(&rows, &book, &request);
	assert_int_equal(rows.list[0].others, 200);
	assert_int_equal(rows.list[1].key.kind, FOLD_SOURCE);
	assert_int_equal(rows.count, 4);
	rows_free(&rows);
	book_free(&book);
}

static void the_newest_folds_stay_open(void **state)
{
	struct folds folds = {0};
	struct fold_key key = {.kind = FOLD_PORT};

	for (uint16_t i = 0; i <= FOLDS_OPEN; i++) {
		key.port = i;
		folds_toggle(&folds, &key);
	}
	assert_true(folds_has(&folds, &key));
	key.port = 0;
	assert_false(folds_has(&folds, &key));
	key.port = 5;
	folds_toggle(&folds, &key);
	assert_false(folds_has(&folds, &key));
	assert_int_equal(folds.count, FOLDS_OPEN - 1);
}

/* --- the table -------------------------------------------------------------------------------- */

#define WORDS 6

static const char *folds_text(const struct rows *rows, char *ret, size_t size)
{
	static const char *const kinds[] = {
		[FOLD_PORT] = "port", [FOLD_REASON] = "all", [FOLD_SOURCE] = "source"};
	static const enum fold_kind order[] = {FOLD_REASON, FOLD_PORT, FOLD_SOURCE};
	size_t length = 0;

	snprintf(ret, size, "-");
	for (size_t i = 0; i < 3; i++)
		for (size_t j = 0; j < rows->count; j++)
			if (rows->list[j].folded && rows->list[j].key.kind == order[i])
				length += snprintf(ret + length, size - length, "%s%s:%zu",
						   length ? " " : "", kinds[order[i]],
						   rows->list[j].folded);
	return ret;
}

static void knocks_put(struct book *book, char *words[WORDS])
{
	for (int i = 0; i < atoi(words[0]); i++)
		put(book, (struct knock){atoi(words[1]) + i * atoi(words[2]),
					 atoi(words[3]) + i * atoi(words[4]), atoi(words[5]), 1});
}

static void rows_ask(struct book *book, const char *name, char *words[WORDS])
{
	struct rows_request request = {.fold = true};
	struct rows rows = {0};
	char text[128];

	if (strcmp(words[0], "none") != 0)
		assert_int_equal(group_parse(words[0], &request.group), 0);
	build(&rows, book, &request);
	folds_text(&rows, text, sizeof(text));
	if (rows.count != (size_t)atoi(words[1]) || strcmp(text, words[2]) != 0)
		fail_msg("%s, by %s: %zu rows, %s", name, words[0], rows.count, text);
	rows_free(&rows);
}

/* tests/e2e/test_web.sh asks the live page the same. */
static void what_is_folded_is_what_the_table_says(void **state)
{
	FILE *file = fopen("tests/unit/folds.tsv", "re");
	struct book book = {0};
	char line[256], name[256] = "";
	int asked = 0;

	assert_non_null(file);
	while (fgets(line, sizeof(line), file)) {
		char *words[WORDS] = {NULL}, *rest = line, *kind;

		line[strcspn(line, "\n")] = '\0';
		kind = strsep(&rest, "\t");
		for (int i = 0; rest && i < WORDS; i++)
			words[i] = strsep(&rest, "\t");
		if (!strcmp(kind, "case")) {
			book_free(&book);
			snprintf(name, sizeof(name), "%s", words[0]);
		} else if (!strcmp(kind, "knocks")) {
			knocks_put(&book, words);
		} else if (!strcmp(kind, "rows")) {
			rows_ask(&book, name, words);
			asked++;
		}
	}
	fclose(file);
	book_free(&book);
	assert_true(asked > 15);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_flood_from_everywhere_is_one_row),
		cmocka_unit_test(who_comes_slowly_is_seen_beside_a_flood),
		cmocka_unit_test(a_scan_and_a_flood_to_everywhere_are_a_row_each),
		cmocka_unit_test(few_rows_are_not_folded),
		cmocka_unit_test(an_open_fold_has_its_rows_behind_it),
		cmocka_unit_test(sums_are_folded_too),
		cmocka_unit_test(the_newest_folds_stay_open),
		cmocka_unit_test(what_is_folded_is_what_the_table_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
