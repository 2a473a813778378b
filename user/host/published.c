/* SPDX-License-Identifier: GPL-2.0 */
/* published.c - the rules of nf_tables, and of the older iptables, as the kernel has them. */
#include "host/published.h"

#include <errno.h>
#include <net/if.h> /* before linux/if.h, which ip_tables.h takes */
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter_ipv4/ip_tables.h>
#include <linux/netfilter_ipv6/ip6_tables.h>

#include <rolewall/abi.h>

#include "host/forwarding.h"
#include "host/netfilter_rules.h"
#include "host/netlink.h"
#include "host/published_rule.h"
#include "util/array.h"
#include "util/cleanup.h"

static int port_add(struct published *published, uint8_t l4, uint16_t port, uint16_t port_end)
{
	struct published_port *added;

	for (size_t i = 0; i < published->count; i++)
		if (published->list[i].l4 == l4 && published->list[i].port == port &&
		    published->list[i].port_end == port_end)
			return 0;
	added = array_append(&published->list, &published->count, sizeof(*added));
	if (!added)
		return -ENOMEM;
	*added = (struct published_port){l4, port, port_end};
	return 0;
}

static int sight_add(struct published *published, const struct rule_sight *sight)
{
	bool tcp = sight->protocol == IPPROTO_TCP || !sight->protocol;
	bool udp = sight->protocol == IPPROTO_UDP || !sight->protocol;
	int r = 0;

	for (size_t i = 0; !r && sight->hands_on && i < sight->range_count; i++) {
		if (tcp)
			r = port_add(published, RW_L4_TCP, sight->ranges[i].first,
				     sight->ranges[i].last);
		if (!r && udp)
			r = port_add(published, RW_L4_UDP, sight->ranges[i].first,
				     sight->ranges[i].last);
	}
	return r;
}

/* --- nf_tables -------------------------------------------------------------------------------- */

/* A rule whose ports stand in a set: asked for when the rules have been read. */
struct set_rule {
	struct rule_sight sight;
	uint8_t family;
	char table[PUBLISHED_SET_NAME];
};

struct rules {
	struct published *published;
	struct set_rule *list; /* owned */
	size_t count;
};

static int set_rule_add(struct rules *rules, const struct nlmsghdr *message, const char *table,
			const struct rule_sight *sight)
{
	const struct nfgenmsg *head = mnl_nlmsg_get_payload(message);
	struct set_rule *rule;

	if (!sight->hands_on || !sight->set[0] || strlen(table) >= sizeof(rule->table))
		return 0;
	rule = array_append(&rules->list, &rules->count, sizeof(*rule));
	if (!rule)
		return -ENOMEM;
	rule->sight = *sight;
	rule->family = head->nfgen_family;
	strcpy(rule->table, table);
	return 0;
}

static int rule_read(const struct nlmsghdr *message, void *context)
{
	struct rule_sight sight = {0};
	struct rules *rules = context;
	const struct nlattr *attr;
	const char *table = "";

	mnl_attr_for_each(attr, message, sizeof(struct nfgenmsg))
	{
		if (mnl_attr_get_type(attr) == NFTA_RULE_TABLE)
			table = mnl_attr_get_str(attr);
		if (mnl_attr_get_type(attr) == NFTA_RULE_EXPRESSIONS)
			rule_sight_nft(attr, &sight);
	}
	if (sight_add(rules->published, &sight) || set_rule_add(rules, message, table, &sight)) {
		errno = ENOMEM;
		return MNL_CB_ERROR;
	}
	return MNL_CB_OK;
}

static int elements_read(const struct nlmsghdr *message, void *context)
{
	set_ports_read(message, context);
	return MNL_CB_OK;
}

static void elements_forget(void *context)
{
	((struct set_ports *)context)->count = 0;
}

static int set_rule_read(struct published *published, struct set_rule *rule)
{
	char buffer[512] = {0};
	struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);
	struct nfgenmsg *head = mnl_nlmsg_put_extra_header(message, sizeof(*head));
	struct set_ports ports = {0};
	struct netlink_request request = {
		.family = NETLINK_NETFILTER,
		.type = NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETSETELEM,
		.payload = head,
	};

	head->nfgen_family = rule->family;
	head->version = NFNETLINK_V0;
	mnl_attr_put_strz(message, NFTA_SET_ELEM_LIST_TABLE, rule->table);
	mnl_attr_put_strz(message, NFTA_SET_ELEM_LIST_SET, rule->sight.set);
	request.size = mnl_nlmsg_get_payload_len(message);
	/* A set that has gone meanwhile has no ports. */
	netlink_dump(&request, elements_read, elements_forget, &ports);
	rule->sight.range_count = 0; /* what else it names has been taken */
	set_ports_add(&ports, &rule->sight);
	return sight_add(published, &rule->sight);
}

/* What is read twice does no harm: each port is kept once. */
static int nftables_read(struct published *published)
{
	struct rules rules = {.published = published};
	int r = netfilter_rules_read(rule_read, NULL, &rules) == -ENOMEM ? -ENOMEM : 0;

	for (size_t i = 0; !r && i < rules.count; i++)
		r = set_rule_read(published, &rules.list[i]);
	free(rules.list);
	return r;
}

/* --- the older iptables ----------------------------------------------------------------------- */

/* Matches, and behind them the target, stand behind the head of an entry. */
static void parts_read(const char *entry, size_t head, size_t target, size_t end,
		       struct rule_sight *sight)
{
	const struct xt_entry_match *match;
	size_t at;

	for (at = head; at + sizeof(*match) <= target; at += match->u.match_size) {
		match = (const void *)(entry + at);
		if (match->u.match_size < sizeof(*match) || at + match->u.match_size > target)
			return;
		rule_sight_match(match->u.user.name, match->u.user.revision, match->data,
				 match->u.match_size - sizeof(*match), sight);
	}
	if (target + sizeof(struct xt_entry_target) <= end)
		rule_sight_target(((const struct xt_entry_target *)(entry + target))->u.user.name,
				  sight);
}

static int entries_read(const char *entries, size_t size, bool ipv6, struct published *published)
{
	size_t head = ipv6 ? sizeof(struct ip6t_entry) : sizeof(struct ipt_entry), at = 0;
	int r = 0;

	while (!r && at + head <= size) {
		const struct ip6t_entry *six = (const void *)(entries + at);
		const struct ipt_entry *four = (const void *)(entries + at);
		size_t target = ipv6 ? six->target_offset : four->target_offset;
		size_t next = ipv6 ? six->next_offset : four->next_offset;
		struct rule_sight sight = {
			.protocol = (uint8_t)(ipv6 ? six->ipv6.proto : four->ip.proto)};

		if (next < head || at + next > size)
			break;
		parts_read(entries + at, head, target, next, &sight);
		r = sight_add(published, &sight);
		at += next;
	}
	return r;
}

/* Both families' structs are the same but for the entries in them. */
static int iptables_read(bool ipv6, struct published *published)
{
	int level = ipv6 ? IPPROTO_IPV6 : IPPROTO_IP;
	_close_ int fd = socket(ipv6 ? AF_INET6 : AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
	struct ipt_getinfo info = {.name = "nat"};
	_free_ struct ipt_get_entries *answer = NULL;
	socklen_t length = sizeof(info);

	_Static_assert(IPT_SO_GET_INFO == IP6T_SO_GET_INFO, "one number for both");
	if (!forwarding_has_iptables(ipv6) || fd < 0 ||
	    getsockopt(fd, level, IPT_SO_GET_INFO, &info, &length))
		return 0;
	length = (socklen_t)(sizeof(*answer) + info.size);
	answer = calloc(1, length);
	if (!answer)
		return -ENOMEM;
	memcpy(answer->name, info.name, sizeof(answer->name));
	answer->size = info.size;
	if (getsockopt(fd, level, IPT_SO_GET_ENTRIES, answer, &length))
		return 0;
	return entries_read((const char *)answer->entrytable, info.size, ipv6, published);
}

/* --- the whole -------------------------------------------------------------------------------- */

static int compare(const void *left, const void *right)
{
	const struct published_port *a = left, *b = right;

	return a->l4 != b->l4	    ? a->l4 - b->l4
	       : a->port != b->port ? a->port - b->port
				    : a->port_end - b->port_end;
}

int published_read(struct published *ret, struct error *ret_error)
{
	_cleanup_(published_free) struct published published = {0};
	int r = nftables_read(&published);

	if (!r)
		r = iptables_read(false, &published);
	if (!r)
		r = iptables_read(true, &published);
	if (r)
		return error_set(ret_error, ENOMEM, "out of memory");
	if (published.count)
		qsort(published.list, published.count, sizeof(*published.list), compare);
	*ret = published;
	published = (struct published){0};
	return 0;
}

void published_free(struct published *published)
{
	free(published->list);
	*published = (struct published){0};
}

bool published_covers(const struct published *published, uint8_t l4, uint16_t port,
		      uint16_t port_end)
{
	for (size_t i = 0; i < published->count; i++)
		if (published->list[i].l4 == l4 && published->list[i].port <= port &&
		    port_end <= published->list[i].port_end)
			return true;
	return false;
}
