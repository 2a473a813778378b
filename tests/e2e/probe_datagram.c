// SPDX-License-Identifier: GPL-2.0
/*
 * probe_datagram.c - single UDP datagrams: a question as a resolver asks it, and unsolicited ones.
 */
#include <err.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "probe.h"

/*
 * An unconnected socket on purpose: the kernel hands it datagrams from anybody, so that only the
 * firewall keeps strangers out.
 */
int probe_query(int argc, char **argv)
{
	struct endpoint server;
	struct endpoint local = {.length = sizeof(local.v6)};
	int fd;

	if (argc != 3)
		errx(2, "query: ADDRESS PORT are missing");
	server = endpoint_parse(argv[1], port_parse(argv[2]));
	fd = socket(server.any.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		err(1, "socket");
	if (sendto(fd, "question", 8, 0, &server.any, server.length) != 8)
		err(1, "sendto");
	if (getsockname(fd, &local.any, &local.length))
		err(1, "getsockname");
	printf("local %u\n", endpoint_port(&local));
	for (;;) {
		struct endpoint peer = {.length = sizeof(peer.v6)};
		char text[256];
		ssize_t length;

		length = recvfrom(fd, text, sizeof(text), 0, &peer.any, &peer.length);
		if (length >= 0)
			printf("from %s %.*s\n", endpoint_text(&peer), (int)length, text);
	}
}

int probe_send(int argc, char **argv)
{
	const char *source_address = NULL;
	uint16_t source_port = 0;
	struct endpoint target;
	struct endpoint source;
	int option;
	int on = 1;
	int fd;

	while ((option = getopt(argc, argv, "s:p:")) != -1) {
		if (option == 's')
			source_address = optarg;
		else if (option == 'p')
			source_port = port_parse(optarg);
		else
			return 2;
	}
	if (argc - optind != 3)
		errx(2, "send: ADDRESS PORT TEXT are missing");
	target = endpoint_parse(argv[optind], port_parse(argv[optind + 1]));
	source = endpoint_any(target.any.sa_family, source_port);
	if (source_address)
		source = endpoint_parse(source_address, source_port);
	fd = socket(target.any.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		err(1, "socket");
	/* The listener of the same host may have the port, too. */
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, &source.any, source.length))
		err(1, "bind %s", endpoint_text(&source));
	if (sendto(fd, argv[optind + 2], strlen(argv[optind + 2]), 0, &target.any, target.length) <
	    0)
		err(1, "send to %s", endpoint_text(&target));
	return 0;
}

static int group_join4(int fd, const char *own, const struct endpoint *group)
{
	struct ip_mreq request = {.imr_multiaddr = group->v4.sin_addr};
	struct endpoint local = endpoint_parse(own, 0);

	request.imr_interface = local.v4.sin_addr;
	return setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &request, sizeof(request)) ||
	       setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &local.v4.sin_addr,
			  sizeof(local.v4.sin_addr));
}

static int group_join6(int fd, const char *device, const struct endpoint *group)
{
	unsigned int ifindex = if_nametoindex(device);
	struct ipv6_mreq request = {
		.ipv6mr_multiaddr = group->v6.sin6_addr,
		.ipv6mr_interface = ifindex,
	};

	return setsockopt(fd, IPPROTO_IPV6, IPV6_JOIN_GROUP, &request, sizeof(request)) ||
	       setsockopt(fd, IPPROTO_IPV6, IPV6_MULTICAST_IF, &ifindex, sizeof(ifindex));
}

int probe_group(int argc, char **argv)
{
	struct timeval patience = {.tv_sec = patient_ms(1000) / 1000};
	struct endpoint group, local;
	char text[16];
	int fd, error;

	if (argc != 4)
		errx(2, "group: ADDRESS|DEVICE GROUP PORT are missing");
	group = endpoint_parse(argv[2], port_parse(argv[3]));
	local = endpoint_any(group.any.sa_family, port_parse(argv[3]));
	fd = socket(group.any.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || bind(fd, &local.any, local.length))
		err(1, "socket for %s", endpoint_text(&local));
	error = group.any.sa_family == AF_INET ? group_join4(fd, argv[1], &group)
					       : group_join6(fd, argv[1], &group);
	if (error || setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)))
		err(1, "group %s", argv[2]);
	if (sendto(fd, "hello", 5, 0, &group.any, group.length) != 5)
		err(1, "send to %s", argv[2]);
	puts(recv(fd, text, sizeof(text), 0) == 5 ? "heard" : "silent");
	return 0;
}
