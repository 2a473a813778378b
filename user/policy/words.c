/* SPDX-License-Identifier: GPL-2.0 */
/* words.c - the words of role and node files. */
#include "policy/words.h"

#include <netinet/in.h>
#include <stddef.h>

#include <rolewall/abi.h>

#include "policy/tables.h"

const struct word words_zones[] = {
	{"external", RW_ZONE_EXTERNAL},
	{"internal", RW_ZONE_INTERNAL},
	{"vpn", RW_ZONE_VPN},
	{NULL, 0},
};

const struct word words_hooks[] = {
	{"auto", CHOICE_AUTO},	   {"xdp", CHOICE_XDP}, {"tc", CHOICE_TC},
	{"cgroup", CHOICE_CGROUP}, {NULL, 0},
};

const struct word words_shields[] = {
	{"auto", SHIELD_AUTO},
	{"true", SHIELD_ON},
	{"false", SHIELD_OFF},
	{NULL, 0},
};

const struct word words_tables[] = {
	{"external", RW_ZONE_ALL},
	{"internal", RW_ZONE_INTERNAL},
	{NULL, 0},
};

const struct word words_l4[] = {
	{"tcp", RW_L4_TCP},
	{"udp", RW_L4_UDP},
	{NULL, 0},
};

const struct word words_modes[] = {
	{"observe", 0},
	{"enforce", RW_POLICY_ENFORCE},
	{NULL, 0},
};

const struct word words_ipv6[] = {
	{"filter", 0},
	{"drop", RW_POLICY_IPV6_DROP},
	{NULL, 0},
};

const struct word words_fragments[] = {
	{"pass", 0},
	{"drop", RW_POLICY_FRAGMENTS_DROP},
	{NULL, 0},
};

const struct word words_syn_cookies[] = {
	{"auto", 0},
	{"off", RW_POLICY_COOKIES_OFF},
	{NULL, 0},
};

const struct word words_bind_guard[] = {
	{"off", 0},
	{"observe", RW_POLICY_BIND_OBSERVE},
	{"deny", RW_POLICY_BIND_OBSERVE | RW_POLICY_BIND_DENY},
	{NULL, 0},
};

/*
 * Not getprotobyname(): a policy must mean the same on every node, whatever its /etc/protocols
 * says or lacks. The reserved ones stand here too, so that they can be refused by name.
 */
const struct word words_protocols[] = {
	{"icmp", IPPROTO_ICMP},
	{"igmp", IPPROTO_IGMP},
	{"ipip", IPPROTO_IPIP},
	{"tcp", IPPROTO_TCP},
	{"udp", IPPROTO_UDP},
	{"dccp", IPPROTO_DCCP},
	{"ipv6", IPPROTO_IPV6},
	{"rsvp", IPPROTO_RSVP},
	{"gre", IPPROTO_GRE},
	{"esp", IPPROTO_ESP},
	{"ah", IPPROTO_AH},
	{"icmpv6", IPPROTO_ICMPV6},
	{"eigrp", 88},
	{"ospf", 89},
	{"etherip", 97},
	{"pim", IPPROTO_PIM},
	{"ipcomp", IPPROTO_COMP},
	{"vrrp", 112},
	{"l2tp", 115},
	{"isis", 124},
	{"sctp", IPPROTO_SCTP},
	{"udplite", IPPROTO_UDPLITE},
	{"mpls", IPPROTO_MPLS},
	{NULL, 0},
};

const char *word_of(const struct word *words, int number)
{
	for (; words->word; words++)
		if (words->number == number)
			return words->word;
	return NULL;
}

bool is_protocol_reserved(int number)
{
	return number == IPPROTO_TCP || number == IPPROTO_UDP || number == IPPROTO_ICMP ||
	       number == IPPROTO_ICMPV6 || number == IPPROTO_IGMP;
}
