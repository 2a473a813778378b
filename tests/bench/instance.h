/* SPDX-License-Identifier: GPL-2.0 */
/*
 * instance.h - a Rolewall of the benchmark's own, through the product's own code: a policy is
 * compiled, committed and attached as `rolewall apply` does, below DIR, which must lie on a bpffs.
 */
#pragma once

#include "kernel/object/instance.h"
#include "kernel/object/maps.h"
#include "policy/tables.h"

#define BENCH_IFACE                                                                                \
	"late0" /* in every policy; its slot is the first; not there: BPF_PROG_TEST_RUN needs none */

struct rolewall_bpf;

struct bench_instance {
	char bpffs_dir[256], state_dir[256], cgroup_dir[256];
	struct instance instance;
	struct maps maps;
	struct rolewall_bpf *xdp_object, *cgroup_object; /* owned */
	int xdp;     /* owned by xdp_object: the program as it is attached to BENCH_IFACE */
	int ingress; /* owned by cgroup_object */
};

/* A cgroup of its own below `cgroup`: two instances do not share a hook. All end the process on
 * errors. */
void instance_open(struct bench_instance *ret, const char *dir, const char *name,
		   const char *cgroup, const struct tables *tables);
void instance_close(struct bench_instance *instance);

/* Packets that this instance judged for `reason`, on all CPUs, without those of rules. */
uint64_t instance_count(const struct bench_instance *instance, unsigned int reason);

/* Ban `count` addresses, or as many networks of 256, from the address `first` on. */
void maps_ban(const struct maps *maps, uint32_t first, uint32_t count);
void maps_ban_prefixes(const struct maps *maps, uint32_t first, uint32_t count);

/* All roles; `prefixes` networks 10.0.n.0/24 of the interface are internal, the rest external. */
void tables_roles(struct tables *ret, const char *dir, const char *roles_dir,
		  unsigned int prefixes);

/* `count` rules, one a TCP port, open to all; the port `hole` is never among them. */
void tables_rules(struct tables *ret, unsigned int count, unsigned int hole);
