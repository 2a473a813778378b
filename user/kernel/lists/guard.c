/* SPDX-License-Identifier: GPL-2.0 */
/* guard.c - who must not be banned, out of the policy in force, the devices and the session. */
#include "kernel/lists/guard.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>

#include "host/lifeline.h"
#include "host/own_addresses.h"
#include "host/session.h"
#include "kernel/generation/assign.h"
#include "kernel/generation/generation.h"
#include "kernel/object/batch.h"
#include "policy/prefixes.h"
#include "util/array.h"
#include "util/cleanup.h"

#define IPV4_BITS 96

static const struct guarded loopback[] = {
	{.source = {.source = {[10] = 0xff, [11] = 0xff, [12] = 127}, .length = IPV4_BITS + 8},
	 .as = GUARDED_LOOPBACK},
	{.source = {.source = {[15] = 1}, .length = 128}, .as = GUARDED_LOOPBACK},
};

static int guard_add(struct guard *guard, const uint8_t source[16], uint8_t length,
		     enum guarded_as as)
{
	struct guarded *added = array_append(&guard->list, &guard->count, sizeof(*added));

	if (!added)
		return -ENOMEM;
	*added = (struct guarded){.source.length = length, .as = as};
	memcpy(added->source.source, source, sizeof(added->source.source));
	return 0;
}

static int add_session(struct guard *guard)
{
	struct session session;

	return session_find(&session) ? guard_add(guard, session.client, 128, GUARDED_SESSION) : 0;
}

/* Loopback has a line of its own, and the narrowest is the one that is named. */
static int add_own(struct guard *guard)
{
	_cleanup_(own_addresses_free) struct own_addresses own = {0};
	int r = own_addresses_read(&own);

	for (size_t i = 0; !r && i < own.count; i++)
		if (!address_is_loopback(own.list[i]))
			r = guard_add(guard, own.list[i], 128, GUARDED_OWN);
	return r;
}

/* The zone prefixes that the programs use now; -ENOENT: there is no policy. */
static int prefixes_open(const struct maps *maps, int *ret)
{
	struct rw_policy_header header;
	__u32 side, id;
	int r = generation_header(maps, &header);

	if (r)
		return r;
	side = header.side;
	if (bpf_map_lookup_elem(maps->fd[MAP_ZONE_PREFIXES], &side, &id))
		return -errno;
	*ret = bpf_map_get_fd_by_id(id);
	return *ret < 0 ? -errno : 0;
}

static int add_never(struct guard *guard, const uint8_t source[16], uint8_t length, uint16_t why)
{
	int r = guard_add(guard, source, length, GUARDED_NEVER);

	if (!r)
		guard->list[guard->count - 1].why = why;
	return r;
}

/* What no ban reaches in the kernel: such a ban would do nothing. */
static int add_never_ban(struct guard *guard, const struct maps *maps)
{
	struct map_shape map = {-1, sizeof(struct rw_zone_key), sizeof(__u64), RW_SOURCES};
	_free_ struct rw_zone_key *keys = NULL;
	_free_ __u64 *why = NULL;
	_close_ int fd = -1;
	size_t count = 0;
	int r = prefixes_open(maps, &fd);

	if (r)
		return r == -ENOENT ? 0 : r;
	map.fd = fd;
	r = batch_read(&map, (void **)&keys, (void **)&why, &count);
	for (size_t i = 0; !r && i < count; i++)
		if (ntohl(keys[i].list) == RW_NEVER_BAN_LIST && why[i] != RW_NEVER_BAN_NONE)
			r = add_never(guard, keys[i].source, keys[i].prefixlen - 32, why[i]);
	return r;
}

/* Those that there are by now: the policy has those of when it was applied. */
static int add_lifelines(struct guard *guard)
{
	struct lifelines lifelines;
	int r = lifelines_read(&lifelines, NULL);

	for (size_t i = 0; !r && i < lifelines.count; i++)
		r = add_never(guard, lifelines.list[i].source, 128, lifelines.list[i].bits);
	return r;
}

static uint8_t mask_length(const struct sockaddr *mask)
{
	uint8_t bytes[16], length;

	if (!sockaddr_read(mask, bytes))
		return 128;
	length = mask->sa_family == AF_INET ? IPV4_BITS : 0;
	while (length < 128 && bytes[length / 8] & 0x80 >> length % 8)
		length++;
	return length;
}

/* Name of an interface that the policy in force has as internal or vpn. */
static bool is_inside(const struct generation *generation, const char *name)
{
	__u32 slot = slot_by_name(generation->about, name), index = RW_POLICY_SLOTS + slot;
	struct rw_policy_entry entry;

	return slot && bpf_map_lookup_elem(generation->policy_fd, &index, &entry) == 0 &&
	       entry.slot.zone & (RW_ZONE_INTERNAL | RW_ZONE_VPN);
}

static int add_network(struct guard *guard, const struct generation *generation,
		       const struct ifaddrs *at)
{
	bool has_peer = at->ifa_flags & IFF_POINTOPOINT && at->ifa_dstaddr;
	char name[IF_NAMESIZE] = "";
	struct guarded *added;
	uint8_t source[16];
	int r;

	/* Without the label of an address: "eth1:2". */
	memcpy(name, at->ifa_name, strnlen(at->ifa_name, sizeof(name) - 1));
	name[strcspn(name, ":")] = '\0';
	if (!sockaddr_read(has_peer ? at->ifa_dstaddr : at->ifa_addr, source) ||
	    !is_inside(generation, name))
		return 0;
	r = guard_add(guard, source, mask_length(at->ifa_netmask), GUARDED_NETWORK);
	if (r)
		return r;
	added = &guard->list[guard->count - 1];
	cidr_cut(&added->source);
	memcpy(added->interface, name, sizeof(added->interface));
	return 0;
}

/* Directly connected hosts there belong to us. Where the pins are lost, they are unknown. */
static int add_networks(struct guard *guard, const struct instance *instance,
			const struct maps *maps)
{
	_generation_ struct generation generation = GENERATION_NONE;
	struct ifaddrs *list;
	int r = generation_current_bare(instance, maps, &generation, NULL);

	if (r)
		return r == -ENOENT || r == -ESTALE ? 0 : r;
	if (getifaddrs(&list))
		return -errno;
	for (const struct ifaddrs *at = list; !r && at; at = at->ifa_next)
		r = add_network(guard, &generation, at);
	freeifaddrs(list);
	return r;
}

static int guard_fill(struct guard *guard, const struct instance *instance, const struct maps *maps)
{
	int r = add_session(guard);

	if (!r)
		r = add_never_ban(guard, maps);
	if (!r)
		r = add_lifelines(guard);
	for (size_t i = 0; !r && i < ARRAY_SIZE(loopback); i++)
		r = guard_add(guard, loopback[i].source.source, loopback[i].source.length,
			      GUARDED_LOOPBACK);
	if (!r)
		r = add_own(guard);
	return r ? r : add_networks(guard, instance, maps);
}

int guard_read(const struct instance *instance, const struct maps *maps, struct guard *ret,
	       struct error *ret_error)
{
	_cleanup_(guard_free) struct guard guard = {0};
	int r = guard_fill(&guard, instance, maps);

	if (!r)
		r = guard_finish(&guard);
	if (r)
		return error_set(ret_error, -r, "cannot find out who must not be banned: %s",
				 strerror(-r));
	*ret = guard;
	guard = (struct guard){0};
	return 0;
}

void guard_free(struct guard *guard)
{
	free(guard->list);
	cidr_set_free(&guard->firm);
	cidr_set_free(&guard->soft);
	*guard = (struct guard){0};
}

/* What a guarded prefix is, and what to do about it. */
static const struct {
	const char *is; /* never-ban: never_ban_words() */
	const char *hint;
} words[] = {
	[GUARDED_SESSION] = {"where your own SSH session comes from",
			     "it would cut you off, so there is no --force for it"},
	[GUARDED_NEVER] = {NULL, "this node lives on it, so that no ban reaches it; what the node "
				 "file names can be taken out there, and applied"},
	[GUARDED_OWN] = {"an address of this host", "ban a narrower prefix"},
	[GUARDED_LOOPBACK] = {"loopback, which is never filtered", "ban a narrower prefix"},
	[GUARDED_NETWORK] = {"the network of", "--force bans it all the same"},
};

static bool gives_way(enum guarded_as as)
{
	return as == GUARDED_NETWORK;
}

int guard_finish(struct guard *guard)
{
	int r = 0;

	for (size_t i = 0; !r && i < guard->count; i++)
		r = cidr_set_add(gives_way(guard->list[i].as) ? &guard->soft : &guard->firm,
				 &guard->list[i].source, i);
	cidr_set_finish(&guard->firm);
	cidr_set_finish(&guard->soft);
	return r;
}

/* A single address has nothing narrower. */
static bool is_hint_of_use(const struct guarded *guarded, const struct cidr *ban)
{
	return ban->length < 128 || (guarded->as != GUARDED_OWN && guarded->as != GUARDED_LOOPBACK);
}

static int guarded_refuse(const struct guarded *guarded, const struct cidr *ban,
			  struct error *ret_error)
{
	char banned[CIDR_TEXT_MAX], found[CIDR_TEXT_MAX];

	cidr_format(ban->source, ban->length, banned);
	cidr_format(guarded->source.source, guarded->source.length, found);
	error_set(ret_error, EINVAL, "%s is not banned: %s is %s%s%s%s", banned, found,
		  guarded->as == GUARDED_NEVER ? never_ban_words(guarded->why)
					       : words[guarded->as].is,
		  *guarded->interface ? " " : "", guarded->interface,
		  *guarded->interface ? ", an interface to this node's own peers" : "");
	if (is_hint_of_use(guarded, ban))
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

#define IPV4(a, b, c, d, bits)                                                                     \
	{                                                                                          \
		.source = {[10] = 0xff, 0xff, (a), (b), (c), (d)}, .length = IPV4_BITS + (bits)    \
	}

/* What no packet that reaches a host can have as its source (RFC 1122, 3.2.1.3; RFC 4291, 2.7). */
static const struct cidr no_sources[] = {
	IPV4(0, 0, 0, 0, 32), IPV4(224, 0, 0, 0, 4),	       IPV4(255, 255, 255, 255, 32),
	{.length = 128},      {.source = {0xff}, .length = 8},
};

static int nobody_refuse(const struct cidr *ban, struct error *ret_error)
{
	char banned[CIDR_TEXT_MAX];

	for (size_t i = 0; i < ARRAY_SIZE(no_sources); i++) {
		if (!cidr_covers(&no_sources[i], ban))
			continue;
		cidr_format(ban->source, ban->length, banned);
		error_set(
			ret_error, EINVAL,
			"%s is not banned: nothing ever comes from there, for it is no address of "
			"a host",
			banned);
		return -EINVAL;
	}
	return 0;
}

int guard_check(struct guard *guard, const struct cidr *ban, bool force, struct error *ret_error)
{
	const struct cidr_item *found = cidr_set_find(&guard->firm, ban);
	int r;

	if (!found && !force)
		found = cidr_set_find(&guard->soft, ban);
	if (found)
		return guarded_refuse(&guard->list[found->tag], ban, ret_error);
	r = nobody_refuse(ban, ret_error);
	return r ? r : width_check(ban, force, ret_error);
}
