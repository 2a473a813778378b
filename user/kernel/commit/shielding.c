/* SPDX-License-Identifier: GPL-2.0 */
/* shielding.c - look once more what is there, now that nobody changes it; then switch. */
#include "kernel/commit/shielding.h"

#include <errno.h>
#include <string.h>

#include <bpf/bpf.h>

#include "kernel/attach/owner.h"
#include "kernel/attach/tc.h"
#include "kernel/commit/transaction.h"
#include "kernel/object/lock.h"

/* After `down` and `apply` the maps are others, and the generations begin anew. */
static bool uses_these_maps(const struct instance *instance, int program_fd)
{
	struct bpf_prog_info info = {0};
	__u32 size = sizeof(info);

	return !bpf_obj_get_info_by_fd(program_fd, &info, &size) &&
	       whose(instance, info.id) == WHOSE_OURS;
}

static bool is_in_force(const struct instance *instance, const struct shielding *shielding)
{
	_maps_ struct maps maps = MAPS_NONE;
	struct rw_policy_header header = {0};

	return !maps_open(instance, &maps, NULL) && !is_others_build(&maps) &&
	       !generation_header(&maps, &header) && header.generation == shielding->generation &&
	       build_programs(&maps) == shielding->kind &&
	       uses_these_maps(instance, shielding->programs.tc);
}

static int switch_device(const struct instance *instance, const struct device *device,
			 const struct shielding *shielding, struct error *ret_error)
{
	enum shield_state state = shield_look(instance, device);
	int r;

	if (shielding->raise && (state != SHIELD_IS_DOWN || !tc_program(instance, device)))
		return -ESTALE;
	if (!shielding->raise && state == SHIELD_IS_DOWN)
		return -ESTALE;
	r = shielding->raise ? shield_raise(instance, device, &shielding->programs)
			     : shield_lower(instance, device, &shielding->programs);
	return r ? error_set(ret_error, -r, "%s: %s", device->name, strerror(-r)) : 0;
}

int shielding_switch(const struct instance *instance, const struct shielding *shielding,
		     struct error *ret_error)
{
	_cleanup_(devices_free) struct devices devices = {0};
	const struct device *device;
	_close_ int lock = -1;
	bool waited;
	int r = lock_take(instance, LOCK_POLICY, &lock, &waited, ret_error);

	if (!r)
		r = devices_read(&devices, ret_error);
	if (r)
		return r;
	device = device_by_index(&devices, shielding->ifindex);
	if (!device || !is_in_force(instance, shielding))
		return -ESTALE;
	return switch_device(instance, device, shielding, ret_error);
}
