/* SPDX-License-Identifier: GPL-2.0 */
/* in_force.c - notice that the policy in force has changed. */
#include "daemon/in_force.h"

#include <bpf/bpf.h>

#include "util/cleanup.h"

/* Ids of the pinned map `policy` and of the policy in it; 0: there is none. */
static void look(const struct instance *instance, uint32_t *ret_maps, uint32_t *ret_policy)
{
	struct bpf_map_info info = {0};
	__u32 size = sizeof(info), zero = 0;
	_close_ int fd = -1;
	char path[4096];

	*ret_maps = *ret_policy = 0;
	if (pin_path(instance, "maps", map_name(MAP_POLICY), path, sizeof(path)))
		return;
	fd = bpf_obj_get(path);
	if (fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &size))
		return;
	*ret_maps = info.id;
	if (bpf_map_lookup_elem(fd, &zero, ret_policy))
		*ret_policy = 0;
}

void in_force_close(struct in_force *in_force)
{
	const struct instance *instance = in_force->instance;

	maps_close(&in_force->maps);
	generation_close(&in_force->generation);
	port_names_free(&in_force->names);
	*in_force = (struct in_force)IN_FORCE_OF(instance);
}

static int reopen(struct in_force *in_force)
{
	const struct instance *instance = in_force->instance;
	int r;

	in_force_close(in_force);
	r = maps_open(instance, &in_force->maps, NULL);
	if (!r)
		r = generation_current(instance, &in_force->maps, &in_force->generation, NULL);
	if (!r)
		r = port_names_read(instance, &in_force->names, NULL);
	if (r)
		in_force_close(in_force);
	return r;
}

enum in_force_change in_force_update(struct in_force *in_force)
{
	uint32_t maps_before = in_force->maps_id, maps_id, policy_id;

	look(in_force->instance, &maps_id, &policy_id);
	if (maps_id == maps_before && policy_id == in_force->generation.policy_id)
		return IN_FORCE_SAME;
	if (!maps_id || !policy_id || reopen(in_force)) {
		in_force_close(in_force);
		return maps_before ? IN_FORCE_NOTHING : IN_FORCE_SAME;
	}
	in_force->maps_id = maps_id;
	return maps_id == maps_before ? IN_FORCE_OTHER_POLICY : IN_FORCE_OTHER_MAPS;
}
