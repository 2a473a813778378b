/* SPDX-License-Identifier: GPL-2.0 */
/* snapshot.c - ask the kernel what is in force. */
#include "kernel/observe/snapshot.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <bpf/bpf.h>

#include "host/device.h"
#include "kernel/attach/arrivals.h"
#include "kernel/attach/cgroup.h"
#include "kernel/attach/interface_query.h"
#include "kernel/attach/tc.h"
#include "kernel/commit/pending.h"
#include "kernel/generation/generation.h"
#include "kernel/generation/rule_counters.h"
#include "kernel/object/maps.h"
#include "policy/words.h"
#include "util/array.h"
#include "util/cleanup.h"
#include "util/reason.h"

static void counter_add(struct rw_counter *sum, const struct rw_counter *more)
{
	sum->packets += more->packets;
	sum->bytes += more->bytes;
}

struct rw_counter snapshot_count(const struct snapshot *snapshot, unsigned int reason)
{
	struct rw_counter sum = snapshot->reasons[reason];
	size_t i;

	for (i = 0; i < snapshot->rule_count; i++) {
		if (reason == RW_REASON_OPEN)
			counter_add(&sum, &snapshot->rules[i].counter.passed);
		else if (reason == RW_REASON_ZONE_DENIED)
			counter_add(&sum, &snapshot->rules[i].counter.dropped);
	}
	return sum;
}

struct rw_counter snapshot_observed(const struct snapshot *snapshot, unsigned int reason)
{
	struct rw_counter sum = snapshot->reasons[reason + RW_OBSERVED];

	for (size_t i = 0; reason == RW_REASON_ZONE_DENIED && i < snapshot->rule_count; i++)
		counter_add(&sum, &snapshot->rules[i].counter.observed);
	return sum;
}

uint64_t snapshot_packets(const struct snapshot *snapshot, unsigned int reason)
{
	return snapshot_count(snapshot, reason).packets +
	       snapshot_observed(snapshot, reason).packets;
}

struct totals snapshot_totals(const struct snapshot *snapshot)
{
	struct totals totals = {0};

	for (unsigned int reason = 1; reason < RW_REASON_COUNT; reason++) {
		if (!reason_name(reason))
			continue;
		*(reason_is_drop(reason) ? &totals.dropped : &totals.passed) +=
			snapshot_count(snapshot, reason).packets;
		totals.observed += snapshot_observed(snapshot, reason).packets;
		totals.evicted += snapshot->evicted[reason].events;
		totals.unattributed += snapshot->evicted[reason].unattributed;
	}
	return totals;
}

bool snapshot_has_limits(const struct snapshot *snapshot)
{
	for (size_t i = 0; i < snapshot->rule_count; i++)
		if (snapshot->rules[i].rule.limit.count)
			return true;
	return false;
}

bool snapshot_is_enforced(const struct snapshot *snapshot)
{
	size_t i;

	if (!snapshot->cgroup_ingress || !snapshot->cgroup_egress)
		return false;
	if (!snapshot->cgroup_established && snapshot_has_limits(snapshot))
		return false;
	if ((snapshot->flags & RW_POLICY_BIND_OBSERVE) &&
	    !(snapshot->cgroup_bind4 && snapshot->cgroup_bind6))
		return false;
	if ((snapshot->flags & RW_POLICY_IPV6_DROP) && !snapshot->cgroup_connect6)
		return false;
	for (i = 0; i < snapshot->interface_count; i++)
		if (snapshot->interfaces[i].ifindex &&
		    (snapshot->interfaces[i].hook == HOOK_NONE || snapshot->interfaces[i].lost))
			return false;
	return true;
}

static void copy_about(const struct generation *generation, struct snapshot *snapshot)
{
	const struct about *about = generation->about;

	snapshot->generation = generation->number;
	snapshot->flags = generation->header.flags;
	snapshot->echo_rate = generation->header.echo_rate;
	snapshot->applied_at = about->applied_at;
	memcpy(snapshot->node, about->node, sizeof(snapshot->node));
	memcpy(snapshot->profile, about->profile, sizeof(snapshot->profile));
	memcpy(snapshot->roles, about->roles, sizeof(snapshot->roles));
	memcpy(snapshot->node_file, about->node_file, sizeof(snapshot->node_file));
}

static int read_rules(const struct maps *maps, const struct generation *generation,
		      struct snapshot *snapshot)
{
	uint32_t count = generation->about->rule_count, used = 0;
	_free_ struct rw_rule_counter *counters = NULL;
	int r;

	for (uint32_t i = 0; i < count; i++)
		if (used <= generation->rules[i].index)
			used = generation->rules[i].index + 1;
	snapshot->rules = calloc(count + 1, sizeof(*snapshot->rules));
	counters = calloc(used + 1, sizeof(*counters));
	if (!snapshot->rules || !counters)
		return -ENOMEM;
	r = rule_counters_read(maps->fd[MAP_RULE_COUNTERS], used, counters);
	for (uint32_t i = 0; !r && i < count; i++) {
		struct rule_state *state = &snapshot->rules[i];

		state->rule = generation->rules[i].rule;
		state->index = generation->rules[i].index;
		state->counter = counters[state->index];
	}
	snapshot->rule_count = count;
	return r;
}

static int read_reasons(const struct maps *maps, struct snapshot *snapshot)
{
	unsigned int reason;
	int r = 0;

	for (reason = 0; !r && reason < RW_REASON_COUNTERS; reason++)
		r = map_sum(maps->fd[MAP_REASON_COUNTERS], reason, sizeof(*snapshot->reasons),
			    (unsigned long long *)&snapshot->reasons[reason]);
	for (reason = 0; !r && reason < RW_REASON_COUNT; reason++)
		r = map_sum(maps->fd[MAP_SETTLED], reason, sizeof(*snapshot->evicted),
			    (unsigned long long *)&snapshot->evicted[reason]);
	if (!r)
		r = map_sum(maps->fd[MAP_COOKIE_COUNTER], 0, sizeof(snapshot->cookie_counter),
			    (unsigned long long *)&snapshot->cookie_counter);
	return r ? r
		 : map_sum(maps->fd[MAP_EVENT_STATE], 0, sizeof(snapshot->events),
			   (unsigned long long *)&snapshot->events);
}

static int read_slot_zone(const struct generation *generation, unsigned int slot, uint8_t *ret)
{
	__u32 index = RW_POLICY_SLOTS + slot;
	struct rw_policy_entry entry;

	if (bpf_map_lookup_elem(generation->policy_fd, &index, &entry))
		return -errno;
	*ret = entry.slot.zone;
	return 0;
}

static void read_hook(const struct instance *instance, const struct devices *devices,
		      const struct device *device, const struct snapshot *snapshot,
		      struct interface_state *state)
{
	struct hook_state hook;

	if (!device) {
		snprintf(state->note, sizeof(state->note),
			 "there is no such device now; its zone is "
			 "closed");
		return;
	}
	state->ifindex = device->ifindex;
	interface_query(instance, devices, device, state->choice, &hook);
	state->hook = hook.hook;
	state->xdp_mode = hook.mode;
	state->shielded = hook.shielded;
	state->lost = hook.lost;
	memcpy(state->note, hook.note, sizeof(state->note));
	if (state->hook != HOOK_NONE && snapshot->tunnels && !tc_leave_program(instance, device)) {
		state->lost = true;
		snprintf(state->note, sizeof(state->note),
			 "what leaves is not looked at, and answers are refused; 'rolewall apply' "
			 "attaches it");
	}
	if (state->hook != HOOK_NONE)
		return;
	if (snapshot->cgroup_ingress)
		state->hook = HOOK_CGROUP;
	else
		snprintf(state->note, sizeof(state->note),
			 "nothing filters here; 'rolewall apply' "
			 "attaches what is missing");
}

static struct rw_interface arrival_of(const struct maps *maps, const struct device *device)
{
	const struct rw_interface_key key = {.ifindex = device->ifindex};
	struct rw_interface interface = {0};

	bpf_map_lookup_elem(maps->fd[MAP_INTERFACES], &key, &interface);
	return interface;
}

/* The zone of what arrives there, as the programs find it. */
static uint8_t zone_in_force(const struct maps *maps, const struct generation *generation,
			     const struct device *device)
{
	struct rw_interface interface = arrival_of(maps, device);
	uint8_t zone = 0;

	if (interface.slot >= RW_SLOTS || read_slot_zone(generation, interface.slot, &zone))
		return RW_ZONE_EXTERNAL;
	return zone ? zone : RW_ZONE_EXTERNAL;
}

/* A port's packets pass its own XDP program, and then the cgroup hook as those of its master. */
static const struct device *unlisted_master(const struct about *about,
					    const struct devices *devices,
					    const struct device *device)
{
	const struct device *master = device_by_index(devices, device->master);

	return master && !device_slot(about, devices, master->ifindex) ? master : NULL;
}

static void read_zone(const struct maps *maps, const struct generation *generation,
		      const struct devices *devices, const struct device *device,
		      struct interface_state *state)
{
	const struct device *master = unlisted_master(generation->about, devices, device);
	const char *zone = word_of(words_zones, state->zone);

	state->is_port = device->master;
	state->answers = state->hook == HOOK_TC || state->shielded ||
			 (state->hook == HOOK_XDP && arrival_of(maps, device).answers);
	state->in_force = zone_in_force(maps, generation, device);
	if (state->in_force != state->zone)
		snprintf(state->note, sizeof(state->note),
			 "%s once 'rolewall apply' or the daemon has attached it", zone);
	if (!master || state->in_force == RW_ZONE_EXTERNAL)
		return;
	state->in_force = RW_ZONE_EXTERNAL;
	snprintf(state->note, sizeof(state->note),
		 "a port of %s, by which its packets come in and which is not listed",
		 master->name);
}

static int read_unlisted(const struct instance *instance, const struct about *about,
			 const struct devices *devices, struct snapshot *snapshot)
{
	for (size_t i = 0; i < devices->count; i++) {
		const struct device *device = &devices->list[i];
		const struct device *master = device_by_index(devices, device->master);
		struct interface_state *state;

		if (device->ifindex == LOOPBACK_IFINDEX ||
		    device_slot(about, devices, device->ifindex))
			continue;
		state = array_append(&snapshot->unlisted, &snapshot->unlisted_count,
				     sizeof(*state));
		if (!state)
			return -ENOMEM;
		memcpy(state->name, device->name, sizeof(state->name));
		state->zone = state->in_force = RW_ZONE_EXTERNAL;
		read_hook(instance, devices, device, snapshot, state);
		state->is_port = device->master;
		if (state->hook == HOOK_CGROUP)
			snprintf(state->note, sizeof(state->note), "not listed%s%s",
				 master ? "; a port of " : "", master ? master->name : "");
	}
	return 0;
}

static int read_interfaces(const struct instance *instance, const struct maps *maps,
			   const struct generation *generation, struct snapshot *snapshot,
			   struct error *ret_error)
{
	_cleanup_(devices_free) struct devices devices = {0};
	const struct device *device;
	struct interface_state *state;
	unsigned int slot;
	int r;

	r = devices_read(&devices, ret_error);
	if (r)
		return r;
	snapshot->interfaces = calloc(RW_SLOTS, sizeof(*snapshot->interfaces));
	if (!snapshot->interfaces)
		return error_set(ret_error, ENOMEM, "out of memory");
	for (slot = 1; slot < RW_SLOTS; slot++) {
		const char *name = generation->about->slots[slot];

		if (!name[0])
			continue;
		state = &snapshot->interfaces[snapshot->interface_count++];
		memcpy(state->name, name, sizeof(state->name));
		state->slot = slot;
		state->choice = generation->about->hooks[slot];
		state->shield = generation->about->shields[slot];
		r = read_slot_zone(generation, slot, &state->zone);
		if (r)
			return error_set(ret_error, -r, "cannot read the policy: %s", strerror(-r));
		state->in_force = state->zone;
		device = device_by_name(&devices, name);
		read_hook(instance, &devices, device, snapshot, state);
		if (device)
			read_zone(maps, generation, &devices, device, state);
		state->answers = state->answers && snapshot->cookies;
	}
	if (read_unlisted(instance, generation->about, &devices, snapshot))
		return error_set(ret_error, ENOMEM, "out of memory");
	return 0;
}

/* After a rollback nothing is kept: that is no loss. */
static void find_previous(const struct instance *instance, const struct generation *generation,
			  struct snapshot *snapshot)
{
	uint32_t previous = generation->about->previous;

	if (snapshot->pending.deadline)
		previous = snapshot->pending.previous;
	else if (snapshot->taken_back.taken_back)
		previous = 0;
	snapshot->previous = previous;
	snapshot->previous_lost = previous && !generation_is_kept(instance, previous);
}

/* Of this network namespace; without the file, the kernel was built without SYN cookies. */
static bool makes_syncookies(void)
{
	_fclose_ FILE *file = fopen("/proc/sys/net/ipv4/tcp_syncookies", "re");
	int value = 0;

	return file && fscanf(file, "%d", &value) == 1 && value;
}

/* As the programs were loaded, if their marks are still made. */
static bool tells_namespaces(const struct instance *instance, const struct maps *maps)
{
	struct rw_build build = {0};
	__u32 zero = 0;

	return bpf_map_lookup_elem(maps->fd[MAP_BUILD], &zero, &build) == 0 &&
	       build.knows & RW_KNOWS_NAMESPACES &&
	       (maps->fd[MAP_FOREIGN_SOCKETS] < 0 || cgroup_is_attached(instance, CGROUP_SOCK));
}

static void read_known(const struct maps *maps, struct snapshot *snapshot)
{
	struct rw_build build = {0};
	__u32 zero = 0;

	bpf_map_lookup_elem(maps->fd[MAP_BUILD], &zero, &build);
	snapshot->forwards = build.knows & RW_KNOWS_FORWARDING;
	snapshot->conntrack = build.knows & RW_KNOWS_CONNTRACK;
	snapshot->tunnels = build.knows & RW_KNOWS_TUNNELS;
	snapshot->flows = build.knows & RW_KNOWS_FLOWS;
	snapshot->cookies = build.knows & RW_KNOWS_COOKIES;
}

static int snapshot_read_all(const struct instance *instance, struct snapshot *snapshot,
			     struct error *ret_error)
{
	_generation_ struct generation generation = GENERATION_NONE;
	_maps_ struct maps maps = MAPS_NONE;
	int r;

	r = maps_open(instance, &maps, ret_error);
	if (!r)
		r = generation_current(instance, &maps, &generation, ret_error);
	if (r)
		return r;
	copy_about(&generation, snapshot);
	snapshot->cgroup_ingress = cgroup_is_attached(instance, CGROUP_INGRESS);
	snapshot->cgroup_egress = cgroup_is_attached(instance, CGROUP_EGRESS);
	snapshot->cgroup_bind4 = cgroup_is_attached(instance, CGROUP_BIND4);
	snapshot->cgroup_bind6 = cgroup_is_attached(instance, CGROUP_BIND6);
	snapshot->cgroup_connect6 = cgroup_is_attached(instance, CGROUP_CONNECT6);
	snapshot->cgroup_established = cgroup_is_attached(instance, CGROUP_ESTABLISHED);
	snapshot->namespaces = tells_namespaces(instance, &maps);
	read_known(&maps, snapshot);
	snapshot->syncookies = makes_syncookies();
	r = pending_read(&maps, &snapshot->pending, ret_error);
	if (!r)
		r = pending_read_raw(&maps, &snapshot->taken_back, ret_error);
	if (r)
		return r;
	if (!snapshot->taken_back.taken_back)
		snapshot->taken_back = (struct rw_pending){0};
	find_previous(instance, &generation, snapshot);
	r = read_rules(&maps, &generation, snapshot);
	if (!r)
		r = read_reasons(&maps, snapshot);
	if (r)
		return error_set(ret_error, -r, "cannot read the counters: %s", strerror(-r));
	return read_interfaces(instance, &maps, &generation, snapshot, ret_error);
}

int snapshot_read(const struct instance *instance, struct snapshot *ret, struct error *ret_error)
{
	struct snapshot snapshot = {0};
	int r = snapshot_read_all(instance, &snapshot, ret_error);

	if (r) {
		snapshot_free(&snapshot);
		return r;
	}
	*ret = snapshot;
	return 0;
}

void snapshot_free(struct snapshot *snapshot)
{
	free(snapshot->interfaces);
	free(snapshot->unlisted);
	free(snapshot->rules);
	*snapshot = (struct snapshot){0};
}
