/* SPDX-License-Identifier: GPL-2.0 */
/* subject.c - load the real object, run it, read what it counted. */
#include "subject.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/bpf.h>

#include <rolewall.skel.h>

#include "../../user/util/cleanup.h"
#include "generate.h"
#include "install.h"
#include "policies.h"

#ifndef BPF_F_XDP_HAS_FRAGS
#define BPF_F_XDP_HAS_FRAGS (1U << 5)
#endif

#define ETHERNET_BYTES 14

int subject_map(const struct subject *subject, const char *name)
{
	int fd = bpf_object__find_map_fd_by_name(subject->ethernet->obj, name);

	if (fd < 0)
		fprintf(stderr, "oracle: the object has no map %s\n", name);
	return fd;
}

static int inner_note(struct bpf_object *object, const char *name, struct subject_inner *ret)
{
	struct bpf_map *outer = bpf_object__find_map_by_name(object, name);
	struct bpf_map *inner = outer ? bpf_map__inner_map(outer) : NULL;

	if (!inner) {
		fprintf(stderr, "oracle: the object has no map %s of maps\n", name);
		return -ENOENT;
	}
	ret->type = bpf_map__type(inner);
	ret->key_size = bpf_map__key_size(inner);
	ret->value_size = bpf_map__value_size(inner);
	ret->max_entries = bpf_map__max_entries(inner);
	ret->flags = bpf_map__map_flags(inner);
	return 0;
}

/* Only what is tested is loaded, nothing is pinned, and the bans stay small. */
static void object_trim(struct bpf_object *object, bool xdp_frags)
{
	struct bpf_program *program;
	struct bpf_map *map;

	bpf_object__for_each_program (program, object) {
		const char *name = bpf_program__name(program);
		bool is_xdp = strcmp(name, "rolewall_xdp") == 0;

		bpf_program__set_autoload(program, is_xdp || strcmp(name, "rolewall_ingress") == 0);
		if (is_xdp && xdp_frags)
			bpf_program__set_flags(program, BPF_F_XDP_HAS_FRAGS);
	}
	bpf_object__for_each_map (map, object) {
		bpf_map__set_pin_path(map, NULL);
		if (strcmp(bpf_map__name(map), "bans") == 0)
			bpf_map__set_max_entries(map, 1024);
	}
}

/* The second instance works on the maps of the first. */
static int maps_share(struct bpf_object *object, const struct bpf_object *owner)
{
	struct bpf_map *map;

	bpf_object__for_each_map (map, object) {
		int fd = bpf_object__find_map_fd_by_name(owner, bpf_map__name(map));

		if (bpf_map__is_internal(map))
			continue;
		if (fd < 0 || bpf_map__reuse_fd(map, fd) < 0)
			return -errno;
	}
	return 0;
}

static struct rolewall_bpf *instance_load(struct subject *subject, uint32_t l2_len, uint32_t slot,
					  bool xdp_frags)
{
	struct rolewall_bpf *instance = rolewall_bpf__open();
	int error;

	if (!instance)
		return NULL;
	instance->rodata->l2_len = l2_len;
	instance->rodata->own_slot = slot;
	object_trim(instance->obj, xdp_frags);
	if (subject->ethernet)
		error = maps_share(instance->obj, subject->ethernet->obj);
	else
		error = inner_note(instance->obj, "policy", &subject->policy_inner) ||
			inner_note(instance->obj, "zone_prefixes", &subject->prefixes_inner);
	if (error || rolewall_bpf__load(instance) < 0) {
		rolewall_bpf__destroy(instance);
		return NULL;
	}
	return instance;
}

static int programs_find(struct subject *subject)
{
	const struct bpf_object *ethernet = subject->ethernet->obj, *bare = subject->bare->obj;
	const struct bpf_program *found[MODEL_HOOKS] = {
		[MODEL_XDP_ETHERNET] = bpf_object__find_program_by_name(ethernet, "rolewall_xdp"),
		[MODEL_XDP_BARE] = bpf_object__find_program_by_name(bare, "rolewall_xdp"),
		[MODEL_CGROUP] = bpf_object__find_program_by_name(bare, "rolewall_ingress"),
	};

	for (size_t hook = 0; hook < MODEL_HOOKS; hook++) {
		subject->programs[hook] = found[hook] ? bpf_program__fd(found[hook]) : -1;
		if (subject->programs[hook] < 0) {
			fprintf(stderr,
				"oracle: the object lacks rolewall_xdp or rolewall_ingress\n");
			return -ENOENT;
		}
	}
	return 0;
}

int subject_open(struct subject *ret)
{
	struct subject subject = {.cpus = libbpf_num_possible_cpus()};
	libbpf_print_fn_t print = libbpf_set_print(NULL);

	/* Programs that take packets in pieces (5.18), silently; else the ordinary ones. */
	subject.ethernet = instance_load(&subject, ETHERNET_BYTES, POLICIES_OWN_SLOT, true);
	libbpf_set_print(print);
	if (subject.ethernet) {
		subject.bare = instance_load(&subject, 0, POLICIES_BARE_SLOT, true);
	} else {
		subject.ethernet =
			instance_load(&subject, ETHERNET_BYTES, POLICIES_OWN_SLOT, false);
		if (subject.ethernet)
			subject.bare = instance_load(&subject, 0, POLICIES_BARE_SLOT, false);
	}
	if (!subject.bare || programs_find(&subject) < 0) {
		fprintf(stderr, "oracle: the object cannot be loaded (run as root)\n");
		subject_close(&subject);
		return -EIO;
	}
	*ret = subject;
	return 0;
}

void subject_close(struct subject *subject)
{
	rolewall_bpf__destroy(subject->bare);
	rolewall_bpf__destroy(subject->ethernet);
}

static int xdp_run(int program, const struct model_packet *packet, int *ret_pass)
{
	struct xdp_md context = {.data_end = packet->length, .ingress_ifindex = packet->ifindex};
	LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = packet->frame,
		    .data_size_in = packet->length, .ctx_in = &context,
		    .ctx_size_in = sizeof(context), .repeat = 1);

	if (bpf_prog_test_run_opts(program, &options) < 0)
		return -errno;
	*ret_pass = options.retval == XDP_PASS ? 1 : options.retval == XDP_DROP ? 0 : -1;
	return 0;
}

/* The kernel wants an Ethernet header, takes the protocol from it, and hides it from the program.
 */
static int cgroup_run(int program, const struct model_packet *packet, int *ret_pass)
{
	uint8_t frame[ETHERNET_BYTES + GENERATE_MOST] = {[12] = 0x08};
	struct __sk_buff context = {.ifindex = packet->ifindex};
	LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = frame,
		    .data_size_in = ETHERNET_BYTES + packet->length, .ctx_in = &context,
		    .ctx_size_in = sizeof(context), .repeat = 1);

	if (packet->frame[0] >> 4 == 6)
		memcpy(frame + 12, "\x86\xdd", 2);
	memcpy(frame + ETHERNET_BYTES, packet->frame, packet->length);
	if (bpf_prog_test_run_opts(program, &options) < 0)
		return -errno;
	*ret_pass = options.retval <= 1 ? (int)options.retval : -1;
	return 0;
}

int subject_run(const struct subject *subject, const struct model_packet *packet, int *ret_pass)
{
	int program = subject->programs[packet->hook];

	if (packet->hook == MODEL_CGROUP)
		return cgroup_run(program, packet, ret_pass);
	return xdp_run(program, packet, ret_pass);
}

static void counter_add(struct rw_counter *sum, const struct rw_counter *counter)
{
	sum->packets += counter->packets;
	sum->bytes += counter->bytes;
}

size_t tally_rule(uint32_t rule)
{
	return rule < SUBJECT_RULES - 1 ? rule : SUBJECT_RULES - 1;
}

static int reasons_read(const struct subject *subject, struct tally *tally)
{
	_free_ struct rw_counter *counters = calloc(subject->cpus, sizeof(*counters));
	_free_ struct rw_settled *settled = calloc(subject->cpus, sizeof(*settled));
	int counters_fd = subject_map(subject, "reason_counters");
	int settled_fd = subject_map(subject, "settled");

	if (!counters || !settled)
		return -ENOMEM;
	for (uint32_t reason = 0; reason < RW_REASON_COUNT; reason++) {
		if (bpf_map_lookup_elem(counters_fd, &reason, counters) < 0 ||
		    bpf_map_lookup_elem(settled_fd, &reason, settled) < 0)
			return -errno;
		for (int cpu = 0; cpu < subject->cpus; cpu++) {
			counter_add(&tally->reasons[reason], &counters[cpu]);
			tally->settled[reason].events += settled[cpu].events;
			tally->settled[reason].unattributed += settled[cpu].unattributed;
		}
	}
	return 0;
}

static int rules_read(const struct subject *subject, struct tally *tally)
{
	_free_ struct rw_rule_counter *counters = calloc(subject->cpus, sizeof(*counters));
	int fd = subject_map(subject, "rule_counters");

	if (!counters)
		return -ENOMEM;
	for (size_t i = 0; i < SUBJECT_RULES; i++) {
		uint32_t rule = i == SUBJECT_RULES - 1 ? RW_RULES - 1 : i;

		if (bpf_map_lookup_elem(fd, &rule, counters) < 0)
			return -errno;
		for (int cpu = 0; cpu < subject->cpus; cpu++) {
			counter_add(&tally->rules[i].passed, &counters[cpu].passed);
			counter_add(&tally->rules[i].dropped, &counters[cpu].dropped);
		}
	}
	return 0;
}

int subject_tally(const struct subject *subject, struct tally *ret)
{
	int error;

	memset(ret, 0, sizeof(*ret));
	error = reasons_read(subject, ret);
	if (!error)
		error = rules_read(subject, ret);
	if (error)
		fprintf(stderr, "oracle: reading the counters: %s\n", strerror(-error));
	return error;
}

/* Empty `slot` and keep what was in it. */
static int attempt_take(const struct subject *subject, int fd, uint32_t slot,
			struct tally_attempts *ret)
{
	struct rw_attempt records[SUBJECT_CPUS];
	bool used = false;

	if (bpf_map_lookup_elem(fd, &slot, records) < 0)
		return -errno;
	for (int cpu = 0; cpu < subject->cpus; cpu++) {
		if (!records[cpu].packets)
			continue;
		used = true;
		if (ret->count < RW_ATTEMPT_SLOTS)
			ret->list[ret->count++] = records[cpu];
	}
	if (!used)
		return 0;
	memset(records, 0, sizeof(records));
	return bpf_map_update_elem(fd, &slot, records, BPF_ANY) < 0 ? -errno : 0;
}

int subject_attempts(const struct subject *subject, struct tally_attempts *ret)
{
	int fd = subject_map(subject, "attempts"), error = 0;

	ret->count = 0;
	for (uint32_t slot = 0; !error && slot < RW_ATTEMPT_SLOTS; slot++)
		error = attempt_take(subject, fd, slot, ret);
	if (error)
		fprintf(stderr, "oracle: reading the attempts: %s\n", strerror(-error));
	return error;
}
