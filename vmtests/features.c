/* SPDX-License-Identifier: GPL-2.0 */
/* features.c - what the kernel under this program can do, one word each. */
#include <stdio.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "kernel/object/conntrack.h"
#include "kernel/object/probe.h"

/* BPF_MAP_UPDATE_BATCH of a hash: 5.6. */
static bool has_batch(void)
{
	int fd = bpf_map_create(BPF_MAP_TYPE_HASH, "rw_batch", 4, 4, 1, NULL), error;
	__u32 key = 0, value = 0, count = 1;

	if (fd < 0 || probe_is_off("batch"))
		return false;
	error = bpf_map_update_batch(fd, &key, &value, &count, NULL);
	close(fd);
	return !error;
}

static const char *word(bool value)
{
	return value ? "yes" : "no";
}

int main(void)
{
	struct features features;

	features_probe(&features);
	printf("ringbuf=%s lookup=%s frags=%s links=%s batch=%s conntrack=%s\n",
	       word(features.ringbuf), word(features.cgroup_lookup), word(features.frags),
	       word(features.links), word(has_batch()),
	       word(!probe_is_off("conntrack") && conntrack_can_be_asked()));
	return 0;
}
