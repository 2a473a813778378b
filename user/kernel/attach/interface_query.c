/* SPDX-License-Identifier: GPL-2.0 */
/* interface_query.c - what is attached to a device, and why it is not native XDP. */
#include "kernel/attach/interface_query.h"

#include <stdio.h>
#include <string.h>

#include <bpf/bpf.h>

#include "host/driver.h"
#include "kernel/attach/shield.h"
#include "kernel/attach/tc.h"
#include "kernel/attach/ways.h"
#include "kernel/attach/xdp.h"
#include "util/cleanup.h"

/* The kernel refuses to attach a program below one that is there. */
static const struct device *program_above(const struct instance *instance,
					  const struct devices *devices,
					  const struct device *device)
{
	for (size_t i = 0; i < devices->count; i++) {
		const struct device *above = &devices->list[i];

		if (device_has_program(above) && device_is_above(above, device) &&
		    !xdp_mode_of(instance, above, false))
			return above;
	}
	return NULL;
}

/* Name of the program that sits there instead of ours. */
static void note_foreign(const struct device *device, char *note, size_t size)
{
	uint32_t id = device->xdp_native ? device->xdp_native : device->xdp_generic;
	struct bpf_prog_info info = {0};
	__u32 info_size = sizeof(info);
	_close_ int fd = bpf_prog_get_fd_by_id(id);

	if (fd >= 0)
		bpf_obj_get_info_by_fd(fd, &info, &info_size);
	snprintf(note, size, "another XDP program (%s, id %u) is attached; the cgroup hook filters",
		 info.name[0] ? info.name : "unnamed", id);
}

/* Why no program can read the device's frames; an empty note: one can. */
static void note_unreadable(const struct device *device, enum hook_choice choice, char *note,
			    size_t size)
{
	if (device->vlan)
		snprintf(note, size,
			 "a VLAN: the program on its parent sees the tag, the cgroup hook filters "
			 "as well");
	else if (device_is(device, "vrf"))
		snprintf(note, size,
			 "a VRF: the sockets see it in place of the interfaces in it; the cgroup "
			 "hook filters");
	else if (device_l2_length(device) < 0)
		snprintf(note, size,
			 "XDP and tc cannot read this kind of device; the cgroup hook filters");
	else if (choice == CHOICE_XDP && device->hides_vlans)
		snprintf(note, size,
			 "VLAN tags are off before XDP sees its frames; the cgroup hook filters "
			 "(\"hook\": \"tc\" sees them)");
}

/* Nothing hinders it: which would it be? */
static void note_lost(const struct device *device, enum hook_choice choice, struct hook_state *ret)
{
	enum way ways[WAYS];
	size_t count = ways_of(device, choice, ways);

	ret->lost = true;
	snprintf(ret->note, sizeof(ret->note),
		 "%s is not attached; 'rolewall apply' attaches it; the cgroup hook filters",
		 count && ways[0] == WAY_TC ? "tc" : "XDP");
}

/* Why there is no program of ours. */
static void note_absent(const struct instance *instance, const struct devices *devices,
			const struct device *device, enum hook_choice choice,
			struct hook_state *ret)
{
	const struct device *above = NULL;

	if (choice == CHOICE_CGROUP) {
		snprintf(ret->note, sizeof(ret->note), "the node file asks for the cgroup hook");
		return;
	}
	if (choice != CHOICE_TC && device_has_program(device)) {
		note_foreign(device, ret->note, sizeof(ret->note));
		return;
	}
	note_unreadable(device, choice, ret->note, sizeof(ret->note));
	if (ret->note[0])
		return;
	if (choice != CHOICE_TC)
		above = program_above(instance, devices, device);
	if (above)
		snprintf(ret->note, sizeof(ret->note),
			 "another XDP program is attached to %s, which is on top of this device; "
			 "the cgroup hook filters",
			 above->name);
	else
		note_lost(device, choice, ret);
}

static const char *generic_reason(const struct device *device)
{
	return way_may_be_native(device) ? "the driver has no native XDP"
					 : "native XDP would run on the bond's members";
}

/* Why tc, where native XDP would do. */
static void note_tc(const struct instance *instance, const struct devices *devices,
		    const struct device *device, enum hook_choice choice, char *note, size_t size)
{
	const struct device *above = program_above(instance, devices, device);

	if (choice == CHOICE_TC)
		snprintf(note, size, "the node file asks for tc");
	else if (device->hides_vlans)
		snprintf(note, size, "%s before XDP sees %s",
			 device_is_master(device) ? "VLAN tags are off"
						  : "the card takes VLAN tags off",
			 device_is_master(device) ? "its frames" : "them");
	else if (device_has_program(device))
		snprintf(note, size, "another XDP program is attached");
	else if (above)
		snprintf(note, size, "another XDP program is attached to %s, on top of it",
			 above->name);
	else if (way_may_be_native(device) && driver_price(device))
		snprintf(note, size, "native XDP %s", driver_price(device));
	else
		snprintf(note, size, "%s", generic_reason(device));
}

void interface_query(const struct instance *instance, const struct devices *devices,
		     const struct device *device, enum hook_choice choice, struct hook_state *ret)
{
	*ret = (struct hook_state){.mode = xdp_mode_of(instance, device, false)};
	if (ret->mode != XDP_MODE_NONE)
		ret->hook = HOOK_XDP;
	else if (tc_program(instance, device))
		ret->hook = HOOK_TC;
	ret->shielded = ret->hook == HOOK_XDP && shield_look(instance, device) == SHIELD_IS_UP;
	if (ret->shielded)
		snprintf(ret->note, sizeof(ret->note), "a flood: native XDP refuses it, before tc");
	else if (ret->hook == HOOK_NONE)
		note_absent(instance, devices, device, choice, ret);
	else if (ret->mode == XDP_MODE_GENERIC)
		snprintf(ret->note, sizeof(ret->note), "%s", generic_reason(device));
	else if (ret->hook == HOOK_TC)
		note_tc(instance, devices, device, choice, ret->note, sizeof(ret->note));
}

void interface_foresee(const struct instance *instance, const struct devices *devices,
		       const struct device *device, enum hook_choice choice, struct hook_state *ret)
{
	enum way ways[WAYS];
	size_t count = ways_of(device, choice, ways);

	*ret = (struct hook_state){0};
	if (!count) {
		ret->hook = HOOK_CGROUP;
		note_absent(instance, devices, device, choice, ret);
	} else if (ways[0] == WAY_TC) {
		ret->hook = HOOK_TC;
		note_tc(instance, devices, device, choice, ret->note, sizeof(ret->note));
	} else {
		ret->hook = HOOK_XDP;
		ret->mode = ways[0] == WAY_XDP_NATIVE ? XDP_MODE_NATIVE : XDP_MODE_GENERIC;
		snprintf(ret->note, sizeof(ret->note), "%s",
			 ret->mode == XDP_MODE_GENERIC ? generic_reason(device)
			 : choice == CHOICE_XDP	       ? "in the driver, else generic"
						       : "in the driver, which costs nothing "
							 "in peace; else tc");
	}
}
