/* SPDX-License-Identifier: GPL-2.0 */
/* The page's server: where it listens, whom it answers, what a slow page hears. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "report/words.h"
#include "util/array.h"
#include "web/request.h"
#include "web/stream.h"

static struct address address(const char *text)
{
	struct address address;

	assert_int_equal(address_parse(text, &address, NULL), 0);
	return address;
}

/* --- addresses -------------------------------------------------------------------------------- */

static void an_address_has_a_port_or_the_default_one(void **state)
{
	static const struct {
		const char *text, *address;
		unsigned int port;
		bool loopback;
	} rows[] = {
		{"127.0.0.1", "127.0.0.1", ADDRESS_PORT, true},
		{"127.9.9.9:80", "127.9.9.9", 80, true},
		{"::1", "::1", ADDRESS_PORT, true},
		{"[::1]:8080", "::1", 8080, true},
		{"[::1]", "::1", ADDRESS_PORT, true},
		{"10.8.0.1", "10.8.0.1", ADDRESS_PORT, false},
		{"2001:db8::1", "2001:db8::1", ADDRESS_PORT, false},
		{"[2001:DB8:0::1]:65535", "2001:db8::1", 65535, false},
		/* Not loopback: what looks like it inside an IPv6 address. */
		{"::ffff:127.0.0.1", "::ffff:127.0.0.1", ADDRESS_PORT, false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct address found = address(rows[i].text);

		assert_string_equal(found.text, rows[i].address);
		assert_int_equal(found.port, rows[i].port);
		assert_int_equal(found.loopback, rows[i].loopback);
	}
}

static void what_is_no_single_address_is_refused(void **state)
{
	static const char *const texts[] = {
		"",
		"localhost",
		"localhost:80",
		"0.0.0.0",
		"0.0.0.0:80",
		"::",
		"[::]:80",
		"127.0.0.1:0",
		"127.0.0.1:65536",
		"127.0.0.1:8o",
		"127.0.0.1:-1",
		"[::1",
		"[::1]80",
		"[127.0.0.1]x",
		"300.0.0.1",
		"1.2.3",
		"fe80::1%eth0",
		"127.0.0.1 ",
		" 127.0.0.1",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct error error = {0};
		struct address found;

		if (address_parse(texts[i], &found, &error) != -EINVAL)
			fail_msg("\"%s\" was taken", texts[i]);
		assert_true(*error.what && *error.hint);
	}
}

static json_t *status_of(const char *interface, const char *zone)
{
	return json_pack("{s:b, s:[{s:s, s:s}]}", "applied", 1, "interfaces", "name", interface,
			 "zone", zone);
}

static int admit(const char *text, const char *interface, json_t *status, struct error *ret_error)
{
	struct address found = address(text);
	int result = address_admit(&found, interface, status, ret_error);

	json_decref(status);
	return result;
}

static void it_listens_on_loopback_and_on_vpn_addresses_only(void **state)
{
	struct error error;

	(void)state;
	assert_int_equal(admit("127.0.0.1", NULL, NULL, NULL), 0);
	assert_int_equal(admit("10.8.0.1", "wg0", status_of("wg0", "vpn"), NULL), 0);
	assert_int_equal(admit("172.16.0.1", "eth1", status_of("eth1", "internal"), &error),
			 -EACCES);
	assert_non_null(strstr(error.what, "eth1, whose zone is internal"));
	assert_int_equal(admit("203.0.113.1", "eth0", status_of("eth0", "external"), &error),
			 -EACCES);
	assert_non_null(strstr(error.what, "zone is external"));
	/* An interface that nobody listed is external. */
	assert_int_equal(admit("10.9.0.1", "wg1", status_of("wg0", "vpn"), &error), -EACCES);
	assert_non_null(strstr(error.what, "zone is external"));
}

static void without_the_daemons_word_an_address_is_not_trusted(void **state)
{
	struct error error;

	(void)state;
	assert_int_equal(admit("10.8.0.1", "wg0", NULL, &error), -EACCES);
	assert_non_null(strstr(error.what, "the daemon does not say"));
	assert_int_equal(admit("10.8.0.1", "wg0", json_pack("{s:b}", "applied", 0), &error),
			 -EACCES);
	assert_non_null(strstr(error.what, "no policy is in force"));
	assert_int_equal(admit("10.8.0.9", NULL, status_of("wg0", "vpn"), &error), -EACCES);
	assert_non_null(strstr(error.what, "no interface"));
	assert_non_null(strstr(error.hint, "loopback always works"));
}

static void a_name_that_was_made_to_lead_here_is_not_ours(void **state)
{
	static const char *const ours[] = {"127.0.0.1:7373", "127.0.0.1", "localhost:9999",
					   "LOCALHOST",	     "[::1]:1",	  "127.0.0.2"};
	static const char *const theirs[] = {
		NULL,
		"",
		"evil.example",
		"evil.example:7373",
		"localhost.evil.example",
		"127.0.0.1.evil.example",
		"10.8.0.1:7373",
		"[::1",
		"[::1]x",
		"127.0.0.1:port",
		"127.0.0.1:7373:1",
		"localhost@evil.example",
		"2130706433",
	};
	struct address loopback = address("127.0.0.1"), vpn = address("10.8.0.1");

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ours); i++)
		if (!address_is_ours(&loopback, ours[i]))
			fail_msg("\"%s\" is ours", ours[i]);
	for (size_t i = 0; i < ARRAY_SIZE(theirs); i++)
		if (address_is_ours(&loopback, theirs[i]))
			fail_msg("\"%s\" is not ours", theirs[i] ? theirs[i] : "(none)");
	assert_true(address_is_ours(&vpn, "10.8.0.1:7373"));
	assert_false(address_is_ours(&vpn, "localhost:7373"));
	assert_false(address_is_ours(&vpn, "127.0.0.1:7373"));
	assert_false(address_is_ours(&vpn, "vpn.example:7373"));
}

/* --- requests --------------------------------------------------------------------------------- */

static struct answer ask(const char *method, const char *path, const char *host, const char *site)
{
	const struct address loopback = address("127.0.0.1");
	const struct request request = {.method = method, .path = path, .host = host, .site = site};

	return request_answer(&loopback, &request);
}

static void files_and_the_stream_are_all_there_is(void **state)
{
	static const char *const missing[] = {
		"/index.html", "/../page.css", "/page.css/", "//", "/events/", "", "/EVENTS", "*"};
	struct answer answer = ask("GET", "/", "127.0.0.1:7373", NULL);

	(void)state;
	assert_int_equal(answer.status, 200);
	assert_memory_equal(answer.file->begin, "<!DOCTYPE html>", 15);
	assert_memory_equal(answer.file->end - 8, "</html>\n", 8);
	answer = ask("HEAD", "/main.js", "127.0.0.1", "same-origin");
	assert_int_equal(answer.status, 200);
	assert_string_equal(answer.file->type, "text/javascript; charset=utf-8");
	assert_true(ask("GET", "/events", "localhost", "same-origin").events);
	for (size_t i = 0; i < ARRAY_SIZE(missing); i++)
		assert_int_equal(ask("GET", missing[i], "127.0.0.1", NULL).status, 404);
}

static void nothing_but_reading_is_possible(void **state)
{
	static const char *const methods[] = {"POST",  "PUT",	  "DELETE", "PATCH", "OPTIONS",
					      "TRACE", "CONNECT", "get",    "",	     "GETT"};
	const struct address loopback = address("127.0.0.1");
	const struct request with_body = {
		.method = "GET", .path = "/", .host = "127.0.0.1", .body = true};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(methods); i++) {
		struct answer answer = ask(methods[i], "/", "127.0.0.1", NULL);

		assert_int_equal(answer.status, 405);
		assert_null(answer.file);
	}
	assert_int_equal(request_answer(&loopback, &with_body).status, 413);
}

static void other_sites_get_nothing(void **state)
{
	(void)state;
	assert_int_equal(ask("GET", "/", "evil.example", NULL).status, 421);
	assert_int_equal(ask("POST", "/", "evil.example", NULL).status, 421);
	assert_int_equal(ask("GET", "/", NULL, NULL).status, 421);
	assert_int_equal(ask("GET", "/events", "127.0.0.1", "cross-site").status, 403);
	assert_int_equal(ask("GET", "/events", "127.0.0.1", "same-site").status, 403);
	/* A link from elsewhere may lead to the page itself. */
	assert_int_equal(ask("GET", "/", "127.0.0.1", "cross-site").status, 200);
}

/* --- the board and its readers ---------------------------------------------------------------- */

static void take_attempt_as(struct board *board, unsigned int source, int port, int packets,
			    bool observed)
{
	const struct feed_attempt attempt = {
		.attempt.record = {.source = {[10] = 0xff, 0xff, 10, 0, source / 256, source % 256},
				   .ifindex = 2,
				   .port = port,
				   .l4 = 6,
				   .reason = RW_REASON_NOT_OPEN,
				   .observed = observed,
				   .packets = packets},
	};
	char text[FEED_ATTEMPT_MAX];
	json_t *line = json_loadb(text, feed_attempt_print(&attempt, text, sizeof(text)), 0, NULL);

	assert_non_null(line);
	board_take(board, line);
	json_decref(line);
}

static void take_attempt(struct board *board, unsigned int source, int port, int packets)
{
	take_attempt_as(board, source, port, packets, false);
}

static void take_status(struct board *board, json_int_t ms, int drops)
{
	char time[TIME_TEXT_MAX];
	json_t *line = json_pack("{s:s, s:s, s:{s:i}}", "type", "status", "time",
				 time_text_ns(ms * 1000000, time), "drops", "not-open", drops);

	board_take(board, line);
	json_decref(line);
}

static size_t attempts_of(const struct board *board, const char *text)
{
	const struct history_entry *attempt = board_after(board, 0);
	size_t count = 0;

	for (; attempt; attempt = history_next(attempt))
		count += strstr(board_text(board, attempt), text) != NULL;
	return count;
}

static void the_newest_word_on_an_attempt_counts(void **state)
{
	struct board *board = board_new(10);
	uint64_t seen;

	(void)state;
	take_attempt(board, 1, 25, 1);
	take_attempt(board, 2, 25, 1);
	seen = history_next(board_after(board, 0))->version;
	take_attempt(board, 1, 25, 7);
	assert_int_equal(attempts_of(board, "10.0.0."), 2);
	assert_int_equal(attempts_of(board, "\"packets\":7"), 1);
	assert_non_null(strstr(board_text(board, board_after(board, seen)), "10.0.0.1"));
	assert_null(history_next(board_after(board, seen)));
	board_free(board);
}

/* A change of mode begins a new count, and the old one is still true. */
static void what_was_observed_and_what_was_refused_are_two(void **state)
{
	struct board *board = board_new(10);

	(void)state;
	take_attempt_as(board, 1, 25, 40, true);
	take_attempt_as(board, 1, 25, 2, false);
	assert_int_equal(attempts_of(board, "10.0.0.1"), 2);
	assert_int_equal(attempts_of(board, "\"packets\":40"), 1);
	take_attempt_as(board, 1, 25, 3, false);
	assert_int_equal(attempts_of(board, "10.0.0.1"), 2);
	board_free(board);
}

static void a_flood_pushes_out_itself_and_not_who_comes_slowly(void **state)
{
	struct board *board = board_new(100);

	(void)state;
	for (int port = 7000; port < 7010; port++)
		take_attempt(board, 1, port, 1);
	for (unsigned int source = 100; source < 10000; source++)
		take_attempt(board, source, 23, 1);
	assert_int_equal(attempts_of(board, "\"port\":70"), 10);
	assert_int_equal(attempts_of(board, "\"port\":23"), 90);
	board_free(board);
}

static size_t count_of(const char *text, const char *part)
{
	size_t count = 0;

	for (; (text = strstr(text, part)); text++)
		count++;
	return count;
}

/* All that there is, as text; owned by the caller. */
static char *hear(struct stream *stream, const struct board *board)
{
	char *text = calloc(1, (size_t)4 << 20);
	size_t size = 0;

	while (stream_has_news(stream, board)) {
		size_t count;

		stream_compose(stream, board);
		while ((count = stream_read(stream, text + size, 1000)))
			size += count;
	}
	stream_close(stream);
	return text;
}

static void who_comes_late_hears_everything_once(void **state)
{
	struct board *board = board_new(2000);
	struct stream stream = {0};
	char *text;

	(void)state;
	board_link(board, true, NULL);
	for (unsigned int i = 0; i < 1500; i++)
		take_attempt(board, i, 25, 1);
	for (int i = 0; i < 10; i++)
		take_status(board, 1000000 + 1000 * (json_int_t)i, i);
	text = hear(&stream, board);
	assert_int_equal(count_of(text, "\"type\":\"attempt\""), 1500);
	assert_int_equal(count_of(text, "event: history\n"), 1);
	assert_int_equal(count_of(text, "event: reasons\n"), 1);
	assert_int_equal(count_of(text, "event: status\n"), 1);
	/* Every second one of ten. */
	assert_int_equal(count_of(text, "[100"), 5);
	assert_non_null(strstr(text, "[[1000000,{\"not-open\":0}],[1002000,"));
	assert_non_null(strstr(text, "event: link\ndata: {\"type\":\"link\",\"connected\":true"));
	free(text);
	text = hear(&stream, board);
	assert_string_equal(text, "");
	free(text);
	board_free(board);
}

static void a_slow_page_hears_the_latest_numbers_and_costs_one_portion(void **state)
{
	struct board *board = board_new(2000);
	struct stream stream = {0};
	char *text;

	(void)state;
	for (unsigned int i = 0; i < 2000; i++)
		take_attempt(board, i, 25, 1);
	stream_compose(&stream, board);
	assert_true(stream.end < 2 * STREAM_PORTION);
	for (int packets = 2; packets < 50; packets++)
		take_attempt(board, 1999, 25, packets);
	for (int i = 0; i < 100; i++)
		take_status(board, 1000 * (json_int_t)i, i);
	text = hear(&stream, board);
	assert_int_equal(count_of(text, "10.0.7.207\""), 1);
	assert_non_null(strstr(text, "\"packets\":49"));
	assert_int_equal(count_of(text, "event: status\n"), 1);
	assert_non_null(strstr(text, "\"not-open\":99"));
	free(text);
	board_free(board);
}

static void what_the_board_does_not_know_is_passed_over(void **state)
{
	struct board *board = board_new(10);
	json_t *line = json_pack("{s:s}", "type", "weather"), *typeless = json_pack("{}");
	json_t *huge =
		json_pack("{s:s, s:o}", "type", "attempt", "source", json_sprintf("%2000d", 1));

	(void)state;
	board_take(board, line);
	board_take(board, typeless);
	board_take(board, huge);
	assert_null(board_after(board, 0));
	for (unsigned int kind = 0; kind < NOTICE_COUNT; kind++)
		assert_null(board_notice(board, kind)->text);
	json_decref(line);
	json_decref(typeless);
	json_decref(huge);
	board_free(board);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_address_has_a_port_or_the_default_one),
		cmocka_unit_test(what_is_no_single_address_is_refused),
		cmocka_unit_test(it_listens_on_loopback_and_on_vpn_addresses_only),
		cmocka_unit_test(without_the_daemons_word_an_address_is_not_trusted),
		cmocka_unit_test(a_name_that_was_made_to_lead_here_is_not_ours),
		cmocka_unit_test(files_and_the_stream_are_all_there_is),
		cmocka_unit_test(nothing_but_reading_is_possible),
		cmocka_unit_test(other_sites_get_nothing),
		cmocka_unit_test(the_newest_word_on_an_attempt_counts),
		cmocka_unit_test(what_was_observed_and_what_was_refused_are_two),
		cmocka_unit_test(a_flood_pushes_out_itself_and_not_who_comes_slowly),
		cmocka_unit_test(who_comes_late_hears_everything_once),
		cmocka_unit_test(a_slow_page_hears_the_latest_numbers_and_costs_one_portion),
		cmocka_unit_test(what_the_board_does_not_know_is_passed_over),
	};

	return cmocka_run_group_tests_name("web", tests, NULL, NULL);
}
