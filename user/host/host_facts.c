/* SPDX-License-Identifier: GPL-2.0 */
/* host_facts.c - devices, addresses, routes, packages, containers, listeners and the host's name. */
#include "host/host_facts.h"

#include <errno.h>
#include <ifaddrs.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/route.h"
#include "host/sockets.h"
#include "util/array.h"
#include "util/cleanup.h"

static void pipe_close(FILE **pipe)
{
	if (*pipe)
		pclose(*pipe);
}

/* --- addresses -------------------------------------------------------------------------------- */

static struct host_interface *interface_find(struct host_facts *facts, const char *name)
{
	for (size_t i = 0; i < facts->interface_count; i++)
		if (!strcmp(facts->interfaces[i].device.name, name))
			return &facts->interfaces[i];
	return NULL;
}

static struct host_interface *interface_by_index(struct host_facts *facts, uint32_t ifindex)
{
	for (size_t i = 0; i < facts->interface_count; i++)
		if (facts->interfaces[i].device.ifindex == ifindex)
			return &facts->interfaces[i];
	return NULL;
}

static unsigned int mask_length(const uint8_t *mask, size_t size)
{
	unsigned int length = 0;

	for (size_t i = 0; i < size; i++)
		length += __builtin_popcount(mask[i]);
	return length;
}

/* The network of an address; false for those that say nothing about where the host stands. */
static bool network_of(const struct ifaddrs *address, struct cidr *ret)
{
	const void *own = address->ifa_addr, *mask = address->ifa_netmask;
	const struct sockaddr_in *ipv4 = own, *mask4 = mask;
	const struct sockaddr_in6 *ipv6 = own, *mask6 = mask;
	struct cidr network = {.source = {[10] = 0xff, [11] = 0xff}};
	uint8_t bits[16];

	if (!own || !mask)
		return false;
	memset(bits, 0xff, sizeof(bits));
	if (address->ifa_addr->sa_family == AF_INET) {
		memcpy(network.source + 12, &ipv4->sin_addr, 4);
		memcpy(bits + 12, &mask4->sin_addr, 4);
	} else if (address->ifa_addr->sa_family == AF_INET6 &&
		   !IN6_IS_ADDR_LINKLOCAL(&ipv6->sin6_addr)) {
		memcpy(network.source, &ipv6->sin6_addr, 16);
		memcpy(bits, &mask6->sin6_addr, 16);
	} else {
		return false;
	}
	for (size_t i = 0; i < sizeof(bits); i++)
		network.source[i] &= bits[i];
	network.length = mask_length(bits, sizeof(bits));
	*ret = network;
	return true;
}

static int addresses_add(struct host_facts *facts)
{
	struct ifaddrs *list;
	int r = 0;

	if (getifaddrs(&list))
		return -errno;
	for (const struct ifaddrs *at = list; !r && at; at = at->ifa_next) {
		struct host_interface *interface = interface_find(facts, at->ifa_name);
		struct cidr network, *added;

		if (!interface || !network_of(at, &network))
			continue;
		added = array_append(&interface->networks, &interface->network_count,
				     sizeof(*added));
		if (added)
			*added = network;
		else
			r = -ENOMEM;
	}
	freeifaddrs(list);
	return r;
}

/* --- routes ----------------------------------------------------------------------------------- */

static struct host_interface *interface_towards(struct host_facts *facts, const uint8_t remote[16])
{
	struct route route;

	return route_find(remote, &route, NULL) ? NULL : interface_by_index(facts, route.ifindex);
}

/* Addresses that are on no network: RFC 5737 and RFC 3849 reserve them for documentation. */
static void defaults_mark(struct host_facts *facts)
{
	static const char *const far[] = {"192.0.2.1", "2001:db8:ffff::1"};

	for (size_t i = 0; i < ARRAY_SIZE(far); i++) {
		struct host_interface *interface;
		struct cidr address;

		if (cidr_parse(far[i], &address, NULL))
			continue;
		interface = interface_towards(facts, address.source);
		if (interface)
			interface->is_default = true;
	}
}

static void session_mark(struct host_facts *facts)
{
	struct host_interface *interface;

	facts->has_session = session_find(&facts->session);
	if (!facts->has_session)
		return;
	interface = interface_towards(facts, facts->session.client);
	if (interface)
		interface->has_session = true;
}

/* --- names ------------------------------------------------------------------------------------ */

static void host_read(char ret[256])
{
	const struct addrinfo hints = {.ai_flags = AI_CANONNAME};
	struct addrinfo *answer;

	if (gethostname(ret, 255) || !*ret)
		strcpy(ret, "localhost");
	ret[255] = '\0';
	if (strchr(ret, '.') || getaddrinfo(ret, NULL, &hints, &answer))
		return;
	if (answer->ai_canonname && strchr(answer->ai_canonname, '.'))
		snprintf(ret, 256, "%s", answer->ai_canonname);
	freeaddrinfo(answer);
}

static int name_add(char ***list, size_t *count, const char *name)
{
	char **added = array_append(list, count, sizeof(*added));

	if (!added)
		return -ENOMEM;
	*added = strdup(name);
	return *added ? 0 : -ENOMEM;
}

/* Lines of "installed NAME". A system without the command has no lines. */
static int names_add(const char *command, char ***list, size_t *count)
{
	_cleanup_(pipe_close) FILE *pipe = popen(command, "re");
	char line[512], name[256];
	int r = 0;

	while (pipe && !r && fgets(line, sizeof(line), pipe))
		if (sscanf(line, "installed %255s", name) == 1)
			r = name_add(list, count, name);
	return r;
}

static int packages_add(struct host_facts *facts)
{
	int r = names_add("dpkg-query -W -f '${db:Status-Status} ${Package}\\n' 2>/dev/null",
			  &facts->packages, &facts->package_count);

	return r ? r
		 : names_add("rpm -qa --qf 'installed %{NAME}\\n' 2>/dev/null", &facts->packages,
			     &facts->package_count);
}

/* An engine that does not answer is no reason to wait. */
static int containers_add(struct host_facts *facts)
{
	static const char *const commands[] = {
#define LIST(engine)                                                                               \
	"timeout 10 " engine " ps -a --format 'installed {{.Image}}' 2>/dev/null",                 \
		"timeout 10 " engine " ps -a --format 'installed {{.Label "                        \
		"\"com.docker.compose.project\"}}' 2>/dev/null"
		LIST("docker"),
		LIST("podman"),
#undef LIST
	};
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(commands); i++)
		r = names_add(commands[i], &facts->containers, &facts->container_count);
	return r;
}

/* --- sockets ---------------------------------------------------------------------------------- */

static int listens_add(struct host_facts *facts, struct error *ret_error)
{
	static const struct sockets_wanted wanted = {.tcp = 1 << TCP_LISTEN};
	_cleanup_(sockets_free) struct sockets sockets = {0};
	int r = sockets_read(&wanted, &sockets, ret_error);

	for (size_t i = 0; r == 0 && i < sockets.count; i++) {
		uint16_t port = sockets.list[i].local_port;

		if (!socket_is_loopback(&sockets.list[i]))
			facts->listens[port / 8] |= (uint8_t)(1 << port % 8);
	}
	return r;
}

/* --- all of it -------------------------------------------------------------------------------- */

static int interfaces_add(struct host_facts *facts, struct error *ret_error)
{
	_cleanup_(devices_free) struct devices devices = {0};
	int r = devices_read(&devices, ret_error);

	if (r)
		return r;
	for (size_t i = 0; i < devices.count; i++) {
		struct host_interface *added =
			array_append(&facts->interfaces, &facts->interface_count, sizeof(*added));

		if (!added)
			return error_set(ret_error, ENOMEM, "out of memory");
		added->device = devices.list[i];
	}
	return 0;
}

int host_interfaces_read(struct host_facts *ret, struct error *ret_error)
{
	_cleanup_(host_facts_free) struct host_facts facts = {0};
	int r = interfaces_add(&facts, ret_error);

	if (r)
		return r;
	r = addresses_add(&facts);
	if (r)
		return error_set(ret_error, -r, "cannot list the addresses: %s", strerror(-r));
	defaults_mark(&facts);
	*ret = facts;
	facts = (struct host_facts){0};
	return 0;
}

bool host_interface_is_private(const struct host_interface *interface)
{
	for (size_t i = 0; i < interface->network_count; i++)
		if (!cidr_is_private(&interface->networks[i]))
			return false;
	return true;
}

bool host_interface_is_guest_bridge(const struct host_interface *interface)
{
	return device_is(&interface->device, "bridge") && !interface->is_default &&
	       interface->network_count && host_interface_is_private(interface);
}

int host_facts_read(const char *root, struct host_facts *ret, struct error *ret_error)
{
	_cleanup_(host_facts_free) struct host_facts facts = {0};
	int r = host_interfaces_read(&facts, ret_error);

	facts.root = root;
	if (!r)
		r = listens_add(&facts, ret_error);
	if (!r)
		r = published_read(&facts.published, ret_error);
	if (r)
		return r;
	r = packages_add(&facts);
	if (!r)
		r = containers_add(&facts);
	if (r)
		return error_set(ret_error, -r, "cannot look at this host: %s", strerror(-r));
	session_mark(&facts);
	sshd_ports_find(&facts.sshd);
	if (facts.has_session)
		sshd_ports_add(&facts.sshd, facts.session.server_port);
	host_read(facts.host);
	*ret = facts;
	facts = (struct host_facts){0};
	return 0;
}

void host_facts_free(struct host_facts *facts)
{
	for (size_t i = 0; i < facts->interface_count; i++)
		free(facts->interfaces[i].networks);
	for (size_t i = 0; i < facts->package_count; i++)
		free(facts->packages[i]);
	free(facts->interfaces);
	for (size_t i = 0; i < facts->container_count; i++)
		free(facts->containers[i]);
	free(facts->packages);
	free(facts->containers);
	published_free(&facts->published);
	*facts = (struct host_facts){0};
}
