/* SPDX-License-Identifier: GPL-2.0 */
/* cmd_status.c - rolewall status: is it really enforcing? */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/message.h"
#include "cli/print.h"
#include "cli/state.h"
#include "kernel/commit/pending.h"
#include "util/array.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/reason.h"

/* Sums that the table and the JSON both show. */
struct totals {
	uint64_t passed;
	uint64_t dropped;
	uint64_t settled;
	uint64_t unattributed;
};

static struct totals totals_of(const struct snapshot *snapshot)
{
	struct totals totals = {0};

	for (unsigned int reason = 1; reason < RW_REASON_COUNT; reason++) {
		if (!reason_name(reason))
			continue;
		*(reason_is_drop(reason) ? &totals.dropped : &totals.passed) +=
			snapshot_packets(snapshot, reason);
		totals.settled += snapshot->settled[reason].events;
		totals.unattributed += snapshot->settled[reason].unattributed;
	}
	return totals;
}

static json_t *json_reasons(const struct snapshot *snapshot, bool drop)
{
	json_t *object = json_make("{}");

	for (unsigned int reason = 1; reason < RW_REASON_COUNT; reason++)
		if (reason_name(reason) && reason_is_drop(reason) == drop)
			json_object_set_new(
				object, reason_name(reason),
				json_make("I", (json_int_t)snapshot_packets(snapshot, reason)));
	return object;
}

static json_t *json_roles(const char *roles)
{
	json_t *list = json_make("[]");
	char name[TABLES_NAME_MAX];
	size_t length;

	for (; *roles; roles += length + (roles[length] == ',')) {
		length = strcspn(roles, ",");
		snprintf(name, sizeof(name), "%.*s", (int)length, roles);
		json_array_append_new(list, json_text(name));
	}
	return list;
}

static json_t *json_hooks(const struct snapshot *snapshot)
{
	return json_make("{s:b, s:b, s:b, s:b}", "ingress", snapshot->cgroup_ingress, "egress",
			 snapshot->cgroup_egress, "bind4", snapshot->cgroup_bind4, "bind6",
			 snapshot->cgroup_bind6);
}

static json_t *json_counts(const struct snapshot *snapshot)
{
	struct totals totals = totals_of(snapshot);
	const struct rw_event_state *events = &snapshot->events;

	return json_make("{s:{s:I, s:I}, s:o, s:o, s:{s:I, s:I, s:I}, s:I, s:I}", "totals",
			 "passed", (json_int_t)totals.passed, "dropped", (json_int_t)totals.dropped,
			 "drops", json_reasons(snapshot, true), "passes",
			 json_reasons(snapshot, false), "events", "emitted",
			 (json_int_t)events->emitted, "suppressed", (json_int_t)events->suppressed,
			 "lost", (json_int_t)events->lost, "settled", (json_int_t)totals.settled,
			 "unattributed", (json_int_t)totals.unattributed);
}

static json_t *json_pending(const struct snapshot *snapshot)
{
	const struct rw_pending *pending = &snapshot->pending;

	if (!pending->deadline)
		return json_null();
	return json_make("{s:I, s:b, s:I}", "seconds_left", (json_int_t)pending_left(pending),
			 "overdue", pending_is_overdue(pending), "previous_generation",
			 (json_int_t)pending->previous);
}

static json_t *json_taken_back(const struct snapshot *snapshot)
{
	const struct rw_pending *back = &snapshot->taken_back;
	char when[TIME_TEXT_MAX];

	if (!back->taken_back)
		return json_null();
	return json_make("{s:I, s:s, s:o}", "generation", (json_int_t)back->generation, "at",
			 time_text_ns(monotonic_to_wall(back->taken_back), when), "late_ms",
			 back->missed ? json_integer((back->taken_back - back->missed) / 1000000)
				      : json_null());
}

/* The same shape whether something is applied or not, so that readers need not ask first. */
static void status_print_json(const struct settings *settings, const struct snapshot *snapshot)
{
	bool applied = snapshot->generation != 0;
	bool attached = applied && snapshot_is_enforced(snapshot);
	json_t *root;

	char when[TIME_TEXT_MAX];

	root = json_make(
		"{s:i, s:b, s:b, s:o, s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:b, s:s, s:o, s:o}",
		"version", 1, "applied", applied, "attached", attached, "mode",
		json_text(applied ? mode_word(snapshot->flags) : NULL), "generation",
		(json_int_t)snapshot->generation, "node", json_text(snapshot->node), "profile",
		json_text(snapshot->profile), "roles", json_roles(snapshot->roles), "node_file",
		json_text(snapshot->node_file), "applied_at",
		json_text(applied ? time_text(snapshot->applied_at, when) : NULL), "pending",
		json_pending(snapshot), "taken_back", json_taken_back(snapshot), "previous_lost",
		snapshot->previous_lost, "bind_guard", bind_guard_word(snapshot->flags),
		"interfaces", json_interfaces(snapshot), "hooks", json_hooks(snapshot));
	json_object_update_new(root, json_counts(snapshot));
	print_json(settings, root);
}

static void print_pending(const struct settings *settings, const struct snapshot *snapshot)
{
	const struct rw_pending *pending = &snapshot->pending;
	uint32_t left = pending_left(pending);

	if (snapshot->previous_lost)
		print_fact(settings, "Pending", TONE_BAD,
			   "the way back is lost: it stays in force");
	else if (pending_is_overdue(pending))
		print_fact(settings, "Pending", TONE_BAD,
			   "overdue: 'rolewall rollback' takes it back");
	else if (left)
		print_fact(settings, "Pending", TONE_CARE,
			   "goes back in %" PRIu32 " s unless you say \"rolewall confirm\"", left);
	else
		print_fact(settings, "Pending", TONE_CARE, "goes back now");
}

static void print_head(const struct settings *settings, const struct snapshot *snapshot)
{
	bool enforcing = snapshot->flags & RW_POLICY_ENFORCE;
	char when[TIME_TEXT_MAX];

	print_fact(settings, "Node", TONE_BOLD, "%s", snapshot->node);
	print_fact(settings, "Mode", enforcing ? TONE_GOOD : TONE_CARE, "%s%s",
		   mode_word(snapshot->flags),
		   enforcing ? "" : " (nothing is refused; what would be is counted)");
	print_fact(settings, "Generation", TONE_PLAIN, "%" PRIu32 ", applied %s from %s",
		   snapshot->generation, time_text(snapshot->applied_at, when),
		   snapshot->node_file);
	if (snapshot->pending.deadline)
		print_pending(settings, snapshot);
	if (snapshot->taken_back.taken_back)
		print_fact(settings, "Taken back", TONE_PLAIN, "generation %" PRIu32 " at %s%s",
			   snapshot->taken_back.generation,
			   time_text_ns(monotonic_to_wall(snapshot->taken_back.taken_back), when),
			   snapshot->taken_back.missed ? ": it was not confirmed in time" : "");
	print_fact(settings, "Profile", TONE_PLAIN, "%s", snapshot->profile);
	print_fact(settings, "Roles", TONE_PLAIN, "%s", snapshot->roles);
	print_fact(settings, "Rules", TONE_PLAIN, "%zu", snapshot->rule_count);
}

static void print_hook(const struct settings *settings, const char *name, bool attached,
		       bool needed)
{
	enum tone tone = attached ? TONE_GOOD : needed ? TONE_CARE : TONE_FAINT;

	printf(" %s%s%s%s", tone_begin(settings, tone), name, attached ? "" : ":off",
	       tone_end(settings, tone));
}

static void print_hooks(const struct settings *settings, const struct snapshot *snapshot)
{
	bool guard = snapshot->flags & RW_POLICY_BIND_OBSERVE;

	printf("%-12s", "Cgroup hooks");
	print_hook(settings, "ingress", snapshot->cgroup_ingress, true);
	print_hook(settings, "egress", snapshot->cgroup_egress, true);
	print_hook(settings, "bind4", snapshot->cgroup_bind4, guard);
	print_hook(settings, "bind6", snapshot->cgroup_bind6, guard);
	printf(" (bind guard: %s)\n", bind_guard_word(snapshot->flags));
}

static void print_drops(const struct settings *settings, const struct snapshot *snapshot)
{
	static const struct column columns[] = {
		{"REASON", 0},
		{"PACKETS", SCOLS_FL_RIGHT},
		{"MEANING", SCOLS_FL_WRAP},
	};
	_table_ struct libscols_table *table = table_new(settings, columns, ARRAY_SIZE(columns));

	for (unsigned int reason = 1; reason < RW_REASON_COUNT; reason++) {
		uint64_t packets;
		struct libscols_line *line;

		if (!reason_is_drop(reason))
			continue;
		packets = snapshot_packets(snapshot, reason);
		if (!packets)
			continue;
		line = table_line(table);
		cell_set(line, 0, "%s", reason_name(reason));
		cell_set(line, 1, "%" PRIu64, packets);
		cell_set(line, 2, "%s", reason_meaning(reason));
	}
	table_print(table);
}

static void print_counts(const struct settings *settings, const struct snapshot *snapshot)
{
	struct totals totals = totals_of(snapshot);
	const struct rw_event_state *events = &snapshot->events;

	print_fact(settings, "Packets", TONE_PLAIN, "%" PRIu64 " passed, %" PRIu64 " %s",
		   totals.passed, totals.dropped, dropped_text(snapshot));
	print_fact(settings, "Events", events->lost ? TONE_CARE : TONE_PLAIN,
		   "%llu emitted, %llu suppressed, %llu lost; %" PRIu64 " drops without a source",
		   events->emitted, events->suppressed, events->lost, totals.unattributed);
	if (!totals.dropped)
		return;
	putchar('\n');
	print_drops(settings, snapshot);
}

static int status_not_applied(const struct settings *settings, const struct error *error)
{
	static const struct snapshot nothing;

	if (settings->output != OUTPUT_TABLE)
		status_print_json(settings, &nothing);
	return report_kernel(settings, -ENOENT, error);
}

/* Nobody goes back by himself here: that is not what was asked for. */
static int report_pending(const struct settings *settings, const struct snapshot *snapshot)
{
	bool over = pending_left(&snapshot->pending) == 0;

	if (snapshot->previous_lost) {
		report_failure(settings,
			       over ? "change the node file back and \"rolewall apply\" it"
				    : "\"rolewall confirm\" keeps this one; then change the node "
				      "file back and apply it",
			       "generation %" PRIu32
			       " awaits its confirmation, but the way back is "
			       "lost: the pins of generation %" PRIu32 " are gone",
			       snapshot->generation, snapshot->previous);
		return EXIT_FAILED;
	}
	if (!pending_is_overdue(&snapshot->pending))
		return EXIT_OK;
	report_failure(settings, "\"rolewall rollback\" takes it back",
		       "generation %" PRIu32
		       " was not confirmed in time and is in force still: the "
		       "process that would have taken it back is gone",
		       snapshot->generation);
	return EXIT_FAILED;
}

static int report_way_back(const struct settings *settings, const struct snapshot *snapshot)
{
	if (snapshot->pending.deadline)
		return report_pending(settings, snapshot);
	if (snapshot->previous_lost)
		report_note(settings,
			    "the pins of generation %" PRIu32 ", which was in force before, are "
			    "gone: \"rolewall rollback\" has nowhere to go until the next apply",
			    snapshot->previous);
	return EXIT_OK;
}

static int report_all(const struct settings *settings, const struct snapshot *snapshot)
{
	int problems = state_report_problems(settings, snapshot);
	int way_back = report_way_back(settings, snapshot);

	return problems != EXIT_OK ? problems : way_back;
}

static int status_run(const struct settings *settings, const struct arguments *arguments)
{
	_cleanup_(snapshot_free) struct snapshot snapshot = {0};
	struct error error = {0};
	int result = snapshot_read(&settings->instance, &snapshot, &error);

	if (result == -ENOENT)
		return status_not_applied(settings, &error);
	if (result)
		return report_kernel(settings, result, &error);
	if (settings->output != OUTPUT_TABLE) {
		status_print_json(settings, &snapshot);
		return report_all(settings, &snapshot);
	}
	print_head(settings, &snapshot);
	print_hooks(settings, &snapshot);
	print_counts(settings, &snapshot);
	putchar('\n');
	state_print_interfaces(settings, &snapshot);
	return report_all(settings, &snapshot);
}

const struct verb verb_status = {
	.name = "status",
	.operands = "",
	.summary = "is it really enforcing? mode, hooks, counters, as the kernel says",
	.details =
		"Exits with 0 when a policy is in force and everything is attached, with 1 when\n"
		"something that should be attached is not, or when a policy that was not\n"
		"confirmed in time does not go back, with 3 when nothing is applied.",
	.needs_root = true,
	.run = status_run,
};
