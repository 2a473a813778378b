/* SPDX-License-Identifier: GPL-2.0 */
/* driver.c - asked by ethtool's ioctl, which needs no right, no sysfs, and no socket of a kind. */
#include "host/driver.h"

#include <errno.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "util/array.h"
#include "util/cleanup.h"

static int ethtool(const struct device *device, void *command)
{
	_close_ int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq request = {.ifr_data = command};

	memcpy(request.ifr_name, device->name, sizeof(request.ifr_name));
	return fd < 0 || ioctl(fd, SIOCETHTOOL, &request) ? -errno : 0;
}

void driver_name(const struct device *device, char ret[DRIVER_NAME_MAX])
{
	struct ethtool_drvinfo info = {.cmd = ETHTOOL_GDRVINFO};

	if (ethtool(device, &info))
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

/* --- what it costs ---------------------------------------------------------------------------- */

#define FEATURE_WORDS 8 /* of 32 features; the kernel has two of them */

struct feature_words {
	struct ethtool_gfeatures head;
	struct ethtool_get_features_block blocks[FEATURE_WORDS];
};

/* The number of a feature, which differs from kernel to kernel; -ENOENT: it has none of that name. */
static int feature_number(const struct device *device, const char *name)
{
	struct {
		struct ethtool_sset_info head;
		__u32 count;
	} set = {.head = {.cmd = ETHTOOL_GSSET_INFO, .sset_mask = 1ULL << ETH_SS_FEATURES}};
	_free_ struct ethtool_gstrings *strings = NULL;
	__u32 i;

	if (ethtool(device, &set) || !set.head.sset_mask)
		return -ENOENT;
	strings = calloc(1, sizeof(*strings) + (size_t)set.count * ETH_GSTRING_LEN);
	if (!strings)
		return -ENOMEM;
	*strings = (struct ethtool_gstrings){
		.cmd = ETHTOOL_GSTRINGS, .string_set = ETH_SS_FEATURES, .len = set.count};
	if (ethtool(device, strings))
		return -ENOENT;
	for (i = 0; i < set.count && i < strings->len; i++)
		if (!strncmp((const char *)strings->data + (size_t)i * ETH_GSTRING_LEN, name,
			     ETH_GSTRING_LEN))
			return (int)i;
	return -ENOENT;
}

static bool has_feature(const struct device *device, const char *name)
{
	struct feature_words words = {.head = {.cmd = ETHTOOL_GFEATURES, .size = FEATURE_WORDS}};
	int number = feature_number(device, name);

	return number >= 0 && number < FEATURE_WORDS * 32 && !ethtool(device, &words) &&
	       words.blocks[number / 32].active >> number % 32 & 1;
}

const char *driver_price_of(const char *name, bool merges)
{
	if (!strcmp(name, "veth") || !strcmp(name, "hv_netvsc"))
		return "would copy each packet";
	/* xen-netfront: xennet_get_responses() refuses what does not fit into one page. */
	if (!strcmp(name, "vif"))
		return "would refuse what the host has merged";
	/* Each driver's XDP_SETUP_PROG turns that off, or refuses the program. */
	return merges ? "would turn off LRO or GRO-HW" : NULL;
}

const char *driver_price(const struct device *device)
{
	char name[DRIVER_NAME_MAX];

	driver_name(device, name);
	return driver_price_of(name,
			       has_feature(device, "rx-lro") || has_feature(device, "rx-gro-hw"));
}
