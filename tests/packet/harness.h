/* SPDX-License-Identifier: GPL-2.0 */
/*
 * harness.h - the real object in the kernel, for one test program: private network and mount
 * namespaces, policies that go the product's own way (text -> policy_compile -> generation ->
 * commit), packets through BPF_PROG_TEST_RUN. Nothing is attached, and nothing outlives the
 * process.
 *
 * Devices of the private namespace: ext0, int0 and vpn0. In every policy an interface has the slot
 * of its place in the node file, from 1.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel/generation/generation.h"
#include "kernel/object/maps.h"
#include "kernel/object/probe.h"
#include "policy/tables.h"

#define HARNESS_EXT0	101 /* ifindex */
#define HARNESS_INT0	103
#define HARNESS_VPN0	105
#define HARNESS_OBJECTS 32
#define FRAME_MAX	70000
#define ETHERNET_BYTES	14

/* Every program of the object that judges. */
enum entry {
	ENTRY_XDP,    /* rolewall_xdp on Ethernet */
	ENTRY_FRAGS,  /* rolewall_frags */
	ENTRY_XDP_54, /* rolewall_xdp_54 */
	ENTRY_BARE,   /* rolewall_frags on an L3 device */
	ENTRY_TC,     /* rolewall_tc on Ethernet */
	ENTRY_TC_54,
	ENTRY_TC_BARE, /* rolewall_tc on an L3 device */
	ENTRY_INGRESS, /* rolewall_ingress, or the next one that this kernel can load */
	ENTRY_INGRESS_MARK,
	ENTRY_INGRESS_58,
	ENTRY_INGRESS_54, /* rolewall_ingress_54 */
	ENTRIES
};

/* Which of them a packet is for. */
#define FOR_TC	 (1u << ENTRY_TC | 1u << ENTRY_TC_54 | 1u << ENTRY_TC_BARE)
#define FOR_BARE (1u << ENTRY_BARE | 1u << ENTRY_TC_BARE)
#define FOR_ETHERNET                                                                               \
	(1u << ENTRY_XDP | 1u << ENTRY_FRAGS | 1u << ENTRY_XDP_54 | 1u << ENTRY_TC |               \
	 1u << ENTRY_TC_54)
#define FOR_WIRE (FOR_ETHERNET | FOR_BARE)
/* BPF_PROG_TEST_RUN hands the others no packet without its IP header. */
#define FOR_XDP (FOR_WIRE & ~FOR_TC)
#define FOR_CGROUP                                                                                 \
	(1u << ENTRY_INGRESS | 1u << ENTRY_INGRESS_MARK | 1u << ENTRY_INGRESS_58 |                 \
	 1u << ENTRY_INGRESS_54)
#define FOR_ALL (FOR_WIRE | FOR_CGROUP)
/* BPF_PROG_TEST_RUN hands the old ingress program a socket that is not LISTEN with every packet. */
#define FOR_LOOKUP (FOR_ALL & ~(1u << ENTRY_INGRESS_54))

struct frame {
	size_t length;
	uint8_t bytes[FRAME_MAX]; /* with an Ethernet header, for every entry */
};

/* Where a packet arrives. */
struct arrival {
	uint32_t ifindex;
	uint32_t slot; /* that the policy gives it; 0: none */
};

extern const struct arrival on_ext0, on_int0, on_vpn0; /* slots 1, 2, 3 */

struct loaded {
	enum entry entry;
	struct rolewall_bpf *object; /* owned */
	int program;		     /* fd, owned by object */
	int egress;		     /* of a cgroup entry, as well */
};

struct harness {
	struct instance instance;
	struct maps maps;
	struct tables tables; /* of the policy in force */
	struct generation generation;
	struct loaded loaded[HARNESS_OBJECTS];
	size_t loaded_count;
	bool has_ringbuf;     /* else all are the programs for 5.4 */
	enum netns_way netns; /* the best that this kernel has */
	bool has_cookies;     /* this kernel has SYN cookies for programs */
	bool has_frags;	   /* this kernel has XDP frags; without, FRAGS and BARE are rolewall_xdp */
	bool knows_device; /* test_run.h; without, XDP packets come from ifindex 1 */
	bool shows_cgroup; /* test_run.h; without, cgroup programs cannot be tested */
};

/* What the programs have counted, over all CPUs and rules. */
struct counts {
	uint64_t reasons[RW_REASON_COUNT]; /* rules included: open and zone-denied */
	uint64_t dropped;
	uint64_t all;
};

/* cmocka group fixtures: *state is a struct harness. The process stays on one CPU from here on. */
int harness_setup(void **state);
int harness_teardown(void **state);

/* Put a node file (its text) in force. The test fails if it is refused. */
void harness_apply(struct harness *harness, const char *node);

/* One packet; the program's return value as pass or drop. */
bool harness_run(struct harness *harness, enum entry entry, const struct arrival *arrival,
		 const struct frame *frame);

/* `count` times the same packet. */
void harness_repeat(struct harness *harness, enum entry entry, const struct arrival *arrival,
		    const struct frame *frame, uint32_t count);

/*
 * One packet: is it answered, or sent back where it came from? `ret` is what the program left of it;
 * without the Ethernet header where an entry is for L3 devices.
 */
bool harness_answer(struct harness *harness, enum entry entry, const struct arrival *arrival,
		    const struct frame *frame, struct frame *ret);

/* The egress program, for what this host sends. */
void harness_send(struct harness *harness, uint32_t ifindex, const struct frame *frame);

/* The same; is it sent? */
bool harness_sends(struct harness *harness, uint32_t ifindex, const struct frame *frame);

void counts_read(const struct harness *harness, struct counts *ret);

/* "drop not-open": verdict and the reason that was counted once; "pass uncounted". */
const char *harness_judge(struct harness *harness, enum entry entry, const struct arrival *arrival,
			  const struct frame *frame);

/* The same, asserted, for every entry in the mask `entries` that can be tested on this kernel. */
void harness_expect(struct harness *harness, unsigned int entries, const struct arrival *arrival,
		    const struct frame *frame, const char *expected);

const char *entry_name(enum entry entry);

/* Skip the test where there are no events. */
void harness_need_ring(const struct harness *harness);

/* Skip the test where XDP packets cannot come from a device of one's choice. */
void harness_need_device(const struct harness *harness);

/* Skip the test where cgroup programs cannot be run; done by whatever runs one. First in a test
 * that changes the policy before it. */
void harness_need_cgroup(const struct harness *harness);

/* Set one element of a map. */
void harness_put(const struct harness *harness, enum map_id map, const void *key,
		 const void *value);
/* The same in the first piece of a table in pieces (kernel/object/pieces.h). */
void harness_put_in(const struct harness *harness, enum map_id map, const void *key,
		    const void *value);
void harness_delete_in(const struct harness *harness, enum map_id map, const void *key);

/* Bytes from hexadecimal digits; white space is skipped. */
struct frame *frame_from_hex(const char *hex);
