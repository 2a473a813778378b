/* SPDX-License-Identifier: GPL-2.0 */
/* sockets.c - real TCP connections in a private network namespace. */
#include "sockets.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>

#include "util/cleanup.h"
#include "policies.h"

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

#define PEER4(n)                                                                                   \
	{                                                                                          \
		[10] = 0xff, 0xff, 192, 0, 2, (n)                                                  \
	}
#define HOST4(n)                                                                                   \
	{                                                                                          \
		[10] = 0xff, 0xff, 198, 51, 100, (n)                                               \
	}
#define NODE6(n)                                                                                   \
	{                                                                                          \
		0x20, 0x01, 0x0d, 0xb8, [15] = (n)                                                 \
	}

#define ONE_END(client, n, client_port, server, m, server_port)                                    \
	{                                                                                          \
		.local = client(n), .local_port = client_port, .remote = server(m),                \
		.remote_port = server_port                                                         \
	}
#define BOTH_ENDS(client, n, client_port, server, m, server_port)                                  \
	ONE_END(client, n, client_port, server, m, server_port),                                   \
		ONE_END(server, m, server_port, client, n, client_port)

/* What becomes of a connection. */
enum fate {
	ESTABLISHED, /* accepted */
	HALF_CLOSED, /* accepted, then shut down by the client: FIN_WAIT2 and CLOSE_WAIT */
	MAPPED,	     /* as ESTABLISHED, but the client is an IPv6 socket with mapped addresses */
	QUEUED,	     /* never accepted; fills the listener's queue */
	SYN_SENT,    /* never answered, because the queue is full; has no other end */
};

/* The client's end, then the server's; those without a server's end come last. */
static const struct model_socket ends[] = {
	BOTH_ENDS(PEER4, 1, 40001, HOST4, 1, 443),  BOTH_ENDS(PEER4, 1, 40002, HOST4, 1, 443),
	BOTH_ENDS(HOST4, 1, 40003, PEER4, 2, 25),   BOTH_ENDS(NODE6, 1, 40001, NODE6, 2, 443),
	BOTH_ENDS(NODE6, 2, 40004, NODE6, 1, 993),  BOTH_ENDS(PEER4, 3, 40005, HOST4, 1, 5432),
	BOTH_ENDS(PEER4, 1, 40006, HOST4, 2, 4444), BOTH_ENDS(NODE6, 1, 40008, NODE6, 3, 4444),
	ONE_END(PEER4, 1, 40007, HOST4, 2, 4444),   ONE_END(NODE6, 1, 40009, NODE6, 3, 4444),
};

static const enum fate fates[] = {
	ESTABLISHED, HALF_CLOSED, ESTABLISHED, ESTABLISHED, HALF_CLOSED,
	MAPPED,	     QUEUED,	  QUEUED,      SYN_SENT,    SYN_SENT,
};

static const struct socket_address listening[] = {
	{HOST4(1), 443},  {PEER4(2), 25},   {NODE6(2), 443},  {NODE6(1), 993},
	{HOST4(1), 5432}, {HOST4(2), 4444}, {NODE6(3), 4444},
};

const struct model_socket *sockets_known(size_t *ret_count)
{
	*ret_count = COUNT(ends);
	return ends;
}

const struct socket_address *sockets_listening(size_t *ret_count)
{
	*ret_count = COUNT(listening);
	return listening;
}

static bool is_ipv4(const uint8_t address[16])
{
	static const uint8_t mapped[12] = {[10] = 0xff, 0xff};

	return memcmp(address, mapped, sizeof(mapped)) == 0;
}

static socklen_t sockaddr_fill(int family, const uint8_t address[16], uint16_t port,
			       struct sockaddr_storage *ret)
{
	struct sockaddr_in *ipv4 = (struct sockaddr_in *)ret;
	struct sockaddr_in6 *ipv6 = (struct sockaddr_in6 *)ret;

	memset(ret, 0, sizeof(*ret));
	ret->ss_family = family;
	if (family == AF_INET) {
		ipv4->sin_port = htons(port);
		memcpy(&ipv4->sin_addr, address + 12, 4);
		return sizeof(*ipv4);
	}
	ipv6->sin6_port = htons(port);
	memcpy(&ipv6->sin6_addr, address, 16);
	return sizeof(*ipv6);
}

/* A TCP socket bound to an address that is local by route only. -errno, or the socket. */
static int socket_bound(int family, const uint8_t address[16], uint16_t port, int flags)
{
	_close_ int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC | flags, 0);
	struct sockaddr_storage local;
	socklen_t length = sockaddr_fill(family, address, port, &local);
	const int one = 1;

	if (fd < 0)
		return -errno;
	setsockopt(fd, IPPROTO_IP, IP_FREEBIND, &one, sizeof(one));
	if (family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_FREEBIND, &one, sizeof(one));
	if (bind(fd, (struct sockaddr *)&local, length) < 0)
		return -errno;
	return TAKE_FD(fd);
}

static int listener_make(const struct socket_address *at)
{
	int fd = socket_bound(is_ipv4(at->address) ? AF_INET : AF_INET6, at->address, at->port, 0);

	if (fd < 0)
		return fd;
	/* A queue of length 0 takes one connection; the next SYN is left without an answer. */
	return listen(fd, at->port == 4444 ? 0 : 8) < 0 ? -errno : fd;
}

static int listener_index(const struct model_socket *client)
{
	for (size_t i = 0; i < COUNT(listening); i++)
		if (listening[i].port == client->remote_port &&
		    memcmp(listening[i].address, client->remote, 16) == 0)
			return (int)i;
	return -ENOENT;
}

/*
 * Connecting over loopback is mostly done before connect returns; where the kernel leaves its soft
 * interrupts to a thread, a little later.
 */
static bool is_reached(int fd, uint8_t state)
{
	const struct timespec moment = {.tv_nsec = 10000000};
	struct tcp_info info = {0};
	socklen_t length = sizeof(info);

	for (int tries = 0; tries < 1000; tries++) {
		if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &length) < 0)
			return false;
		if (info.tcpi_state == state)
			return true;
		nanosleep(&moment, NULL);
	}
	return false;
}

static int connection_make(const struct model_socket *client, enum fate fate, int listener)
{
	int family = is_ipv4(client->local) && fate != MAPPED ? AF_INET : AF_INET6;
	int fd = socket_bound(family, client->local, client->local_port, SOCK_NONBLOCK);
	struct sockaddr_storage remote;
	socklen_t length = sockaddr_fill(family, client->remote, client->remote_port, &remote);
	const int tries = 127; /* SYN_SENT: for hours */

	if (fd < 0)
		return fd;
	setsockopt(fd, IPPROTO_TCP, TCP_SYNCNT, &tries, sizeof(tries));
	if (connect(fd, (struct sockaddr *)&remote, length) < 0 && errno != EINPROGRESS)
		return -errno;
	if (!is_reached(fd, fate == SYN_SENT ? TCP_SYN_SENT : TCP_ESTABLISHED))
		return -ENOTCONN;
	if (fate <= MAPPED && accept(listener, NULL, NULL) < 0)
		return -errno;
	return fate == HALF_CLOSED && shutdown(fd, SHUT_WR) < 0 ? -errno : 0;
}

static int connections_make(const int *listeners)
{
	size_t end = 0;

	for (size_t i = 0; i < COUNT(fates); i++) {
		int listener = listener_index(&ends[end]);
		int error = listener < 0
				    ? listener
				    : connection_make(&ends[end], fates[i], listeners[listener]);

		if (error) {
			fprintf(stderr, "oracle: TCP connection %zu: %s\n", i, strerror(-error));
			return error;
		}
		end += fates[i] == SYN_SENT ? 1 : 2;
	}
	return 0;
}

/* Of which kind they are is all one: they carry no packet. */
static int devices_make(void)
{
	static const char *const kinds[] = {"dummy", "ifb", "veth", "bridge"};

	for (size_t kind = 0; kind < COUNT(kinds); kind++) {
		FILE *ip = popen("ip -batch - 2>/dev/null", "w");

		if (!ip)
			return -errno;
		for (int i = POLICIES_IFINDEX; i < POLICIES_IFINDEX + POLICIES_DEVICES; i++)
			fprintf(ip, "link add rwo%d index %d type %s\n", i, i, kinds[kind]);
		if (pclose(ip) == 0)
			return 0;
	}
	fprintf(stderr, "oracle: SKIP: this kernel makes no device that is dummy, ifb, veth or "
			"bridge\n");
	return -ENODEV;
}

static int routes_make(void)
{
	FILE *ip = popen("ip -batch -", "w");

	if (!ip)
		return -errno;
	fprintf(ip, "link set lo up\n"
		    "route add local 192.0.2.0/24 dev lo\nroute add local 198.51.100.0/24 dev lo\n"
		    "route add local 2001:db8::/64 dev lo\n");
	if (pclose(ip) == 0)
		return 0;
	fprintf(stderr, "oracle: ip (package iproute2) could not set up the namespace\n");
	return -EIO;
}

static int namespace_make(int *ret_fd)
{
	int error;

	if (unshare(CLONE_NEWNET) < 0) {
		fprintf(stderr, "oracle: no network namespace of its own: %m (run as root)\n");
		return -errno;
	}
	error = devices_make();
	if (!error)
		error = routes_make();
	if (error)
		return error;
	*ret_fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	return *ret_fd < 0 ? -errno : 0;
}

static int namespaces[2]; /* [1]: the other one */

static int network_make(void)
{
	int error = namespace_make(&namespaces[1]);

	return error ? error : namespace_make(&namespaces[0]);
}

int sockets_enter(bool other)
{
	return setns(namespaces[other], CLONE_NEWNET) < 0 ? -errno : 0;
}

int sockets_make(void)
{
	int listeners[COUNT(listening)];
	int error = network_make();

	for (size_t i = 0; !error && i < COUNT(listening); i++) {
		listeners[i] = listener_make(&listening[i]);
		if (listeners[i] < 0) {
			error = listeners[i];
			fprintf(stderr, "oracle: listener %zu: %s\n", i, strerror(-error));
		}
	}
	return error ? error : connections_make(listeners);
}
