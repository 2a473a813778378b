/* SPDX-License-Identifier: GPL-2.0 */
/* test_live_rows.c - the model of the terminal view: book, rows, sparkline, canvas. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "live/layout.h"
#include "live/table.h"
#include "live/text.h"
#include "util/reason.h"

static const struct port_names no_names;

static void put(struct book *book, const char *source, uint16_t port, uint64_t packets,
		int64_t last)
{
	struct attempt attempt = {.last_ns = last, .first_ns = last};
	struct cidr cidr;

	assert_int_equal(cidr_parse(source, &cidr, NULL), 0);
	memcpy(attempt.record.source, cidr.source, 16);
	attempt.record.port = port;
	attempt.record.l4 = IPPROTO_TCP;
	attempt.record.reason = RW_REASON_NOT_OPEN;
	attempt.record.packets = packets;
	assert_int_equal(book_put(book, &attempt), 0);
}

static void a_count_never_goes_back_when_the_table_forgets(void **state)
{
	struct book book = {0};

	put(&book, "192.0.2.1", 23, 5, 1);
	put(&book, "192.0.2.1", 23, 8, 2);
	put(&book, "192.0.2.1", 23, 2, 3);
	put(&book, "192.0.2.1", 23, 3, 4);
	assert_int_equal(book_open(&book), 0);
	assert_int_equal(book.count, 1);
	assert_int_equal(book.pages[0].attempt.record.packets, 9);
	book_free(&book);
}

static double rate_of(struct book *book)
{
	assert_int_equal(book_open(book), 0);
	return book->pages[0].rate;
}

static void rates_rise_fall_and_end(void **state)
{
	struct book book = {0};

	put(&book, "192.0.2.1", 23, 5, 1);
	book_tick(&book, 1);
	assert_true(rate_of(&book) == 0);
	put(&book, "192.0.2.1", 23, 25, 2);
	book_tick(&book, 1);
	assert_true(rate_of(&book) == 10);
	for (int i = 0; i < 20; i++)
		book_tick(&book, 1);
	assert_true(rate_of(&book) == 0);
	book_free(&book);
}

static void a_full_book_keeps_the_newest(void **state)
{
	struct book book = {0};

	for (uint32_t i = 0; i <= BOOK_MAX; i++) {
		char source[32];

		snprintf(source, sizeof(source), "10.%u.%u.%u", i >> 16, i >> 8 & 255, i & 255);
		put(&book, source, 1, 1, i + 1);
	}
	assert_int_equal(book_open(&book), 0);
	assert_int_equal(book.count, BOOK_MAX);
	assert_int_equal(book.pages[0].attempt.record.source[15], 1);
	assert_int_equal(book.pages[BOOK_MAX - 1].attempt.last_ns, BOOK_MAX + 1);
	book_free(&book);
}

static void sources_and_ports_are_summed_up(void **state)
{
	struct book book = {0};
	struct rows rows = {0};
	struct rows_request request = {.group = GROUP_SOURCE, .sort = SORT_HITS};

	put(&book, "192.0.2.1", 23, 5, 1);
	put(&book, "192.0.2.2", 23, 1, 2);
	put(&book, "192.0.2.1", 25, 7, 3);
	assert_int_equal(book_open(&book), 0);
	assert_int_equal(rows_build(&rows, &book, &no_names, &request), 0);
	assert_int_equal(rows.count, 2);
	assert_int_equal(rows.list[0].packets, 12);
	assert_int_equal(rows.list[0].others, 2);
	assert_int_equal(rows.list[0].last_ns, 3);
	assert_int_equal(rows.list[0].first_ns, 1);
	request.group = GROUP_PORT;
	request.ascending = true;
	assert_int_equal(rows_build(&rows, &book, &no_names, &request), 0);
	assert_int_equal(rows.list[0].packets, 6);
	assert_int_equal(rows.list[0].others, 2);
	assert_int_equal(rows.list[1].others, 1);
	rows_free(&rows);
	book_free(&book);
}

/* What is on the screen while it is frozen. */
static void an_open_book_stands_still(void **state)
{
	struct book book = {0};

	put(&book, "192.0.2.1", 23, 5, 1);
	assert_int_equal(book_open(&book), 0);
	put(&book, "192.0.2.1", 23, 6, 2);
	put(&book, "192.0.2.2", 23, 6, 3);
	assert_int_equal(book.count, 1);
	assert_int_equal(book.pages[0].attempt.record.packets, 5);
	assert_int_equal(book_open(&book), 0);
	assert_int_equal(book.count, 2);
	assert_int_equal(book.pages[0].attempt.record.packets, 6);
	book_free(&book);
}

static void a_filter_is_one_line(void **state)
{
	char named[] = "port=23 src=192.0/16 reason=not-open", alone[] = "10/8 25 zone-denied";
	char wrong[] = "prot=23", service[] = "imap";
	struct filter filter;
	struct error error;

	assert_int_equal(filter_parse_line(named, 0, &filter, &error), 0);
	assert_int_equal(filter.port, 23);
	assert_int_equal(filter.source.length, 112);
	assert_int_equal(filter.reason, RW_REASON_NOT_OPEN);
	assert_int_equal(filter_parse_line(alone, 0, &filter, &error), 0);
	assert_int_equal(filter.port, 25);
	assert_int_equal(filter.source.length, 104);
	assert_int_equal(filter.reason, RW_REASON_ZONE_DENIED);
	assert_int_equal(filter_parse_line(service, 0, &filter, &error), 0);
	assert_string_equal(filter.service, "imap");
	assert_true(filter_parse_line(wrong, 0, &filter, &error) < 0);
}

static void a_port_may_have_its_protocol(void **state)
{
	static const char *const wrong[] = {"port=6071/tpc", "port=65536/tcp", "port=/tcp",
					    "port=",	     "port=-1",	       "6071/tcp6"};
	struct rw_attempt record = {.port = 6071, .l4 = IPPROTO_TCP};
	char text[32] = "6071/tcp", other[] = "port=6071/udp";
	struct filter filter;

	assert_int_equal(filter_parse_line(text, 0, &filter, NULL), 0);
	assert_int_equal(filter.port, 6071);
	assert_true(filter_matches(&filter, &record, NULL, 0));
	assert_int_equal(filter_parse_line(other, 0, &filter, NULL), 0);
	assert_false(filter_matches(&filter, &record, NULL, 0));
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		snprintf(text, sizeof(text), "%s", wrong[i]);
		if (filter_parse_line(text, 0, &filter, NULL) != -EINVAL)
			fail_msg("\"%s\" was taken", wrong[i]);
	}
}

static void a_service_that_no_rule_has_may_be_a_mistyped_reason(void **state)
{
	const struct rule imap = {.service = "imap"}, panel = {.service = "admin-panel"};
	const struct rule *rules[] = {&imap, &panel};
	const struct port_names names = {.rules = rules, .snapshot.rule_count = 2};
	struct filter filter = {.service = "imap"};
	struct error error = {0};

	assert_int_equal(filter_check_service(&filter, &names, &error), 0);
	snprintf(filter.service, sizeof(filter.service), "zone-denid");
	assert_int_equal(filter_check_service(&filter, &no_names, &error), 0);
	assert_int_equal(filter_check_service(&filter, &names, &error), -EINVAL);
	assert_non_null(strstr(error.hint, "\"zone-denied\""));
	snprintf(filter.service, sizeof(filter.service), "admin-pannel");
	assert_int_equal(filter_check_service(&filter, &names, &error), -EINVAL);
	assert_non_null(strstr(error.hint, "\"admin-panel\""));
	snprintf(filter.service, sizeof(filter.service), "nothing-of-the-kind");
	assert_int_equal(filter_check_service(&filter, &names, &error), -EINVAL);
	assert_non_null(strstr(error.hint, "rolewall show"));
}

#define WORDS  6
#define KNOCKS 8

struct knocks {
	struct rw_attempt list[KNOCKS];
	struct rule rules[KNOCKS];
	int64_t last_ns[KNOCKS];
	size_t count;
};

static void knock_read(struct knocks *knocks, char *words[WORDS], int64_t now)
{
	struct rw_attempt *record = &knocks->list[knocks->count];
	struct cidr cidr;

	assert_int_equal(cidr_parse(words[0], &cidr, NULL), 0);
	memcpy(record->source, cidr.source, sizeof(record->source));
	record->port = (uint16_t)atoi(words[1]);
	record->l4 = strcmp(words[2], "tcp") ? IPPROTO_UDP : IPPROTO_TCP;
	record->reason = reason_from_name(words[3]);
	if (strcmp(words[4], "-") != 0)
		snprintf(knocks->rules[knocks->count].service, TABLES_NAME_MAX, "%s", words[4]);
	knocks->last_ns[knocks->count++] = now - atoi(words[5]) * 1000000000LL;
}

/* "0 4", "none" or "wrong". */
static void filter_ask(const struct knocks *knocks, const char *text, int64_t now, char ret[32])
{
	const struct rule *rules[KNOCKS];
	const struct port_names names = {.rules = rules, .snapshot.rule_count = knocks->count};
	char line[128];
	struct filter filter;

	for (size_t i = 0; i < knocks->count; i++)
		rules[i] = &knocks->rules[i];
	snprintf(line, sizeof(line), "%s", text);
	snprintf(ret, 32, "wrong");
	if (filter_parse_line(line, now, &filter, NULL) ||
	    filter_check_service(&filter, &names, NULL))
		return;
	ret[0] = '\0';
	for (size_t i = 0; i < knocks->count; i++)
		if (filter_matches(&filter, &knocks->list[i],
				   knocks->rules[i].service[0] ? &knocks->rules[i] : NULL,
				   knocks->last_ns[i]))
			sprintf(ret + strlen(ret), "%s%zu", *ret ? " " : "", i);
	if (!*ret)
		snprintf(ret, 32, "none");
}

/* tests/e2e/test_web.sh asks the live page the same. */
static void a_filter_shows_what_the_table_says(void **state)
{
	FILE *file = fopen("tests/unit/filters.tsv", "re");
	const int64_t now = 1790000000LL * 1000000000;
	struct knocks knocks = {0};
	char line[256], found[32];
	int filters = 0;

	assert_non_null(file);
	while (fgets(line, sizeof(line), file)) {
		char *words[WORDS] = {NULL}, *rest = line, *kind;

		line[strcspn(line, "\n")] = '\0';
		kind = strsep(&rest, "\t");
		for (int i = 0; rest && i < WORDS; i++)
			words[i] = strsep(&rest, "\t");
		if (!strcmp(kind, "attempt"))
			knock_read(&knocks, words, now);
		if (strcmp(kind, "filter") != 0)
			continue;
		filter_ask(&knocks, words[0], now, found);
		if (strcmp(found, words[1]) != 0)
			fail_msg("\"%s\" shows %s, not %s", words[0], found, words[1]);
		filters++;
	}
	fclose(file);
	assert_true(filters > 50);
}

static void sparks_tell_what_came_when(void **state)
{
	static struct spark spark;
	uint64_t drops[RW_REASON_COUNT] = {0};
	uint8_t reasons[2];

	drops[RW_REASON_NOT_OPEN] = 100;
	spark_put(&spark, drops, 1000);
	assert_int_equal(spark_max(&spark, SPARK_STEPS), 0);
	drops[RW_REASON_NOT_OPEN] = 107;
	spark_put(&spark, drops, 1001);
	drops[RW_REASON_ZONE_DENIED] = 9;
	spark_put(&spark, drops, 1000 + 2 * SPARK_SECONDS);
	assert_int_equal(spark_at(&spark, RW_REASON_NOT_OPEN, 2), 7);
	assert_int_equal(spark_at(&spark, RW_REASON_NOT_OPEN, 0), 0);
	assert_int_equal(spark_at(&spark, RW_REASON_ZONE_DENIED, 0), 9);
	assert_int_equal(spark_reasons(&spark, 10, reasons, 2), 2);
	assert_int_equal(reasons[0], RW_REASON_ZONE_DENIED);
	spark_put(&spark, drops, 1000 + 3 * SPARK_STEPS * SPARK_SECONDS);
	assert_int_equal(spark_max(&spark, SPARK_STEPS), 0);
	assert_int_equal(spark_level(0, 100), 0);
	assert_int_equal(spark_level(1, 1000000), 1);
	assert_int_equal(spark_level(1000000, 1000000), SPARK_LEVELS);
}

static void text_stays_in_its_cells_and_controls_nothing(void **state)
{
	struct canvas canvas = {.plain = true};
	char text[64];

	assert_int_equal(canvas_reset(&canvas, 2, 10), 0);
	canvas_put(&canvas, 0, 0, 6, STYLE_PLAIN, "much too long");
	assert_string_equal(canvas_text(&canvas, 0, text, sizeof(text)), "much ~");
	canvas_put(&canvas, 1, 2, 8, STYLE_PLAIN, "\033[2J");
	assert_string_equal(canvas_text(&canvas, 1, text, sizeof(text)), "  ?[2J");
	canvas_put(&canvas, 5, 50, 6, STYLE_PLAIN, "outside");
	canvas_free(&canvas);
}

/* A line of the Ports tab, as the screen has it; with room for `columns`. */
static const char *port_line(const struct rule *rule, int columns, char *ret, size_t size)
{
	struct rule_state state = {.rule = *rule};
	static struct source source;
	static struct view view;
	struct canvas canvas = {.plain = true};

	source.snapshot = (struct snapshot){.rules = &state, .rule_count = 1};
	view = (struct view){.source = &source, .tab = TAB_PORTS, .page = 1};
	assert_int_equal(canvas_reset(&canvas, 2, columns), 0);
	table_ports(&canvas, &view, 0);
	canvas_text(&canvas, 1, ret, size);
	canvas_free(&canvas);
	return ret;
}

static void a_port_is_open_to_whom_the_policy_says(void **state)
{
	struct rule rule = {.service = "imap", .role = "proxy", .l4 = RW_L4_TCP};
	char text[256];

	rule.port = rule.port_end = 143;
	rule.zones = RW_ZONE_NOBODY;
	assert_non_null(strstr(port_line(&rule, 80, text, sizeof(text)), " none "));
	rule.zones = RW_ZONE_VPN | RW_ZONE_PEER(0) | RW_ZONE_PEER(3);
	snprintf(rule.peers, sizeof(rule.peers), "mta");
	assert_non_null(strstr(port_line(&rule, 80, text, sizeof(text)), " vpn,peers(mta) "));
	rule.zones = RW_ZONE_MANAGEMENT;
	assert_non_null(strstr(port_line(&rule, 80, text, sizeof(text)), " management "));
}

static void a_wide_screen_shows_the_whole_of_a_port(void **state)
{
	struct rule rule = {.service = "process-exporter-of-the-proxy", .l4 = RW_L4_TCP};
	char text[256];

	rule.port = rule.port_end = 143;
	rule.zones = RW_ZONE_ALL | RW_ZONE_PEER(0);
	snprintf(rule.role, sizeof(rule.role), "every-node-there-is");
	snprintf(rule.peers, sizeof(rule.peers), "mta");
	port_line(&rule, 80, text, sizeof(text));
	assert_null(strstr(text, rule.service));
	port_line(&rule, 200, text, sizeof(text));
	assert_non_null(strstr(text, "process-exporter-of-the-proxy every-node-there-is "
				     "external,internal,vpn,peers(mta) "));
}

static void a_wide_screen_shows_the_whole_of_a_ban(void **state)
{
	static struct source source;
	static struct view view;
	struct timeout ban = {.who = "root", .reason = "long enough to be cut on a narrow screen"};
	struct canvas canvas = {.plain = true};
	char text[256];

	assert_int_equal(cidr_parse("2001:db8:1111:2222:3333:4444:5555:6666", &ban.source, NULL),
			 0);
	source.bans = (struct timeout_list){.list = &ban, .count = 1};
	view = (struct view){.source = &source, .tab = TAB_LISTS, .page = 1};
	assert_int_equal(canvas_reset(&canvas, 2, 80), 0);
	table_lists(&canvas, &view, 0);
	assert_null(strstr(canvas_text(&canvas, 1, text, sizeof(text)), ":6666"));
	assert_int_equal(canvas_reset(&canvas, 2, 140), 0);
	table_lists(&canvas, &view, 0);
	canvas_text(&canvas, 1, text, sizeof(text));
	assert_non_null(strstr(text, "2001:db8:1111:2222:3333:4444:5555:6666 "));
	assert_non_null(strstr(text, "narrow screen"));
	canvas_free(&canvas);
}

static void numbers_fit(void **state)
{
	char text[24];

	assert_string_equal(number_text(123456, 6, text), "123456");
	assert_string_equal(number_text(1234567, 6, text), "1.2M");
	assert_string_equal(number_text(999999, 5, text), "1.0M");
	assert_string_equal(number_text(UINT64_MAX, 6, text), "18447P");
}

/* Just after midnight, too. */
static void what_was_an_hour_ago_has_a_time_and_no_day(void **state)
{
	char text[24];

	assert_non_null(strchr(when_text((time(NULL) - 3600) * 1000000000LL, text), ':'));
	assert_null(strchr(when_text((time(NULL) - 48 * 3600) * 1000000000LL, text), ':'));
	assert_string_equal(when_text(0, text), "-");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_count_never_goes_back_when_the_table_forgets),
		cmocka_unit_test(rates_rise_fall_and_end),
		cmocka_unit_test(a_full_book_keeps_the_newest),
		cmocka_unit_test(an_open_book_stands_still),
		cmocka_unit_test(sources_and_ports_are_summed_up),
		cmocka_unit_test(a_filter_is_one_line),
		cmocka_unit_test(a_port_may_have_its_protocol),
		cmocka_unit_test(a_service_that_no_rule_has_may_be_a_mistyped_reason),
		cmocka_unit_test(a_filter_shows_what_the_table_says),
		cmocka_unit_test(sparks_tell_what_came_when),
		cmocka_unit_test(text_stays_in_its_cells_and_controls_nothing),
		cmocka_unit_test(a_port_is_open_to_whom_the_policy_says),
		cmocka_unit_test(a_wide_screen_shows_the_whole_of_a_port),
		cmocka_unit_test(a_wide_screen_shows_the_whole_of_a_ban),
		cmocka_unit_test(numbers_fit),
		cmocka_unit_test(what_was_an_hour_ago_has_a_time_and_no_day),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
