/* SPDX-License-Identifier: GPL-2.0 */
/* enforcer_read.c - facts about this kernel and its interfaces. Nothing is attached to any. */
#include <net/if_arp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <linux/magic.h>

#include "host/device.h"
#include "host/driver.h"
#include "preflight/enforcer.h"
#include "util/array.h"
#include "util/cleanup.h"
#include "util/file.h"

/* "nodev	bpf" in /proc/filesystems. */
static bool is_filesystem_known(const char *name)
{
	_free_ char *text = NULL;
	char line[48];
	size_t size;

	snprintf(line, sizeof(line), "\t%s\n", name);
	return file_read("/proc/filesystems", 1 << 16, &text, &size, NULL) == 0 &&
	       strstr(text, line);
}

static enum filesystem bpffs_find(void)
{
	struct statfs status;

	if (statfs("/sys/fs/bpf", &status) == 0 && status.f_type == BPF_FS_MAGIC)
		return FILESYSTEM_MOUNTED;
	return is_filesystem_known("bpf") ? FILESYSTEM_KNOWN : FILESYSTEM_ABSENT;
}

static enum filesystem cgroup2_find(void)
{
	_free_ char *mounts = NULL;
	size_t size;

	if (file_read("/proc/self/mounts", 1 << 20, &mounts, &size, NULL) == 0 &&
	    strstr(mounts, " cgroup2 "))
		return FILESYSTEM_MOUNTED;
	return is_filesystem_known("cgroup2") ? FILESYSTEM_KNOWN : FILESYSTEM_ABSENT;
}

static void nics_read(struct enforcer *enforcer)
{
	struct devices devices = {0};

	if (devices_read(&devices, NULL) < 0)
		return;
	for (size_t i = 0; i < devices.count; i++) {
		const struct device *device = &devices.list[i];
		struct nic *nic;

		if (!device->up || device->type != ARPHRD_ETHER || device_is(device, "bridge"))
			continue;
		nic = array_append(&enforcer->nics, &enforcer->nic_count, sizeof(*nic));
		if (!nic)
			break;
		memcpy(nic->name, device->name, sizeof(nic->name));
		nic->mtu = device->mtu;
		driver_name(device, nic->driver);
		nic->price = driver_price(device);
	}
	devices_free(&devices);
}

void enforcer_read(struct enforcer *ret)
{
	struct utsname name;

	*ret = (struct enforcer){.is_root = geteuid() == 0};
	if (uname(&name) == 0)
		snprintf(ret->release, sizeof(ret->release), "%s", name.release);
	if (ret->is_root) {
		ret->loads = probe_loads();
		features_probe(&ret->features);
	}
	ret->bpffs = bpffs_find();
	ret->cgroup2 = cgroup2_find();
	nics_read(ret);
	other_firewalls_read(&ret->others);
}

void enforcer_free(struct enforcer *enforcer)
{
	free(enforcer->nics);
	*enforcer = (struct enforcer){0};
}
