/* SPDX-License-Identifier: GPL-2.0 */
/* shield.c - up and down, in the order of S1. */
#include "kernel/attach/shield.h"

#include <linux/membarrier.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "host/driver.h"
#include "kernel/attach/tc.h"
#include "kernel/attach/ways.h"
#include "kernel/attach/xdp.h"
#include "util/cleanup.h"

#define BEHIND "rolewall_shield" /* bpf/tc.bpf.h; as long as the kernel keeps names */

static bool is_behind(__u32 program)
{
	struct bpf_prog_info info = {0};
	__u32 size = sizeof(info);
	_close_ int fd = program ? bpf_prog_get_fd_by_id(program) : -1;

	return fd >= 0 && !bpf_obj_get_info_by_fd(fd, &info, &size) && !strcmp(info.name, BEHIND);
}

enum shield_state shield_look(const struct instance *instance, const struct device *device)
{
	if (!is_behind(tc_program(instance, device)))
		return SHIELD_IS_DOWN;
	return xdp_mode_of(instance, device, true) == XDP_MODE_NATIVE ? SHIELD_IS_UP
								      : SHIELD_IS_HALF;
}

static bool keeps_queues(const struct device *device)
{
	char driver[DRIVER_NAME_MAX];

	driver_name(device, driver);
	return driver_keeps_queues(driver);
}

bool shield_is_wanted(const struct device *device, enum hook_choice choice,
		      enum shield_choice shield)
{
	enum way ways[WAYS];

	if (shield == SHIELD_OFF || (choice != CHOICE_AUTO && choice != CHOICE_TC))
		return false;
	/* XDP has to read its frames as tc does, by the driver. */
	if (!ways_of(device, CHOICE_XDP, ways) || ways[0] != WAY_XDP_NATIVE)
		return false;
	return shield == SHIELD_ON || (choice == CHOICE_AUTO && keeps_queues(device));
}

int shield_raise(const struct instance *instance, const struct device *device,
		 const struct shield_programs *programs)
{
	const struct xdp_request request = {.program_fd = programs->xdp, .link = true};
	int r = tc_attach(instance, device, programs->behind, false), back;

	if (r)
		return r;
	r = xdp_attach(instance, device, &request, WAY_XDP_NATIVE);
	if (!r)
		return 0;
	back = tc_attach(instance, device, programs->tc, false);
	return back ? back : r;
}

int shield_lower(const struct instance *instance, const struct device *device,
		 const struct shield_programs *programs)
{
	int r = xdp_detach(instance, device);

	if (r)
		return r;
	/* What XDP has counted is through tc by then: both run under one RCU lock. */
	syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0);
	return tc_attach(instance, device, programs->tc, false);
}
