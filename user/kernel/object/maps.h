/* SPDX-License-Identifier: GPL-2.0 */
/*
 * maps.h - the maps of bpf/maps.bpf.h as file descriptors, found by their pins.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rolewall/abi.h>

#include "kernel/object/instance.h"
#include "util/error.h"

/* Name and, as in bpf/maps.bpf.h, shape: key and value. A ring has neither. */
#define MAPS(X)                                                                                    \
	X(POLICY, policy, sizeof(__u32), sizeof(__u32))                                            \
	X(ZONE_PREFIXES, zone_prefixes, sizeof(__u32), sizeof(__u32))                              \
	X(INTERFACES, interfaces, sizeof(struct rw_interface_key), sizeof(struct rw_interface))    \
	X(BOUND_PEERS, bound_peers, sizeof(struct rw_bound_key), sizeof(__u32))                    \
	X(CONVERSATIONS, conversations, sizeof(struct rw_conversation_key),                        \
	  sizeof(struct rw_conversation))                                                          \
	X(FLOWS, flows, sizeof(struct rw_flow_key), sizeof(__u64))                                 \
	X(UNASKED, unasked, sizeof(__u32), sizeof(__u64))                                          \
	X(FOREIGN_SOCKETS, foreign_sockets, sizeof(int), sizeof(__u32))                            \
	X(PRESENCE, presence, sizeof(__u32), sizeof(struct rw_presence))                           \
	X(BAN_FILTER, ban_filter, sizeof(__u32), sizeof(struct rw_filter_page))                    \
	X(BANS, bans, sizeof(__u32), sizeof(__u32))                                                \
	X(BAN_PREFIXES, ban_prefixes, sizeof(struct rw_prefix_key), sizeof(struct rw_ban))         \
	X(OPENINGS, openings, sizeof(struct rw_opening_key), sizeof(struct rw_opening))            \
	X(ECHO_BUCKET, echo_bucket, sizeof(__u32), sizeof(__u64))                                  \
	X(LIMIT_TIMES, limit_times, sizeof(__u32), sizeof(__u32))                                  \
	X(LIMIT_STAYERS, limit_stayers, sizeof(struct rw_stayer_key), sizeof(struct rw_stayer))    \
	X(DATAGRAMS, datagrams, sizeof(__u32), sizeof(struct rw_datagram))                         \
	X(FRAGMENT_ROOMS, fragment_rooms, sizeof(__u32), sizeof(struct rw_fragment_room))          \
	X(FRAGMENT_SECRET, fragment_secret, sizeof(__u32), sizeof(__u64))                          \
	X(OVERFLOWS, overflows, sizeof(__u32), sizeof(__u64))                                      \
	X(OWN_ADDRESSES, own_addresses, sizeof(struct rw_address), sizeof(__u32))                  \
	X(NETWORKS, networks, sizeof(struct rw_prefix_key), sizeof(__u32))                         \
	X(COOKIE_COUNTER, cookie_counter, sizeof(__u32), sizeof(struct rw_cookie_counter))         \
	X(HANDSHAKES, handshakes, sizeof(__u32), sizeof(struct rw_handshake))                      \
	X(REASON_COUNTERS, reason_counters, sizeof(__u32), sizeof(struct rw_counter))              \
	X(RULE_COUNTERS, rule_counters, sizeof(__u32), sizeof(__u32))                              \
	X(ATTEMPTS, attempts, sizeof(__u32), sizeof(struct rw_attempt))                            \
	X(SETTLED, evicted, sizeof(__u32), sizeof(struct rw_evicted))                              \
	X(EVENT_GRANTS, event_credits, sizeof(__u32), sizeof(__u64))                               \
	X(EVENT_STATE, event_state, sizeof(__u32), sizeof(struct rw_event_state))                  \
	X(EVENT_CLOCK, event_clock, sizeof(__u32), sizeof(struct rw_event_clock))                  \
	X(CALLERS, callers, sizeof(__u32), sizeof(__u32))                                          \
	X(EVENT_SHARES, event_quotas, sizeof(__u32), sizeof(struct rw_event_quotas))               \
	X(EVENTS, events, 0, 0)                                                                    \
	X(EVENTS_PERF, events_perf, sizeof(__u32), sizeof(__u32))                                  \
	X(REFUSED, refused, sizeof(__u32), sizeof(__u64))                                          \
	X(PENDING, pending, sizeof(__u32), sizeof(struct rw_pending))                              \
	X(BUILD, build, sizeof(__u32), sizeof(struct rw_build))                                    \
	X(SEED, seed, sizeof(__u32), sizeof(struct rw_seeds))

enum map_id {
#define MAP_ENUM(NAME, name, key, value) MAP_##NAME,
	MAPS(MAP_ENUM)
#undef MAP_ENUM
		MAP_COUNT
};

/* Owning: close with maps_close. Starts as MAPS_NONE. */
struct maps {
	int fd[MAP_COUNT];
};

#define MAPS_NONE                                                                                  \
	{                                                                                          \
		.fd = { [0 ... MAP_COUNT - 1] = -1 }                                               \
	}
#define _maps_ __attribute__((cleanup(maps_close)))

const char *map_name(enum map_id id);

/* Is anything pinned in this directory of BPFFS_DIR? */
bool has_pins(const struct instance *instance, const char *directory);

/* -ENOENT: nothing is applied here; -ESTALE: something is, but not all of its pins are there;
 * -EPROTO: another version of Rolewall applied it, and its maps are of another shape or layout. */
int maps_open(const struct instance *instance, struct maps *ret, struct error *ret_error);
void maps_close(struct maps *maps);

/* Unpin all of them. Programs that use them go on as they are. */
int maps_forget(const struct instance *instance, struct error *ret_error);

/* Path of a pin: `ret` is "BPFFS_DIR/DIRECTORY/NAME". -ENAMETOOLONG. */
int pin_path(const struct instance *instance, const char *directory, const char *name, char *ret,
	     size_t size);

/* What leads out where another version has applied a policy that this one cannot read. */
#define HINT_OTHER_VERSION                                                                         \
	"'rolewall apply' puts this version's in its place, without a moment unfiltered; or use "  \
	"the version that applied it"

/* Bytes of a key and of a value. */
struct map_sizes {
	uint32_t key, value;
};

/*
 * Open the pin "BPFFS_DIR/DIRECTORY/NAME". -EPROTO: a map of that name, but of another shape:
 * another
 * version's, in which nothing may be read or written.
 */
int map_open(const struct instance *instance, const char *directory, const char *name,
	     const struct map_sizes *sizes, int *ret_fd);

/*
 * Sum over CPUs. `size` bytes per CPU, a multiple of 8, all of it __u64 counters. Adds into `sum`.
 */
int map_sum(int fd, unsigned int key, size_t size, unsigned long long *sum);

/* The same of the first `count` elements of a per-CPU array, into as many sums. */
int map_sum_all(int fd, size_t count, size_t size, unsigned long long *sums);
