/* SPDX-License-Identifier: GPL-2.0 */
/* subject.c - load the real object and run it. */
#include "subject.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/bpf.h>

#include <conntrack.skel.h>
#include <rolewall.skel.h>

#include "kernel/object/netns.h"
#include "kernel/object/probe.h"
#include "../test_run.h"
#include "generate.h"

#define ETHERNET_BYTES 14
#define TC_PASS	       ((uint32_t)-1) /* TC_ACT_UNSPEC */
#define TC_DROP	       2	      /* TC_ACT_SHOT */

/*
 * What fits into the first page. BPF_PROG_TEST_RUN gives more to any XDP program, but no driver
 * gives more to one that has not said that it takes frags.
 */
#define PAGE_BYTES 3500

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

/* Which of the programs for the cgroup hooks this kernel can load. */
static const char *ingress_function(bool knows_netns)
{
	return knows_netns ? "rolewall_ingress" : "rolewall_ingress_58";
}

static const char *egress_function(bool knows_netns)
{
	return knows_netns ? "rolewall_egress" : "rolewall_egress_54";
}

static const char *function_of(const struct subject_program_info *info, bool knows_netns)
{
	return info->hook == MODEL_CGROUP ? ingress_function(knows_netns) : info->function;
}

static bool is_tested(const struct subject *subject, const char *function, bool with_optional)
{
	if (strcmp(function, egress_function(subject->knows_netns)) == 0)
		return true;
	for (size_t i = 0; i < SUBJECT_PROGRAMS; i++)
		if (strcmp(function_of(&subject_programs[i], subject->knows_netns), function) == 0)
			return (with_optional || !subject_programs[i].optional) &&
			       (subject->has_ring || !subject_programs[i].needs_ring);
	return false;
}

/* Only what is tested is loaded, nothing is pinned, and the bans stay small. */
static void object_trim(const struct subject *subject, struct bpf_object *object,
			bool with_optional)
{
	struct bpf_program *program;
	struct bpf_map *map;

	bpf_object__for_each_program (program, object)
		bpf_program__set_autoload(
			program, is_tested(subject, bpf_program__name(program), with_optional));
	bpf_object__for_each_map (map, object) {
		if (bpf_map__type(map) == BPF_MAP_TYPE_RINGBUF)
			bpf_map__set_autocreate(map, subject->has_ring);
		bpf_map__set_pin_path(map, NULL);
		if (strcmp(bpf_map__name(map), "foreign_sockets") == 0)
			bpf_map__set_autocreate(map, false);
	}
}

/* The second instance works on the maps of the first. */
static int maps_share(struct bpf_object *object, const struct bpf_object *owner)
{
	struct bpf_map *map;

	bpf_object__for_each_map (map, object) {
		int fd = bpf_object__find_map_fd_by_name(owner, bpf_map__name(map));

		if (bpf_map__is_internal(map) || !bpf_map__autocreate(map))
			continue;
		if (fd < 0 || bpf_map__reuse_fd(map, fd) < 0)
			return -errno;
	}
	return 0;
}

static struct rolewall_bpf *instance_load(struct subject *subject, uint32_t l2_len,
					  bool with_optional)
{
	struct rolewall_bpf *instance = rolewall_bpf__open();
	int error;

	if (!instance)
		return NULL;
	instance->rodata->l2_len = l2_len;
	instance->rodata->own_netns = netns_own();
	object_trim(subject, instance->obj, with_optional);
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

/* The programs that ask connection tracking, on the same maps; NULL where they cannot be. */
static struct conntrack_bpf *asking_load(const struct subject *subject)
{
	struct conntrack_bpf *asking = subject->has_ring ? conntrack_bpf__open() : NULL;

	if (!asking)
		return NULL;
	asking->rodata->l2_len = ETHERNET_BYTES;
	asking->rodata->own_netns = netns_own();
	object_trim(subject, asking->obj, true);
	if (maps_share(asking->obj, subject->ethernet->obj) || conntrack_bpf__load(asking)) {
		conntrack_bpf__destroy(asking);
		return NULL;
	}
	return asking;
}

static struct bpf_object *object_of(const struct subject *subject,
				    const struct subject_program_info *info)
{
	if (info->asks)
		return subject->asking ? subject->asking->obj : NULL;
	return info->hook == MODEL_ETHERNET ? subject->ethernet->obj : subject->bare->obj;
}

static int programs_find(struct subject *subject)
{
	for (size_t i = 0; i < SUBJECT_PROGRAMS; i++) {
		const struct subject_program_info *info = &subject_programs[i];
		const struct bpf_object *object = object_of(subject, info);
		const struct bpf_program *program =
			object ? bpf_object__find_program_by_name(
					 object, function_of(info, subject->knows_netns))
			       : NULL;

		subject->programs[i] = program ? bpf_program__fd(program) : -1;
		if (subject->programs[i] >= 0)
			continue;
		fprintf(stderr, "oracle: program %s is not there\n", info->name);
		if (info->asks)
			continue;
		if (!program || !(info->optional || (info->needs_ring && !subject->has_ring)))
			return -ENOENT;
	}
	subject->egress = bpf_program__fd(bpf_object__find_program_by_name(
		subject->bare->obj, egress_function(subject->knows_netns)));
	if (test_run_shows_cgroup() || subject->programs[SUBJECT_CGROUP] < 0)
		return 0;
	fprintf(stderr, "oracle: SKIP: this kernel's BPF_PROG_TEST_RUN shows cgroup programs no "
			"packet\n");
	subject->programs[SUBJECT_CGROUP] = -1;
	return 0;
}

static bool instances_load(struct subject *subject, bool with_optional)
{
	subject->ethernet = instance_load(subject, ETHERNET_BYTES, with_optional);
	if (subject->ethernet)
		subject->bare = instance_load(subject, 0, with_optional);
	return subject->bare;
}

int subject_open(struct subject *ret)
{
	struct subject subject = {.cpus = libbpf_num_possible_cpus()};
	struct features features;
	libbpf_print_fn_t print = libbpf_set_print(NULL);
	bool loaded;

	features_probe(&features);
	subject.has_ring = features.ringbuf;
	subject.knows_netns = features.netns == NETNS_COOKIE;
	loaded = subject.cpus <= SUBJECT_CPUS && instances_load(&subject, true);
	libbpf_set_print(print); /* the second time, libbpf says what is wrong */
	if (!loaded && !instances_load(&subject, false)) {
		fprintf(stderr, "oracle: the object cannot be loaded (run as root)\n");
		return -EIO;
	}
	libbpf_set_print(NULL);
	subject.asking = asking_load(&subject);
	libbpf_set_print(print);
	subject.knows_device = test_run_knows_device();
	*ret = subject;
	if (subject_pieces_make(ret))
		return -EIO;
	return programs_find(ret);
}

void subject_close(struct subject *subject)
{
	close(subject->bans);
	close(subject->limit_times);
	close(subject->callers);
	close(subject->rules[0]);
	close(subject->rules[1]);
	conntrack_bpf__destroy(subject->asking);
	rolewall_bpf__destroy(subject->bare);
	rolewall_bpf__destroy(subject->ethernet);
}

void subject_ask_nothing(struct subject *subject)
{
	for (size_t i = 0; i < SUBJECT_PROGRAMS; i++)
		if (subject_programs[i].asks)
			subject->programs[i] = -1;
}

uint32_t subject_ifindex(const struct subject *subject, enum subject_program program,
			 uint32_t wanted)
{
	if (subject->knows_device || subject_programs[program].hook == MODEL_CGROUP ||
	    subject_programs[program].tc)
		return wanted;
	return TEST_RUN_LOOPBACK;
}

static int xdp_run(int program, bool knows_device, const struct model_packet *packet, int *ret_pass)
{
	struct xdp_md context = {.data_end = packet->length, .ingress_ifindex = packet->ifindex};
	LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = packet->frame,
		    .data_size_in = packet->length, .repeat = 1);

	if (knows_device) {
		options.ctx_in = &context;
		options.ctx_size_in = sizeof(context);
	}
	if (bpf_prog_test_run_opts(program, &options) < 0)
		return -errno;
	*ret_pass = options.retval == XDP_PASS ? 1 : options.retval == XDP_DROP ? 0 : -1;
	return 0;
}

static int tc_run(int program, const struct model_packet *packet, int *ret_pass)
{
	struct __sk_buff context = {.ifindex = packet->ifindex};
	LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = packet->frame,
		    .data_size_in = packet->length, .ctx_in = &context,
		    .ctx_size_in = sizeof(context), .repeat = 1);

	if (bpf_prog_test_run_opts(program, &options) < 0)
		return -errno;
	*ret_pass = options.retval == TC_PASS ? 1 : options.retval == TC_DROP ? 0 : -1;
	return 0;
}

/*
 * The kernel wants an Ethernet header, takes the protocol from it, and hides it from the program.
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

int subject_send(const struct subject *subject, const struct model_packet *packet, int *ret_pass)
{
	return cgroup_run(subject->egress, packet, ret_pass);
}

int subject_run(const struct subject *subject, enum subject_program program,
		const struct model_packet *packet, int *ret_pass)
{
	bool takes_pages = subject_programs[program].optional || packet->hook == MODEL_CGROUP;
	int fd = subject->programs[program];

	if (!takes_pages && packet->length > PAGE_BYTES)
		return -EINVAL;
	if (packet->hook == MODEL_CGROUP)
		return cgroup_run(fd, packet, ret_pass);
	if (subject_programs[program].tc)
		return tc_run(fd, packet, ret_pass);
	return xdp_run(fd, subject->knows_device, packet, ret_pass);
}

const void *subject_seeds(const struct subject *subject)
{
	return (const void *)subject->ethernet->rodata->seeds;
}
