/* SPDX-License-Identifier: GPL-2.0 */
/* ways.c - what a device is, and what the node file asks for. */
#include "kernel/attach/ways.h"

#include "host/driver.h"

bool way_may_be_native(const struct device *device)
{
	return !device_is(device, "bond");
}

/*
 * A VLAN's frames pass its parent's program, tag and all; and the cgroup hook. A program that does not
 * see the tag would take them for the parent's own, and judge by its zone: tc sees it always.
 */
static bool has_tc(const struct device *device)
{
	return device_l2_length(device) >= 0 && !device->vlan;
}

static bool has_xdp(const struct device *device)
{
	return has_tc(device) && !device->hides_vlans;
}

/*
 * Generic XDP comes last: it makes one piece of what GRO merged, and copies what was cloned, where tc
 * takes it as it is (net/core/dev.c, netif_receive_generic_xdp; docs/decisions/).
 */
size_t ways_of(const struct device *device, enum hook_choice choice, enum way ret[WAYS])
{
	bool xdp = (choice == CHOICE_AUTO || choice == CHOICE_XDP) && has_xdp(device);
	bool tc = (choice == CHOICE_AUTO || choice == CHOICE_TC) && has_tc(device);
	bool native = xdp && way_may_be_native(device);
	bool later = native && tc && driver_price(device);
	size_t count = 0;

	if (native && !later)
		ret[count++] = WAY_XDP_NATIVE;
	if (tc)
		ret[count++] = WAY_TC;
	if (later) /* than tc: kernels that have none for BPF */
		ret[count++] = WAY_XDP_NATIVE;
	if (xdp)
		ret[count++] = WAY_XDP_GENERIC;
	return count;
}
