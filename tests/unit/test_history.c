/* SPDX-License-Identifier: GPL-2.0 */
/* What the daemon remembers of attempts: nothing twice, nothing unsaid, and in bounded memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "report/history.h"

#define CAPACITY 1024
#define FLOODED	 7 /* a port */

static struct rw_attempt attempt_of(uint32_t source, uint16_t port, uint64_t packets)
{
	struct rw_attempt attempt = {
		.port = port,
		.l4 = 6,
		.reason = RW_REASON_NOT_OPEN,
		.packets = packets,
		.bytes = packets * 60,
		.rule = RW_RULE_NONE,
	};

	memcpy(attempt.source + 12, &source, sizeof(source));
	return attempt;
}

static struct history_entry *tell(struct history *history, uint32_t type,
				  const struct rw_attempt *attempt)
{
	const struct rw_event event = {.type = type, .attempt = *attempt};
	const struct history_times times = {1, 2};
	bool new;

	return history_event(history, &event, &times, &new);
}

/* `count` records are all that the table holds. */
static void scan(struct history *history, const struct rw_attempt *records, size_t count)
{
	const struct history_times times = {1, 2};
	bool new;

	history_scan_begin(history);
	for (size_t i = 0; i < count; i++)
		history_scan_record(history, &records[i], &times, &new);
	history_scan_end(history);
}

static void expect_packets(const struct history_entry *entry, uint64_t packets)
{
	assert_int_equal(history_entry_sum(entry).packets, packets);
	assert_int_equal(history_entry_sum(entry).bytes, packets * 60);
}

static void an_event_of_a_settled_record_is_not_counted_twice(void **state)
{
	struct rw_attempt seen = attempt_of(1, 22, 4), evicted = attempt_of(1, 22, 6);
	struct history_entry *entry = tell(*state, RW_EVENT_SEEN, &seen);

	expect_packets(entry, 4);
	assert_ptr_equal(tell(*state, RW_EVENT_EVICTED, &evicted), entry);
	expect_packets(entry, 6);
	assert_int_equal(entry->evicted.packets, 6);
	scan(*state, NULL, 0);
	expect_packets(entry, 6);
}

static void a_scan_finds_what_no_event_told_of(void **state)
{
	const struct rw_attempt records[] = {attempt_of(1, 22, 3), attempt_of(2, 23, 5)};
	const struct history_entry *entry;

	scan(*state, records, 2);
	scan(*state, records, 2);
	assert_int_equal(history_size(*state), 2);
	entry = history_after(*state, 0);
	expect_packets(entry, 3);
	expect_packets(history_next(entry), 5);
}

static void what_the_kernel_has_forgotten_stays_known(void **state)
{
	struct rw_attempt record = attempt_of(1, 22, 50);
	const struct history_entry *entry;

	scan(*state, &record, 1);
	entry = history_after(*state, 0);
	scan(*state, NULL, 0);
	expect_packets(entry, 50);
	assert_int_equal(entry->evicted.packets, 0);
	/* It comes back, with a new record. */
	record = attempt_of(1, 22, 2);
	scan(*state, &record, 1);
	expect_packets(entry, 52);
}

static void a_record_that_shrank_without_an_event_was_replaced(void **state)
{
	struct rw_attempt record = attempt_of(1, 22, 50);
	const struct history_entry *entry;

	scan(*state, &record, 1);
	entry = history_after(*state, 0);
	record = attempt_of(1, 22, 1);
	scan(*state, &record, 1);
	expect_packets(entry, 50);
}

/* Whether the table was read before or after it, nobody knows: the next scan does. */
static void an_event_during_a_scan_leaves_the_entry_to_the_next_one(void **state)
{
	struct rw_attempt record = attempt_of(1, 22, 50), evicted = attempt_of(1, 22, 60);
	const struct history_times times = {1, 2};
	struct history_entry *entry;
	bool new;

	scan(*state, &record, 1);
	entry = tell(*state, RW_EVENT_SEEN, &record);
	history_scan_begin(*state);
	tell(*state, RW_EVENT_EVICTED, &evicted);
	history_scan_record(*state, &record, &times, &new);
	history_scan_end(*state);
	expect_packets(entry, 60);
	scan(*state, NULL, 0);
	expect_packets(entry, 60);
}

static void expect_known(const struct history *history, const struct rw_attempt *attempts,
			 size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct history_entry *entry = history_after(history, 0);

		while (entry &&
		       memcmp(&entry->record, &attempts[i], offsetof(struct rw_attempt, rule)))
			entry = history_next(entry);
		assert_non_null(entry);
	}
}

static void a_flood_pushes_out_itself_and_not_who_comes_slowly(void **state)
{
	struct rw_attempt slow[10];
	struct rw_attempt flood;

	for (uint32_t i = 0; i < 10; i++) {
		slow[i] = attempt_of(0xffff, 1000 + i, 1);
		tell(*state, RW_EVENT_SEEN, &slow[i]);
	}
	for (uint32_t i = 0; i < 10 * CAPACITY; i++) {
		flood = attempt_of(i, FLOODED, 1);
		tell(*state, RW_EVENT_SEEN, &flood);
	}
	assert_int_equal(history_size(*state), CAPACITY);
	expect_known(*state, slow, 10);
}

/* Each with other sources and ports than the one before. */
static void a_flood_of_sources_and_ports_pushes_out_no_source_that_came_again(void **state)
{
	struct rw_attempt slow[20];

	for (uint32_t i = 0; i < 20; i++) {
		slow[i] = attempt_of(0xffffffff, 1000 + 7 * i, 1);
		tell(*state, RW_EVENT_SEEN, &slow[i]);
		for (uint32_t j = 0; j < CAPACITY / 2; j++) {
			uint32_t which = i * CAPACITY + j;
			struct rw_attempt flood = attempt_of(which, which * 40503 >> 7, 1);

			tell(*state, RW_EVENT_SEEN, &flood);
		}
	}
	assert_int_equal(history_size(*state), CAPACITY);
	expect_known(*state, slow, 20);
	assert_int_equal(history_entry_level(tell(*state, RW_EVENT_SEEN, &slow[19])), 4);
}

static void a_source_that_tries_every_port_pushes_out_itself(void **state)
{
	struct rw_attempt slow[20];

	for (uint32_t i = 0; i < 20; i++) {
		slow[i] = attempt_of(i < 10 ? 0xffffffff : i, 1000 + 7 * i, 1);
		tell(*state, RW_EVENT_SEEN, &slow[i]);
	}
	for (uint32_t port = 1; port < 65536; port++) {
		struct rw_attempt fast = attempt_of(0x12345678, port, 1);

		tell(*state, RW_EVENT_SEEN, &fast);
	}
	expect_known(*state, slow, 20);
}

static void attempts_of_a_source_follow_each_other(void **state)
{
	struct rw_attempt one = attempt_of(1, 22, 1), two = attempt_of(1, 23, 1),
			  other = attempt_of(2, 23, 1);
	struct history_entry *first = tell(*state, RW_EVENT_SEEN, &one), *second;

	assert_int_equal(history_entry_level(first), 0);
	tell(*state, RW_EVENT_SEEN, &other);
	second = tell(*state, RW_EVENT_SEEN, &two);
	assert_int_equal(history_entry_level(first), 1);
	assert_ptr_equal(history_entry_before(second), first);
	assert_null(history_entry_before(first));
}

static void settled_packets_are_remembered_or_said_to_be_forgotten(void **state)
{
	uint64_t told = 0, remembered = 0;
	const struct history_entry *entry;

	srandom(1);
	for (uint32_t i = 0; i < 20 * CAPACITY; i++) {
		struct rw_attempt attempt =
			attempt_of(random() % (3 * CAPACITY), random() % 4, 1 + random() % 9);

		tell(*state, i % 2 ? RW_EVENT_EVICTED : RW_EVENT_SEEN, &attempt);
		told += i % 2 ? attempt.packets : 0;
	}
	for (entry = history_after(*state, 0); entry; entry = history_next(entry))
		remembered += entry->evicted.packets;
	assert_true(history_forgotten(*state) > 0);
	assert_int_equal(remembered + history_forgotten(*state), told);
}

static void changes_are_told_in_their_order_and_only_once(void **state)
{
	struct rw_attempt first = attempt_of(1, 22, 1), second = attempt_of(2, 22, 1);
	uint64_t version;

	tell(*state, RW_EVENT_SEEN, &first);
	tell(*state, RW_EVENT_SEEN, &second);
	version = history_version(*state);
	assert_null(history_after(*state, version));
	/* It leaves the table, which is no news. */
	tell(*state, RW_EVENT_EVICTED, &second);
	assert_null(history_after(*state, version));
	first.packets = 2;
	first.bytes = 120;
	tell(*state, RW_EVENT_SEEN, &first);
	expect_packets(history_after(*state, version), 2);
	assert_null(history_next(history_after(*state, version)));
}

static void a_doubling_is_noted(void **state)
{
	struct rw_attempt record = attempt_of(1, 22, 4);
	const struct history_entry *entry;
	uint64_t doubled;

	scan(*state, &record, 1);
	entry = history_after(*state, 0);
	doubled = entry->doubled;
	assert_int_equal(doubled, entry->version);
	for (uint64_t packets = 5; packets < 8; packets++) {
		record = attempt_of(1, 22, packets);
		scan(*state, &record, 1);
		assert_int_equal(entry->doubled, doubled);
		assert_true(entry->version > doubled);
	}
	record = attempt_of(1, 22, 8);
	scan(*state, &record, 1);
	assert_int_equal(entry->doubled, entry->version);
}

static void observed_and_dropped_are_kept_apart(void **state)
{
	struct rw_attempt dropped = attempt_of(1, 22, 1), observed = dropped;

	observed.observed = 1;
	assert_ptr_not_equal(tell(*state, RW_EVENT_SEEN, &dropped),
			     tell(*state, RW_EVENT_SEEN, &observed));
}

static void a_bind_counts_by_itself(void **state)
{
	struct rw_attempt bind = attempt_of(0, 4444, 1);
	struct history_entry *entry;

	bind.reason = RW_REASON_BIND_DENIED;
	tell(*state, RW_EVENT_BIND, &bind);
	entry = tell(*state, RW_EVENT_BIND, &bind);
	expect_packets(entry, 2);
	assert_int_equal(entry->evicted.packets, 2);
}

static int setup(void **state)
{
	*state = history_new(CAPACITY);
	return *state ? 0 : -1;
}

static int teardown(void **state)
{
	history_free(*state);
	return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_event_of_a_settled_record_is_not_counted_twice),
		TEST(a_scan_finds_what_no_event_told_of),
		TEST(what_the_kernel_has_forgotten_stays_known),
		TEST(a_record_that_shrank_without_an_event_was_replaced),
		TEST(an_event_during_a_scan_leaves_the_entry_to_the_next_one),
		TEST(a_flood_pushes_out_itself_and_not_who_comes_slowly),
		TEST(a_flood_of_sources_and_ports_pushes_out_no_source_that_came_again),
		TEST(a_source_that_tries_every_port_pushes_out_itself),
		TEST(attempts_of_a_source_follow_each_other),
		TEST(settled_packets_are_remembered_or_said_to_be_forgotten),
		TEST(changes_are_told_in_their_order_and_only_once),
		TEST(a_doubling_is_noted),
		TEST(observed_and_dropped_are_kept_apart),
		TEST(a_bind_counts_by_itself),
	};

	return cmocka_run_group_tests_name("history", tests, NULL, NULL);
}
