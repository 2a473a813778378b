/* SPDX-License-Identifier: GPL-2.0 */
/*
 * load.h - load programs of the one BPF object. Each load is an instance of its own, with its own
 * constants; all of them share the pinned maps, which the first load creates.
 */
#pragma once

#include <stdint.h>

#include "kernel/object/hooks.h"
#include "kernel/object/instance.h"
#include "kernel/object/maps.h"
#include "kernel/object/probe.h"
#include "util/error.h"

struct rolewall_bpf;

void object_free(struct rolewall_bpf **object);
#define _object_ __attribute__((cleanup(object_free)))

/* libbpf writes to stderr by itself: only if say_is_verbose(). For the start of a program. */
void libbpf_hush(void);

/* Hash of the BPF objects in this executable (rw_build.object). */
uint64_t object_hash(void);

struct bpf_program;

enum cgroup_hook {
	CGROUP_SOCK, /* the first to be attached: what the others ask, it has to have answered */
	CGROUP_INGRESS,
	CGROUP_EGRESS,
	CGROUP_BIND4,
	CGROUP_BIND6,
	CGROUP_CONNECT6,
	CGROUP_ESTABLISHED,
	CGROUP_HOOKS
};

/* Is there anything to do at that hook, on a kernel with these features? */
bool cgroup_hook_is_used(const struct features *features, enum cgroup_hook hook);

/* Which program of the object is for a hook that is used. */
struct bpf_program *cgroup_program(struct rolewall_bpf *object, const struct features *features,
				   enum cgroup_hook hook);

/* The programs of the cgroup hooks. Makes BPFFS_DIR and maps/ (0750) if need be. */
int load_cgroup(const struct instance *instance, const struct features *features,
		struct rolewall_bpf **ret, struct error *ret_error);

/* What a program on interfaces is for: one does for all that are alike. */
struct frames {
	enum hook hook;		/* HOOK_XDP or HOOK_TC */
	unsigned int l2_length; /* bytes before the IP header */
	bool leave;		/* not for what comes, but learns from what leaves */
};

/* The program of such interfaces. `ret_fd` stays owned by `ret`. */
int load_frames(const struct instance *instance, const struct features *features,
		const struct frames *frames, struct rolewall_bpf **ret, int *ret_fd,
		struct error *ret_error);

/*
 * Both programs of the shield for interfaces whose frames begin with so many bytes (attach/shield.h). The
 * descriptors stay owned by `ret`.
 */
int load_shield(const struct instance *instance, const struct features *features,
		unsigned int l2_length, struct rolewall_bpf **ret, int *ret_xdp, int *ret_behind,
		struct error *ret_error);

/*
 * XDP's program for packets of our own, which begin with an Ethernet header: with the pinned maps
 * that decide, and maps of its own for what is counted, by `rules` rules at most. What decides is
 * the same in the cgroup program, which BPF_PROG_TEST_RUN shows no packet on 6.12 and before
 * (net/bpf/test_run.c, is_direct_pkt_access). `ret_fd` stays owned by `ret`.
 */
int load_scratch(const struct instance *instance, const struct features *features,
		 unsigned int slot, unsigned int rules, struct rolewall_bpf **ret, int *ret_fd,
		 struct error *ret_error);

/* A map of the object; owned by it. */
int scratch_map(const struct rolewall_bpf *object, enum map_id id);
