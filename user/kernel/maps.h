/* SPDX-License-Identifier: GPL-2.0 */
/*
 * maps.h - the maps of bpf/maps.bpf.h as file descriptors, found by their pins.
 */
#ifndef ROLEWALL_KERNEL_MAPS_H
#define ROLEWALL_KERNEL_MAPS_H

#include <stdbool.h>
#include <stddef.h>

#include "../util/error.h"
#include "instance.h"

#define MAPS(X)                                                                                    \
	X(POLICY, policy)                                                                          \
	X(ZONE_PREFIXES, zone_prefixes)                                                            \
	X(INTERFACES, interfaces)                                                                  \
	X(UDP_FLOWS, udp_flows)                                                                    \
	X(PRESENCE, presence)                                                                      \
	X(BANS, bans)                                                                              \
	X(BAN_PREFIXES, ban_prefixes)                                                              \
	X(OPENINGS, openings)                                                                      \
	X(ECHO_BUCKET, echo_bucket)                                                                \
	X(REASON_COUNTERS, reason_counters)                                                        \
	X(RULE_COUNTERS, rule_counters)                                                            \
	X(ATTEMPTS, attempts)                                                                      \
	X(SETTLED, settled)                                                                        \
	X(EVENT_GRANTS, event_grants)                                                              \
	X(EVENT_STATE, event_state)                                                                \
	X(EVENT_SHARES, event_shares)                                                              \
	X(EVENTS, events)                                                                          \
	X(EVENTS_PERF, events_perf)                                                                \
	X(PENDING, pending)                                                                        \
	X(BUILD, build)

enum map_id {
#define MAP_ENUM(NAME, name) MAP_##NAME,
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

/* Is anything pinned in this folder of BPFFS_DIR? */
bool has_pins(const struct instance *instance, const char *folder);

/* -ENOENT: nothing is applied here; -ESTALE: something is, but not all of its pins are there. */
int maps_open(const struct instance *instance, struct maps *ret, struct error *ret_error);
void maps_close(struct maps *maps);

/* Path of a pin: `ret` is "BPFFS_DIR/FOLDER/NAME". -ENAMETOOLONG. */
int pin_path(const struct instance *instance, const char *folder, const char *name, char *ret,
	     size_t size);

/*
 * Sum over CPUs. `size` bytes per CPU, a multiple of 8, all of it __u64 counters. Adds into `sum`.
 */
int map_sum(int fd, unsigned int key, size_t size, unsigned long long *sum);

#endif
