/* SPDX-License-Identifier: GPL-2.0 */
/* cmd_audit.c - rolewall audit: what listens against what is open. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/config.h"
#include "cli/message.h"
#include "cli/print.h"
#include "cli/state.h"
#include "host/host_advice.h"
#include "host/processes.h"
#include "kernel/observe/audit.h"
#include "policy/cidr.h"
#include "policy/merge.h"
#include "policy/profile_files.h"
#include "policy/words.h"
#include "util/array.h"
#include "util/cleanup.h"
#include "util/file.h"

#define WHAT_MAX 512

struct audit_state {
	const char *roles_dir;
	struct snapshot snapshot;
	struct sockets sockets;
	struct socket_holders holders;
	struct sshd_ports sshd;
	struct published published;
	struct findings findings;
};

static void audit_state_free(struct audit_state *state)
{
	findings_free(&state->findings);
	published_free(&state->published);
	socket_holders_free(&state->holders);
	sockets_free(&state->sockets);
	snapshot_free(&state->snapshot);
}

static int audit_load(const struct settings *settings, struct audit_state *ret)
{
	struct error error = {0};
	struct client_ports clients;
	const struct audit_facts facts = {&ret->sockets, &clients, &ret->sshd, &ret->published};
	int r, code = state_load(settings, &ret->snapshot);

	ret->roles_dir = settings->roles_dir;
	if (code != EXIT_OK)
		return code;
	client_ports_read(&clients);
	sshd_ports_find(&ret->sshd);
	r = audit_read_sockets(&ret->sockets, &error);
	if (!r)
		r = socket_holders_read(&ret->holders, &error);
	if (!r)
		r = published_read(&ret->published, &error);
	if (!r)
		r = audit_compare(&ret->snapshot, &facts, &ret->findings);
	return r ? report_install(settings, r, &error) : EXIT_OK;
}

static const struct socket_holder *holder_of(const struct audit_state *state,
					     const struct finding *finding)
{
	return finding->socket ? socket_holder_find(&state->holders, finding->socket->inode) : NULL;
}

static const char *address_text(const struct finding *finding, char ret[CIDR_TEXT_MAX])
{
	if (!finding->socket)
		return "";
	cidr_format(finding->socket->local, 128, ret);
	return ret;
}

/* ": the role appserver-https has it", of the roles that the profile has beside the node's. */
static const char *roles_text(const struct audit_state *state, const struct finding *finding,
			      char ret[WHAT_MAX / 2])
{
	struct roles_found found = {0};
	size_t used = 0;

	ret[0] = '\0';
	/* Without the profile's files there is nothing to name. */
	roles_search(state->roles_dir, state->snapshot.profile, finding->l4, finding->port, &found);
	for (size_t i = 0; i < found.count && used < WHAT_MAX / 2; i++)
		if (found.list[i].zones)
			used += (size_t)snprintf(ret + used, WHAT_MAX / 2 - used, "%s%s (%s)",
						 used ? ", " : "", found.list[i].role,
						 found.list[i].service);
	roles_found_free(&found);
	return ret;
}

static void closed_text(const struct audit_state *state, const struct finding *finding,
			char ret[WHAT_MAX])
{
	char roles[WHAT_MAX / 2];

	if (roles_text(state, finding, roles)[0])
		snprintf(ret, WHAT_MAX,
			 "no role of this node opens it: closed to all but temporary openings; the "
			 "profile has it in %s: add the role, or bind it to loopback",
			 roles);
	else
		snprintf(ret, WHAT_MAX,
			 "no role opens it: closed to all but temporary openings; add a role or a "
			 "service, or bind it to loopback");
}

/* `zones`: that it is open to. */
static void unused_text(const struct audit_state *state, const struct finding *finding,
			const char *zones, char ret[WHAT_MAX])
{
	char hint[SSHD_HINT_MAX];

	if (finding->socket)
		snprintf(ret, WHAT_MAX, "open to %s, but it listens on loopback only", zones);
	else if (finding->rule && !strcmp(finding->rule->service, MERGE_SSH) && state->sshd.count)
		snprintf(ret, WHAT_MAX,
			 "open to %s, but sshd listens on port %u, which no service called "
			 "\"" MERGE_SSH "\" covers; add %s to the node file",
			 zones, state->sshd.list[0], sshd_hint(state->sshd.list[0], hint));
	else
		snprintf(ret, WHAT_MAX,
			 "open to %s, but nothing listens; start it, or take its role away", zones);
}

/* In a sentence, with what can be done about it. */
static const char *what_text(const struct audit_state *state, const struct finding *finding,
			     char ret[WHAT_MAX])
{
	char zones[PEERS_TEXT_MAX] = "";

	if (finding->rule)
		peers_text(finding->zones, finding->rule, zones);
	switch (finding->kind) {
	case FINDING_CLOSED:
		closed_text(state, finding, ret);
		break;
	case FINDING_UNUSED:
		unused_text(state, finding, zones, ret);
		break;
	case FINDING_WILDCARD:
		snprintf(ret, WHAT_MAX,
			 "open to %s only, but bound to every address, also on %s (%s); bind it to "
			 "an address of its own",
			 zones, finding->interface->name, zone_name(finding->interface->zone));
		break;
	case FINDING_PUBLISHED:
		snprintf(
			ret, WHAT_MAX,
			"published (DNAT), but no role or service opens it: nobody outside reaches "
			"it; add a service for this port, or publish it on 127.0.0.1");
		break;
	case FINDING_EXPOSED:
		snprintf(ret, WHAT_MAX,
			 "for this node alone, but bound to more than loopback; only the firewall "
			 "keeps others out: bind it to 127.0.0.1");
		break;
	}
	return ret;
}

static void add_finding(struct libscols_table *table, const struct audit_state *state,
			const struct finding *finding)
{
	const struct socket_holder *holder = holder_of(state, finding);
	struct libscols_line *line = table_line(table);
	char text[WHAT_MAX];

	cell_set(line, 0, "%s", finding_name(finding->kind));
	cell_style(line, 0, finding->kind == FINDING_UNUSED ? STYLE_CARE : STYLE_BAD);
	cell_set(line, 1, "%s", word_of(words_l4, finding->l4));
	cell_set(line, 2, "%s", ports_text(finding->port, finding->port_end, text));
	cell_set(line, 3, "%s", address_text(finding, text));
	if (holder)
		cell_set(line, 4, "%s[%d]", holder->name, holder->pid);
	else
		cell_set(line, 4, "%s", "");
	cell_set(line, 5, "%s", finding->rule ? finding->rule->service : "");
	cell_set(line, 6, "%s", what_text(state, finding, text));
}

static void audit_print(const struct settings *settings, const struct audit_state *state)
{
	static const struct column columns[] = {
		{"FINDING", 0}, {"PROTO", 0},	{"PORT", SCOLS_FL_RIGHT}, {"ADDRESS", 0},
		{"PROCESS", 0}, {"SERVICE", 0}, {"WHAT", SCOLS_FL_WRAP},
	};
	_table_ struct libscols_table *table = table_new(settings, columns, ARRAY_SIZE(columns));
	size_t count = state->findings.count;

	for (size_t i = 0; i < count; i++)
		add_finding(table, state, &state->findings.list[i]);
	if (count)
		table_print(table);
	print_summary(settings, "%zu finding%s; %zu sockets and %zu rules were compared.", count,
		      plural(count), state->sockets.count, state->snapshot.rule_count);
}

static json_t *json_finding(const struct audit_state *state, const struct finding *finding)
{
	const struct socket_holder *holder = holder_of(state, finding);
	char address[CIDR_TEXT_MAX], what[WHAT_MAX];

	return json_make(
		"{s:s, s:s, s:i, s:i, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:s}", "kind",
		finding_name(finding->kind), "proto", word_of(words_l4, finding->l4), "port",
		(int)finding->port, "port_end", (int)finding->port_end, "address",
		json_clean(address_text(finding, address)), "process",
		json_clean(holder ? holder->name : NULL), "pid",
		holder ? json_integer(holder->pid) : json_null(), "service",
		json_clean(finding->rule ? finding->rule->service : NULL), "role",
		json_clean(finding->rule ? finding->rule->role : NULL), "open_to",
		json_zones(finding->zones), "sets",
		json_names(finding->rule ? finding->rule->sets : ""), "closed_to",
		json_zones(RW_ZONE_ALL & ~finding->zones), "what", what_text(state, finding, what));
}

static void audit_print_json(const struct settings *settings, const struct audit_state *state)
{
	json_t *findings = json_make("[]");

	for (size_t i = 0; i < state->findings.count; i++)
		json_array_append_new(findings, json_finding(state, &state->findings.list[i]));
	print_json_list(settings,
			json_make("{s:o, s:I, s:I}", "findings", findings, "sockets",
				  (json_int_t)state->sockets.count, "rules",
				  (json_int_t)state->snapshot.rule_count),
			"findings");
}

static int audit_run(const struct settings *settings, const struct arguments *arguments)
{
	_cleanup_(audit_state_free) struct audit_state state = {0};
	int code = audit_load(settings, &state);

	if (code != EXIT_OK)
		return code;
	if (settings->output == OUTPUT_TABLE)
		audit_print(settings, &state);
	else
		audit_print_json(settings, &state);
	if (!(state.snapshot.flags & RW_POLICY_ENFORCE))
		report_note(settings,
			    "mode is observe: what is closed can be reached all the same");
	return state.findings.count ? EXIT_FINDINGS : EXIT_OK;
}

const struct verb verb_audit = {
	.name = "audit",
	.operands = "",
	.summary = "what listens against what is open, both ways",
	.details =
		"Finds what listens and is not open (listening-closed), what is open and does not "
		"listen\n"
		"(open-unused), what is not open to external or management but bound to every\n"
		"address (wildcard-bind), and what should listen on loopback alone and does not\n"
		"(not-on-loopback). Also what is published by nft or iptables, docker's ports "
		"among "
		"it,\n"
		"and not open (published-closed).\n"
		"Exits with 10 if there are findings.",
	.needs_root = true,
	.run = audit_run,
};
