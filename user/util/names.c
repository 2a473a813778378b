/* SPDX-License-Identifier: GPL-2.0 */
/* names.c - reasons, zones and protocols by name. */
#include "names.h"

#include <netinet/in.h>
#include <string.h>

struct reason_row {
	const char *name;
	const char *meaning;
	bool drop;
};

#define DROP				      true
#define PASS				      false
#define ROW(number, NAME, text, verdict, doc) [number] = {text, doc, verdict},
static const struct reason_row reason_rows[RW_REASON_COUNT] = {RW_REASONS(ROW)};
#undef ROW
#undef PASS
#undef DROP

/* The programs tell the two apart by the number alone. */
#define DROP(number) ((number) < RW_REASON_PASS_FIRST)
#define PASS(number) ((number) >= RW_REASON_PASS_FIRST)
#define CHECK(number, NAME, text, verdict, doc)                                                    \
	_Static_assert(verdict(number) && (number) < RW_REASON_COUNT, text " has a wrong number");
RW_REASONS(CHECK)
#undef CHECK
#undef PASS
#undef DROP

const char *reason_name(unsigned int reason)
{
	return reason < RW_REASON_COUNT ? reason_rows[reason].name : NULL;
}

const char *reason_meaning(unsigned int reason)
{
	return reason < RW_REASON_COUNT ? reason_rows[reason].meaning : NULL;
}

bool reason_is_drop(unsigned int reason)
{
	return reason_name(reason) && reason_rows[reason].drop;
}

unsigned int reason_from_name(const char *name)
{
	for (unsigned int reason = 0; reason < RW_REASON_COUNT; reason++)
		if (reason_rows[reason].name && !strcmp(reason_rows[reason].name, name))
			return reason;
	return RW_REASON_NONE;
}

const char *zone_name(unsigned int zone)
{
	switch (zone) {
	case RW_ZONE_EXTERNAL:
		return "external";
	case RW_ZONE_INTERNAL:
		return "internal";
	case RW_ZONE_VPN:
		return "vpn";
	case RW_ZONE_MANAGEMENT:
		return "management";
	default:
		return NULL;
	}
}

const char *zones_text(unsigned int zones, char ret[ZONES_TEXT_MAX])
{
	ret[0] = '\0';
	for (unsigned int bit = RW_ZONE_EXTERNAL; bit <= RW_ZONE_MANAGEMENT; bit <<= 1) {
		if (!(zones & bit))
			continue;
		if (ret[0])
			strcat(ret, ",");
		strcat(ret, zone_name(bit));
	}
	return ret[0] ? ret : strcpy(ret, "none");
}

const char *l4_name(unsigned int l4)
{
	return l4 == RW_L4_TCP ? "tcp" : l4 == RW_L4_UDP ? "udp" : NULL;
}

const char *protocol_name(unsigned int protocol)
{
	static const struct {
		unsigned int number;
		const char *name;
	} protocols[] = {
		{IPPROTO_ICMP, "icmp"},
		{IPPROTO_IGMP, "igmp"},
		{IPPROTO_IPIP, "ipip"},
		{IPPROTO_TCP, "tcp"},
		{IPPROTO_UDP, "udp"},
		{IPPROTO_IPV6, "ipv6"},
		{IPPROTO_GRE, "gre"},
		{IPPROTO_ESP, "esp"},
		{IPPROTO_AH, "ah"},
		{58, "icmpv6"},
		{89, "ospf"},
		{97, "etherip"},
		{IPPROTO_PIM, "pim"},
		{IPPROTO_SCTP, "sctp"},
		{112, "vrrp"},
		{115, "l2tp"},
		{IPPROTO_UDPLITE, "udplite"},
	};

	for (size_t i = 0; i < sizeof(protocols) / sizeof(protocols[0]); i++)
		if (protocols[i].number == protocol)
			return protocols[i].name;
	return NULL;
}
