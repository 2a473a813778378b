/* SPDX-License-Identifier: GPL-2.0 */
/* load.c - open the skeleton, choose programs, set constants, load. */
#include "kernel/object/load.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <linux/if_ether.h>
#include <linux/magic.h>

#include <rolewall/abi.h>

#include <rolewall.skel.h>

#include "host/device.h"
#include "kernel/object/conntrack.h"
#include "kernel/object/directory.h"
#include "kernel/object/maps.h"
#include "kernel/object/netns.h"
#include "kernel/object/pieces.h"
#include "kernel/object/seed.h"
#include "util/cleanup.h"
#include "util/say.h"

/* libbpf prints by itself. Its messages help to find a fault in the programs. */
static int print_debug(enum libbpf_print_level level, const char *format, va_list args)
{
	(void)level;
	return say_is_verbose() ? vfprintf(stderr, format, args) : 0;
}

void libbpf_hush(void)
{
	libbpf_set_print(print_debug);
}

void object_free(struct rolewall_bpf **object)
{
	rolewall_bpf__destroy(*object);
	*object = NULL;
}

/* As FNV-1a, of eight bytes a step; the high bits, which a product fills, come down again. */
static uint64_t hash_on(uint64_t hash, const unsigned char *bytes, size_t size)
{
	for (size_t i = 0; i < size; i += sizeof(uint64_t)) {
		size_t left = size - i;
		uint64_t word = 0;

		memcpy(&word, bytes + i, left < sizeof(word) ? left : sizeof(word));
		hash = (hash ^ word) * 0x100000001b3ULL;
		hash ^= hash >> 32;
	}
	return hash;
}

uint64_t object_hash(void)
{
	const unsigned char *bytes;
	uint64_t hash;
	size_t size;

	bytes = rolewall_bpf__elf_bytes(&size);
	hash = hash_on(0xcbf29ce484222325ULL, bytes, size);
	bytes = conntrack_elf(&size);
	hash = hash_on(hash, bytes, size);
	bytes = flows_elf(&size);
	return hash_on(hash, bytes, size);
}

/* Pins elsewhere than on bpffs would fail one by one; say it once. */
static int check_bpffs(const char *path, struct error *ret_error)
{
	struct statfs file_system;

	if (statfs(path, &file_system))
		return error_set(ret_error, errno, "%s: %s", path, strerror(errno));
	if ((unsigned long)file_system.f_type == BPF_FS_MAGIC)
		return 0;
	error_set(ret_error, ENOTSUP, "%s is not on a BPF file system", path);
	error_hint(ret_error, "mount -t bpf bpf /sys/fs/bpf, or choose another --bpffs");
	return -ENOTSUP;
}

static int make_directories(const struct instance *instance, struct error *ret_error)
{
	char path[4096];
	int r;

	r = directory_make(instance->bpffs_dir, ret_error);
	if (r == -ENOENT)
		error_hint(ret_error, "mount a BPF file system above it: mount -t bpf bpf "
				      "/sys/fs/bpf");
	if (!r)
		r = check_bpffs(instance->bpffs_dir, ret_error);
	if (r)
		return r;
	snprintf(path, sizeof(path), "%s/maps", instance->bpffs_dir);
	r = directory_make(path, ret_error);
	if (r)
		return r;
	snprintf(path, sizeof(path), "%s/links", instance->bpffs_dir);
	return directory_make(path, ret_error);
}

/*
 * All objects are of the same maps, so that the skeleton of one does for them; but those for hosts that
 * forward or have tunnels have other programs, which are found by their names.
 */
static struct rolewall_bpf *open_skeleton(unsigned int programs)
{
	_object_ struct rolewall_bpf *object = NULL;

	if (!programs)
		return rolewall_bpf__open();
	object = calloc(1, sizeof(*object));
	if (!object || rolewall_bpf__create_skeleton(object))
		return NULL;
	object->skeleton->data =
		(void *)(programs & RW_KNOWS_CONNTRACK ? conntrack_elf(&object->skeleton->data_sz)
						       : flows_elf(&object->skeleton->data_sz));
	object->skeleton->prog_cnt = 0;
	return bpf_object__open_skeleton(object->skeleton, NULL) ? NULL : TAKE_PTR(object);
}

/* `programs`: features_programs(), or 0 for the cgroup hooks, which are the same everywhere. */
static int open_object(const struct instance *instance, const struct features *features,
		       unsigned int programs, struct rolewall_bpf **ret, struct error *ret_error)
{
	_object_ struct rolewall_bpf *object = NULL;
	struct bpf_program *program;
	struct bpf_map *map;
	char path[4096];

	libbpf_hush();
	object = open_skeleton(programs);
	if (!object)
		return error_set(ret_error, errno, "cannot open the BPF object: %s",
				 strerror(errno));
	bpf_object__for_each_program (program, object->obj) {
		bpf_program__set_autoload(program, false);
	}
	bpf_map__set_autocreate(object->maps.events, features->ringbuf);
	bpf_map__set_autocreate(object->maps.events_perf, !features->ringbuf);
	bpf_map__set_autocreate(object->maps.foreign_sockets, features->netns == NETNS_MARK);
	bpf_map__set_autocreate(object->maps.flows, features->flow_kinds != 0);
	object->rodata->has_cookies = features->cookies;
	object->rodata->flow_kinds = features->flow_kinds;
	bpf_object__for_each_map (map, object->obj) {
		if (map == object->maps.rodata || !bpf_map__autocreate(map))
			continue;
		if (pin_path(instance, "maps", bpf_map__name(map), path, sizeof(path)))
			return error_set(ret_error, ENAMETOOLONG, "%s: the path is too long",
					 instance->bpffs_dir);
		bpf_map__set_pin_path(map, path);
	}
	*ret = object;
	object = NULL;
	return 0;
}

/* All programs that share the maps hash alike. */
static int load_seeded(const struct instance *instance, struct rolewall_bpf *object)
{
	struct rw_seeds seeds;
	int r = seeds_find(instance, &seeds);

	if (r)
		return r;
	memcpy((void *)object->rodata->seeds, seeds.words, sizeof(seeds.words));
	r = rolewall_bpf__load(object);
	return r ? r : seeds_keep(bpf_map__fd(object->maps.seed), &seeds);
}

static int load_object(const struct instance *instance, struct rolewall_bpf *object,
		       const char *what, struct error *ret_error)
{
	int r = load_seeded(instance, object);

	if (!r)
		return 0;
	error_set(ret_error, -r, "the kernel refuses to load %s: %s", what, strerror(-r));
	if (r == -EPERM)
		error_hint(ret_error, "run it as root");
	else if (r == -EINVAL)
		error_hint(ret_error, "if maps of another version are pinned here, 'rolewall down' "
				      "removes them; --verbose shows what the kernel says");
	return r;
}

bool cgroup_hook_is_used(const struct features *features, enum cgroup_hook hook)
{
	return hook != CGROUP_SOCK || features->netns == NETNS_MARK;
}

static struct bpf_program *choose_ingress(struct rolewall_bpf *object,
					  const struct features *features)
{
	if (!features->ringbuf)
		return object->progs.rolewall_ingress_54;
	switch (features->netns) {
	case NETNS_COOKIE:
		return object->progs.rolewall_ingress;
	case NETNS_MARK:
		return object->progs.rolewall_ingress_mark;
	default:
		return object->progs.rolewall_ingress_58;
	}
}

static struct bpf_program *choose_egress(struct rolewall_bpf *object,
					 const struct features *features)
{
	switch (features->netns) {
	case NETNS_COOKIE:
		return object->progs.rolewall_egress;
	case NETNS_MARK:
		return object->progs.rolewall_egress_mark;
	default:
		return object->progs.rolewall_egress_54;
	}
}

static struct bpf_program *choose_established(struct rolewall_bpf *object,
					      const struct features *features)
{
	switch (features->netns) {
	case NETNS_COOKIE:
		return object->progs.rolewall_established;
	case NETNS_MARK:
		return object->progs.rolewall_established_mark;
	default:
		return object->progs.rolewall_established_54;
	}
}

struct bpf_program *cgroup_program(struct rolewall_bpf *object, const struct features *features,
				   enum cgroup_hook hook)
{
	switch (hook) {
	case CGROUP_INGRESS:
		return choose_ingress(object, features);
	case CGROUP_EGRESS:
		return choose_egress(object, features);
	case CGROUP_SOCK:
		return object->progs.rolewall_sock;
	case CGROUP_BIND4:
		return features->ringbuf ? object->progs.rolewall_bind4
					 : object->progs.rolewall_bind4_54;
	case CGROUP_BIND6:
		return features->ringbuf ? object->progs.rolewall_bind6
					 : object->progs.rolewall_bind6_54;
	case CGROUP_CONNECT6:
		return features->ringbuf ? object->progs.rolewall_connect6
					 : object->progs.rolewall_connect6_54;
	case CGROUP_ESTABLISHED:
		return choose_established(object, features);
	default:
		return NULL;
	}
}

int load_cgroup(const struct instance *instance, const struct features *features,
		struct rolewall_bpf **ret, struct error *ret_error)
{
	_object_ struct rolewall_bpf *object = NULL;
	int r, hook;

	r = make_directories(instance, ret_error);
	if (!r)
		r = open_object(instance, features, 0, &object, ret_error);
	if (r)
		return r;
	for (hook = 0; hook < CGROUP_HOOKS; hook++)
		if (cgroup_hook_is_used(features, hook))
			bpf_program__set_autoload(cgroup_program(object, features, hook), true);
	object->rodata->own_netns = netns_own();
	r = load_object(instance, object, "the cgroup programs", ret_error);
	if (r)
		return r;
	*ret = object;
	object = NULL;
	return 0;
}

static struct bpf_program *choose_xdp(struct rolewall_bpf *object, const struct features *features)
{
	const char *name = !features->ringbuf ? "rolewall_xdp_54"
			   : features->frags  ? "rolewall_frags"
					      : "rolewall_xdp";

	return bpf_object__find_program_by_name(object->obj, name);
}

static struct bpf_program *choose_tc(struct rolewall_bpf *object, const struct features *features)
{
	return bpf_object__find_program_by_name(object->obj, features->ringbuf ? "rolewall_tc"
									       : "rolewall_tc_54");
}

static struct bpf_program *choose_leave(struct rolewall_bpf *object,
					const struct features *features)
{
	return bpf_object__find_program_by_name(
		object->obj, features->ringbuf ? "rolewall_leave" : "rolewall_leave_54");
}

static struct bpf_program *choose_frames(struct rolewall_bpf *object,
					 const struct features *features,
					 const struct frames *frames)
{
	if (frames->leave)
		return choose_leave(object, features);
	return frames->hook == HOOK_TC ? choose_tc(object, features) : choose_xdp(object, features);
}

/* For tests: of the programs of one kind each is refused. */
static bool is_switched_off(const struct features *features)
{
	return features->conntrack ? probe_is_off("conntrack_programs")
				   : features->flow_kinds && probe_is_off("flows_programs");
}

int load_frames(const struct instance *instance, const struct features *features,
		const struct frames *frames, struct rolewall_bpf **ret, int *ret_fd,
		struct error *ret_error)
{
	_object_ struct rolewall_bpf *object = NULL;
	struct bpf_program *program;
	int r;

	if (is_switched_off(features))
		return error_set(ret_error, EACCES, "switched off by ROLEWALL_PROBE_OFF");
	r = open_object(instance, features, features_programs(features), &object, ret_error);
	if (r)
		return r;
	program = choose_frames(object, features, frames);
	bpf_program__set_autoload(program, true);
	object->rodata->l2_len = frames->l2_length;
	r = load_object(instance, object,
			frames->hook == HOOK_TC ? "a tc program" : "an XDP program", ret_error);
	if (r)
		return r;
	*ret_fd = bpf_program__fd(program);
	*ret = object;
	object = NULL;
	return 0;
}

int load_shield(const struct instance *instance, const struct features *features,
		unsigned int l2_length, struct rolewall_bpf **ret, int *ret_xdp, int *ret_behind,
		struct error *ret_error)
{
	_object_ struct rolewall_bpf *object = NULL;
	struct bpf_program *xdp, *behind;
	int r = open_object(instance, features, features_programs(features), &object, ret_error);

	if (r)
		return r;
	xdp = choose_xdp(object, features);
	behind = bpf_object__find_program_by_name(object->obj, "rolewall_shield");
	bpf_program__set_autoload(xdp, true);
	bpf_program__set_autoload(behind, true);
	object->rodata->l2_len = l2_length;
	object->rodata->shields = 1;
	r = load_object(instance, object, "the programs of the shield", ret_error);
	if (r)
		return r;
	*ret_xdp = bpf_program__fd(xdp);
	*ret_behind = bpf_program__fd(behind);
	*ret = object;
	object = NULL;
	return 0;
}

int scratch_map(const struct rolewall_bpf *object, enum map_id id)
{
	return bpf_object__find_map_fd_by_name(object->obj, map_name(id));
}

/* Maps that count, or that would tell others of a packet that never arrived, are not shared. */
static void scratch_maps(struct rolewall_bpf *object)
{
	struct bpf_map *const own[] = {
		object->maps.interfaces,
		object->maps.echo_bucket,
		object->maps.reason_counters,
		object->maps.rule_counters,
		object->maps.attempts,
		object->maps.evicted,
		object->maps.event_credits,
		object->maps.event_state,
		object->maps.events,
		object->maps.events_perf,
		object->maps.pending,
		object->maps.build,
		object->maps.event_clock,
		object->maps.callers,
		object->maps.seed,
		object->maps.unasked,
		object->maps.refused,
		object->maps.limit_stayers,
		object->maps.overflows,
		object->maps.own_addresses,
		object->maps.networks,
		object->maps.cookie_counter,
	};
	size_t i;

	for (i = 0; i < sizeof(own) / sizeof(*own); i++)
		bpf_map__set_pin_path(own[i], NULL);
	bpf_map__set_max_entries(object->maps.events, sysconf(_SC_PAGESIZE));
}

/* BPF_PROG_TEST_RUN shows its packets on the loopback interface, if it is not told otherwise. */
static int scratch_place(const struct rolewall_bpf *object, unsigned int slot,
			 struct error *ret_error)
{
	struct rw_interface_key key = {.ifindex = LOOPBACK_IFINDEX};
	struct rw_interface value = {.slot = slot};

	if (bpf_map_update_elem(bpf_map__fd(object->maps.interfaces), &key, &value, BPF_ANY))
		return error_set(ret_error, errno, "cannot place the program that answers: %s",
				 strerror(errno));
	return 0;
}

static int scratch_counters(const struct rolewall_bpf *object, unsigned int rules,
			    struct error *ret_error)
{
	uint32_t pieces[RW_RULE_PIECES], count = (rules + RW_RULE_PIECE - 1) / RW_RULE_PIECE;
	int r;

	for (uint32_t i = 0; i < count; i++)
		pieces[i] = i;
	r = pieces_make(bpf_map__fd(object->maps.rule_counters), MAP_RULE_COUNTERS, pieces, count);
	return r ? error_set(ret_error, -r, "cannot make counters of rules: %s", strerror(-r)) : 0;
}

int load_scratch(const struct instance *instance, const struct features *features,
		 unsigned int slot, unsigned int rules, struct rolewall_bpf **ret, int *ret_fd,
		 struct error *ret_error)
{
	_object_ struct rolewall_bpf *object = NULL;
	struct bpf_program *program;
	int r;

	r = open_object(instance, features, features_programs(features), &object, ret_error);
	if (r)
		return r;
	scratch_maps(object);
	program = choose_xdp(object, features);
	bpf_program__set_autoload(program, true);
	object->rodata->l2_len = ETH_HLEN;
	r = load_object(instance, object, "the program that answers", ret_error);
	if (!r)
		r = scratch_counters(object, rules, ret_error);
	if (!r)
		r = scratch_place(object, slot, ret_error);
	if (r)
		return r;
	*ret_fd = bpf_program__fd(program);
	*ret = object;
	object = NULL;
	return 0;
}
