/* SPDX-License-Identifier: GPL-2.0 */
/* rules_line.c - a snapshot's rules as JSON. */
#include "daemon/rules_line.h"

#include "kernel/observe/audit.h"
#include "report/json.h"

static json_t *listening_make(const struct sockets *sockets, const struct rule *rule)
{
	bool loopback = false;

	if (!sockets)
		return json_null();
	if (!audit_find_listener(sockets, rule, &loopback))
		return json_string("no");
	return json_string(loopback ? "loopback" : "yes");
}

static json_t *rule_make(const struct rule_state *state, const struct sockets *sockets)
{
	json_t *rule = json_rule(state);

	json_object_set_new(rule, "listening", listening_make(sockets, &state->rule));
	return rule;
}

json_t *rules_line_make(const struct snapshot *snapshot, const struct sockets *sockets)
{
	size_t total = snapshot ? snapshot->rule_count : 0;
	json_t *rules = json_array();

	for (size_t i = 0; i < total && i < FEED_RULES_MAX; i++)
		json_append(&rules, rule_make(&snapshot->rules[i], sockets));
	return json_pack("{s:s, s:I, s:I, s:o}", "type", "rules", "generation",
			 snapshot ? (json_int_t)snapshot->generation : 0, "total",
			 (json_int_t)total, "rules", rules);
}
