/* SPDX-License-Identifier: GPL-2.0 */
/* What the daemon tells its subscribers is JSON, and means the same to who reads it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "report/feed.h"

static const struct feed_attempt an_attempt = {
	.attempt = {.record = {.source = {0x20, 0x01, 0x0d, 0xb8, [15] = 1},
			       .ifindex = 3,
			       .port = 6071,
			       .l4 = 6,
			       .reason = RW_REASON_ZONE_DENIED,
			       .packets = 1ULL << 40,
			       .bytes = 1ULL << 46,
			       .observed = 1},
		    .first_ns = 1795495852839000000,
		    .last_ns = 1795495852849000000,
		    .interface = "eth0",
		    .zone = RW_ZONE_VPN},
	.service = "admin-panel",
	.evicted = 17,
	.news = true,
};

static json_t *parse(const struct feed_attempt *attempt)
{
	char line[FEED_ATTEMPT_MAX];
	size_t size = feed_attempt_print(attempt, line, sizeof(line));
	json_t *object;

	assert_true(size > 0);
	assert_null(memchr(line, '\n', size));
	object = json_loadb(line, size, 0, NULL);
	assert_non_null(object);
	return object;
}

static void expect_same(const struct feed_attempt *a, const struct feed_attempt *b)
{
	assert_memory_equal(&a->attempt.record, &b->attempt.record, sizeof(a->attempt.record));
	assert_string_equal(a->attempt.interface, b->attempt.interface);
	assert_string_equal(a->process, b->process);
	assert_int_equal(a->attempt.first_ns, b->attempt.first_ns);
	assert_int_equal(a->attempt.last_ns, b->attempt.last_ns);
	assert_int_equal(a->attempt.zone, b->attempt.zone);
	assert_int_equal(a->evicted, b->evicted);
	assert_int_equal(a->pid, b->pid);
	assert_int_equal(a->news, b->news);
}

static void an_attempt_is_read_as_it_was_told(void **state)
{
	json_t *line = parse(&an_attempt);
	struct feed_attempt read;

	(void)state;
	assert_string_equal(json_string_value(json_object_get(line, "source")), "2001:db8::1");
	assert_string_equal(json_string_value(json_object_get(line, "service")), "admin-panel");
	assert_string_equal(json_string_value(json_object_get(line, "zone")), "vpn");
	assert_int_equal(feed_attempt_read(line, &read), 0);
	expect_same(&read, &an_attempt);
	json_decref(line);
}

static void what_is_not_known_is_null(void **state)
{
	const struct feed_attempt nothing = {
		.attempt = {.record = {.reason = RW_REASON_MALFORMED, .packets = 1}}};
	static const char *const keys[] = {"port",	"proto",   "service",	 "zone",
					   "interface", "process", "first_seen", "last_seen"};
	json_t *line = parse(&nothing);
	struct feed_attempt read;

	(void)state;
	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++)
		assert_true(json_is_null(json_object_get(line, keys[i])));
	assert_int_equal(feed_attempt_read(line, &read), 0);
	expect_same(&read, &nothing);
	json_decref(line);
}

static void names_cannot_break_the_line(void **state)
{
	struct feed_attempt attempt = an_attempt;
	json_t *line;

	(void)state;
	strcpy(attempt.attempt.interface, "\"}\\\n\xff\x01");
	strcpy(attempt.process, "\x7f\xc3\",\"a\":\"b");
	attempt.pid = 1;
	line = parse(&attempt);
	assert_string_equal(json_string_value(json_object_get(line, "interface")), "\"}\\\n?\x01");
	assert_null(json_object_get(line, "a"));
	json_decref(line);
}

static void an_unknown_protocol_has_a_number(void **state)
{
	struct feed_attempt attempt = an_attempt;
	json_t *line;

	(void)state;
	attempt.attempt.record.l4 = 253;
	line = parse(&attempt);
	assert_string_equal(json_string_value(json_object_get(line, "proto")), "253");
	assert_true(json_is_null(json_object_get(line, "port")));
	json_decref(line);
}

static void a_line_of_something_else_is_no_attempt(void **state)
{
	json_t *line = json_pack("{s:s}", "type", "ready");
	struct feed_attempt read;

	(void)state;
	assert_int_equal(feed_attempt_read(line, &read), -EINVAL);
	json_decref(line);
}

static void a_request_is_what_it_says_and_a_typo_is_none(void **state)
{
	struct feed_request request;

	(void)state;
	assert_int_equal(feed_request_parse("{\"attempts\":true,\"follow\":true}\n", &request), 0);
	assert_true(request.attempts && request.follow && !request.history && !request.status);
	assert_int_equal(feed_request_parse("{}\n", &request), 0);
	assert_int_equal(
		feed_request_parse("{\"version\":2,\"rules\":true,\"lists\":true}", &request), 0);
	assert_true(request.rules && request.lists && !request.attempts && !request.follow);
	assert_int_equal(feed_request_parse("{\"version\":1,\"rules\":true}", &request), -EINVAL);
	assert_int_equal(feed_request_parse("{\"atempts\":true}\n", &request), -EINVAL);
	assert_int_equal(feed_request_parse("{\"attempts\":1}\n", &request), -EINVAL);
	assert_int_equal(feed_request_parse("hello\n", &request), -EINVAL);
}

static void expect_request_of(const struct filter_words *words)
{
	struct feed_request request = {.attempts = true, .follow = true}, read;
	char line[FEED_REQUEST_MAX];
	int length;

	assert_int_equal(filter_parse(words, 0, &request.filter, NULL), 0);
	length = feed_request_print(&request, line, sizeof(line));
	assert_int_equal(length, strlen(line));
	assert_int_equal(line[length - 1], '\n');
	assert_int_equal(feed_request_parse(line, &read), 0);
	assert_memory_equal(&read, &request, sizeof(read));
}

static void a_request_with_a_filter_is_read_as_it_was_made(void **state)
{
	(void)state;
	expect_request_of(&(struct filter_words){0});
	expect_request_of(&(struct filter_words){.source = "0.0.0.0/0"});
	expect_request_of(&(struct filter_words){.source = "::/0", .port = "0"});
	expect_request_of(&(struct filter_words){.source = "2001:db8::/32", .port = "53/udp"});
	expect_request_of(&(struct filter_words){.source = "10/8",
						 .port = "65535/tcp",
						 .service = "a \"service\" of 60 bytes ............"
							    "............................",
						 .reason = "zone-denied",
						 .since = "2026-01-31T13:00:00.123+07:00"});
}

static void a_filter_that_is_not_understood_is_refused(void **state)
{
	static const char *const lines[] = {
		"{\"filter\":{\"sources\":\"::1\"}}", "{\"filter\":{\"source\":1}}",
		"{\"filter\":{\"source\":\"mail\"}}", "{\"filter\":{\"port\":\"65536\"}}",
		"{\"filter\":{\"reason\":\"ok\"}}",   "{\"filter\":[]}",
	};
	struct feed_request request;

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++)
		assert_int_equal(feed_request_parse(lines[i], &request), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_attempt_is_read_as_it_was_told),
		cmocka_unit_test(what_is_not_known_is_null),
		cmocka_unit_test(names_cannot_break_the_line),
		cmocka_unit_test(an_unknown_protocol_has_a_number),
		cmocka_unit_test(a_line_of_something_else_is_no_attempt),
		cmocka_unit_test(a_request_is_what_it_says_and_a_typo_is_none),
		cmocka_unit_test(a_request_with_a_filter_is_read_as_it_was_made),
		cmocka_unit_test(a_filter_that_is_not_understood_is_refused),
	};

	return cmocka_run_group_tests_name("feed", tests, NULL, NULL);
}
