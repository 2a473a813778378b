/* SPDX-License-Identifier: GPL-2.0 */
/* rules_line.c - a snapshot's rules as JSON. */
#include "daemon/rules_line.h"

#include "kernel/observe/audit.h"
#include "policy/words.h"
#include "report/feed.h"
#include "util/json_clean.h"

static json_t *listening_make(const struct sockets *sockets, const struct rule *rule)
{
	bool loopback = false;

	if (!sockets)
		return json_null();
	if (!audit_find_listener(sockets, rule, &loopback))
		return json_string("no");
	return json_string(loopback ? "loopback" : "yes");
}

/* Management has no word of its own in the node file, and peers are many bits. */
static json_t *zones_make(unsigned int zones)
{
	json_t *list = json_array();

	for (unsigned int bit = RW_ZONE_EXTERNAL; bit <= RW_ZONE_VPN; bit <<= 1)
		if (zones & bit)
			json_array_append_new(list, json_string(word_of(words_zones, bit)));
	if (zones & RW_ZONE_MANAGEMENT)
		json_array_append_new(list, json_string("management"));
	if (zones & RW_ZONE_PEERS)
		json_array_append_new(list, json_string("peers"));
	return list;
}

static json_t *rule_make(const struct rule_state *state, const struct sockets *sockets)
{
	const struct rule *rule = &state->rule;

	return json_pack("{s:o, s:o, s:s, s:i, s:i, s:o, s:o, s:o, s:I, s:I, s:o}", "role",
			 json_clean(rule->role), "service", json_clean(rule->service), "proto",
			 word_of(words_l4, rule->l4), "port", (int)rule->port, "port_end",
			 (int)rule->port_end, "zones", zones_make(rule->zones), "peers",
			 json_clean(rule->peers), "origin", json_clean(rule->origin), "passed",
			 (json_int_t)state->counter.passed.packets, "dropped",
			 (json_int_t)state->counter.dropped.packets, "listening",
			 listening_make(sockets, rule));
}

json_t *rules_line_make(const struct snapshot *snapshot, const struct sockets *sockets)
{
	size_t total = snapshot ? snapshot->rule_count : 0;
	json_t *rules = json_array();

	for (size_t i = 0; i < total && i < FEED_RULES_MAX; i++)
		json_array_append_new(rules, rule_make(&snapshot->rules[i], sockets));
	return json_pack("{s:s, s:I, s:I, s:o}", "type", "rules", "generation",
			 snapshot ? (json_int_t)snapshot->generation : 0, "total",
			 (json_int_t)total, "rules", rules);
}
