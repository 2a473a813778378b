/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The filter in front of the bans: whatever is banned is refused, and what was taken away is not,
 * however many came and went before, and whatever else has the same bits.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <endian.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "kernel/lists/ban_filter.h"
#include "kernel/lists/ban_maps.h"
#include "policy/cidr.h"
#include "util/array.h"
#include "util/cleanup.h"
#include "vectors.h"

/* --- bans ------------------------------------------------------------------------------------- */

static struct rw_presence presence_of(const struct harness *harness)
{
	struct rw_presence presence;
	__u32 zero = 0;

	assert_int_equal(bpf_map_lookup_elem(harness->maps.fd[MAP_PRESENCE], &zero, &presence), 0);
	return presence;
}

/* As store_change() does: maps, then how many there are. */
static void change(struct harness *harness, const struct timeout_list *bans, bool gone)
{
	_timeout_list_ struct timeout_list all = {0};
	struct rw_presence presence;
	__u32 zero = 0;

	assert_int_equal(
		gone ? bans_erase(&harness->maps, bans) : bans_insert(&harness->maps, 0, bans), 0);
	assert_int_equal(bans_read(&harness->maps, 0, &all), 0);
	presence = presence_of(harness);
	bans_count(&all, &presence);
	harness_put(harness, MAP_PRESENCE, &zero, &presence);
}

static void change_one(struct harness *harness, const char *text, bool gone)
{
	struct timeout one = {0};
	const struct timeout_list list = {.list = &one, .count = 1};

	assert_int_equal(cidr_parse(text, &one.source, NULL), 0);
	change(harness, &list, gone);
}

/* 10.0.0.0 + first, and so on. Owned by the caller. */
static struct timeout_list addresses_make(uint32_t first, size_t count)
{
	struct timeout_list list = {.list = calloc(count, sizeof(*list.list)), .count = count};

	assert_non_null(list.list);
	for (size_t i = 0; i < count; i++) {
		uint32_t address = htonl(0x0a000000 + first + i);

		list.list[i].source.length = 128;
		memset(list.list[i].source.source + 10, 0xff, 2);
		memcpy(list.list[i].source.source + 12, &address, sizeof(address));
	}
	return list;
}

static int bans_end(void **state)
{
	struct harness *harness = *state;
	_timeout_list_ struct timeout_list all = {0};

	assert_int_equal(bans_read(&harness->maps, 0, &all), 0);
	change(harness, &all, true);
	assert_int_equal(ban_filter_make(&harness->maps, NULL, NULL), 0);
	return 0;
}

/* --- packets ---------------------------------------------------------------------------------- */

static struct frame *syn_from(const uint8_t source[16])
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
	bool ipv6 = memcmp(source, mapped, sizeof(mapped)) != 0;
	struct frame *frame =
		frame_from_hex(ipv6 ? ETH6 IP6("00 14", "06", "40") TCP(SMTP, SYN)
				    : ETH4 IP4("00 28", "00 00", "06") TCP(SMTP, SYN));

	memcpy(frame->bytes + (ipv6 ? SOURCE6_AT : SOURCE4_AT), source + (ipv6 ? 0 : 12),
	       ipv6 ? 16 : 4);
	return frame;
}

static void expect(struct harness *harness, unsigned int entries, const uint8_t source[16],
		   const char *expected)
{
	_free_ struct frame *frame = syn_from(source);

	harness_expect(harness, entries, &on_ext0, frame, expected);
}

static void expect_text(struct harness *harness, const char *source, const char *expected)
{
	struct cidr cidr;

	assert_int_equal(cidr_parse(source, &cidr, NULL), 0);
	expect(harness, FOR_ALL, cidr.source, expected);
}

static void assert_filtered(const struct harness *harness)
{
	assert_int_not_equal(presence_of(harness).filter.shape & RW_FILTER_MASK, 0);
}

/* --- tests ------------------------------------------------------------------------------------ */

static void what_is_banned_is_refused_until_it_is_taken_away(void **state)
{
	static const char *const bans[] = {"192.0.2.7", "2001:db8::7", "198.18.0.0/24",
					   "2001:db8:5::/48"};

	for (size_t i = 0; i < ARRAY_SIZE(bans); i++)
		change_one(*state, bans[i], false);
	assert_filtered(*state);
	expect_text(*state, "192.0.2.7", "drop banned");
	expect_text(*state, "192.0.2.8", "pass open");
	expect_text(*state, "2001:db8::7", "drop banned");
	expect_text(*state, "2001:db8::8", "pass open");
	expect_text(*state, "198.18.0.200", "drop banned");
	expect_text(*state, "198.18.1.200", "pass open");
	expect_text(*state, "2001:db8:5::1", "drop banned");
	expect_text(*state, "2001:db8:6::1", "pass open");
	for (size_t i = 0; i < ARRAY_SIZE(bans); i++)
		change_one(*state, bans[i], true);
	expect_text(*state, "192.0.2.7", "pass open");
	expect_text(*state, "2001:db8::7", "pass open");
	expect_text(*state, "198.18.0.200", "pass open");
	expect_text(*state, "2001:db8:5::1", "pass open");
}

/* The last address of a prefix; the first one is `source`. */
static void last_of(const struct cidr *prefix, uint8_t ret[16])
{
	memcpy(ret, prefix->source, 16);
	for (unsigned int bit = prefix->length; bit < 128; bit++)
		ret[bit / 8] |= 0x80 >> bit % 8;
}

/* One prefix alone, so that the kinds of keys are no other's. */
static void expect_prefix(struct harness *harness, const char *address, unsigned int length)
{
	struct timeout ban = {0};
	const struct timeout_list one = {.list = &ban, .count = 1};
	uint8_t last[16], outside[16];

	assert_int_equal(cidr_parse(address, &ban.source, NULL), 0);
	ban.source.length = length;
	cidr_cut(&ban.source);
	change(harness, &one, false);
	assert_filtered(harness);
	last_of(&ban.source, last);
	memcpy(outside, last, 16);
	outside[(length - 1) / 8] ^= 0x80 >> (length - 1) % 8; /* its other half */
	expect(harness, 1u << ENTRY_FRAGS, ban.source.source, "drop banned");
	expect(harness, 1u << ENTRY_FRAGS, last, "drop banned");
	expect(harness, 1u << ENTRY_FRAGS, outside, "pass open");
	change(harness, &one, true);
	assert_int_equal(ban_filter_make(&harness->maps, NULL, NULL), 0);
}

static void a_prefix_of_any_length_is_refused_from_end_to_end(void **state)
{
	for (unsigned int length = 1; length < 32; length++)
		expect_prefix(*state, "172.215.131.77", 96 + length);
	for (unsigned int length = 4; length < 128; length++)
		expect_prefix(*state, "2a0b:d377:9ab3:c5f1:8d3b:7771:9abd:e5f3", length);
}

static void ipv4_as_a_whole_is_refused(void **state)
{
	static const char *const all[] = {"0.0.0.0/0", "::/0", "::/16", "::/80"};

	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		change_one(*state, all[i], false);
		expect_text(*state, "192.0.2.7", "drop banned");
		expect_text(*state, "223.255.255.1", "drop banned");
		change_one(*state, all[i], true);
		expect_text(*state, "192.0.2.7", "pass open");
	}
}

/* Prefixes of every kind at once, and addresses: no kind hides another one. */
static void kinds_do_not_hide_each_other(void **state)
{
	static const char *const bans[] = {"198.18.7.0/24",   "198.19.0.0/20", "100.64.0.0/10",
					   "2001:db8:5::/48", "2a00::/20",     "192.0.2.7"};

	for (size_t i = 0; i < ARRAY_SIZE(bans); i++)
		change_one(*state, bans[i], false);
	assert_filtered(*state);
	expect_text(*state, "198.18.7.1", "drop banned");
	expect_text(*state, "198.19.15.1", "drop banned");
	expect_text(*state, "100.127.1.1", "drop banned");
	expect_text(*state, "2001:db8:5:1::1", "drop banned");
	expect_text(*state, "2a00:fff:1::1", "drop banned");
	expect_text(*state, "192.0.2.7", "drop banned");
	expect_text(*state, "198.19.16.1", "pass open");
	expect_text(*state, "100.128.1.1", "pass open");
	expect_text(*state, "2a00:1000:1::1", "pass open");
}

static uint64_t hash_of(const struct harness *harness, const uint8_t source[16])
{
	struct rw_seeds seeds;
	uint64_t halves[2];
	__u32 zero = 0;

	assert_int_equal(bpf_map_lookup_elem(harness->maps.fd[MAP_SEED], &zero, &seeds), 0);
	memcpy(halves, source, sizeof(halves));
	return rw_filter_hash(halves[0], halves[1], seeds.words[3], seeds.words[4], seeds.words[6]);
}

/* The place in `list` of one whose bits are in the word of the first one, and some of them its. */
static size_t sharer_find(const struct harness *harness, const struct timeout_list *list)
{
	uint32_t shape = presence_of(harness).filter.shape;
	uint64_t first = hash_of(harness, list->list[0].source.source);

	for (size_t i = 1; i < list->count; i++) {
		uint64_t hash = hash_of(harness, list->list[i].source.source);

		if (rw_filter_word(hash, shape) == rw_filter_word(first, shape) &&
		    rw_filter_bits(hash) & rw_filter_bits(first))
			return i;
	}
	fail_msg("no two of %zu share a bit", list->count);
	return 0;
}

static void of_two_that_share_a_bit_one_stays_banned_without_the_other(void **state)
{
	struct harness *harness = *state;
	_timeout_list_ struct timeout_list list = addresses_make(0, 200000);
	struct timeout_list one = {.list = list.list, .count = 1};
	struct timeout_list other = {.count = 1};

	change(harness, &one, false);
	other.list = &list.list[sharer_find(harness, &list)];
	change(harness, &other, false);
	change(harness, &one, true);
	expect(harness, FOR_ALL, one.list->source.source, "pass open");
	expect(harness, FOR_ALL, other.list->source.source, "drop banned");
	change(harness, &one, false);
	change(harness, &other, true);
	expect(harness, FOR_ALL, one.list->source.source, "drop banned");
	expect(harness, FOR_ALL, other.list->source.source, "pass open");
}

/* The share of sources that ask the bans though they are not on the list. */
static unsigned int asking(const struct harness *harness, const struct timeout_list *others)
{
	static struct rw_filter_page pages[RW_FILTER_PAGES];
	uint32_t shape = presence_of(harness).filter.shape;
	unsigned int found = 0;

	for (uint32_t i = 0; i < RW_FILTER_PAGES; i++)
		assert_int_equal(
			bpf_map_lookup_elem(harness->maps.fd[MAP_BAN_FILTER], &i, &pages[i]), 0);
	for (size_t i = 0; i < others->count; i++) {
		uint64_t hash = hash_of(harness, others->list[i].source.source);
		uint64_t bits = rw_filter_bits(hash);
		uint32_t word = rw_filter_word(hash, shape);

		found += (pages[word / RW_FILTER_PAGE_WORDS].words[word % RW_FILTER_PAGE_WORDS] &
			  bits) == bits;
	}
	return found * 100 / others->count;
}

static void the_filter_grows_with_the_list_and_shrinks_again(void **state)
{
	struct harness *harness = *state;
	_timeout_list_ struct timeout_list many = addresses_make(0, 100000);
	_timeout_list_ struct timeout_list others = addresses_make(1000000, 10000);
	struct timeout_list kept = {.list = many.list, .count = 10};
	struct timeout_list rest = {.list = many.list + 10, .count = many.count - 10};
	uint32_t small, large;

	change(harness, &kept, false);
	small = presence_of(harness).filter.shape & RW_FILTER_MASK;
	change(harness, &rest, false);
	large = presence_of(harness).filter.shape & RW_FILTER_MASK;
	assert_true(large > small);
	assert_in_range(asking(harness, &others), 0, 5);
	for (size_t i = 0; i < many.count; i += 9999)
		expect(harness, 1u << ENTRY_FRAGS, many.list[i].source.source, "drop banned");
	change(harness, &rest, true);
	assert_int_equal(presence_of(harness).filter.shape & RW_FILTER_MASK, small);
	assert_in_range(asking(harness, &others), 0, 5);
	for (size_t i = 0; i < kept.count; i++)
		expect(harness, 1u << ENTRY_FRAGS, kept.list[i].source.source, "drop banned");
	expect(harness, FOR_ALL, rest.list->source.source, "pass open");
}

/* As with fail2ban for a year: there are never more than a few. */
static void bans_that_come_and_go_do_not_fill_it(void **state)
{
	struct harness *harness = *state;
	_timeout_list_ struct timeout_list others = addresses_make(1000000, 10000);

	for (uint32_t i = 0; i < 100; i++) {
		_timeout_list_ struct timeout_list batch = addresses_make(i * 500, 500);

		change(harness, &batch, false);
		expect(harness, 1u << ENTRY_FRAGS, batch.list[i].source.source, "drop banned");
		change(harness, &batch, true);
		expect(harness, 1u << ENTRY_FRAGS, batch.list[i].source.source, "pass open");
	}
	assert_in_range(asking(harness, &others), 0, 10);
}

/* Whoever made it was killed: bits of nothing, and no shape, which is written first and last. */
static void without_a_filter_all_are_asked(void **state)
{
	static const struct rw_filter_page empty;
	struct harness *harness = *state;
	struct rw_presence presence;
	__u32 zero = 0;

	change_one(harness, "192.0.2.7", false);
	change_one(harness, "198.18.0.0/24", false);
	presence = presence_of(harness);
	presence.filter = (struct rw_ban_filter){0};
	harness_put(harness, MAP_PRESENCE, &zero, &presence);
	for (__u32 page = 0; page < RW_FILTER_PAGES; page++)
		harness_put(harness, MAP_BAN_FILTER, &page, &empty);
	expect_text(harness, "192.0.2.7", "drop banned");
	expect_text(harness, "198.18.0.7", "drop banned");
	/* The next one makes it of all. */
	change_one(harness, "192.0.2.8", false);
	assert_filtered(harness);
	expect_text(harness, "192.0.2.7", "drop banned");
	expect_text(harness, "198.18.0.7", "drop banned");
	expect_text(harness, "192.0.2.8", "drop banned");
}

static void churn(const struct maps *maps)
{
	struct timeout_list some = addresses_make(0, 5000), more = addresses_make(0, 50000);

	for (;;)
		if (ban_filter_make(maps, &some, NULL) || ban_filter_make(maps, &more, NULL))
			_exit(1);
}

static void it_admits_nobody_while_it_is_made_anew(void **state)
{
	struct harness *harness = *state;
	_timeout_list_ struct timeout_list list = addresses_make(0, 5000);
	_free_ struct frame *frame = syn_from(list.list[77].source.source);
	struct counts before, after;
	int status;
	pid_t child;

	change(harness, &list, false);
	child = fork();
	assert_true(child >= 0);
	if (child == 0)
		churn(&harness->maps);
	counts_read(harness, &before);
	for (int i = 0; i < 200; i++)
		harness_repeat(harness, ENTRY_FRAGS, &on_ext0, frame, 10000);
	counts_read(harness, &after);
	kill(child, SIGKILL);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(after.reasons[RW_REASON_BANNED] - before.reasons[RW_REASON_BANNED],
			 after.all - before.all);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(what_is_banned_is_refused_until_it_is_taken_away,
					  bans_end),
		cmocka_unit_test_teardown(a_prefix_of_any_length_is_refused_from_end_to_end,
					  bans_end),
		cmocka_unit_test_teardown(ipv4_as_a_whole_is_refused, bans_end),
		cmocka_unit_test_teardown(kinds_do_not_hide_each_other, bans_end),
		cmocka_unit_test_teardown(
			of_two_that_share_a_bit_one_stays_banned_without_the_other, bans_end),
		cmocka_unit_test_teardown(the_filter_grows_with_the_list_and_shrinks_again,
					  bans_end),
		cmocka_unit_test_teardown(bans_that_come_and_go_do_not_fill_it, bans_end),
		cmocka_unit_test_teardown(without_a_filter_all_are_asked, bans_end),
		cmocka_unit_test_teardown(it_admits_nobody_while_it_is_made_anew, bans_end),
	};

	return cmocka_run_group_tests_name("ban_filter", tests, vectors_setup, harness_teardown);
}
