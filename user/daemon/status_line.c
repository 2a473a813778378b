/* SPDX-License-Identifier: GPL-2.0 */
/* status_line.c - a snapshot as JSON. */
#include "daemon/status_line.h"

#include "kernel/commit/pending.h"
#include "policy/words.h"
#include "report/feed.h"
#include "util/array.h"
#include "util/clock.h"
#include "util/reason.h"

static uint64_t dropped(const struct snapshot *snapshot, const struct history *history,
			unsigned int reason)
{
	(void)history;
	return reason_is_drop(reason) ? snapshot_packets(snapshot, reason) : 0;
}

static uint64_t passed(const struct snapshot *snapshot, const struct history *history,
		       unsigned int reason)
{
	(void)history;
	return reason_is_drop(reason) ? 0 : snapshot_packets(snapshot, reason);
}

static uint64_t settled(const struct snapshot *snapshot, const struct history *history,
			unsigned int reason)
{
	(void)history;
	return snapshot->settled[reason].events;
}

static uint64_t unattributed(const struct snapshot *snapshot, const struct history *history,
			     unsigned int reason)
{
	(void)history;
	return snapshot->settled[reason].unattributed;
}

static uint64_t forgotten(const struct snapshot *snapshot, const struct history *history,
			  unsigned int reason)
{
	(void)snapshot;
	return history_forgotten(history)[reason];
}

static const struct {
	const char *key;
	uint64_t (*count)(const struct snapshot *, const struct history *, unsigned int reason);
} counts[] = {
	{"drops", dropped},	  {"passes", passed},
	{"settled", settled},	  {"unattributed", unattributed},
	{"forgotten", forgotten},
};

/* Reasons that were never counted are left out. */
static void counts_add(json_t *line, const struct snapshot *snapshot, const struct history *history)
{
	for (size_t i = 0; i < ARRAY_SIZE(counts); i++) {
		json_t *object = json_object();

		for (unsigned int reason = 1; reason < RW_REASON_COUNT; reason++) {
			uint64_t count = reason_name(reason)
						 ? counts[i].count(snapshot, history, reason)
						 : 0;

			if (count)
				json_object_set_new(object, reason_name(reason),
						    json_integer(count));
		}
		json_object_set_new(line, counts[i].key, object);
	}
}

static const char *hook_word(const struct interface_state *state)
{
	static const char *const words[] = {
		[HOOK_NONE] = "none", [HOOK_XDP] = "xdp", [HOOK_CGROUP] = "cgroup"};

	return words[state->hook];
}

static const char *mode_word(const struct interface_state *state)
{
	static const char *const words[] = {[XDP_MODE_NONE] = "none",
					    [XDP_MODE_NATIVE] = "native",
					    [XDP_MODE_GENERIC] = "generic"};

	return words[state->xdp_mode];
}

static json_t *interfaces_make(const struct snapshot *snapshot)
{
	json_t *list = json_array();

	for (size_t i = 0; i < snapshot->interface_count; i++) {
		const struct interface_state *state = &snapshot->interfaces[i];
		const char *zone = word_of(words_zones, state->zone);

		json_array_append_new(list,
				      json_pack("{s:s, s:s, s:s, s:s, s:b}", "name", state->name,
						"zone", zone ? zone : "external", "hook",
						hook_word(state), "xdp_mode", mode_word(state),
						"present", state->ifindex != 0));
	}
	return list;
}

static json_int_t now_ms(void)
{
	return wall_now() / 1000000;
}

json_t *status_line_make(const struct snapshot *snapshot, const struct history *history)
{
	json_t *line;

	if (!snapshot)
		return json_pack("{s:s, s:i, s:I, s:b}", "type", "status", "version", FEED_VERSION,
				 "time_ms", now_ms(), "applied", 0);
	line = json_pack(
		"{s:s, s:i, s:I, s:b, s:s, s:s, s:s, s:I, s:b, s:o, s:{s:I, s:I, s:I}, s:o, s:I}",
		"type", "status", "version", FEED_VERSION, "time_ms", now_ms(), "applied", 1,
		"node", snapshot->node, "roles", snapshot->roles, "mode",
		word_of(words_modes, snapshot->flags & RW_POLICY_ENFORCE), "generation",
		(json_int_t)snapshot->generation, "attached", snapshot_is_enforced(snapshot),
		"pending_s",
		snapshot->pending.deadline ? json_integer(pending_left(&snapshot->pending))
					   : json_null(),
		"events", "emitted", (json_int_t)snapshot->events.emitted, "suppressed",
		(json_int_t)snapshot->events.suppressed, "lost", (json_int_t)snapshot->events.lost,
		"interfaces", interfaces_make(snapshot), "history_entries",
		(json_int_t)history_size(history));
	if (line)
		counts_add(line, snapshot, history);
	return line;
}
