/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Nothing is lost on the way from a dropped packet to the tables: after every flood, and for every
 * reason, drops = packets in `attempts` + evicted.events + evicted.unattributed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "kernel/object/pieces.h"
#include "util/cleanup.h"
#include "vectors.h"

#define FLOOD	     50000
#define SOURCE_AT    26 /* of the IPv4 source address in a frame */
#define PORT_AT	     36 /* of the destination port */
#define SYN_CLOSED   ETH4 IP4("00 28", "00 00", "06") TCP(CLOSED, SYN)
#define SYN_BYTES    54
#define FLOOD_SHARES 1	/* of a flood from everywhere against one port: that of the port */
#define RETURNING    64 /* events of each level of returning sources, for each grant */
#define EVENTS_FIT   (RW_EVENT_BYTES / (sizeof(struct rw_event) + 8)) /* linux/bpf.h: ring header */

static const char observing_node[] =
	"{ \"version\": 1, \"node\": \"test.example.com\", \"profile\": \"carbonio-ce-23.10\","
	"  \"roles\": [\"mta\"], \"mode\": \"observe\","
	"  \"interfaces\": { \"ext0\": { \"zone\": \"external\" } } }";

/* --- reading --------------------------------------------------------------------------------- */

struct table {
	uint64_t packets[RW_REASON_COUNT];
	struct rw_attempt found; /* the record that was asked for; packets 0: there is none */
};

/* `source` is the IPv4 address of the record that is asked for; 0: none. */
static void table_read(const struct harness *harness, uint32_t source, struct table *ret)
{
	int cpus = libbpf_num_possible_cpus(), fd = harness->maps.fd[MAP_ATTEMPTS];
	_free_ struct rw_attempt *records = calloc(cpus, sizeof(*records));
	uint8_t address[4] = {source >> 24, source >> 16, source >> 8, source};
	uint32_t slot;
	int cpu;

	memset(ret, 0, sizeof(*ret));
	for (slot = 0; slot < RW_ATTEMPT_SLOTS; slot++) {
		assert_int_equal(bpf_map_lookup_elem(fd, &slot, records), 0);
		for (cpu = 0; cpu < cpus; cpu++) {
			ret->packets[records[cpu].reason] += records[cpu].packets;
			if (records[cpu].packets && !memcmp(records[cpu].source + 12, address, 4))
				ret->found = records[cpu];
		}
	}
}

static struct rw_evicted settled_read(const struct harness *harness, unsigned int reason)
{
	unsigned long long sum[2] = {0};

	assert_int_equal(map_sum(harness->maps.fd[MAP_SETTLED], reason, sizeof(sum), sum), 0);
	return (struct rw_evicted){.events = sum[0], .unattributed = sum[1]};
}

static struct rw_event_state events_read(const struct harness *harness)
{
	unsigned long long sum[3] = {0};

	assert_int_equal(map_sum(harness->maps.fd[MAP_EVENT_STATE], 0, sizeof(sum), sum), 0);
	return (struct rw_event_state){sum[0], sum[1], sum[2]};
}

/* The invariant. */
static void expect_balance(const struct harness *harness)
{
	struct counts counts;
	struct table table;
	unsigned int reason;

	counts_read(harness, &counts);
	table_read(harness, 0, &table);
	for (reason = 0; reason < RW_REASON_PASS_FIRST; reason++) {
		struct rw_evicted evicted = settled_read(harness, reason);

		if (counts.reasons[reason] !=
		    table.packets[reason] + evicted.events + evicted.unattributed)
			fail_msg("reason %u: %lu drops, but %lu + %llu + %llu", reason,
				 counts.reasons[reason], table.packets[reason], evicted.events,
				 evicted.unattributed);
	}
}

/* --- sending --------------------------------------------------------------------------------- */

static void source_set(struct frame *frame, uint32_t source)
{
	frame->bytes[SOURCE_AT] = source >> 24;
	frame->bytes[SOURCE_AT + 1] = source >> 16;
	frame->bytes[SOURCE_AT + 2] = source >> 8;
	frame->bytes[SOURCE_AT + 3] = source;
}

static void port_set(struct frame *frame, uint16_t port)
{
	frame->bytes[PORT_AT] = port >> 8;
	frame->bytes[PORT_AT + 1] = port;
}

static void flood_from_everywhere(struct harness *harness, enum entry entry, uint32_t first)
{
	_free_ struct frame *frame = frame_from_hex(SYN_CLOSED);
	uint32_t i;

	for (i = 0; i < FLOOD; i++) {
		source_set(frame, first + i);
		harness_repeat(harness, entry, &on_ext0, frame, 1);
	}
}

/* Let every CPU emit `more` events beyond those that it has emitted. Each grant is an epoch. */
static void grant(const struct harness *harness, uint64_t more)
{
	static struct rw_event_clock clock = {.epoch = 1000, .returning = RETURNING};
	int cpus = libbpf_num_possible_cpus(), cpu;
	_free_ struct rw_event_state *states = calloc(cpus, sizeof(*states));
	_free_ uint64_t *grants = calloc(cpus, sizeof(*grants));
	uint32_t zero = 0;

	assert_int_equal(bpf_map_lookup_elem(harness->maps.fd[MAP_EVENT_STATE], &zero, states), 0);
	for (cpu = 0; cpu < cpus; cpu++)
		grants[cpu] = states[cpu].emitted + states[cpu].lost + more;
	clock.epoch++;
	harness_put(harness, MAP_EVENT_CLOCK, &zero, &clock);
	assert_int_equal(pieces_make(harness->maps.fd[MAP_CALLERS], MAP_CALLERS, &zero, 1), 0);
	harness_put(harness, MAP_EVENT_GRANTS, &zero, grants);
}

/* What a reader of the ring got. */
struct received {
	uint64_t seen, evicted; /* events */
	uint64_t settled_packets;
	uint64_t seen_at[8]; /* packets of the first SEEN events */
	uint32_t slow;	     /* address of the one that is waited for */
	uint64_t slow_seen;  /* its SEEN events, */
	uint64_t slow_told;  /* and attempts, those that were untold before included */
	struct rw_seen_event last;
};

static int receive(void *context, void *data, size_t size)
{
	const struct rw_event *event = data;
	struct received *received = context;
	uint32_t source;

	if (event->type == RW_EVENT_EVICTED) {
		assert_int_equal(size, sizeof(*event));
		received->evicted++;
		received->settled_packets += event->attempt.packets;
		return 0;
	}
	assert_int_equal(event->type, RW_EVENT_SEEN);
	assert_int_equal(size, sizeof(received->last));
	memcpy(&source, event->attempt.source + 12, sizeof(source));
	if (source == htonl(received->slow)) {
		memcpy(&received->last, data, size);
		received->slow_seen++;
		received->slow_told += 1 + received->last.untold_count;
	}
	if (received->seen < 8)
		received->seen_at[received->seen] = event->attempt.packets;
	received->seen++;
	return 0;
}

/* Adds to what was received. */
static void ring_read(const struct harness *harness, struct received *ret)
{
	struct ring_buffer *ring;

	ring = ring_buffer__new(harness->maps.fd[MAP_EVENTS], receive, ret, NULL);
	assert_non_null(ring);
	assert_true(ring_buffer__consume(ring) >= 0);
	ring_buffer__free(ring);
}

static void ring_drain(const struct harness *harness, struct received *ret)
{
	memset(ret, 0, sizeof(*ret));
	ring_read(harness, ret);
}

/* --- tests ----------------------------------------------------------------------------------- */

static void one_source_is_one_attempt_with_all_its_packets(void **state)
{
	_free_ struct frame *frame = frame_from_hex(SYN_CLOSED);
	struct table table;

	harness_need_device(*state);
	source_set(frame, 0x0a000001);
	harness_repeat(*state, ENTRY_XDP, &on_ext0, frame, FLOOD);
	table_read(*state, 0x0a000001, &table);
	assert_int_equal(table.found.packets, FLOOD);
	assert_int_equal(table.found.bytes, FLOOD * SYN_BYTES);
	assert_int_equal(table.found.ifindex, HARNESS_EXT0);
	assert_int_equal(table.found.port, 9999);
	assert_int_equal(table.found.reason, RW_REASON_NOT_OPEN);
	assert_int_equal(table.found.l4, 6);
	assert_int_equal(table.found.observed, 0);
	expect_balance(*state);
}

static void without_a_reader_many_sources_are_counted_and_nothing_is_emitted(void **state)
{
	struct rw_event_state before = events_read(*state), after;
	struct rw_evicted evicted = settled_read(*state, RW_REASON_NOT_OPEN), then;

	flood_from_everywhere(*state, ENTRY_XDP, 0x0a100000);
	after = events_read(*state);
	then = settled_read(*state, RW_REASON_NOT_OPEN);
	assert_int_equal(after.emitted, before.emitted);
	assert_int_equal(after.lost, before.lost);
	assert_true(after.suppressed > before.suppressed);
	assert_int_equal(then.events, evicted.events);
	assert_true(then.unattributed - evicted.unattributed >= FLOOD - RW_ATTEMPT_SLOTS);
	expect_balance(*state);
}

static void credits_and_shares_are_spent_to_the_last_one_and_no_further(void **state)
{
	struct rw_event_state before = events_read(*state), after;
	struct rw_evicted evicted = settled_read(*state, RW_REASON_NOT_OPEN), then;
	struct received received;

	harness_need_ring(*state);
	ring_drain(*state, &received);
	grant(*state, 1000);
	flood_from_everywhere(*state, ENTRY_XDP, 0x0a200000);
	ring_drain(*state, &received);
	after = events_read(*state);
	then = settled_read(*state, RW_REASON_NOT_OPEN);
	assert_int_equal(after.emitted - before.emitted, 1000 + FLOOD_SHARES);
	assert_int_equal(after.lost, before.lost);
	assert_int_equal(received.seen + received.evicted, 1000 + FLOOD_SHARES);
	assert_int_equal(then.events - evicted.events, received.settled_packets);
	expect_balance(*state);
}

static void a_flood_of_one_port_does_not_hide_who_comes_to_others(void **state)
{
	_free_ struct frame *scan = frame_from_hex(SYN_CLOSED);
	struct received received = {.slow = 0x0a000007};
	uint16_t port;

	harness_need_ring(*state);
	source_set(scan, received.slow);
	ring_drain(*state, &(struct received){0});
	grant(*state, 1000);
	flood_from_everywhere(*state, ENTRY_XDP, 0x0a600000);
	ring_drain(*state, &(struct received){0});
	for (port = 11000; port < 11020; port++) {
		grant(*state, 0);
		port_set(scan, port);
		harness_repeat(*state, ENTRY_XDP, &on_ext0, scan, 1);
	}
	ring_read(*state, &received);
	assert_int_equal(received.slow_told, 20);
	expect_balance(*state);
}

/* From everywhere to everywhere: it takes every credit, and every share of a port. */
static void flood_of_everything(struct harness *harness, enum entry entry, uint32_t count)
{
	static uint64_t random = 88172645463325252ULL;
	_free_ struct frame *frame = frame_from_hex(SYN_CLOSED);

	while (count--) {
		random ^= random << 13;
		random ^= random >> 7;
		random ^= random << 17;
		source_set(frame, 0x0b000000 + (random >> 32) % 0x70000000);
		port_set(frame, 20000 + random % 40000);
		harness_repeat(harness, entry, &on_ext0, frame, 1);
	}
}

#define EVERYTHING 2500 /* packets */

static void a_flood_of_everything_does_not_hide_who_comes_slowly(void **state)
{
	_free_ struct frame *scan = frame_from_hex(SYN_CLOSED);
	struct received received = {.slow = 0x0a000008};
	uint16_t port;

	harness_need_ring(*state);
	source_set(scan, received.slow);
	for (port = 12000; port < 12020; port++) {
		grant(*state, 100);
		flood_of_everything(*state, ENTRY_XDP, EVERYTHING);
		port_set(scan, port);
		harness_repeat(*state, ENTRY_XDP, &on_ext0, scan, 1);
		ring_read(*state, &received);
	}
	assert_int_equal(received.slow_told, 20);
	grant(*state, 0);
	expect_balance(*state);
}

/* The attack that fixed multipliers invited: what has the probe's slot whatever the port is. */
static void who_knows_the_multipliers_of_the_source_pushes_out_nobody(void **state)
{
	const uint64_t known = 0x94d049bb133111ebULL;
	_free_ struct frame *frame = frame_from_hex(SYN_CLOSED);
	uint32_t source = 0x0a000009, other = source, found = 0;
	struct table table;

	grant(*state, 0);
	source_set(frame, source);
	harness_repeat(*state, ENTRY_XDP, &on_ext0, frame, 1);
	while (found < 6) {
		uint64_t apart;

		other += 0x9e3779b1; /* as it lies in memory, all 2^32 of them */
		apart = ((uint64_t)(htonl(other) - htonl(source)) << 32) * known;
		if (apart >= 1ULL << 50 && apart <= -(1ULL << 50))
			continue;
		source_set(frame, other);
		harness_repeat(*state, ENTRY_XDP, &on_ext0, frame, 1);
		found++;
	}
	table_read(*state, source, &table);
	assert_int_equal(table.found.packets, 1);
	expect_balance(*state);
}

static void spend_everything(struct harness *harness)
{
	grant(harness, 1);
	flood_of_everything(harness, ENTRY_XDP, EVERYTHING);
	ring_drain(harness, &(struct received){0});
}

static void who_comes_again_brings_along_what_nobody_was_told(void **state)
{
	_free_ struct frame *scan = frame_from_hex(SYN_CLOSED);
	_free_ struct frame *asks =
		frame_from_hex(ETH4 IP4("00 1c", "00 00", "11") UDP("9c 40", CLOSED, "00 08"));
	struct received received = {.slow = 0x0a00000a};

	harness_need_ring(*state);
	source_set(scan, received.slow);
	source_set(asks, received.slow);
	spend_everything(*state);
	port_set(scan, 13001);
	harness_repeat(*state, ENTRY_XDP, &on_ext0, scan, 1);
	port_set(asks, 13002);
	harness_repeat(*state, ENTRY_XDP, &on_ext0, asks, 1);
	ring_read(*state, &received);
	assert_int_equal(received.slow_seen, 0);
	spend_everything(*state);
	port_set(scan, 13003);
	harness_repeat(*state, ENTRY_XDP, &on_ext0, scan, 1);
	ring_read(*state, &received);
	assert_int_equal(received.slow_seen, 1);
	assert_int_equal(received.last.event.attempt.port, 13003);
	assert_int_equal(received.last.untold_count, 2);
	assert_int_equal(received.last.untold[0].port, 13001);
	assert_int_equal(received.last.untold[0].what, RW_REASON_NOT_OPEN);
	assert_int_equal(received.last.untold[1].port, 13002);
	assert_int_equal(received.last.untold[1].what, RW_REASON_NO_CONNECTION | RW_UNTOLD_UDP);
	expect_balance(*state);
}

/* On another interface it is somebody else, as far as anybody knows. */
static void who_comes_by_another_interface_brings_along_nothing(void **state)
{
	_free_ struct frame *scan = frame_from_hex(SYN_CLOSED);
	struct received received = {.slow = 0x0a00000b};

	harness_need_ring(*state);
	harness_need_device(*state);
	source_set(scan, received.slow);
	spend_everything(*state);
	port_set(scan, 13001);
	harness_repeat(*state, ENTRY_XDP, &on_ext0, scan, 1);
	spend_everything(*state);
	port_set(scan, 13002);
	harness_repeat(*state, ENTRY_XDP, &on_vpn0, scan, 1);
	ring_read(*state, &received);
	assert_int_equal(received.slow_seen, 0);
}

/* One event an epoch: who comes fast brings along as many attempts as there is room for. */
static void who_comes_fast_has_one_event_for_each_grant(void **state)
{
	_free_ struct frame *scan = frame_from_hex(SYN_CLOSED);
	struct received received = {.slow = 0x0a00000c};

	harness_need_ring(*state);
	source_set(scan, received.slow);
	for (uint16_t i = 0; i < 40; i++) {
		if (i % 20 == 0)
			spend_everything(*state);
		port_set(scan, 14000 + i);
		harness_repeat(*state, ENTRY_XDP, &on_ext0, scan, 1);
	}
	ring_read(*state, &received);
	assert_int_equal(received.slow_seen, 1);
	assert_int_equal(received.last.untold_count, RW_CALLER_UNTOLD);
}

/* Those who came about as often share RETURNING events; who came twice as often has others. */
static void sources_that_come_again_do_not_hide_one_that_came_more_often(void **state)
{
	_free_ struct frame *scan = frame_from_hex(SYN_CLOSED);
	struct received received = {.slow = 0x0a00000d};
	const uint32_t first = 0x0aa00000;

	harness_need_ring(*state);
	for (uint16_t round = 0; round < 6; round++) {
		spend_everything(*state);
		port_set(scan, 15000 + round);
		if (round < 4) {
			source_set(scan, received.slow);
			harness_repeat(*state, ENTRY_XDP, &on_ext0, scan, 1);
		}
		for (uint32_t i = 0; round >= 4 && i < 2 * RETURNING; i++) {
			source_set(scan, first + i);
			harness_repeat(*state, ENTRY_XDP, &on_ext0, scan, 1);
		}
		ring_drain(*state, &(struct received){0});
	}
	received = (struct received){.slow = received.slow};
	port_set(scan, 15010);
	source_set(scan, received.slow);
	harness_repeat(*state, ENTRY_XDP, &on_ext0, scan, 1);
	ring_read(*state, &received);
	assert_int_equal(received.slow_seen, 1);
	expect_balance(*state);
}

static void a_full_ring_loses_events_but_no_packets(void **state)
{
	const uint64_t credits = 2 * EVENTS_FIT;
	struct rw_event_state before = events_read(*state), after;
	struct rw_evicted evicted = settled_read(*state, RW_REASON_NOT_OPEN), then;
	struct received received;

	harness_need_ring(*state);
	ring_drain(*state, &received);
	grant(*state, credits);
	flood_from_everywhere(*state, ENTRY_XDP, 0x0a300000);
	after = events_read(*state);
	assert_true(after.lost > before.lost);
	assert_int_equal(after.emitted - before.emitted + after.lost - before.lost,
			 credits + FLOOD_SHARES);
	ring_drain(*state, &received);
	then = settled_read(*state, RW_REASON_NOT_OPEN);
	assert_int_equal(received.seen + received.evicted, after.emitted - before.emitted);
	assert_int_equal(then.events - evicted.events, received.settled_packets);
	expect_balance(*state);
}

static void an_attempt_is_told_at_its_1st_2nd_4th_and_8th_packet(void **state)
{
	_free_ struct frame *frame = frame_from_hex(SYN_CLOSED);
	const uint64_t expected[8] = {1, 2, 4, 8};
	struct received received;

	harness_need_ring(*state);
	ring_drain(*state, &received);
	grant(*state, 100);
	source_set(frame, 0x0a000002);
	harness_repeat(*state, ENTRY_XDP, &on_ext0, frame, 10);
	ring_drain(*state, &received);
	assert_int_equal(received.seen, 4);
	assert_memory_equal(received.seen_at, expected, sizeof(expected));
	grant(*state, 0);
	expect_balance(*state);
}

/* Is the record in `slot` that of `source`? On the one CPU that this process runs on. */
static bool is_in_slot(const struct harness *harness, uint32_t slot, uint32_t source)
{
	_free_ struct rw_attempt *records = calloc(libbpf_num_possible_cpus(), sizeof(*records));
	uint8_t address[4] = {source >> 24, source >> 16, source >> 8, source};

	assert_int_equal(bpf_map_lookup_elem(harness->maps.fd[MAP_ATTEMPTS], &slot, records), 0);
	return !memcmp(records[sched_getcpu()].source + 12, address, 4);
}

/* Another source whose attempt takes the slot that `source` has. */
static uint32_t collision_find(struct harness *harness, struct frame *frame, uint32_t source)
{
	uint32_t other = source, slot = 0;

	source_set(frame, source);
	harness_repeat(harness, ENTRY_XDP, &on_ext0, frame, 1);
	while (!is_in_slot(harness, slot, source))
		assert_true(++slot < RW_ATTEMPT_SLOTS);
	do {
		source_set(frame, ++other);
		harness_repeat(harness, ENTRY_XDP, &on_ext0, frame, 1);
		assert_true(other - source < 20 * RW_ATTEMPT_SLOTS);
	} while (!is_in_slot(harness, slot, other));
	return other;
}

static void sources_that_collide_push_each_other_out_without_loss(void **state)
{
	_free_ struct frame *frame = frame_from_hex(SYN_CLOSED);
	uint32_t source = 0x0a400000, other = collision_find(*state, frame, source);
	struct rw_evicted before = settled_read(*state, RW_REASON_NOT_OPEN), after;
	struct table table;
	int i;

	for (i = 0; i < 1000; i++) {
		source_set(frame, i & 1 ? other : source);
		harness_repeat(*state, ENTRY_XDP, &on_ext0, frame, 3);
	}
	after = settled_read(*state, RW_REASON_NOT_OPEN);
	/* `other` had one packet in the slot; the last three are still there. */
	assert_int_equal(after.unattributed - before.unattributed, 1 + 999 * 3);
	table_read(*state, other, &table);
	assert_int_equal(table.found.packets, 3);
	expect_balance(*state);
}

static void the_same_source_at_two_hooks_is_one_attempt(void **state)
{
	_free_ struct frame *frame = frame_from_hex(SYN_CLOSED);
	struct table table;

	source_set(frame, 0x0a000003);
	harness_repeat(*state, ENTRY_XDP, &on_ext0, frame, 5);
	harness_repeat(*state, ENTRY_INGRESS, &on_ext0, frame, 7);
	table_read(*state, 0x0a000003, &table);
	assert_int_equal(table.found.packets, 12);
	assert_int_equal(table.found.bytes, 5 * SYN_BYTES + 7 * (SYN_BYTES - ETHERNET_BYTES));
	expect_balance(*state);
}

static void interfaces_and_reasons_are_attempts_of_their_own(void **state)
{
	_free_ struct frame *frame = frame_from_hex(SYN_CLOSED);
	_free_ struct frame *null_scan =
		frame_from_hex(ETH4 IP4("00 28", "00 00", "06") TCP(CLOSED, "00"));
	struct counts before, after;
	struct table table;

	harness_need_device(*state);
	counts_read(*state, &before);
	source_set(frame, 0x0a000004);
	source_set(null_scan, 0x0a000005);
	harness_repeat(*state, ENTRY_XDP, &on_vpn0, frame, 2);
	harness_repeat(*state, ENTRY_XDP, &on_ext0, null_scan, 3);
	counts_read(*state, &after);
	table_read(*state, 0x0a000004, &table);
	assert_int_equal(table.found.ifindex, HARNESS_VPN0);
	assert_int_equal(table.found.packets, 2);
	table_read(*state, 0x0a000005, &table);
	assert_int_equal(table.found.reason, RW_REASON_BAD_FLAGS);
	assert_int_equal(table.found.packets, 3);
	assert_int_equal(after.dropped - before.dropped, 5);
	expect_balance(*state);
}

static void old_kernels_balance_as_well(void **state)
{
	struct rw_event_state before = events_read(*state), after;

	grant(*state, 500); /* nobody has opened the perf buffers: every one is lost */
	flood_from_everywhere(*state, ENTRY_XDP_54, 0x0a500000);
	after = events_read(*state);
	assert_int_equal(after.emitted, before.emitted);
	assert_int_equal(after.lost - before.lost, 500 + FLOOD_SHARES);
	expect_balance(*state);
}

static void observed_packets_pass_and_are_kept_apart_from_dropped_ones(void **state)
{
	_free_ struct frame *frame = frame_from_hex(SYN_CLOSED);
	struct table table;

	source_set(frame, 0x0a000006);
	harness_expect(*state, 1u << ENTRY_XDP, &on_ext0, frame, "drop not-open");
	harness_apply(*state, observing_node);
	harness_expect(*state, 1u << ENTRY_XDP, &on_ext0, frame, "pass not-open");
	harness_expect(*state, 1u << ENTRY_XDP, &on_ext0, frame, "pass not-open");
	table_read(*state, 0x0a000006, &table);
	assert_int_equal(table.found.observed, 1);
	assert_int_equal(table.found.packets, 2);
	expect_balance(*state);
	harness_apply(*state, vectors_node);
	harness_expect(*state, 1u << ENTRY_XDP, &on_ext0, frame, "drop not-open");
	table_read(*state, 0x0a000006, &table);
	assert_int_equal(table.found.observed, 0);
	assert_int_equal(table.found.packets, 1);
	expect_balance(*state);
}

static int setup(void **state)
{
	if (harness_setup(state))
		return -1;
	harness_apply(*state, vectors_node);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_source_is_one_attempt_with_all_its_packets),
		cmocka_unit_test(without_a_reader_many_sources_are_counted_and_nothing_is_emitted),
		cmocka_unit_test(credits_and_shares_are_spent_to_the_last_one_and_no_further),
		cmocka_unit_test(a_flood_of_one_port_does_not_hide_who_comes_to_others),
		cmocka_unit_test(a_flood_of_everything_does_not_hide_who_comes_slowly),
		cmocka_unit_test(who_knows_the_multipliers_of_the_source_pushes_out_nobody),
		cmocka_unit_test(who_comes_again_brings_along_what_nobody_was_told),
		cmocka_unit_test(who_comes_by_another_interface_brings_along_nothing),
		cmocka_unit_test(who_comes_fast_has_one_event_for_each_grant),
		cmocka_unit_test(sources_that_come_again_do_not_hide_one_that_came_more_often),
		cmocka_unit_test(a_full_ring_loses_events_but_no_packets),
		cmocka_unit_test(an_attempt_is_told_at_its_1st_2nd_4th_and_8th_packet),
		cmocka_unit_test(sources_that_collide_push_each_other_out_without_loss),
		cmocka_unit_test(the_same_source_at_two_hooks_is_one_attempt),
		cmocka_unit_test(interfaces_and_reasons_are_attempts_of_their_own),
		cmocka_unit_test(old_kernels_balance_as_well),
		cmocka_unit_test(observed_packets_pass_and_are_kept_apart_from_dropped_ones),
	};

	return cmocka_run_group_tests_name("attempts", tests, setup, harness_teardown);
}
