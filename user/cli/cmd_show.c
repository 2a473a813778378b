/* SPDX-License-Identifier: GPL-2.0 */
/* cmd_show.c - rolewall show [ROLE]: the rules in force, with counters and origin. */
#include <string.h>

#include "cli/cli.h"
#include "cli/message.h"
#include "cli/print.h"
#include "cli/state.h"
#include "policy/words.h"
#include "report/json.h"
#include "util/array.h"
#include "util/cleanup.h"
#include "util/guess.h"

static bool is_shown(const struct rule_state *rule, const char *role)
{
	return !role || !strcmp(rule->rule.role, role);
}

static void show_print_json(const struct settings *settings, const struct snapshot *snapshot,
			    const char *role)
{
	json_t *rules = json_make("[]");

	for (size_t i = 0; i < snapshot->rule_count; i++)
		if (is_shown(&snapshot->rules[i], role))
			json_array_append_new(rules, json_rule(&snapshot->rules[i]));
	print_json_list(settings,
			json_make("{s:I, s:o}", "generation", (json_int_t)snapshot->generation,
				  "rules", rules),
			"rules");
}

static void add_rule(struct libscols_table *table, const struct rule_state *state)
{
	const struct rule *rule = &state->rule;
	struct libscols_line *line = table_line(table);
	char ports[PORTS_TEXT_MAX], zones[PEERS_TEXT_MAX], limit[LIMIT_TEXT_MAX];

	cell_set(line, 0, "%s", word_of(words_l4, rule->l4));
	cell_set(line, 1, "%s", ports_text(rule->port, rule->port_end, ports));
	cell_set(line, 2, "%s", rule->service);
	cell_set(line, 3, "%s", rule->role);
	cell_set(line, 4, "%s", peers_text(rule->zones, rule, zones));
	cell_set(line, 5, "%llu", state->counter.passed.packets);
	cell_set(line, 6, "%llu", state->counter.dropped.packets);
	cell_set(line, 7, "%llu", state->counter.observed.packets);
	cell_set(line, 8, "%s", rule->limit.count ? limit_format(&rule->limit, limit) : "");
	cell_set(line, 9, "%s", rule->origin);
	if (rule->zones & RW_ZONE_EXTERNAL)
		cell_style(line, 4, STYLE_CARE);
	if (state->counter.dropped.packets)
		cell_style(line, 6, STYLE_BAD);
}

static void show_print(const struct settings *settings, const struct snapshot *snapshot,
		       const char *role)
{
	const struct column columns[] = {
		{"PROTO", 0},
		{"PORT", SCOLS_FL_RIGHT},
		{"SERVICE", 0},
		{"ROLE", 0},
		{"ZONES", 0},
		{"PASSED", SCOLS_FL_RIGHT},
		{"REFUSED", SCOLS_FL_RIGHT},
		{"OBSERVED", SCOLS_FL_RIGHT},
		{"LIMIT", snapshot_has_limits(snapshot) ? 0 : SCOLS_FL_HIDDEN},
		{"ORIGIN", SCOLS_FL_WRAP},
	};
	_table_ struct libscols_table *table = table_new(settings, columns, ARRAY_SIZE(columns));

	for (size_t i = 0; i < snapshot->rule_count; i++)
		if (is_shown(&snapshot->rules[i], role))
			add_rule(table, &snapshot->rules[i]);
	table_print(table);
}

/* A role of the node that opens nothing is no mistake: its table is empty. */
static bool has_role(const struct snapshot *snapshot, const char *role, struct guess *guess)
{
	char roles[sizeof(snapshot->roles)];
	char *rest = roles;
	bool found = false;

	snprintf(roles, sizeof(roles), "%s", snapshot->roles);
	for (char *name; (name = strsep(&rest, ", "));)
		found |= *name && !strcmp(name, role);
	for (size_t i = 0; i < snapshot->rule_count; i++) {
		found |= is_shown(&snapshot->rules[i], role);
		guess_consider(guess, snapshot->rules[i].rule.role);
	}
	return found;
}

static int role_check(const struct settings *settings, const struct snapshot *snapshot,
		      const char *role)
{
	struct guess guess = guess_begin(role);
	char hint[sizeof(snapshot->roles) + 64];

	if (has_role(snapshot, role, &guess))
		return EXIT_OK;
	if (guess.best)
		snprintf(hint, sizeof(hint), "did you mean \"%s\"?", guess.best);
	else
		snprintf(hint, sizeof(hint), "its roles are %s", snapshot->roles);
	report_failure(settings, hint, "%s has no role \"%s\"", snapshot->node, role);
	return EXIT_USAGE;
}

static int show_run(const struct settings *settings, const struct arguments *arguments)
{
	const char *role = arguments->operand_count ? arguments->operands[0] : NULL;
	_cleanup_(snapshot_free) struct snapshot snapshot = {0};
	int code = state_load(settings, &snapshot);

	if (code == EXIT_OK && role)
		code = role_check(settings, &snapshot, role);
	if (code != EXIT_OK)
		return code;
	if (settings->output == OUTPUT_TABLE)
		show_print(settings, &snapshot, role);
	else
		show_print_json(settings, &snapshot, role);
	return EXIT_OK;
}

const struct verb verb_show = {
	.name = "show",
	.operands = "[ROLE]",
	.operands_max = 1,
	.summary = "the rules in force, with counters and where they come from",
	.details = "With ROLE only what that role opens; \"node\" stands for the node file's own "
		   "services.",
	.needs_root = true,
	.run = show_run,
};
