/* SPDX-License-Identifier: GPL-2.0 */
/* wire.c - packet sockets at one end, raw sockets at the other. */
#include "wire.h"

#include <arpa/inet.h>
#include <err.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/ip.h>
#include <linux/ipv6.h>

#include <rolewall/abi.h>

#include "policy/cidr.h"

#define MAGIC	     0x726f6c65 /* others' packets have no business here */
#define SOCKET_BYTES (64 << 20)

/* Behind the TCP or UDP header. */
struct label {
	uint32_t magic;
	uint32_t id;
};

void address_parse(const char *text, uint8_t ret[16])
{
	struct cidr cidr;

	if (cidr_parse(text, &cidr, NULL) || cidr.length != 128)
		errx(2, "%s is no address", text);
	memcpy(ret, cidr.source, sizeof(cidr.source));
}

static void hardware_read(const char *device, unsigned char ret[6])
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq request = {0};

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", device);
	if (fd < 0 || ioctl(fd, SIOCGIFHWADDR, &request))
		err(2, "%s", device);
	memcpy(ret, request.ifr_hwaddr.sa_data, 6);
	close(fd);
}

static void namespace_enter(int fd)
{
	if (fd < 0 || setns(fd, CLONE_NEWNET))
		err(2, "cannot enter a network namespace");
}

void cable_open(struct cable *cable, const char *text)
{
	char netns[256], device[16], ipv4[64], ipv6[64];
	int home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC), there;

	if (sscanf(text, "%255[^,],%15[^,],%15[^,],%63[^,],%63s", netns, device, cable->node_device,
		   ipv4, ipv6) != 5)
		errx(2, "\"%s\" is no cable", text);
	address_parse(ipv4, cable->node4);
	address_parse(ipv6, cable->node6);
	hardware_read(cable->node_device, cable->to);
	there = open(netns, O_RDONLY | O_CLOEXEC);
	namespace_enter(there);
	hardware_read(device, cable->from);
	cable->ifindex = if_nametoindex(device);
	cable->socket = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (cable->socket < 0)
		err(2, "packet socket");
	namespace_enter(home);
	close(there);
	close(home);
}

/* RFC 1071. */
static uint16_t checksum(const void *data, size_t size)
{
	const unsigned char *bytes = data;
	uint32_t sum = 0;

	for (size_t i = 0; i + 1 < size; i += 2)
		sum += bytes[i] << 8 | bytes[i + 1];
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return htons(~sum);
}

/* The label makes the packet longer: the lengths have to say so. */
static size_t label_put(unsigned char *frame, size_t length, const struct packet_spec *spec,
			uint32_t id)
{
	struct label label = {.magic = htonl(MAGIC), .id = htonl(id)};
	bool ipv4 = cidr_is_ipv4(spec->source, 128);
	struct ipv6hdr *six = (void *)(frame + ETH_HLEN);
	struct iphdr *four = (void *)(frame + ETH_HLEN);
	void *l4 = frame + ETH_HLEN + (ipv4 ? sizeof(*four) : sizeof(*six));

	memcpy(frame + length, &label, sizeof(label));
	if (spec->l4 == RW_L4_UDP)
		((struct udphdr *)l4)->uh_ulen = htons(sizeof(struct udphdr) + sizeof(label));
	if (ipv4) {
		four->tot_len = htons(ntohs(four->tot_len) + sizeof(label));
		four->check = 0;
		four->check = checksum(four, sizeof(*four));
	} else {
		six->payload_len = htons(ntohs(six->payload_len) + sizeof(label));
	}
	/* Wrong, but not 0, which would mean "none" over UDP. */
	if (spec->l4 == RW_L4_UDP)
		((struct udphdr *)l4)->uh_sum = 0xdead;
	return length + sizeof(label);
}

void cable_send(const struct cable *cable, const struct packet_spec *spec, uint32_t id)
{
	unsigned char frame[PACKET_MAX + sizeof(struct label)] __attribute__((aligned(8)));
	struct packet_spec full = *spec;
	struct sockaddr_ll to = {
		.sll_family = AF_PACKET,
		.sll_ifindex = cable->ifindex,
		.sll_halen = 6,
	};
	size_t length;

	full.ethernet = true;
	full.destination = cidr_is_ipv4(spec->source, 128) ? cable->node4 : cable->node6;
	length = packet_make(&full, frame);
	memcpy(frame, cable->to, 6);
	memcpy(frame + 6, cable->from, 6);
	length = label_put(frame, length, &full, id);
	if (sendto(cable->socket, frame, length, 0, (struct sockaddr *)&to, sizeof(to)) !=
	    (ssize_t)length)
		err(2, "send");
}

void receiver_open(struct receiver *receiver, uint32_t count)
{
	static const int families[4] = {AF_INET, AF_INET, AF_INET6, AF_INET6};
	static const int protocols[4] = {IPPROTO_TCP, IPPROTO_UDP, IPPROTO_TCP, IPPROTO_UDP};
	int size = SOCKET_BYTES;

	for (int i = 0; i < 4; i++) {
		receiver->sockets[i] =
			socket(families[i], SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, protocols[i]);
		if (receiver->sockets[i] < 0)
			err(2, "raw socket");
		setsockopt(receiver->sockets[i], SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	}
	receiver->count = count;
	receiver->seen = calloc(count, sizeof(*receiver->seen));
	if (!receiver->seen)
		err(2, "memory");
}

/* The label is at the end, whatever headers a raw socket of the family shows. */
static void receiver_read(struct receiver *receiver, int socket)
{
	unsigned char buffer[2048];
	struct label label;
	ssize_t size;

	while ((size = recv(socket, buffer, sizeof(buffer), 0)) >= (ssize_t)sizeof(label)) {
		memcpy(&label, buffer + size - sizeof(label), sizeof(label));
		if (label.magic == htonl(MAGIC) && ntohl(label.id) < receiver->count)
			receiver->seen[ntohl(label.id)] = true;
	}
}

static void receiver_read_all(struct receiver *receiver)
{
	for (int i = 0; i < 4; i++)
		receiver_read(receiver, receiver->sockets[i]);
}

bool receiver_wait(struct receiver *receiver, uint32_t id, int timeout_ms)
{
	struct pollfd polls[4];

	for (int i = 0; i < 4; i++)
		polls[i] = (struct pollfd){.fd = receiver->sockets[i], .events = POLLIN};
	for (;;) {
		receiver_read_all(receiver);
		if (receiver->seen[id])
			break;
		if (poll(polls, 4, timeout_ms) <= 0)
			return false;
	}
	/* What came before it may have come after its own socket was found empty. */
	receiver_read_all(receiver);
	return true;
}
