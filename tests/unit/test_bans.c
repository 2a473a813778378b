/* SPDX-License-Identifier: GPL-2.0 */
/* Who may be banned, lists of bans as text, and the session that a command came by. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "host/session.h"
#include "kernel/lists/bans.h"
#include "kernel/lists/guard.h"
#include "util/array.h"

static struct cidr cidr(const char *text)
{
	struct cidr cidr;

	assert_int_equal(cidr_parse(text, &cidr, NULL), 0);
	return cidr;
}

static void prefixes_overlap_where_one_contains_the_other(void **state)
{
	static const struct {
		const char *a, *b;
		bool overlaps;
	} cases[] = {
		{"192.0.2.0/24", "192.0.2.7", true},
		{"192.0.2.7", "192.0.2.7", true},
		{"192.0.2.7", "192.0.2.6", false},
		{"192.0.2.0/25", "192.0.2.128/25", false},
		{"192.0.2.0/23", "192.0.3.0/24", true},
		{"0.0.0.0/0", "192.0.2.7", true},
		{"::/0", "2001:db8::1", true},
		{"::/0", "192.0.2.7", false},
		{"::/0", "0.0.0.0/0", false},
		{"2001:db8::/33", "2001:db8:8000::/33", false},
		{"2001:db8::/32", "2001:db8:8000::/33", true},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct cidr a = cidr(cases[i].a), b = cidr(cases[i].b);

		assert_int_equal(cidr_overlaps(&a, &b), cases[i].overlaps);
		assert_int_equal(cidr_overlaps(&b, &a), cases[i].overlaps);
	}
}

/* With a copy of `list`. */
static struct guard guard_of(const struct guarded *list, size_t count)
{
	struct guard guard = {.list = calloc(count + 1, sizeof(*list)), .count = count};

	assert_non_null(guard.list);
	if (count)
		memcpy(guard.list, list, count * sizeof(*list));
	assert_int_equal(guard_finish(&guard), 0);
	return guard;
}

static void guarded_sources_are_not_banned_and_force_moves_only_some(void **state)
{
	struct guarded list[] = {
		{.source = cidr("198.51.100.9"), .as = GUARDED_SESSION},
		{.source = cidr("203.0.113.0/28"),
		 .as = GUARDED_NEVER,
		 .why = RW_NEVER_BAN_MANAGEMENT},
		{.source = cidr("127.0.0.0/8"), .as = GUARDED_LOOPBACK},
		{.source = cidr("192.0.2.1"), .as = GUARDED_OWN},
		{.source = cidr("172.16.0.0/24"), .as = GUARDED_NEVER, .why = RW_NEVER_BAN_PEER},
		{.source = cidr("10.8.0.0/24"), .as = GUARDED_NETWORK, .interface = "wg0"},
	};
	struct guard guard = guard_of(list, ARRAY_SIZE(list));
	static const struct {
		const char *ban;
		bool plain, forced;
	} cases[] = {
		{"198.51.100.8", true, true},
		{"198.51.100.9", false, false},
		{"198.51.100.8/31", false, false},
		{"203.0.113.1", false, false},
		{"203.0.113.0/24", false, false},
		{"203.0.113.16", true, true},
		{"127.1.2.3", false, false},
		{"192.0.2.1", false, false},
		{"192.0.2.0/24", false, false},
		{"172.16.0.5", false, false},
		{"172.16.0.0/16", false, false},
		{"172.16.1.0/24", true, true},
		{"10.8.0.5", false, true},
		{"10.8.0.0/16", false, true},
		{"10.8.1.5", true, true},
		{"8.0.0.0/8", true, true},
		{"64.0.0.0/7", false, true},
		{"0.0.0.0/0", false, false},
		{"2001::/16", true, true},
		{"4000::/3", false, true},
		{"::/0", false, false},
		{"::/8", false, false},
		{"::/80", false, false},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct cidr ban = cidr(cases[i].ban);
		struct error error = {0};

		assert_int_equal(!guard_check(&guard, &ban, false, &error), cases[i].plain);
		if (!cases[i].plain) {
			assert_non_null(strstr(error.what, "is not banned"));
			/* It is only named where it helps. */
			assert_int_equal(strstr(error.hint, "--force bans") != NULL,
					 cases[i].forced);
		}
		assert_int_equal(!guard_check(&guard, &ban, true, &error), cases[i].forced);
	}
	guard_free(&guard);
}

static void what_can_be_nobodys_source_is_not_banned(void **state)
{
	static const char *const nobody[] = {"0.0.0.0",	      "224.0.0.1", "239.1.0.0/16",
					     "224.0.0.0/4",   "::",	   "255.255.255.255",
					     "ff02::1:0/112", "ff00::/8"};
	/* Of these some part can be. */
	static const char *const hosts[] = {"0.0.0.0/8",   "224.0.0.0/3", "240.0.0.1",
					    "255.0.0.0/8", "fe80::1",	  "fe00::/7"};
	struct guard guard = guard_of(NULL, 0);

	for (size_t i = 0; i < ARRAY_SIZE(nobody); i++) {
		const struct cidr ban = cidr(nobody[i]);
		struct error error = {0};

		assert_int_equal(guard_check(&guard, &ban, true, &error), -EINVAL);
		assert_non_null(strstr(error.what, "no address of a host"));
	}
	for (size_t i = 0; i < ARRAY_SIZE(hosts); i++) {
		const struct cidr ban = cidr(hosts[i]);

		assert_int_equal(guard_check(&guard, &ban, true, NULL), 0);
	}
	guard_free(&guard);
}

/* An import asks once for each of its lines: what that costs in all, in prefixes looked at. */
static uint64_t guard_work(size_t count)
{
	struct guarded *list = calloc(count, sizeof(*list));
	struct guard guard;
	uint64_t steps;

	assert_non_null(list);
	for (size_t i = 0; i < count; i++) {
		list[i] = (struct guarded){.source = cidr("10.0.0.0/32"), .as = GUARDED_NEVER};
		list[i].source.source[13] = i >> 8;
		list[i].source.source[14] = i;
	}
	guard = guard_of(list, count);
	free(list);
	for (size_t i = 0; i < count; i++) {
		struct cidr ban = cidr("11.0.0.0/32");

		ban.source[13] = i >> 8;
		ban.source[14] = i;
		assert_int_equal(guard_check(&guard, &ban, false, NULL), 0);
	}
	steps = guard.firm.steps + guard.soft.steps;
	guard_free(&guard);
	return steps;
}

static void an_import_does_not_cost_prefixes_times_lines(void **state)
{
	const uint64_t once = guard_work(4096), four = guard_work(16384);

	assert_in_range(once, 4096, 20 * 4096);
	assert_in_range(four, 16384, 5 * once);
}

static void the_message_names_the_interface_and_no_narrower_address(void **state)
{
	struct guarded list[] = {
		{.source = cidr("192.0.2.1"), .as = GUARDED_OWN},
		{.source = cidr("10.8.0.0/24"), .as = GUARDED_NETWORK, .interface = "wg0"},
	};
	struct guard guard = guard_of(list, ARRAY_SIZE(list));
	const struct cidr own = cidr("192.0.2.1"), around = cidr("192.0.2.0/31"),
			  peer = cidr("10.8.0.5");
	struct error error = {0};

	assert_int_equal(guard_check(&guard, &own, true, &error), -EINVAL);
	assert_string_equal(error.hint, "");
	assert_int_equal(guard_check(&guard, &around, true, &error), -EINVAL);
	assert_non_null(strstr(error.hint, "narrower"));
	assert_int_equal(guard_check(&guard, &peer, false, &error), -EINVAL);
	assert_string_equal(error.what,
			    "10.8.0.5 is not banned: 10.8.0.0/24 is the network of wg0, an "
			    "interface to this node's own peers");
	guard_free(&guard);
}

static void a_list_may_have_comments_and_empty_lines(void **state)
{
	static const char text[] = "# heading\n192.0.2.7\n\n \t\n192.0.2.0/24 ; SBL1\r\n"
				   "  2001:db8::1#x\n;\n198.51.100.1";
	static const char *const sources[] = {"192.0.2.7", "192.0.2.0/24", "2001:db8::1",
					      "198.51.100.1"};
	static const unsigned int lines[] = {2, 5, 6, 8};
	const struct timeout model = {.who = "anna", .reason = "why", .expires = 5};
	_timeout_list_ struct timeout_list list = {0};
	char *copy = strdup(text);

	assert_int_equal(bans_parse("LIST", copy, &model, &list, NULL), 0);
	assert_int_equal(list.count, ARRAY_SIZE(sources));
	for (size_t i = 0; i < list.count; i++) {
		const struct cidr source = cidr(sources[i]);

		assert_int_equal(cidr_compare(&list.list[i].source, &source), 0);
		assert_int_equal(list.list[i].id, lines[i]);
		assert_string_equal(list.list[i].reason, "why");
		assert_int_equal(list.list[i].expires, 5);
	}
	free(copy);
}

static void the_first_wrong_line_of_a_list_is_named(void **state)
{
	static const char *const wrong[] = {
		"192.0.2.7 192.0.2.8", "192.0.2.7/24",	   "192.0.2.7/33", "mail.example.com",
		"192.0.2.7,",	       "::ffff:192.0.2.7", "192.0.2"};
	const struct timeout model = {.who = "", .reason = ""};

	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		struct timeout_list list = {0};
		struct error error = {0};
		char text[128] = "# heading\n192.0.2.1\n";

		strcat(strcat(text, wrong[i]), "\nalso wrong\n");
		assert_int_equal(bans_parse("LIST", text, &model, &list, &error), -EINVAL);
		assert_string_equal(error.where, "LIST:3");
		assert_int_equal(list.count, 0);
	}
}

static void the_session_is_what_sshd_says(void **state)
{
	struct session session = {0};
	const struct cidr ipv4 = cidr("203.0.113.9"), ipv6 = cidr("fe80::1");

	assert_true(session_parse("203.0.113.9 50000 192.0.2.1 22", &session));
	assert_memory_equal(session.client, ipv4.source, 16);
	assert_int_equal(session.client_port, 50000);
	assert_int_equal(session.server_port, 22);
	assert_true(session_parse("fe80::1%eth0 50000 fe80::2%eth0 2222", &session));
	assert_memory_equal(session.client, ipv6.source, 16);
	assert_string_equal(session.scope, "eth0");
	assert_int_equal(session.server_port, 2222);
	assert_true(session_parse("::ffff:203.0.113.9 50000 ::ffff:192.0.2.1 22", &session));
	assert_memory_equal(session.client, ipv4.source, 16);
	assert_string_equal(session.scope, "");
}

static void what_is_no_session_is_none(void **state)
{
	static const char *const wrong[] = {"", "203.0.113.9", "203.0.113.9 50000 192.0.2.1",
					    "203.0.113.9 50000 192.0.2.1 22 more",
					    "here 50000 there 22"};

	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		struct session session;

		assert_false(session_parse(wrong[i], &session));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(prefixes_overlap_where_one_contains_the_other),
		cmocka_unit_test(guarded_sources_are_not_banned_and_force_moves_only_some),
		cmocka_unit_test(what_can_be_nobodys_source_is_not_banned),
		cmocka_unit_test(an_import_does_not_cost_prefixes_times_lines),
		cmocka_unit_test(the_message_names_the_interface_and_no_narrower_address),
		cmocka_unit_test(a_list_may_have_comments_and_empty_lines),
		cmocka_unit_test(the_first_wrong_line_of_a_list_is_named),
		cmocka_unit_test(the_session_is_what_sshd_says),
		cmocka_unit_test(what_is_no_session_is_none),
	};

	return cmocka_run_group_tests_name("bans", tests, NULL, NULL);
}
