/* SPDX-License-Identifier: GPL-2.0 */
/* address.c - literal addresses only; names can be made to mean anything. */
#include "web/address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define HOST_MAX 128

/* "[HOST]:PORT", "HOST:PORT" or "HOST", in pieces; `ret_port` is "" if there is none. */
static int split(const char *text, char ret_host[HOST_MAX], const char **ret_port)
{
	const char *end, *colon = strchr(text, ':');
	size_t length;

	if (*text == '[') {
		text++;
		end = strchr(text, ']');
		if (!end || (end[1] && end[1] != ':'))
			return -EINVAL;
		*ret_port = end[1] ? end + 2 : "";
	} else {
		bool bare = !colon || strchr(colon + 1, ':');

		end = bare ? text + strlen(text) : colon;
		*ret_port = bare ? "" : colon + 1;
	}
	length = end - text;
	if (!length || length >= HOST_MAX)
		return -EINVAL;
	memcpy(ret_host, text, length);
	ret_host[length] = '\0';
	return 0;
}

static int port_parse(const char *text, unsigned int *ret)
{
	char *end;
	unsigned long port;

	if (!*text) {
		*ret = ADDRESS_PORT;
		return 0;
	}
	if (strspn(text, "0123456789") != strlen(text))
		return -EINVAL;
	port = strtoul(text, &end, 10);
	if (!port || port > 65535)
		return -EINVAL;
	*ret = port;
	return 0;
}

/* The 4 or 16 bytes of a literal address. Returns their number, or 0. */
static size_t bytes_parse(const char *text, unsigned char ret[16])
{
	if (inet_pton(AF_INET, text, ret) == 1)
		return 4;
	return inet_pton(AF_INET6, text, ret) == 1 ? 16 : 0;
}

static bool bytes_are_loopback(const unsigned char *bytes, size_t size)
{
	static const unsigned char ipv6[16] = {[15] = 1};

	return size == 4 ? bytes[0] == 127 : !memcmp(bytes, ipv6, sizeof(ipv6));
}

static bool is_every_address(const unsigned char *bytes, size_t size)
{
	static const unsigned char zeros[16];

	return !memcmp(bytes, zeros, size);
}

static void address_fill(const unsigned char *bytes, size_t size, unsigned int port,
			 struct address *ret)
{
	*ret = (struct address){.port = port, .loopback = bytes_are_loopback(bytes, size)};
	if (size == 4) {
		struct sockaddr_in *in = (struct sockaddr_in *)&ret->socket;

		*in = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(port)};
		memcpy(&in->sin_addr, bytes, size);
		ret->size = sizeof(*in);
	} else {
		struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&ret->socket;

		*in6 = (struct sockaddr_in6){.sin6_family = AF_INET6, .sin6_port = htons(port)};
		memcpy(&in6->sin6_addr, bytes, size);
		ret->size = sizeof(*in6);
	}
	inet_ntop(size == 4 ? AF_INET : AF_INET6, bytes, ret->text, sizeof(ret->text));
}

int address_parse(const char *text, struct address *ret, struct error *ret_error)
{
	unsigned char bytes[16];
	const char *port_text;
	char host[HOST_MAX];
	unsigned int port;
	size_t size = 0;

	if (split(text, host, &port_text) == 0)
		size = bytes_parse(host, bytes);
	if (!size || port_parse(port_text, &port)) {
		error_set(ret_error, EINVAL, "\"%s\" is no address to listen on", text);
		error_hint(ret_error, "127.0.0.1, 127.0.0.1:%d, ::1 or [::1]:%d, for instance",
			   ADDRESS_PORT, ADDRESS_PORT);
		return -EINVAL;
	}
	if (is_every_address(bytes, size)) {
		error_set(ret_error, EINVAL,
			  "%s is every address of this host, the external ones among them", host);
		error_hint(ret_error, "listen on loopback, or on the address of a VPN interface");
		return -EINVAL;
	}
	address_fill(bytes, size, port, ret);
	return 0;
}

/* --- who may be listened to ------------------------------------------------------------------- */

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

/* What the policy in force says of an interface; external if it is not listed. */
static const char *zone_of(const json_t *interfaces, const char *name)
{
	size_t i;
	json_t *interface;

	json_array_foreach (interfaces, i, interface) {
		if (!strcmp(text_of(interface, "name"), name))
			return text_of(interface, "zone");
	}
	return "external";
}

static int refuse(const struct address *address, const char *why, struct error *ret_error)
{
	error_set(ret_error, EACCES, "will not listen on %s: %s", address->text, why);
	error_hint(ret_error, "loopback always works (127.0.0.1, and ssh -L from afar); other "
			      "addresses only where the node file says \"zone\": \"vpn\"");
	return -EACCES;
}

int address_admit(const struct address *address, const char *interface, const json_t *status,
		  struct error *ret_error)
{
	const char *zone;
	char why[256];

	if (address->loopback)
		return 0;
	if (!interface)
		return refuse(address, "no interface of this host has that address", ret_error);
	if (!json_is_true(json_object_get(status, "applied")))
		return refuse(address,
			      status ? "no policy is in force that would say which zone it is in"
				     : "the daemon does not say which zone it is in",
			      ret_error);
	zone = zone_of(json_object_get(status, "interfaces"), interface);
	if (!strcmp(zone, "vpn"))
		return 0;
	snprintf(why, sizeof(why), "it is on %s, whose zone is %s", interface, zone);
	return refuse(address, why, ret_error);
}

/* --- what we may be called -------------------------------------------------------------------- */

bool address_is_ours(const struct address *address, const char *host)
{
	unsigned char bytes[16], own[16];
	const char *port_text;
	char name[HOST_MAX];
	unsigned int port;
	size_t size;

	if (!host || split(host, name, &port_text) || port_parse(port_text, &port))
		return false;
	if (address->loopback && !strcasecmp(name, "localhost"))
		return true;
	size = bytes_parse(name, bytes);
	if (!size)
		return false;
	if (address->loopback)
		return bytes_are_loopback(bytes, size);
	return size == bytes_parse(address->text, own) && !memcmp(bytes, own, size);
}
