/* SPDX-License-Identifier: GPL-2.0 */
/* guard.c - who must not be banned, out of the policy in force, the devices and the session. */
#include "guard.h"

#include <errno.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>

#include "../util/array.h"
#include "../util/cleanup.h"
#include "batch.h"
#include "generation.h"
#include "session.h"

#define IPV4_BITS 96

static const struct guarded loopback[] = {
	{{.source = {[10] = 0xff, [11] = 0xff, [12] = 127}, .length = IPV4_BITS + 8},
	 GUARDED_LOOPBACK},
	{{.source = {[15] = 1}, .length = 128}, GUARDED_LOOPBACK},
};

static int guard_add(struct guard *guard, const uint8_t source[16], uint8_t length,
		     enum guarded_as as)
{
	struct guarded *added = array_append(&guard->list, &guard->count, sizeof(*added));

	if (!added)
		return -ENOMEM;
	memcpy(added->source.source, source, sizeof(added->source.source));
	added->source.length = length;
	added->as = as;
	return 0;
}

static int add_session(struct guard *guard)
{
	struct session session;

	return session_find(&session) ? guard_add(guard, session.client, 128, GUARDED_SESSION) : 0;
}

static int add_address(struct guard *guard, const struct sockaddr *address)
{
	const struct sockaddr_in6 *ipv6 = (const struct sockaddr_in6 *)address;
	const struct sockaddr_in *ipv4 = (const struct sockaddr_in *)address;
	uint8_t source[16] = {[10] = 0xff, [11] = 0xff};

	if (!address)
		return 0;
	if (address->sa_family == AF_INET6)
		return guard_add(guard, ipv6->sin6_addr.s6_addr, 128, GUARDED_OWN);
	if (address->sa_family != AF_INET)
		return 0;
	memcpy(source + 12, &ipv4->sin_addr, 4);
	return guard_add(guard, source, 128, GUARDED_OWN);
}

static int add_own(struct guard *guard)
{
	struct ifaddrs *list;
	int error = 0;

	if (getifaddrs(&list))
		return -errno;
	for (const struct ifaddrs *at = list; !error && at; at = at->ifa_next)
		error = add_address(guard, at->ifa_addr);
	freeifaddrs(list);
	return error;
}

/* The zone prefixes that the programs use now; -ENOENT: there is no policy. */
static int prefixes_open(const struct maps *maps, int *ret)
{
	struct rw_policy_header header;
	__u32 side, id;
	int error = generation_header(maps, &header);

	if (error)
		return error;
	side = header.side;
	if (bpf_map_lookup_elem(maps->fd[MAP_ZONE_PREFIXES], &side, &id))
		return -errno;
	*ret = bpf_map_get_fd_by_id(id);
	return *ret < 0 ? -errno : 0;
}

/* Once for each slot that it is listed for; that does no harm. */
static int add_prefix(struct guard *guard, const struct rw_zone_key *key, __u16 bits,
		      enum guarded_as as)
{
	bool management = bits & RW_ZONE_MANAGEMENT, internal = bits & RW_ZONE_INTERNAL;

	if (as == GUARDED_MANAGEMENT ? !management : management || !internal)
		return 0;
	return guard_add(guard, key->source, key->prefixlen - 32, as);
}

static int add_prefixes(struct guard *guard, const struct maps *maps, enum guarded_as as)
{
	struct map_shape map = {-1, sizeof(struct rw_zone_key), sizeof(__u16), RW_PREFIXES};
	_free_ struct rw_zone_key *keys = NULL;
	_free_ __u16 *bits = NULL;
	_close_ int fd = -1;
	size_t count = 0;
	int error = prefixes_open(maps, &fd);

	if (error)
		return error == -ENOENT ? 0 : error;
	map.fd = fd;
	error = batch_read(&map, (void **)&keys, (void **)&bits, &count);
	for (size_t i = 0; !error && i < count; i++)
		error = add_prefix(guard, &keys[i], bits[i], as);
	return error;
}

int guard_read(const struct maps *maps, struct guard *ret, struct error *ret_error)
{
	_cleanup_(guard_free) struct guard guard = {0};
	int error = add_session(&guard);

	if (!error)
		error = add_prefixes(&guard, maps, GUARDED_MANAGEMENT);
	for (size_t i = 0; !error && i < ARRAY_SIZE(loopback); i++)
		error = guard_add(&guard, loopback[i].source.source, loopback[i].source.length,
				  GUARDED_LOOPBACK);
	if (!error)
		error = add_own(&guard);
	if (!error)
		error = add_prefixes(&guard, maps, GUARDED_PEER);
	if (error)
		return error_set(ret_error, -error, "cannot find out who must not be banned: %s",
				 strerror(-error));
	*ret = guard;
	guard = (struct guard){0};
	return 0;
}

void guard_free(struct guard *guard)
{
	free(guard->list);
	*guard = (struct guard){0};
}

/* What a guarded prefix is, and what to do about it. */
static const struct {
	const char *is;
	const char *hint;
} words[] = {
	[GUARDED_SESSION] = {"where your own SSH session comes from",
			     "it would cut you off, so there is no --force for it"},
	[GUARDED_MANAGEMENT] = {"a management prefix of the policy in force",
				"take it out of the node file first; there is no --force for it"},
	[GUARDED_OWN] = {"an address of this host", "ban a narrower prefix"},
	[GUARDED_LOOPBACK] = {"loopback, which is never filtered", "ban a narrower prefix"},
	[GUARDED_PEER] = {"an internal prefix of the policy in force: this node's peers",
			  "--force bans it all the same"},
};

static int guarded_refuse(const struct guarded *guarded, const struct cidr *ban,
			  struct error *ret_error)
{
	char banned[CIDR_TEXT_MAX], found[CIDR_TEXT_MAX];

	cidr_format(ban->source, ban->length, banned);
	cidr_format(guarded->source.source, guarded->source.length, found);
	error_set(ret_error, EINVAL, "%s is not banned: %s is %s", banned, found,
		  words[guarded->as].is);
	error_hint(ret_error, "%s", words[guarded->as].hint);
	return -EINVAL;
}

static int wide_refuse(const struct cidr *ban, struct error *ret_error, const char *hint)
{
	char banned[CIDR_TEXT_MAX];

	cidr_format(ban->source, ban->length, banned);
	error_set(ret_error, EINVAL, "%s is not banned: it is too wide to be meant", banned);
	error_hint(ret_error, "%s", hint);
	return -EINVAL;
}

/* ::ffff:0:0/96 is where the maps keep IPv4: an IPv6 prefix around it would ban all of that. */
static bool covers_mapped(const struct cidr *ban)
{
	static const struct cidr ipv4 = {.source = {[10] = 0xff, [11] = 0xff}, .length = IPV4_BITS};

	return ban->length < IPV4_BITS && cidr_covers(ban, &ipv4);
}

static int width_check(const struct cidr *ban, bool force, struct error *ret_error)
{
	bool ipv4 = cidr_is_ipv4(ban->source, ban->length);
	int bits = ipv4 ? ban->length - IPV4_BITS : ban->length;

	if (bits == 0 || covers_mapped(ban))
		return wide_refuse(ban, ret_error,
				   "to refuse everybody, change the node file: ports are open only "
				   "to the zones of their services");
	if (bits < (ipv4 ? GUARD_IPV4_MIN : GUARD_IPV6_MIN) && !force)
		return wide_refuse(ban, ret_error, "--force bans it all the same");
	return 0;
}

int guard_check(const struct guard *guard, const struct cidr *ban, bool force,
		struct error *ret_error)
{
	for (size_t i = 0; i < guard->count; i++) {
		const struct guarded *guarded = &guard->list[i];

		if (guarded->as == GUARDED_PEER && force)
			continue;
		if (cidr_overlaps(&guarded->source, ban))
			return guarded_refuse(guarded, ban, ret_error);
	}
	return width_check(ban, force, ret_error);
}
