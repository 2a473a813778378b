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
#include "host/processes.h"
#include "kernel/observe/audit.h"
#include "policy/cidr.h"
#include "policy/words.h"
#include "util/array.h"
#include "util/cleanup.h"
#include "util/file.h"

#define WHAT_MAX 256

struct audit_state {
	struct snapshot snapshot;
	struct sockets sockets;
	struct socket_holders holders;
	struct findings findings;
};

static void audit_state_free(struct audit_state *state)
{
	findings_free(&state->findings);
	socket_holders_free(&state->holders);
	sockets_free(&state->sockets);
	snapshot_free(&state->snapshot);
}

static int audit_load(const struct settings *settings, struct audit_state *ret)
{
	struct error error = {0};
	struct client_ports clients;
	int r, code = state_load(settings, &ret->snapshot);

	if (code != EXIT_OK)
		return code;
	client_ports_read(&clients);
	r = audit_read_sockets(&ret->sockets, &error);
	if (!r)
		r = socket_holders_read(&ret->holders, &error);
	if (!r)
		r = audit_compare(&ret->snapshot, &ret->sockets, &clients, &ret->findings);
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

/* In a sentence, with what can be done about it. */
static const char *what_text(const struct finding *finding, char ret[WHAT_MAX])
{
	char zones[ZONES_TEXT_MAX];

	zones_text(finding->zones, zones);
	switch (finding->kind) {
	case FINDING_CLOSED:
		snprintf(ret, WHAT_MAX,
			 "no role opens it: closed to all but temporary openings; add a role or a "
			 "service, or bind it to loopback");
		break;
	case FINDING_UNUSED:
		snprintf(ret, WHAT_MAX, "open to %s, but %s", zones,
			 finding->socket ? "it listens on loopback only"
					 : "nobody listens; start it, or take its role away");
		break;
	case FINDING_WILDCARD:
		snprintf(ret, WHAT_MAX,
			 "open to %s only, but bound to every address, also on %s (%s); bind it to "
			 "an address of its own",
			 zones, finding->interface->name, zone_name(finding->interface->zone));
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
	cell_set(line, 6, "%s", what_text(finding, text));
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

	return json_make("{s:s, s:s, s:i, s:i, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:s}", "kind",
			 finding_name(finding->kind), "proto", word_of(words_l4, finding->l4),
			 "port", (int)finding->port, "port_end", (int)finding->port_end, "address",
			 json_clean(address_text(finding, address)), "process",
			 json_clean(holder ? holder->name : NULL), "pid",
			 holder ? json_integer(holder->pid) : json_null(), "service",
			 json_clean(finding->rule ? finding->rule->service : NULL), "role",
			 json_clean(finding->rule ? finding->rule->role : NULL), "open_to",
			 json_zones(finding->zones), "closed_to",
			 json_zones(RW_ZONE_ALL & ~finding->zones), "what",
			 what_text(finding, what));
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
		"(open-unused), and what is not open to external but bound to every address "
		"(wildcard-bind).\n"
		"Exits with 10 if there are findings.",
	.needs_root = true,
	.run = audit_run,
};
