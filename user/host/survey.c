/* SPDX-License-Identifier: GPL-2.0 */
/* survey.c - devices, addresses, routes, packages and the host's name. */
#include "host/survey.h"

#include <errno.h>
#include <ifaddrs.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/route.h"
#include "util/array.h"
#include "util/cleanup.h"

static void pipe_close(FILE **pipe)
{
	if (*pipe)
		pclose(*pipe);
}

/* --- addresses ----------------------------------------------------------------------------------
 */

static struct survey_interface *interface_find(struct survey *survey, const char *name)
{
	for (size_t i = 0; i < survey->interface_count; i++)
		if (!strcmp(survey->interfaces[i].device.name, name))
			return &survey->interfaces[i];
	return NULL;
}

static struct survey_interface *interface_by_index(struct survey *survey, uint32_t ifindex)
{
	for (size_t i = 0; i < survey->interface_count; i++)
		if (survey->interfaces[i].device.ifindex == ifindex)
			return &survey->interfaces[i];
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

static int addresses_add(struct survey *survey)
{
	struct ifaddrs *list;
	int error = 0;

	if (getifaddrs(&list))
		return -errno;
	for (const struct ifaddrs *at = list; !error && at; at = at->ifa_next) {
		struct survey_interface *interface = interface_find(survey, at->ifa_name);
		struct cidr network, *added;

		if (!interface || !network_of(at, &network))
			continue;
		added = array_append(&interface->networks, &interface->network_count,
				     sizeof(*added));
		if (added)
			*added = network;
		else
			error = -ENOMEM;
	}
	freeifaddrs(list);
	return error;
}

/* --- routes -------------------------------------------------------------------------------------
 */

static struct survey_interface *interface_towards(struct survey *survey, const uint8_t remote[16])
{
	struct route route;

	return route_find(remote, &route, NULL) ? NULL : interface_by_index(survey, route.ifindex);
}

/* Addresses that are nobody's neighbours: RFC 5737 and RFC 3849, for documentation only. */
static void defaults_mark(struct survey *survey)
{
	static const char *const far[] = {"192.0.2.1", "2001:db8:ffff::1"};

	for (size_t i = 0; i < ARRAY_SIZE(far); i++) {
		struct survey_interface *interface;
		struct cidr address;

		if (cidr_parse(far[i], &address, NULL))
			continue;
		interface = interface_towards(survey, address.source);
		if (interface)
			interface->is_default = true;
	}
}

static void session_mark(struct survey *survey)
{
	struct survey_interface *interface;

	survey->has_session = session_find(&survey->session);
	if (!survey->has_session)
		return;
	interface = interface_towards(survey, survey->session.client);
	if (interface)
		interface->has_session = true;
}

/* --- names --------------------------------------------------------------------------------------
 */

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

static int package_add(struct survey *survey, const char *name)
{
	char **added = array_append(&survey->packages, &survey->package_count, sizeof(*added));

	if (!added)
		return -ENOMEM;
	*added = strdup(name);
	return *added ? 0 : -ENOMEM;
}

/* Lines of "installed NAME" or, from rpm, of the same. A system without the command has no lines.
 */
static int packages_add(struct survey *survey, const char *command)
{
	_cleanup_(pipe_close) FILE *pipe = popen(command, "re");
	char line[512], name[256];
	int error = 0;

	while (pipe && !error && fgets(line, sizeof(line), pipe))
		if (sscanf(line, "installed %255s", name) == 1)
			error = package_add(survey, name);
	return error;
}

/* --- all of it ----------------------------------------------------------------------------------
 */

static int interfaces_add(struct survey *survey, struct error *ret_error)
{
	_cleanup_(devices_free) struct devices devices = {0};
	int error = devices_read(&devices, ret_error);

	if (error)
		return error;
	for (size_t i = 0; i < devices.count; i++) {
		struct survey_interface *added =
			array_append(&survey->interfaces, &survey->interface_count, sizeof(*added));

		if (!added)
			return error_set(ret_error, ENOMEM, "out of memory");
		added->device = devices.list[i];
	}
	return 0;
}

int survey_read(struct survey *ret, struct error *ret_error)
{
	_cleanup_(survey_free) struct survey survey = {0};
	int error = interfaces_add(&survey, ret_error);

	if (error)
		return error;
	error = addresses_add(&survey);
	if (!error)
		error = packages_add(&survey,
				     "dpkg-query -W -f '${db:Status-Status} ${Package}\\n' "
				     "2>/dev/null");
	if (!error)
		error = packages_add(&survey, "rpm -qa --qf 'installed %{NAME}\\n' 2>/dev/null");
	if (error)
		return error_set(ret_error, -error, "cannot look at this host: %s",
				 strerror(-error));
	defaults_mark(&survey);
	session_mark(&survey);
	host_read(survey.host);
	*ret = survey;
	survey = (struct survey){0};
	return 0;
}

void survey_free(struct survey *survey)
{
	for (size_t i = 0; i < survey->interface_count; i++)
		free(survey->interfaces[i].networks);
	for (size_t i = 0; i < survey->package_count; i++)
		free(survey->packages[i]);
	free(survey->interfaces);
	free(survey->packages);
	*survey = (struct survey){0};
}
