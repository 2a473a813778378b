/* SPDX-License-Identifier: GPL-2.0 */
/* explain.c - question -> interface -> packet -> program -> counters -> answer. */
#include "kernel/observe/explain.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <rolewall/abi.h>

#include "host/device.h"
#include "host/route.h"
#include "kernel/attach/cgroup.h"
#include "kernel/attach/interface_query.h"
#include "kernel/generation/generation.h"
#include "kernel/generation/rule_counters.h"
#include "kernel/generation/zone.h"
#include "kernel/lists/ban_maps.h"
#include "kernel/object/load.h"
#include "kernel/object/maps.h"
#include "kernel/object/pieces.h"
#include "kernel/observe/packet.h"
#include "util/array.h"
#include "util/cleanup.h"
#include "util/reason.h"

/* A program that was loaded to answer for one interface. */
struct witness {
	struct device device;
	unsigned int slot; /* as the programs know it; 0 if they do not */
	enum hook hook;
	struct rolewall_bpf *object; /* owned; NULL: nothing filters there */
	int program;		     /* owned by object */
};

struct explainer {
	const struct instance *instance;
	struct features features;
	struct maps maps;
	struct generation generation;
	struct devices devices;
	struct witness *witnesses; /* owned */
	size_t witness_count;
};

void explainer_close(struct explainer **explainer)
{
	struct explainer *old = *explainer;
	size_t i;

	if (!old)
		return;
	for (i = 0; i < old->witness_count; i++)
		object_free(&old->witnesses[i].object);
	free(old->witnesses);
	devices_free(&old->devices);
	maps_close(&old->maps);
	generation_close(&old->generation);
	free(old);
	*explainer = NULL;
}

int explainer_open(const struct instance *instance, struct explainer **ret, struct error *ret_error)
{
	_cleanup_(explainer_close) struct explainer *explainer = calloc(1, sizeof(*explainer));
	int r;

	if (!explainer)
		return error_set(ret_error, ENOMEM, "out of memory");
	explainer->instance = instance;
	explainer->maps = (struct maps)MAPS_NONE;
	explainer->generation = (struct generation)GENERATION_NONE;
	features_probe(&explainer->features);
	r = maps_open(instance, &explainer->maps, ret_error);
	if (!r)
		r = generation_current(instance, &explainer->maps, &explainer->generation,
				       ret_error);
	if (!r)
		r = devices_read(&explainer->devices, ret_error);
	if (r)
		return r;
	*ret = TAKE_PTR(explainer);
	return 0;
}

/* Where strangers come from, if the routes do not say. */
static const struct device *device_external(const struct explainer *explainer)
{
	const char(*slots)[16] = explainer->generation.about->slots;
	unsigned int slot;

	for (slot = 1; slot < RW_SLOTS; slot++) {
		const struct device *device = device_by_name(&explainer->devices, slots[slot]);
		__u32 index = RW_POLICY_SLOTS + slot;
		struct rw_policy_entry entry;

		if (slots[slot][0] && device &&
		    bpf_map_lookup_elem(explainer->generation.policy_fd, &index, &entry) == 0 &&
		    entry.slot.zone == RW_ZONE_EXTERNAL)
			return device;
	}
	return NULL;
}

static int device_choose(const struct explainer *explainer, const struct question *question,
			 const struct route *route, const struct device **ret,
			 struct error *ret_error)
{
	const struct device *device;

	if (question->interface)
		device = device_by_name(&explainer->devices, question->interface);
	else if (route->ifindex)
		device = device_by_index(&explainer->devices, route->ifindex);
	else
		device = device_external(explainer);
	if (device) {
		*ret = device;
		return 0;
	}
	if (question->interface)
		error_set(ret_error, ENODEV, "there is no interface %s now", question->interface);
	else
		error_set(ret_error, ENODEV,
			  "this host has no route to the source, and no "
			  "external interface now");
	error_hint(ret_error, "say where the packet would arrive: --interface IF; 'ip link' lists "
			      "what there is");
	return -ENODEV;
}

/* Highest counter slot that a rule of this generation has: scratch counters need no more. */
static uint32_t rule_limit(const struct generation *generation)
{
	uint32_t i, limit = 1;

	for (i = 0; i < generation->about->rule_count; i++)
		if (generation->rules[i].index >= limit)
			limit = generation->rules[i].index + 1;
	return limit;
}

static void witness_place(const struct explainer *explainer, struct witness *witness)
{
	struct rw_interface_key key = {.ifindex = witness->device.ifindex};
	struct rw_interface interface;
	struct hook_state state;

	if (bpf_map_lookup_elem(explainer->maps.fd[MAP_INTERFACES], &key, &interface) == 0)
		witness->slot = interface.slot;
	witness->hook = HOOK_NONE;
	if (witness->device.ifindex == LOOPBACK_IFINDEX)
		return;
	interface_query(explainer->instance, &explainer->devices, &witness->device, CHOICE_AUTO,
			&state);
	if (state.hook != HOOK_NONE)
		witness->hook = state.hook;
	else if (cgroup_is_attached(explainer->instance, CGROUP_INGRESS))
		witness->hook = HOOK_CGROUP;
}

static int witness_load(const struct explainer *explainer, struct witness *witness,
			struct error *ret_error)
{
	witness_place(explainer, witness);
	if (witness->hook == HOOK_NONE)
		return 0;
	return load_scratch(explainer->instance, &explainer->features, witness->slot,
			    rule_limit(&explainer->generation), &witness->object, &witness->program,
			    ret_error);
}

static int witness_find(struct explainer *explainer, const struct device *device,
			const struct witness **ret, struct error *ret_error)
{
	struct witness *next;
	int r;
	size_t i;

	for (i = 0; i < explainer->witness_count; i++) {
		*ret = &explainer->witnesses[i];
		if ((*ret)->device.ifindex == device->ifindex)
			return 0;
	}
	next = array_append(&explainer->witnesses, &explainer->witness_count, sizeof(*next));
	if (!next)
		return error_set(ret_error, ENOMEM, "out of memory");
	next->device = *device;
	r = witness_load(explainer, next, ret_error);
	if (r)
		explainer->witness_count--;
	*ret = next;
	return r;
}

static int run(const struct witness *witness, const struct question *question,
	       const uint8_t local[16], struct error *ret_error)
{
	unsigned char frame[PACKET_MAX];
	LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = frame, .repeat = 1);

	options.data_size_in = packet_make(
		&(struct packet_spec){
			.source = question->source,
			.destination = local,
			.l4 = question->l4,
			.port = question->port,
			.ethernet = true,
		},
		frame);
	if (bpf_prog_test_run_opts(witness->program, &options))
		return error_set(ret_error, errno, "the kernel does not run the program: %s",
				 strerror(errno));
	return 0;
}

static int zero(int fd, uint32_t index, size_t size)
{
	int cpus = libbpf_num_possible_cpus();
	_free_ void *zeros = NULL;

	if (cpus < 0)
		return cpus;
	zeros = calloc(cpus, size);
	if (!zeros)
		return -ENOMEM;
	return bpf_map_update_elem(fd, &index, zeros, BPF_ANY) ? -errno : 0;
}

/* Was this counter moved? It stands at zero afterwards. */
static int take_reason(int fd, uint32_t index, bool *ret)
{
	struct rw_counter counter = {0};
	int r = map_sum(fd, index, sizeof(counter), (unsigned long long *)&counter);

	*ret = counter.packets;
	return r || !counter.packets ? r : zero(fd, index, sizeof(counter));
}

static int rule_zero(int outer, uint32_t index)
{
	_close_ int fd = -1;
	int r = piece_open(outer, index / RW_RULE_PIECE, &fd);

	return r ? r : zero(fd, index % RW_RULE_PIECE, sizeof(struct rw_rule_counter));
}

static int take_rule(int outer, uint32_t count, uint8_t *ret_reason)
{
	_free_ struct rw_rule_counter *counters = calloc(count, sizeof(*counters));
	int r = counters ? rule_counters_read(outer, count, counters) : -ENOMEM;

	for (uint32_t i = 0; !r && !*ret_reason && i < count; i++) {
		if (counters[i].passed.packets)
			*ret_reason = RW_REASON_OPEN;
		else if (counters[i].dropped.packets | counters[i].observed.packets)
			*ret_reason = RW_REASON_ZONE_DENIED;
		if (*ret_reason)
			r = rule_zero(outer, i);
	}
	return r;
}

/* The one counter that has moved. */
static int take_verdict(const struct explainer *explainer, const struct witness *witness,
			uint8_t *ret_reason, struct error *ret_error)
{
	int rules = scratch_map(witness->object, MAP_RULE_COUNTERS);
	int reasons = scratch_map(witness->object, MAP_REASON_COUNTERS);
	uint32_t i;
	uint8_t reason = RW_REASON_NONE;
	bool moved = false;
	int r = 0;

	for (i = 1; !r && !moved && i < RW_REASON_COUNT; i++) {
		r = take_reason(reasons, i, &moved);
		if (!r && !moved)
			r = take_reason(reasons, i + RW_OBSERVED, &moved);
		if (moved)
			reason = i;
	}
	if (!r && !reason)
		r = take_rule(rules, rule_limit(&explainer->generation), &reason);
	if (r)
		return error_set(ret_error, -r, "cannot read what the program counted: %s",
				 strerror(-r));
	if (!reason)
		return error_set(ret_error, EIO, "the program counted nothing");
	*ret_reason = reason;
	return 0;
}

/* The narrowest rule that covers the port, as tables.h has it. */
static void find_rule(const struct explainer *explainer, const struct question *question,
		      struct explanation *ret)
{
	const struct generation *generation = &explainer->generation;
	const struct rule *owner = NULL;

	for (uint32_t i = 0; i < generation->about->rule_count; i++)
		if (rule_covers(&generation->rules[i].rule, question->l4, question->port))
			owner = rule_owner(owner, &generation->rules[i].rule);
	if (owner)
		ret->rule = *owner;
	ret->has_rule = owner;
}

static void find_opening(const struct explainer *explainer, const struct question *question,
			 struct explanation *ret)
{
	struct rw_opening_key key = {
		.prefixlen = 32 + 128,
		.l4 = question->l4,
		.port = htons(question->port),
	};
	struct rw_opening opening;

	memcpy(key.source, question->source, sizeof(key.source));
	if (bpf_map_lookup_elem(explainer->maps.fd[MAP_OPENINGS], &key, &opening) == 0)
		ret->opening = opening.id;
}

static void find_ban(const struct explainer *explainer, const struct question *question,
		     struct explanation *ret)
{
	struct rw_prefix_key key = {.prefixlen = 128};
	struct rw_ban ban;

	memcpy(key.source, question->source, sizeof(key.source));
	memcpy(ret->ban.source, question->source, sizeof(ret->ban.source));
	ret->ban.length = 128;
	if (bans_find_address(&explainer->maps, key.source, &ban) == 0 ||
	    bpf_map_lookup_elem(explainer->maps.fd[MAP_BAN_PREFIXES], &key, &ban))
		return;
	ret->ban.length = (uint8_t)ban.length;
	cidr_cut(&ret->ban);
}

static void describe_source(const struct explainer *explainer, uint32_t ifindex,
			    const uint8_t source[16], struct explanation *ret)
{
	const struct generation *generation = &explainer->generation;
	uint64_t bits = zone_find(&explainer->maps, generation, ifindex, source);

	ret->zone = bits & RW_ZONE_ALL;
	about_sets_names(generation->about, bits, ret->sets, sizeof(ret->sets));
}

static void verdict_describe(const struct explainer *explainer, const struct witness *witness,
			     const struct question *question, struct explanation *ret)
{
	const struct generation *generation = &explainer->generation;

	memcpy(ret->interface, witness->device.name, sizeof(ret->interface));
	memcpy(ret->profile, generation->about->profile, sizeof(ret->profile));
	memcpy(ret->roles, generation->about->roles, sizeof(ret->roles));
	memcpy(ret->node_file, generation->about->node_file, sizeof(ret->node_file));
	ret->hook = witness->hook;
	ret->drop = reason_is_drop(ret->reason);
	ret->enforce = generation->header.flags & RW_POLICY_ENFORCE;
	ret->generation = generation->number;
	if (witness->device.ifindex != LOOPBACK_IFINDEX)
		describe_source(explainer, witness->device.ifindex, question->source, ret);
	find_rule(explainer, question, ret);
	if (ret->reason == RW_REASON_OPENING)
		find_opening(explainer, question, ret);
	if (ret->reason == RW_REASON_BANNED)
		find_ban(explainer, question, ret);
}

int explainer_ask(struct explainer *explainer, const struct question *question,
		  struct explanation *ret, struct error *ret_error)
{
	struct explanation explanation = {0};
	const struct witness *witness = NULL;
	const struct device *device;
	struct route route = {0};
	int r;

	route_find(question->source, &route, NULL);
	r = device_choose(explainer, question, &route, &device, ret_error);
	if (!r)
		r = witness_find(explainer, device, &witness, ret_error);
	if (!r && witness->hook != HOOK_NONE) {
		r = run(witness, question, route.local, ret_error);
		if (!r)
			r = take_verdict(explainer, witness, &explanation.reason, ret_error);
	}
	if (r)
		return r;
	verdict_describe(explainer, witness, question, &explanation);
	*ret = explanation;
	return 0;
}
