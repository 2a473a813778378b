// SPDX-License-Identifier: GPL-2.0
/*
 * probe_wire.c - a tunnel without a protocol: two tun devices in two namespaces, and what enters
 * one leaves the other. The devices may claim to be of any kind (linux/if_arp.h), as kernels
 * without gre or ipip have none of those.
 */
#include <err.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "probe.h"

static int tun_open(const char *name, int type)
{
	struct ifreq request = {.ifr_flags = IFF_TUN | IFF_NO_PI};
	int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);

	strncpy(request.ifr_name, name, sizeof(request.ifr_name) - 1);
	if (fd < 0 || ioctl(fd, TUNSETIFF, &request))
		err(1, "tun device %s", name);
	if (ioctl(fd, TUNSETLINK, type))
		err(1, "tun device %s, kind %d", name, type);
	return fd;
}

static void namespace_enter(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || setns(fd, CLONE_NEWNET))
		err(1, "%s", path);
	close(fd);
}

/* A device that is down takes nothing: as on a cable, what is sent then is lost. */
static void packet_pass(int from, int to)
{
	static char packet[65536];
	ssize_t length = read(from, packet, sizeof(packet));

	if (length > 0 && write(to, packet, (size_t)length) < 0)
		return;
}

int probe_wire(int argc, char **argv)
{
	struct pollfd ends[2] = {{.events = POLLIN}, {.events = POLLIN}};
	int option, type = ARPHRD_NONE;

	while ((option = getopt(argc, argv, "k:")) != -1) {
		if (option != 'k')
			return 2;
		type = (int)number_parse(optarg);
	}
	if (argc - optind != 3)
		errx(2, "wire: DEVICE NAMESPACE OTHER_DEVICE are missing");
	ends[0].fd = tun_open(argv[optind], type);
	namespace_enter(argv[optind + 1]);
	ends[1].fd = tun_open(argv[optind + 2], type);
	puts("ready");
	while (poll(ends, 2, -1) >= 0) {
		if (ends[0].revents)
			packet_pass(ends[0].fd, ends[1].fd);
		if (ends[1].revents)
			packet_pass(ends[1].fd, ends[0].fd);
	}
	err(1, "poll");
}
