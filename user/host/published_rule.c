/* SPDX-License-Identifier: GPL-2.0 */
/* published_rule.c - expressions of nf_tables, matches of iptables. */
#include "host/published_rule.h"

#include <arpa/inet.h>
#include <string.h>

#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nf_tables_compat.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/xt_multiport.h>
#include <linux/netfilter/xt_tcpudp.h>

#define REGISTERS   32
#define PROTOCOL_AT 9 /* of the IPv4 header */
#define PORT_AT	    2 /* of a TCP or UDP header: destination */
#define PORT_BYTES  2
#define ATTRIBUTES  16

/* What a register holds of the packet. */
enum content { CONTENT_OTHER, CONTENT_PROTOCOL, CONTENT_PORT };

struct reading {
	struct rule_sight *sight;
	enum content registers[REGISTERS];
	uint16_t from; /* of a comparison "at least", until "at most" comes */
};

static void range_add(struct rule_sight *sight, uint16_t first, uint16_t last)
{
	if (sight->range_count == PUBLISHED_RANGES || !first || first > last)
		return;
	sight->ranges[sight->range_count].first = first;
	sight->ranges[sight->range_count++].last = last;
}

/* --- iptables --------------------------------------------------------------------------------- */

static void multiport_read(const struct xt_multiport_v1 *ports, struct rule_sight *sight)
{
	if (ports->invert || ports->flags == XT_MULTIPORT_SOURCE)
		return;
	for (unsigned int i = 0; i < ports->count && i < XT_MULTI_PORTS; i++) {
		uint16_t first = ports->ports[i];

		if (ports->pflags[i] && i + 1 < XT_MULTI_PORTS)
			i++;
		range_add(sight, first, ports->ports[i]);
	}
}

/* Both structs begin with ports, source and destination, in host order. */
void rule_sight_match(const char *name, uint8_t revision, const void *info, size_t size,
		      struct rule_sight *sight)
{
	bool tcp = !strcmp(name, "tcp");
	struct xt_multiport_v1 multiport;
	struct xt_udp udp = {0};

	if ((tcp || !strcmp(name, "udp")) && size >= sizeof(udp)) {
		memcpy(&udp, info, sizeof(udp));
		sight->protocol = tcp ? IPPROTO_TCP : IPPROTO_UDP;
		if (udp.dpts[0] || udp.dpts[1] != 0xffff)
			range_add(sight, udp.dpts[0], udp.dpts[1]);
	} else if (!strcmp(name, "multiport") && revision == 1 && size >= sizeof(multiport)) {
		memcpy(&multiport, info, sizeof(multiport));
		multiport_read(&multiport, sight);
	}
}

void rule_sight_target(const char *name, struct rule_sight *sight)
{
	sight->hands_on |= !strcmp(name, "DNAT") || !strcmp(name, "REDIRECT");
}

/* --- nf_tables -------------------------------------------------------------------------------- */

struct attributes {
	const struct nlattr *of[ATTRIBUTES];
};

static struct attributes attributes_of(const struct nlattr *nest)
{
	struct attributes ret = {0};
	const struct nlattr *attr;

	if (!nest)
		return ret;
	mnl_attr_for_each_nested(attr, nest)
	{
		if (mnl_attr_get_type(attr) < ATTRIBUTES)
			ret.of[mnl_attr_get_type(attr)] = attr;
	}
	return ret;
}

static uint32_t number_of(const struct attributes *attributes, unsigned int type)
{
	const struct nlattr *attr = attributes->of[type];

	return attr && mnl_attr_get_payload_len(attr) >= 4 ? ntohl(mnl_attr_get_u32(attr)) : 0;
}

static const char *text_of(const struct attributes *attributes, unsigned int type)
{
	const struct nlattr *attr = attributes->of[type];

	return attr && mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) >= 0 ? mnl_attr_get_str(attr)
									 : "";
}

/* A value to compare with: 1 or 2 bytes, as they are on the wire. */
static uint16_t value_of(const struct attributes *attributes, unsigned int type)
{
	struct attributes data = attributes_of(attributes->of[type]);
	const struct nlattr *value = data.of[NFTA_DATA_VALUE];
	const uint8_t *bytes = value ? mnl_attr_get_payload(value) : NULL;

	if (!value || !mnl_attr_get_payload_len(value))
		return 0;
	return mnl_attr_get_payload_len(value) == 1 ? bytes[0]
						    : (uint16_t)(bytes[0] << 8 | bytes[1]);
}

static enum content *register_of(struct reading *reading, const struct attributes *attributes,
				 unsigned int type)
{
	return &reading->registers[number_of(attributes, type) % REGISTERS];
}

static void meta_read(struct reading *reading, const struct attributes *meta)
{
	*register_of(reading, meta, NFTA_META_DREG) =
		number_of(meta, NFTA_META_KEY) == NFT_META_L4PROTO ? CONTENT_PROTOCOL
								   : CONTENT_OTHER;
}

static void payload_read(struct reading *reading, const struct attributes *payload)
{
	uint32_t base = number_of(payload, NFTA_PAYLOAD_BASE);
	uint32_t at = number_of(payload, NFTA_PAYLOAD_OFFSET);
	uint32_t length = number_of(payload, NFTA_PAYLOAD_LEN);
	enum content content = CONTENT_OTHER;

	if (base == NFT_PAYLOAD_NETWORK_HEADER && at == PROTOCOL_AT && length == 1)
		content = CONTENT_PROTOCOL;
	if (base == NFT_PAYLOAD_TRANSPORT_HEADER && at == PORT_AT && length == PORT_BYTES)
		content = CONTENT_PORT;
	*register_of(reading, payload, NFTA_PAYLOAD_DREG) = content;
}

static void comparison_read(struct reading *reading, const struct attributes *cmp)
{
	enum content content = *register_of(reading, cmp, NFTA_CMP_SREG);
	uint32_t how = number_of(cmp, NFTA_CMP_OP);
	uint16_t value = value_of(cmp, NFTA_CMP_DATA);

	if (content == CONTENT_PROTOCOL && how == NFT_CMP_EQ)
		reading->sight->protocol = (uint8_t)value;
	if (content != CONTENT_PORT)
		return;
	if (how == NFT_CMP_EQ)
		range_add(reading->sight, value, value);
	if (how == NFT_CMP_GTE)
		reading->from = value;
	if (how == NFT_CMP_LTE)
		range_add(reading->sight, reading->from ? reading->from : 1, value);
}

static void range_read(struct reading *reading, const struct attributes *range)
{
	if (*register_of(reading, range, NFTA_RANGE_SREG) == CONTENT_PORT &&
	    number_of(range, NFTA_RANGE_OP) == NFT_RANGE_EQ)
		range_add(reading->sight, value_of(range, NFTA_RANGE_FROM_DATA),
			  value_of(range, NFTA_RANGE_TO_DATA));
}

/* A set, or a map of which the ports are the keys. */
static void lookup_read(struct reading *reading, const struct attributes *lookup)
{
	const char *set = text_of(lookup, NFTA_LOOKUP_SET);

	if (*register_of(reading, lookup, NFTA_LOOKUP_SREG) == CONTENT_PORT &&
	    !(number_of(lookup, NFTA_LOOKUP_FLAGS) & NFT_LOOKUP_F_INV) &&
	    strlen(set) < sizeof(reading->sight->set))
		strcpy(reading->sight->set, set);
}

static void match_read(struct reading *reading, const struct attributes *match)
{
	const struct nlattr *info = match->of[NFTA_MATCH_INFO];

	if (info)
		rule_sight_match(
			text_of(match, NFTA_MATCH_NAME), (uint8_t)number_of(match, NFTA_MATCH_REV),
			mnl_attr_get_payload(info), mnl_attr_get_payload_len(info), reading->sight);
}

static void expression_read(struct reading *reading, const struct nlattr *expression)
{
	struct attributes all = attributes_of(expression);
	struct attributes data = attributes_of(all.of[NFTA_EXPR_DATA]);
	const char *name = text_of(&all, NFTA_EXPR_NAME);

	if (!strcmp(name, "meta"))
		meta_read(reading, &data);
	else if (!strcmp(name, "payload"))
		payload_read(reading, &data);
	else if (!strcmp(name, "cmp"))
		comparison_read(reading, &data);
	else if (!strcmp(name, "range"))
		range_read(reading, &data);
	else if (!strcmp(name, "lookup"))
		lookup_read(reading, &data);
	else if (!strcmp(name, "match"))
		match_read(reading, &data);
	else if (!strcmp(name, "target"))
		rule_sight_target(text_of(&data, NFTA_TARGET_NAME), reading->sight);
	else if (!strcmp(name, "redir"))
		reading->sight->hands_on = true;
	else if (!strcmp(name, "nat"))
		reading->sight->hands_on |= number_of(&data, NFTA_NAT_TYPE) == NFT_NAT_DNAT;
}

void rule_sight_nft(const struct nlattr *expressions, struct rule_sight *ret)
{
	struct reading reading = {.sight = ret};
	const struct nlattr *expression;

	*ret = (struct rule_sight){0};
	mnl_attr_for_each_nested(expression, expressions)
	{
		expression_read(&reading, expression);
	}
}

/* --- sets ------------------------------------------------------------------------------------- */

static void element_read(const struct nlattr *element, struct set_ports *ports)
{
	struct attributes all = attributes_of(element);
	struct attributes key = attributes_of(all.of[NFTA_SET_ELEM_KEY]);
	const struct nlattr *value = key.of[NFTA_DATA_VALUE];

	if (!value || mnl_attr_get_payload_len(value) != PORT_BYTES ||
	    ports->count == sizeof(ports->list) / sizeof(*ports->list))
		return;
	ports->list[ports->count].port = value_of(&all, NFTA_SET_ELEM_KEY);
	ports->list[ports->count++].is_end =
		number_of(&all, NFTA_SET_ELEM_FLAGS) & NFT_SET_ELEM_INTERVAL_END;
}

void set_ports_read(const struct nlmsghdr *message, struct set_ports *ports)
{
	const struct nlattr *attr, *element;

	mnl_attr_for_each(attr, message, sizeof(struct nfgenmsg))
	{
		if (mnl_attr_get_type(attr) != NFTA_SET_ELEM_LIST_ELEMENTS)
			continue;
		mnl_attr_for_each_nested(element, attr)
		{
			element_read(element, ports);
		}
	}
}

/* The nearest end behind a port; in a set without ranges there is none, and the port is one. */
static uint16_t last_of(const struct set_ports *ports, uint16_t port)
{
	bool has_ends = false;
	uint32_t end = 65536;

	for (size_t i = 0; i < ports->count; i++) {
		has_ends |= ports->list[i].is_end && ports->list[i].port;
		if (ports->list[i].is_end && ports->list[i].port > port &&
		    ports->list[i].port < end)
			end = ports->list[i].port;
	}
	return has_ends ? (uint16_t)(end - 1) : port;
}

void set_ports_add(const struct set_ports *ports, struct rule_sight *sight)
{
	for (size_t i = 0; i < ports->count; i++)
		if (!ports->list[i].is_end)
			range_add(sight, ports->list[i].port, last_of(ports, ports->list[i].port));
}
