/* SPDX-License-Identifier: GPL-2.0 */
/* owner.c - a program's maps, name and links say whose it is. */
#include "kernel/attach/owner.h"

#include <stdint.h>
#include <string.h>

#include <bpf/bpf.h>

#include "kernel/object/maps.h"
#include "util/cleanup.h"

#define NAME_PREFIX  "rolewall_" /* of every program in bpf/ */
#define PROGRAM_MAPS 64		 /* the kernel's own limit for one program */

/* Id of the map `policy` that is pinned here; 0: none. */
static __u32 policy_map_id(const struct instance *instance)
{
	struct bpf_map_info info = {0};
	__u32 size = sizeof(info);
	_close_ int fd = -1;
	char path[4096];

	if (pin_path(instance, "maps", "policy", path, sizeof(path)))
		return 0;
	fd = bpf_obj_get(path);
	if (fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &size))
		return 0;
	return info.id;
}

static bool uses_map(const struct bpf_prog_info *program, const __u32 *maps, __u32 id)
{
	__u32 i;

	for (i = 0; id && i < program->nr_map_ids && i < PROGRAM_MAPS; i++)
		if (maps[i] == id)
			return true;
	return false;
}

/* Then it goes with that link, and not by us. */
static bool is_held_by_a_link(__u32 program_id)
{
	__u32 id = 0;

	while (bpf_link_get_next_id(id, &id) == 0) {
		struct bpf_link_info info = {0};
		__u32 size = sizeof(info);
		_close_ int fd = bpf_link_get_fd_by_id(id);

		if (fd >= 0 && !bpf_obj_get_info_by_fd(fd, &info, &size) &&
		    info.prog_id == program_id)
			return true;
	}
	return false;
}

enum whose whose(const struct instance *instance, __u32 program_id)
{
	__u32 maps[PROGRAM_MAPS] = {0}, size;
	struct bpf_prog_info info = {
		.nr_map_ids = PROGRAM_MAPS,
		.map_ids = (uintptr_t)maps,
	};
	_close_ int fd = -1;

	if (program_id == 0)
		return WHOSE_OTHERS;
	size = sizeof(info);
	fd = bpf_prog_get_fd_by_id(program_id);
	if (fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &size))
		return WHOSE_OTHERS;
	if (uses_map(&info, maps, policy_map_id(instance)))
		return WHOSE_OURS;
	return strncmp(info.name, NAME_PREFIX, strlen(NAME_PREFIX)) || is_held_by_a_link(program_id)
		       ? WHOSE_OTHERS
		       : WHOSE_LEFT;
}

bool owner_is_linked(__u32 program_id)
{
	struct bpf_prog_info info = {0};
	__u32 size = sizeof(info);
	_close_ int fd = bpf_prog_get_fd_by_id(program_id);

	return fd >= 0 && !bpf_obj_get_info_by_fd(fd, &info, &size) &&
	       !strncmp(info.name, NAME_PREFIX, strlen(NAME_PREFIX)) &&
	       is_held_by_a_link(program_id);
}
