/* SPDX-License-Identifier: GPL-2.0 */
/* remedy.c - from a reason to what can be done about it. */
#include "cli/remedy.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "cli/print.h"
#include "host/host_advice.h"
#include "kernel/observe/audit.h"
#include "policy/merge.h"
#include "policy/profile_files.h"
#include "policy/words.h"
#include "util/cleanup.h"

/* Everything that a remedy is made of. */
struct case_file {
	const struct question *question;
	const struct explanation *explanation;
	struct roles_found roles; /* roles of the profile that open the port */
	char source[CIDR_TEXT_MAX];
	const char *proto;
	bool is_waited_for; /* others can reach a socket there, or it is handed on */
	bool is_sshd;	    /* it is that of the SSH server */
	struct remedies *remedies;
};

static void remedy_add(struct case_file *file, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void remedy_add(struct case_file *file, const char *format, ...)
{
	struct remedies *remedies = file->remedies;
	va_list args;

	if (remedies->count == REMEDIES_MAX)
		return;
	va_start(args, format);
	vsnprintf(remedies->list[remedies->count++], REMEDY_TEXT_MAX, format, args);
	va_end(args);
}

static bool has_role(const struct case_file *file, const char *role)
{
	const char *roles = file->explanation->roles;
	size_t length = strlen(role);

	for (; *roles; roles += strcspn(roles, ",") + (strchr(roles, ',') != NULL))
		if (strcspn(roles, ",") == length && !strncmp(roles, role, length))
			return true;
	return false;
}

static void add_opening(struct case_file *file)
{
	remedy_add(file, "rolewall open %u/%s --from %s --for 1h --reason \"...\"",
		   file->question->port, file->proto, file->source);
}

/* A role that is not played, and would admit this zone. */
static void add_roles(struct case_file *file)
{
	for (size_t i = 0; i < file->roles.count; i++) {
		const struct role_found *found = &file->roles.list[i];

		if (!has_role(file, found->role) && (found->zones & file->explanation->zone))
			remedy_add(
				file,
				"add \"%s\" to \"roles\" in %s, then \"rolewall apply\": it has %s",
				found->role, file->explanation->node_file, found->service);
	}
}

/* For good. */
static void add_service(struct case_file *file)
{
	remedy_add(file, "rolewall allow %u/%s --from %s, then \"rolewall apply\": for good",
		   file->question->port, file->proto, file->source);
}

/* "management" means services called ssh: where sshd listens there must be one, and no more. */
static void remedy_sshd(struct case_file *file)
{
	char service[SSHD_HINT_MAX];

	remedy_add(file,
		   "sshd listens there: add %s, and \"%s\" to \"management\", to %s, then "
		   "\"rolewall apply\"",
		   sshd_hint(file->question->port, service), file->source,
		   file->explanation->node_file);
	add_opening(file);
}

static void remedy_not_open(struct case_file *file)
{
	if (file->is_sshd) {
		remedy_sshd(file);
		return;
	}
	if (!file->is_waited_for)
		remedy_add(
			file,
			"nothing to do, if you expect nobody there: nothing on this node waits on "
			"port %u/%s",
			file->question->port, file->proto);
	add_roles(file);
	add_opening(file);
	add_service(file);
}

/* As the role file has it, the zone would be admitted: vpn_only has taken it away. */
static bool is_narrowed(const struct case_file *file)
{
	const struct rule *rule = &file->explanation->rule;

	for (size_t i = 0; i < file->roles.count; i++) {
		const struct role_found *found = &file->roles.list[i];

		if (!strcmp(found->service, rule->service) && has_role(file, found->role) &&
		    (found->zones & file->explanation->zone))
			return true;
	}
	return false;
}

/* What "flows": "least" has closed, to all or to peers that play another role. */
static void remedy_flows(struct case_file *file)
{
	const struct explanation *explanation = file->explanation;
	const struct rule *rule = &explanation->rule;

	if (rule->zones & RW_ZONE_PEERS)
		remedy_add(file,
			   "if %s plays one of the roles that connect to %s (%s): say so in the "
			   "cluster, "
			   "then "
			   "\"rolewall apply\"",
			   file->source, rule->service, rule->peers);
	remedy_add(
		file,
		"open %u under \"services\" in %s to all peers, or take \"flows\": \"all\" for the "
		"cluster",
		file->question->port, explanation->node_file);
}

/* What opens it to all of the zone stands last. */
static void remedy_zone(struct case_file *file)
{
	const struct explanation *explanation = file->explanation;
	const struct rule *rule = &explanation->rule;
	char zones[ZONES_TEXT_MAX];

	if (rule->zones & RW_ZONE_VPN)
		remedy_add(file, "connect through the VPN: %s is open from there", rule->service);
	if (rule->loopback)
		remedy_add(
			file,
			"bind %s to 127.0.0.1: %s says that it is for this node alone; to open it "
			"all the same, list %u under \"services\" in %s",
			rule->service, rule->origin, file->question->port, explanation->node_file);
	else if (rule->zones & (RW_ZONE_PEERS | RW_ZONE_NOBODY))
		remedy_flows(file);
	/* The bit is not there where the node file names no management yet. */
	if ((rule->zones & RW_ZONE_MANAGEMENT) || !strcmp(rule->service, MERGE_SSH))
		remedy_add(file, "add \"%s\" to \"management\" in %s, then \"rolewall apply\"",
			   file->source, explanation->node_file);
	else if (file->is_sshd)
		remedy_sshd(file);
	else
		add_service(file);
	add_opening(file);
	if (rule->zones & RW_ZONE_ALL)
		remedy_add(file,
			   "if %s is in another zone (%s): add it to \"sources\" of \"%s\" in %s, "
			   "then \"rolewall apply\"",
			   file->source, zones_text(rule->zones & RW_ZONE_ALL, zones),
			   explanation->interface, explanation->node_file);
	if (!(rule->zones & (RW_ZONE_PEERS | RW_ZONE_NOBODY)) && is_narrowed(file))
		remedy_add(
			file,
			"rolewall allow %s --from %s, then \"rolewall apply\": \"vpn_only\" does "
			"not keep all of that zone out any more",
			rule->service, zone_name(explanation->zone));
}

/* A segment that belongs to nothing: no rule would make it pass. */
static void remedy_no_connection(struct case_file *file)
{
	if (file->explanation->recalled)
		remedy_add(file, "nothing to do: it belongs to a connection that is over, or that "
				 "this node never began");
	else
		remedy_not_open(file);
}

static void remedy_protocol(struct case_file *file)
{
	char text[PROTOCOL_TEXT_MAX];
	const char *protocol = protocol_text(file->explanation->protocol, text);

	if (protocol)
		remedy_add(file,
			   "if this node speaks %s: add %s%s%s to \"protocols\" in %s, then "
			   "\"rolewall apply\"",
			   protocol, protocol == text ? "" : "\"", protocol,
			   protocol == text ? "" : "\"", file->explanation->node_file);
}

static void remedy_open(struct case_file *file)
{
	const struct explanation *explanation = file->explanation;
	const struct rule *rule = &explanation->rule;

	if ((rule->zones & RW_ZONE_EXTERNAL) && strcmp(rule->role, MERGE_NODE) != 0)
		remedy_add(file,
			   "rolewall deny %s --from external, then \"rolewall apply\": closed to "
			   "all but the VPN",
			   rule->service);
	if (!strcmp(rule->role, MERGE_NODE))
		remedy_add(file, "rolewall deny %s, then \"rolewall apply\": as %s says",
			   rule->service, rule->origin);
	remedy_add(file, "rolewall ban %s --for 1h --reason \"...\"", file->source);
}

static void remedy_banned(struct case_file *file)
{
	char ban[CIDR_TEXT_MAX];

	cidr_format(file->explanation->ban.source, file->explanation->ban.length, ban);
	remedy_add(file, "rolewall unban %s", ban);
}

static void remedy_limit(struct case_file *file)
{
	const struct explanation *explanation = file->explanation;
	const struct limit *limit = &explanation->rule.limit;

	if (explanation->has_rule && limit->count)
		remedy_add(file, "wait at most %u s: then it may begin one more",
			   (limit->seconds + limit->count - 1) / limit->count);
	remedy_add(file,
		   "write a higher \"%s\" into \"limits\" of %s, or the source into "
		   "\"never_ban\", then \"rolewall apply\"",
		   explanation->has_rule ? explanation->rule.service : "@default",
		   explanation->node_file);
}

static void remedies_choose(struct case_file *file)
{
	const struct explanation *explanation = file->explanation;

	/* Every reason stands here, so that the compiler names this place for a new one. */
	switch ((enum rw_reason)explanation->reason) {
	case RW_REASON_NOT_OPEN:
		remedy_not_open(file);
		break;
	case RW_REASON_NO_CONNECTION:
		remedy_no_connection(file);
		break;
	case RW_REASON_ZONE_DENIED:
		remedy_zone(file);
		break;
	case RW_REASON_OPEN:
		remedy_open(file);
		break;
	case RW_REASON_BANNED:
		remedy_banned(file);
		break;
	case RW_REASON_OPENING:
		remedy_add(file, "rolewall close %u", explanation->opening);
		break;
	case RW_REASON_IPV6_OFF:
		remedy_add(file, "write \"ipv6\": \"filter\" into %s, then \"rolewall apply\"",
			   explanation->node_file);
		break;
	case RW_REASON_RATE_LIMITED:
		remedy_limit(file);
		break;
	case RW_REASON_PROTOCOL:
		remedy_protocol(file);
		break;
	case RW_REASON_FRAGMENT:
		remedy_add(file, "write \"fragments\": \"pass\" into %s, then \"rolewall apply\"",
			   explanation->node_file);
		break;
	case RW_REASON_ICMP_RATE:
		remedy_add(file, "write a higher \"echo_rate\" into %s, then \"rolewall apply\"",
			   explanation->node_file);
		break;
	case RW_REASON_MALFORMED:
	case RW_REASON_BAD_FLAGS:
		remedy_add(file, "nothing to do: no honest host sends that");
		break;
	case RW_REASON_ICMP:
		remedy_add(file, "nothing to do: no host needs that message");
		break;
	case RW_REASON_NONE:
	case RW_REASON_FRAGMENT_FLOOD:
	case RW_REASON_BIND_DENIED:
	case RW_REASON_NO_POLICY:
	case RW_REASON_ESTABLISHED:
	case RW_REASON_EXEMPT:
	case RW_REASON_ICMP_ALLOWED:
	case RW_REASON_FRAGMENT_ALLOWED:
	case RW_REASON_PROTOCOL_LISTED:
	case RW_REASON_FORWARDED:
		break;
	}
}

/* What waits on the port: it may be nothing, or what must not be open to the world. */
static void port_look_at(struct case_file *file)
{
	const struct rule port = {
		.l4 = file->question->l4,
		.port = file->question->port,
		.port_end = file->question->port,
	};
	_cleanup_(sockets_free) struct sockets sockets = {0};
	_cleanup_(published_free) struct published published = {0};
	struct sshd_ports sshd;
	bool loopback = false;

	/* Unknown: then it is not said that nothing is there. */
	if (audit_read_sockets(&sockets, NULL))
		file->is_waited_for = true;
	else
		file->is_waited_for = audit_find_listener(&sockets, &port, &loopback) && !loopback;
	if (published_read(&published, NULL) == 0 &&
	    published_covers(&published, port.l4, port.port, port.port))
		file->is_waited_for = true;
	sshd_ports_find(&sshd);
	file->is_sshd = port.l4 == RW_L4_TCP && sshd_ports_have(&sshd, port.port);
}

void remedies_find(const struct settings *settings, const struct question *question,
		   const struct explanation *explanation, struct remedies *ret)
{
	struct case_file file = {
		.question = question,
		.explanation = explanation,
		.proto = word_of(words_l4, question->l4),
		.remedies = ret,
	};

	*ret = (struct remedies){0};
	cidr_format(question->source, 128, file.source);
	/* Without the profile's files, those remedies are missing that need them. */
	roles_search(settings->roles_dir, explanation->profile, question->l4, question->port,
		     &file.roles);
	if (!explanation->recalled)
		port_look_at(&file);
	remedies_choose(&file);
	roles_found_free(&file.roles);
}
