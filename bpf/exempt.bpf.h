/* SPDX-License-Identifier: GPL-2.0 */
/*
 * exempt.bpf.h - what is never filtered, because a host without it is dead; and what configures
 * the host, which passes where it is wanted.
 */
#pragma once

#include "zone.bpf.h"

#define MLD_QUERY     130 /* RFC 2710 */
#define MLD_DONE      132
#define MLD2_REPORT   143 /* RFC 3810 */
#define DHCP_SERVER   67
#define DHCP_CLIENT   68
#define DHCPV6_SERVER 547
#define DHCPV6_CLIENT 546

static __always_inline bool is_mld(const struct packet *packet)
{
	return packet->protocol == IPPROTO_ICMPV6 && packet->hop_limit == 1 &&
	       ((packet->icmp_type >= MLD_QUERY && packet->icmp_type <= MLD_DONE) ||
		packet->icmp_type == MLD2_REPORT);
}

/* UDP. A DHCP client asks through a packet socket, which the flow table never sees. */
static __always_inline bool is_dhcp_answer(const struct packet *packet)
{
	if (packet->fragment != FRAGMENT_WHOLE)
		return false;
	if (is_ipv4(packet))
		return packet->ports[0] == bpf_htons(DHCP_SERVER) && packet->port == DHCP_CLIENT;
	return packet->ports[0] == bpf_htons(DHCPV6_SERVER) && packet->port == DHCPV6_CLIENT &&
	       (packet->source.words[0] & bpf_htonl(0xffc00000)) == bpf_htonl(0xfe800000);
}

static __always_inline bool is_router_advertisement(const struct packet *packet)
{
	return is_ipv6(packet) && packet->protocol == IPPROTO_ICMPV6 &&
	       packet->icmp_type == ND_ADVERTISEMENT;
}

static __always_inline bool is_exempt(const struct packet *packet)
{
	if (packet->protocol == IPPROTO_TCP || packet->protocol == IPPROTO_UDP ||
	    packet->fragment == FRAGMENT_LATER)
		return false;
	if (is_ipv4(packet))
		return packet->protocol == IPPROTO_IGMP;
	return (is_nd(packet) && packet->icmp_type != ND_ADVERTISEMENT) || is_mld(packet);
}

/* Does it tell this host its addresses and ways, from where the host is to believe that? */
static __always_inline bool is_configuration(const struct hook_context *hook,
					     const struct packet *packet, void *tables)
{
	struct rw_policy_entry *slot;
	__u8 kind = 0;

	if (packet->protocol == IPPROTO_UDP)
		kind = is_dhcp_answer(packet) ? RW_ACCEPTS_DHCP : 0;
	else if (is_router_advertisement(packet))
		kind = RW_ACCEPTS_RA;
	if (!kind)
		return false;
	slot = slot_at(tables, slot_of(hook, packet));
	return slot && slot->slot.accepts & kind;
}
