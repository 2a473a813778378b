/* SPDX-License-Identifier: GPL-2.0 */
/* other_firewalls.c - ask /proc, rtnetlink and nf_tables. */
#include "host/other_firewalls.h"

#include <errno.h>

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include "host/device.h"
#include "host/netfilter_rules.h"
#include "util/array.h"
#include "util/cleanup.h"
#include "util/file.h"

/* "a" and then "a, b"; what does not fit is left out. */
__attribute__((format(printf, 3, 4))) static void list_add(char *list, size_t size,
							   const char *format, ...)
{
	size_t used = strlen(list);
	va_list args;

	used += snprintf(list + used, size - used, "%s", used ? ", " : "");
	if (used >= size)
		return;
	va_start(args, format);
	vsnprintf(list + used, size - used, format, args);
	va_end(args);
}

/* --- routing for others ----------------------------------------------------------------------- */

static bool is_switched_on(const char *path)
{
	_free_ char *text = NULL;
	size_t size;

	return file_read(path, 64, &text, &size, NULL) == 0 && text[0] == '1';
}

static int bridges_read(struct other_firewalls *others)
{
	struct devices devices = {0};
	int r = devices_read(&devices, NULL);

	for (size_t i = 0; r == 0 && i < devices.count; i++)
		if (device_is(&devices.list[i], "bridge"))
			list_add(others->bridges, sizeof(others->bridges), "%s",
				 devices.list[i].name);
	devices_free(&devices);
	return r == -ENOMEM ? r : 0;
}

/* --- other firewalls -------------------------------------------------------------------------- */

struct rules_of_table {
	uint8_t family;
	char name[64];
	unsigned int rules;
};

struct rule_tables {
	struct rules_of_table *list; /* owned */
	size_t count;
};

/* Rules stand table by table. */
static int rule_count(const struct nlmsghdr *message, void *context)
{
	const struct nfgenmsg *family = mnl_nlmsg_get_payload(message);
	struct rule_tables *tables = context;
	struct rules_of_table *last = tables->count ? &tables->list[tables->count - 1] : NULL;
	const char *name = NULL;
	const struct nlattr *attr;

	mnl_attr_for_each(attr, message, sizeof(*family))
	{
		if (mnl_attr_get_type(attr) == NFTA_RULE_TABLE)
			name = mnl_attr_get_str(attr);
	}
	if (!name)
		return MNL_CB_OK;
	if (!last || last->family != family->nfgen_family || strcmp(last->name, name) != 0) {
		last = array_append(&tables->list, &tables->count, sizeof(*last));
		if (!last)
			return MNL_CB_ERROR;
		last->family = family->nfgen_family;
		snprintf(last->name, sizeof(last->name), "%s", name);
	}
	last->rules++;
	return MNL_CB_OK;
}

static void rules_forget(void *context)
{
	struct rule_tables *tables = context;

	tables->count = 0;
}

static const char *family_name(uint8_t family)
{
	switch (family) {
	case NFPROTO_INET:
		return "inet";
	case NFPROTO_IPV4:
		return "ip";
	case NFPROTO_IPV6:
		return "ip6";
	case NFPROTO_ARP:
		return "arp";
	case NFPROTO_NETDEV:
		return "netdev";
	case NFPROTO_BRIDGE:
		return "bridge";
	}
	return "other";
}

/* Rules of nft, and of iptables where that is a front of nf_tables. */
static void nftables_read(struct other_firewalls *others)
{
	struct rule_tables tables = {0};

	/* Not root, or no nf_tables in the kernel: then there is nothing to say. */
	if (netfilter_rules_read(rule_count, rules_forget, &tables) < 0)
		tables.count = 0;
	for (size_t i = 0; i < tables.count; i++)
		list_add(others->firewalls, sizeof(others->firewalls),
			 "nftables table %s %s (%u rule%s)", family_name(tables.list[i].family),
			 tables.list[i].name, tables.list[i].rules,
			 tables.list[i].rules == 1 ? "" : "s");
	free(tables.list);
}

/* Tables of the older iptables that anybody has used since the kernel started. */
static void iptables_read(struct other_firewalls *others, const char *path, const char *word)
{
	_free_ char *text = NULL;
	size_t size;

	if (file_read(path, 1024, &text, &size, NULL) == 0 &&
	    (strstr(text, "filter\n") || strstr(text, "nat\n")))
		list_add(others->firewalls, sizeof(others->firewalls), "%s", word);
}

static bool is_ufw_enabled(void)
{
	_free_ char *text = NULL;
	size_t size;

	return file_read("/etc/ufw/ufw.conf", 1 << 16, &text, &size, NULL) == 0 &&
	       (strstr(text, "\nENABLED=yes") || !strncmp(text, "ENABLED=yes", 11));
}

static void firewalls_read(struct other_firewalls *others)
{
	if (access("/run/firewalld.pid", F_OK) == 0)
		list_add(others->firewalls, sizeof(others->firewalls), "firewalld");
	if (is_ufw_enabled())
		list_add(others->firewalls, sizeof(others->firewalls), "ufw");
	iptables_read(others, "/proc/net/ip_tables_names", "iptables");
	iptables_read(others, "/proc/net/ip6_tables_names", "ip6tables");
	nftables_read(others);
}

int other_firewalls_read(struct other_firewalls *ret)
{
	struct other_firewalls others = {
		.forwards = is_switched_on("/proc/sys/net/ipv4/ip_forward") ||
			    is_switched_on("/proc/sys/net/ipv6/conf/all/forwarding"),
	};
	int r = bridges_read(&others);

	if (r < 0)
		return r;
	firewalls_read(&others);
	*ret = others;
	return 0;
}

/* --- advice ----------------------------------------------------------------------------------- */

static int advise_forwarding(const struct other_firewalls *others, struct warnings *ret)
{
	if (!others->forwards)
		return 0;
	return warnings_add(
		ret, WARNING_FORWARDING, NULL,
		"this host forwards packets%s%s: what begins outside and goes to containers or "
		"other hosts meets the same ports and zones as what is meant for this host, where "
		"XDP or tc judges, and what they begin is answered; if nothing here needs it, set "
		"net.ipv4.ip_forward=0",
		others->bridges[0] ? " and has bridges: " : "", others->bridges);
}

static int advise_firewalls(const struct other_firewalls *others, struct warnings *ret)
{
	if (!others->firewalls[0])
		return 0;
	return warnings_add(
		ret, WARNING_OTHER_FIREWALL, NULL,
		"other firewall rules are active beside Rolewall: %s; a packet has to pass "
		"both, and \"rolewall explain\" knows only of its own",
		others->firewalls);
}

int other_firewalls_advise(struct warnings *ret)
{
	struct other_firewalls others = {0};
	int r = other_firewalls_read(&others);

	if (r == 0)
		r = advise_forwarding(&others, ret);
	if (r == 0)
		r = advise_firewalls(&others, ret);
	return r;
}
