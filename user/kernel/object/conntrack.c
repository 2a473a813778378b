/* SPDX-License-Identifier: GPL-2.0 */
/* conntrack.c - the other objects, and whether the second can be used. */
#include "kernel/object/conntrack.h"

#include <bpf/libbpf.h>

#include <conntrack.skel.h>
#include <flows.skel.h>

const void *conntrack_elf(size_t *ret_size)
{
	return conntrack_bpf__elf_bytes(ret_size);
}

const void *flows_elf(size_t *ret_size)
{
	return flows_bpf__elf_bytes(ret_size);
}

bool conntrack_can_be_asked(void)
{
	struct conntrack_bpf *object = conntrack_bpf__open();
	struct bpf_program *program;
	struct bpf_map *map;
	bool can;

	if (!object)
		return false;
	bpf_object__for_each_program (program, object->obj) {
		bpf_program__set_autoload(program, program == object->progs.rolewall_ask);
	}
	bpf_object__for_each_map (map, object->obj) {
		bpf_map__set_autocreate(map, bpf_map__is_internal(map));
	}
	can = conntrack_bpf__load(object) == 0;
	conntrack_bpf__destroy(object);
	return can;
}
