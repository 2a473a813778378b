// SPDX-License-Identifier: GPL-2.0
/* instance.c - apply, load once more to have the programs at hand, and read counters. */
#include "instance.h"

#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <rolewall.skel.h>

#include "host/device.h"
#include "kernel/commit/install.h"
#include "kernel/commit/remove.h"
#include "kernel/lists/ban_filter.h"
#include "kernel/object/load.h"
#include "kernel/object/pieces.h"
#include "util/cleanup.h"
#include "bench.h"

#define BANS_BATCH 100000

static void load(struct bench_instance *instance, const struct features *features)
{
	/* BPF_PROG_TEST_RUN shows packets on the loopback interface. */
	const struct rw_interface_key place = {.ifindex = LOOPBACK_IFINDEX};
	const struct rw_interface first = {.slot = 1};
	struct bpf_program *ingress;
	struct error error = {0};

	if (load_frames(&instance->instance, features,
			&(struct frames){.hook = HOOK_XDP, .l2_length = 14}, &instance->xdp_object,
			&instance->xdp, &error) ||
	    load_cgroup(&instance->instance, features, &instance->cgroup_object, &error))
		errx(1, "%s: %s", error.what, error.hint);
	if (bpf_map_update_elem(instance->maps.fd[MAP_INTERFACES], &place, &first, BPF_ANY))
		err(1, "interfaces");
	ingress = features->ringbuf ? instance->cgroup_object->progs.rolewall_ingress
				    : instance->cgroup_object->progs.rolewall_ingress_54;
	instance->ingress = bpf_program__fd(ingress);
}

void instance_open(struct bench_instance *ret, const char *dir, const char *name,
		   const char *cgroup, const struct tables *tables)
{
	struct install_request request = {.tables = tables, .node_file = "bench"};
	struct install_result result;
	struct features features;
	struct error error = {0};

	*ret = (struct bench_instance){.maps = MAPS_NONE};
	snprintf(ret->bpffs_dir, sizeof(ret->bpffs_dir), "%s/bpf/%s", dir, name);
	snprintf(ret->state_dir, sizeof(ret->state_dir), "%s/state-%s", dir, name);
	snprintf(ret->cgroup_dir, sizeof(ret->cgroup_dir), "%s/%s", cgroup, name);
	if (mkdir(ret->cgroup_dir, 0755))
		err(1, "%s", ret->cgroup_dir);
	ret->instance = (struct instance){
		.bpffs_dir = ret->bpffs_dir,
		.state_dir = ret->state_dir,
		.cgroup_dir = ret->cgroup_dir,
	};
	features_probe(&features);
	if (install_policy(&ret->instance, &request, &result, &error) ||
	    maps_open(&ret->instance, &ret->maps, &error))
		errx(1, "%s: %s: %s", name, error.what, error.hint);
	load(ret, &features);
}

void instance_close(struct bench_instance *instance)
{
	maps_close(&instance->maps);
	object_free(&instance->xdp_object);
	object_free(&instance->cgroup_object);
	remove_run(&instance->instance, NULL);
	rmdir(instance->cgroup_dir);
}

uint64_t instance_count(const struct bench_instance *instance, unsigned int reason)
{
	unsigned long long sum[sizeof(struct rw_counter) / sizeof(unsigned long long)] = {0};
	int error = map_sum(instance->maps.fd[MAP_REASON_COUNTERS], reason,
			    sizeof(struct rw_counter), sum);

	if (error)
		errx(1, "cannot read the counters: %s", strerror(-error));
	return sum[0];
}

static void bans_put(int fd, uint32_t first, uint32_t count)
{
	_free_ struct rw_ban *values = calloc(count, sizeof(*values));
	_free_ uint8_t(*keys)[16] = calloc(count, sizeof(*keys));
	uint32_t done = count;

	if (!values || !keys)
		err(1, "bans");
	for (uint32_t i = 0; i < count; i++) {
		uint32_t address = htonl(first + i);

		values[i].length = 128;
		memset(keys[i] + 10, 0xff, 2);
		memcpy(keys[i] + 12, &address, sizeof(address));
	}
	if (bpf_map_update_batch(fd, keys, values, &done, NULL))
		err(1, "cannot ban %u addresses", count);
}

/* The filter before the bans, and how many there are. `length` is of each, and they are adjacent. */
static void bans_announce(const struct maps *maps, uint32_t first, uint32_t count, uint8_t length)
{
	struct rw_presence presence;
	struct timeout_list bans = {.list = calloc(count, sizeof(*bans.list)), .count = count};
	const uint32_t zero = 0;

	for (uint32_t i = 0; bans.list && i < count; i++) {
		uint32_t address = htonl(first + (i << (128 - length)));

		bans.list[i].source.length = length;
		memset(bans.list[i].source.source + 10, 0xff, 2);
		memcpy(bans.list[i].source.source + 12, &address, sizeof(address));
	}
	if (!bans.list || ban_filter_make(maps, NULL, &bans) ||
	    bpf_map_lookup_elem(maps->fd[MAP_PRESENCE], &zero, &presence))
		err(1, "filter of bans");
	timeout_list_free(&bans);
	presence.bans = length == 128 ? count : 0;
	presence.ban_prefixes = length == 128 ? 0 : count;
	if (bpf_map_update_elem(maps->fd[MAP_PRESENCE], &zero, &presence, BPF_ANY))
		err(1, "presence");
}

void maps_ban(const struct maps *maps, uint32_t first, uint32_t count)
{
	_close_ int table = -1;
	const uint32_t zero = 0;

	if (pieces_make(maps->fd[MAP_BANS], MAP_BANS, &zero, 1) ||
	    piece_open(maps->fd[MAP_BANS], zero, &table))
		err(1, "table of bans");
	for (uint32_t i = 0; i < count; i += BANS_BATCH) {
		uint32_t left = count - i;

		bans_put(table, first + i, left < BANS_BATCH ? left : BANS_BATCH);
	}
	bans_announce(maps, first, count, 128);
}

void maps_ban_prefixes(const struct maps *maps, uint32_t first, uint32_t count)
{
	const struct rw_ban value = {.length = 96 + 24};
	struct rw_prefix_key key = {.prefixlen = 96 + 24};

	memset(key.source + 10, 0xff, 2);
	for (uint32_t i = 0; i < count; i++) {
		uint32_t address = htonl(first + (i << 8));

		memcpy(key.source + 12, &address, sizeof(address));
		if (bpf_map_update_elem(maps->fd[MAP_BAN_PREFIXES], &key, &value, BPF_ANY))
			err(1, "cannot ban %u networks", count);
	}
	bans_announce(maps, first, count, 96 + 24);
}
