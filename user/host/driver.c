/* SPDX-License-Identifier: GPL-2.0 */
/* driver.c - asked by ethtool's ioctl, which needs no right, no sysfs, and no socket of a kind. */
#include "host/driver.h"

#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "util/array.h"
#include "util/cleanup.h"

void driver_name(const struct device *device, char ret[DRIVER_NAME_MAX])
{
	_close_ int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ethtool_drvinfo info = {.cmd = ETHTOOL_GDRVINFO};
	struct ifreq request = {.ifr_data = (void *)&info};

	memcpy(request.ifr_name, device->name, sizeof(request.ifr_name));
	if (fd < 0 || ioctl(fd, SIOCETHTOOL, &request))
		info.driver[0] = 0;
	snprintf(ret, DRIVER_NAME_MAX, "%.*s", DRIVER_NAME_MAX - 1, info.driver);
}

/*
 * veth		its rings get NAPI (or lose it, and what was in them); veth_xdp_set()
 * tun		a pointer is exchanged; tun_xdp_set()
 * virtio_net	NAPI rests while queues for XDP_TX are counted, rings stay; virtnet_xdp_set()
 * hv_netvsc	a pointer is exchanged, and the same in the function that it stands for;
 *		netvsc_xdp_set()
 *
 * Those that stop and start the device, and so are not here: ena (ena_down, ena_up), vmxnet3
 * (vmxnet3_reset_dev), xen-netfront (connects anew), bnxt_en (bnxt_close_nic, bnxt_open_nic),
 * mlx5_core (channels are opened anew), ixgbe, i40e, ice, igb, igc (down and up, or a reset).
 */
static const char *const keepers[] = {"veth", "tun", "virtio_net", "hv_netvsc"};

bool driver_keeps_queues(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(keepers); i++)
		if (!strcmp(keepers[i], name))
			return true;
	return false;
}
