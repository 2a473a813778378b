/* SPDX-License-Identifier: GPL-2.0 */
/* audit.c - sockets against rules. */
#include "kernel/observe/audit.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>

#include "policy/cidr.h"
#include "policy/merge.h"
#include "policy/tables.h"
#include "util/array.h"
#include "util/cleanup.h"

/* What one comparison needs to know. */
struct audit {
	const struct snapshot *snapshot;
	const struct audit_facts *facts;
	struct owner *owners;
	struct findings *findings;
};

const char *finding_name(enum finding_kind kind)
{
	static const char *const names[] = {
#define FINDING_NAME(NAME, name) [FINDING_##NAME] = (name),
		AUDIT_FINDINGS(FINDING_NAME)
#undef FINDING_NAME
	};

	return names[kind];
}

int audit_read_sockets(struct sockets *ret, struct error *ret_error)
{
	static const struct sockets_wanted wanted = {
		.tcp = 1 << TCP_LISTEN,
		.udp = 1 << TCP_CLOSE,
	};

	return sockets_read(&wanted, ret, ret_error);
}

static bool is_wildcard(const struct socket_entry *socket)
{
	static const uint8_t ipv4[16] = {[10] = 0xff, [11] = 0xff}, ipv6[16];

	return !socket->interface &&
	       (!memcmp(socket->local, ipv4, 16) || !memcmp(socket->local, ipv6, 16));
}

/* A client's socket: it sends questions, and expects answers only. */
static bool is_client(const struct audit *audit, const struct socket_entry *socket)
{
	return socket->l4 == RW_L4_UDP &&
	       is_client_port(audit->facts->clients, socket->l4, socket->local_port);
}

static int finding_add(const struct audit *audit, const struct finding *finding)
{
	struct findings *findings = audit->findings;
	struct finding *added = array_append(&findings->list, &findings->count, sizeof(*added));

	if (!added)
		return -ENOMEM;
	*added = *finding;
	return 0;
}

/* An interface that is there and whose zone may not reach the port. */
static const struct interface_state *find_exposed(const struct audit *audit, uint64_t zones)
{
	const struct snapshot *snapshot = audit->snapshot;

	for (size_t i = 0; i < snapshot->interface_count; i++)
		if (snapshot->interfaces[i].ifindex && !(snapshot->interfaces[i].zone & zones))
			return &snapshot->interfaces[i];
	return NULL;
}

static int socket_judge(const struct audit *audit, const struct socket_entry *socket)
{
	const struct owner *owner = &audit->owners[owner_index(socket->l4, socket->local_port)];
	struct finding finding = {
		.kind = FINDING_CLOSED,
		.l4 = socket->l4,
		.port = socket->local_port,
		.port_end = socket->local_port,
		.zones = owner->zones,
		.rule = owner->rule,
		.socket = socket,
	};

	if (socket_is_loopback(socket))
		return 0;
	if (!owner->zones)
		return is_client(audit, socket) ? 0 : finding_add(audit, &finding);
	if (owner->zones == RW_ZONE_NOBODY && owner->rule->loopback) {
		finding.kind = FINDING_EXPOSED;
		return is_client(audit, socket) ? 0 : finding_add(audit, &finding);
	}
	/* Management sources come in by every interface, so what they may reach has to listen there. */
	if (owner->zones & (RW_ZONE_EXTERNAL | RW_ZONE_MANAGEMENT) || !is_wildcard(socket))
		return 0;
	finding.kind = FINDING_WILDCARD;
	finding.interface = find_exposed(audit, owner->zones);
	return finding.interface ? finding_add(audit, &finding) : 0;
}

const struct socket_entry *audit_find_listener(const struct sockets *sockets,
					       const struct rule *rule, bool *ret_loopback)
{
	const struct socket_entry *found = NULL;

	for (size_t i = 0; i < sockets->count; i++) {
		const struct socket_entry *socket = &sockets->list[i];

		if (socket->l4 != rule->l4 || socket->local_port < rule->port ||
		    socket->local_port > rule->port_end)
			continue;
		found = socket;
		*ret_loopback = socket_is_loopback(socket);
		if (!*ret_loopback)
			break;
	}
	return found;
}

static bool is_ssh(const struct rule *rule)
{
	return rule->l4 == RW_L4_TCP && !strcmp(rule->service, MERGE_SSH);
}

/* The role that every node plays opens port 22; an sshd on another port has a service of its own. */
static bool is_other_port_of_sshd(const struct audit *audit, const struct rule *rule)
{
	for (size_t i = 0; is_ssh(rule) && i < audit->snapshot->rule_count; i++) {
		const struct rule *other = &audit->snapshot->rules[i].rule;

		for (size_t k = 0; is_ssh(other) && k < audit->facts->sshd->count; k++)
			if (rule_covers(other, RW_L4_TCP, audit->facts->sshd->list[k]))
				return true;
	}
	return false;
}

static int rule_judge(const struct audit *audit, const struct rule *rule)
{
	struct finding finding = {
		.kind = FINDING_UNUSED,
		.l4 = rule->l4,
		.port = rule->port,
		.port_end = rule->port_end,
		.zones = rule->zones,
		.rule = rule,
	};
	bool loopback;

	/* Granted, but no flow of the cluster leads there: it is not open at all. */
	if (rule->zones == RW_ZONE_NOBODY || is_other_port_of_sshd(audit, rule) ||
	    published_covers(audit->facts->published, rule->l4, rule->port, rule->port_end))
		return 0;
	finding.socket = audit_find_listener(audit->facts->sockets, rule, &loopback);
	return finding.socket && !loopback ? 0 : finding_add(audit, &finding);
}

/* Of a range one closed port is enough to be told of all of it. */
static int published_judge(const struct audit *audit, const struct published_port *published)
{
	const struct finding finding = {
		.kind = FINDING_PUBLISHED,
		.l4 = published->l4,
		.port = published->port,
		.port_end = published->port_end,
	};

	for (uint32_t port = published->port; port <= published->port_end; port++)
		if (!audit->owners[owner_index(published->l4, (uint16_t)port)].zones)
			return finding_add(audit, &finding);
	return 0;
}

static int finding_compare(const void *left, const void *right)
{
	const struct finding *a = left, *b = right;

	if (a->kind != b->kind)
		return (int)a->kind - (int)b->kind;
	if (a->l4 != b->l4)
		return a->l4 - b->l4;
	if (a->port != b->port)
		return a->port - b->port;
	return a->socket && b->socket ? memcmp(a->socket->local, b->socket->local, 16) : 0;
}

static struct owner *owners_of(const struct snapshot *snapshot)
{
	_free_ const struct rule **rules = calloc(snapshot->rule_count + 1, sizeof(*rules));

	if (!rules)
		return NULL;
	for (size_t i = 0; i < snapshot->rule_count; i++)
		rules[i] = &snapshot->rules[i].rule;
	return owners_new(rules, snapshot->rule_count);
}

int audit_compare(const struct snapshot *snapshot, const struct audit_facts *facts,
		  struct findings *ret)
{
	_cleanup_(findings_free) struct findings findings = {0};
	_free_ struct owner *owners = owners_of(snapshot);
	const struct audit audit = {snapshot, facts, owners, &findings};
	const struct sockets *sockets = facts->sockets;
	int r = owners ? 0 : -ENOMEM;

	for (size_t i = 0; !r && i < sockets->count; i++)
		r = socket_judge(&audit, &sockets->list[i]);
	for (size_t i = 0; !r && i < facts->published->count; i++)
		r = published_judge(&audit, &facts->published->list[i]);
	for (size_t i = 0; !r && i < snapshot->rule_count; i++)
		r = rule_judge(&audit, &snapshot->rules[i].rule);
	if (r)
		return r;
	if (findings.count)
		qsort(findings.list, findings.count, sizeof(*findings.list), finding_compare);
	*ret = findings;
	findings = (struct findings){0};
	return 0;
}

void findings_free(struct findings *findings)
{
	free(findings->list);
	*findings = (struct findings){0};
}
