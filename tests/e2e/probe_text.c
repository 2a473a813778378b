// SPDX-License-Identifier: GPL-2.0
/*
 * probe_text.c - ports, addresses and numbers from the command line and back.
 */
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "probe.h"

uint64_t number_parse(const char *text)
{
	char *end;
	unsigned long long value;

	errno = 0;
	value = strtoull(text, &end, 10);
	if (errno || end == text || *end || *text == '-')
		errx(2, "\"%s\" is not a number", text);
	return value;
}

int patient_ms(int ms)
{
	const char *patience = getenv("PATIENCE");

	return ms * (patience ? (int)number_parse(patience) : 1);
}

uint16_t port_parse(const char *text)
{
	uint64_t value = number_parse(text);

	if (value == 0 || value > 65535)
		errx(2, "\"%s\" is not a port", text);
	return (uint16_t)value;
}

static void ports_append(struct ports *ports, uint32_t first, uint32_t last)
{
	if (first > last)
		errx(2, "the port range %u-%u is empty", first, last);
	ports->list =
		reallocarray(ports->list, ports->count + (last - first + 1), sizeof(*ports->list));
	if (!ports->list)
		err(1, "ports");
	for (uint32_t port = first; port <= last; port++)
		ports->list[ports->count++] = (uint16_t)port;
}

struct ports ports_parse(const char *text)
{
	struct ports ports = {0};
	char *copy = strdup(text);
	char *rest = copy;
	char *part;

	if (!copy)
		err(1, "ports");
	while ((part = strsep(&rest, ","))) {
		char *last = strchr(part, '-');

		if (last)
			*last++ = '\0';
		ports_append(&ports, port_parse(part), port_parse(last ? last : part));
	}
	free(copy);
	return ports;
}

struct endpoint endpoint_parse(const char *address, uint16_t port)
{
	struct endpoint endpoint = {0};

	if (inet_pton(AF_INET, address, &endpoint.v4.sin_addr) == 1) {
		endpoint.v4.sin_family = AF_INET;
		endpoint.length = sizeof(endpoint.v4);
	} else if (inet_pton(AF_INET6, address, &endpoint.v6.sin6_addr) == 1) {
		endpoint.v6.sin6_family = AF_INET6;
		endpoint.length = sizeof(endpoint.v6);
	} else {
		errx(2, "\"%s\" is not an IPv4 or IPv6 address", address);
	}
	endpoint_set_port(&endpoint, port);
	return endpoint;
}

struct endpoint endpoint_any(int family, uint16_t port)
{
	return endpoint_parse(family == AF_INET ? "0.0.0.0" : "::", port);
}

void endpoint_set_port(struct endpoint *endpoint, uint16_t port)
{
	if (endpoint->any.sa_family == AF_INET)
		endpoint->v4.sin_port = htons(port);
	else
		endpoint->v6.sin6_port = htons(port);
}

uint16_t endpoint_port(const struct endpoint *endpoint)
{
	return ntohs(endpoint->any.sa_family == AF_INET ? endpoint->v4.sin_port
							: endpoint->v6.sin6_port);
}

const char *family_name(int family)
{
	return family == AF_INET ? "ipv4" : "ipv6";
}

void socket_tie(int fd, const char *device)
{
	if (device &&
	    setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, device, (socklen_t)strlen(device)))
		err(1, "bind to the device %s", device);
}

const char *endpoint_text(const struct endpoint *endpoint)
{
	static char text[INET6_ADDRSTRLEN + 8];
	char address[INET6_ADDRSTRLEN];
	const void *bytes = &endpoint->v4.sin_addr;

	if (endpoint->any.sa_family == AF_INET6)
		bytes = &endpoint->v6.sin6_addr;
	inet_ntop(endpoint->any.sa_family, bytes, address, sizeof(address));
	snprintf(text, sizeof(text), "%s %u", address, endpoint_port(endpoint));
	return text;
}

int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}
