/* SPDX-License-Identifier: GPL-2.0 */
/* seed.c - found, or drawn. */
#include "kernel/object/seed.h"

#include <errno.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "kernel/object/maps.h"
#include "util/cleanup.h"
#include "util/secret.h"

/* The process that made the map may have died before it wrote the seeds. */
static int seeds_read(const struct instance *instance, struct rw_seeds *ret)
{
	static const struct map_sizes sizes = {sizeof(__u32), sizeof(struct rw_seeds)};
	_close_ int fd = -1;
	__u32 zero = 0;
	int r = map_open(instance, "maps", map_name(MAP_SEED), &sizes, &fd);

	if (!r && bpf_map_lookup_elem(fd, &zero, ret))
		r = -errno;
	if (!r && !ret->words[0])
		r = -ENOENT;
	return r;
}

int seeds_find(const struct instance *instance, struct rw_seeds *ret)
{
	struct rw_seeds seeds;
	int r = seeds_read(instance, &seeds);

	if (r == -ENOENT) {
		r = secret_fill(&seeds, sizeof(seeds));
		/* A multiplier that is even would lose a bit. */
		for (size_t i = 0; i < RW_SEEDS; i++)
			seeds.words[i] |= 1;
	}
	if (!r)
		*ret = seeds;
	return r;
}

int seeds_keep(int fd, const struct rw_seeds *seeds)
{
	__u32 zero = 0;

	return bpf_map_update_elem(fd, &zero, seeds, BPF_ANY) ? -errno : 0;
}
