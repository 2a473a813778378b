/* SPDX-License-Identifier: GPL-2.0 */
/* cmd_status.c - rolewall status: is it really enforcing? */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/message.h"
#include "cli/node_file.h"
#include "cli/print.h"
#include "cli/state.h"
#include "kernel/commit/confirmed.h"
#include "kernel/commit/pending.h"
#include "kernel/commit/trial.h"
#include "report/cookies.h"
#include "report/feed.h"
#include "report/followed.h"
#include "report/json.h"
#include "util/array.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/reason.h"

/* --- names in sets ---------------------------------------------------------------------------- */

static bool is_troubled(const struct followed *name)
{
	return name->wanted && (*name->trouble || !name->answered);
}

static void note_names(const struct settings *settings, const struct followed_list *names)
{
	int64_t now = wall_now() / NS_PER_SECOND;

	for (size_t i = 0; i < names->count; i++) {
		const struct followed *name = &names->list[i];
		char age[AGE_TEXT_MAX];

		if (!is_troubled(name))
			continue;
		report_note(settings, "name %s: %s; answered last: %s, %zu address%s in force",
			    name->name, *name->trouble ? name->trouble : "not asked yet",
			    age_text(followed_age(name, now), age), name->count,
			    name->count == 1 ? "" : "es");
	}
	if (*names->waiting)
		report_note(settings, "new addresses of names are not in force yet: %s",
			    names->waiting);
}

static void names_read(const struct settings *settings, struct followed_list *ret)
{
	struct error error = {0};

	if (followed_look(&settings->instance, ret, &error))
		report_note(settings, "what names stand for cannot be read: %s", error.what);
}

/* --- facts ------------------------------------------------------------------------------------ */

static void print_pending(const struct settings *settings, const struct snapshot *snapshot)
{
	const struct rw_pending *pending = &snapshot->pending;
	uint32_t left = pending_left(pending);

	if (snapshot->previous_lost)
		print_fact(settings, "Pending", STYLE_BAD,
			   "the way back is lost: it stays in force");
	else if (pending_is_overdue(pending))
		print_fact(settings, "Pending", STYLE_BAD,
			   "overdue: 'rolewall rollback' takes it back");
	else if (left)
		print_fact(settings, "Pending", STYLE_CARE,
			   "goes back in %" PRIu32 " s unless you say \"rolewall confirm\"", left);
	else
		print_fact(settings, "Pending", STYLE_CARE, "goes back now");
}

/* What a restart puts in force. */
static void print_confirmed(const struct settings *settings, bool in_force)
{
	_cleanup_(tables_free) struct tables tables = {0};
	struct error error = {0};
	char path[4096];

	if (!confirmed_is_there(&settings->instance) ||
	    confirmed_path(&settings->instance, path, sizeof(path)))
		return;
	if (in_force)
		print_fact(settings, "Confirmed", STYLE_PLAIN,
			   "%s, which a restart puts in force: this generation", path);
	else if (confirmed_read(&settings->instance, &tables, &error))
		print_fact(settings, "Confirmed", STYLE_BAD,
			   "a restart cannot use it: %s; 'rolewall apply' writes it anew",
			   error.what);
	else
		print_fact(settings, "Confirmed", STYLE_CARE,
			   "%s, which a restart puts in force: another policy than this one", path);
}

static void print_head(const struct settings *settings, const struct snapshot *snapshot,
		       bool confirmed)
{
	bool enforcing = snapshot->flags & RW_POLICY_ENFORCE;
	char when[TIME_TEXT_MAX];

	print_fact(settings, "Node", STYLE_BOLD, "%s", snapshot->node);
	print_fact(settings, "Mode", enforcing ? STYLE_GOOD : STYLE_CARE, "%s%s",
		   mode_word(snapshot->flags),
		   enforcing ? "" : " (nothing is refused; what would be is counted)");
	print_fact(settings, "Generation", STYLE_PLAIN, "%" PRIu32 ", applied %s from %s",
		   snapshot->generation, time_text(snapshot->applied_at, when),
		   snapshot->node_file);
	print_confirmed(settings, confirmed);
	if (snapshot->pending.deadline)
		print_pending(settings, snapshot);
	if (snapshot->taken_back.taken_back)
		print_fact(settings, "Taken back", STYLE_PLAIN, "generation %" PRIu32 " at %s%s",
			   snapshot->taken_back.generation,
			   time_text_ns(boottime_to_wall(snapshot->taken_back.taken_back), when),
			   snapshot->taken_back.missed ? ": it was not confirmed in time" : "");
	print_fact(settings, "Profile", STYLE_PLAIN, "%s", snapshot->profile);
	print_fact(settings, "Roles", STYLE_PLAIN, "%s", snapshot->roles);
	print_fact(settings, "Rules", STYLE_PLAIN, "%zu", snapshot->rule_count);
}

static void print_names(const struct settings *settings, const struct followed_list *names)
{
	size_t count = 0, troubled = 0;

	for (size_t i = 0; i < names->count; i++) {
		count += names->list[i].wanted;
		troubled += is_troubled(&names->list[i]);
	}
	if (count)
		print_fact(settings, "Names", troubled ? STYLE_CARE : STYLE_PLAIN,
			   "%zu followed, %zu in trouble", count, troubled);
}

static void print_hook(const struct settings *settings, const char *name, bool attached,
		       bool needed)
{
	enum style style = attached ? STYLE_GOOD : needed ? STYLE_CARE : STYLE_FAINT;

	printf(" %s%s%s%s", style_begin(settings, style), name, attached ? "" : ":off",
	       style_end(settings, style));
}

static void print_forwarding(const struct settings *settings, const struct snapshot *snapshot)
{
	if (snapshot->conntrack)
		print_fact(settings, "Forwarding", STYLE_PLAIN,
			   "for others as well: the kernel's connection tracking is asked");
	else if (snapshot->flows)
		print_fact(settings, "Forwarding", STYLE_PLAIN,
			   "for others as well: answers to them are known by what leaves");
	else
		print_fact(settings, "Forwarding", STYLE_CARE,
			   "for others as well, but the kernel's connection tracking is not asked: "
			   "answers to them are refused");
}

static void print_hooks(const struct settings *settings, const struct snapshot *snapshot)
{
	bool guard = snapshot->flags & RW_POLICY_BIND_OBSERVE;

	printf("%-12s", "Cgroup hooks");
	print_hook(settings, "ingress", snapshot->cgroup_ingress, true);
	print_hook(settings, "egress", snapshot->cgroup_egress, true);
	print_hook(settings, "bind4", snapshot->cgroup_bind4, guard);
	print_hook(settings, "bind6", snapshot->cgroup_bind6, guard);
	if (snapshot->flags & RW_POLICY_IPV6_DROP)
		print_hook(settings, "connect6", snapshot->cgroup_connect6, true);
	if (snapshot_has_limits(snapshot))
		print_hook(settings, "established", snapshot->cgroup_established, true);
	printf(" (bind guard: %s)\n", bind_guard_word(snapshot->flags));
	if (!snapshot->namespaces)
		print_fact(settings, "Namespaces", STYLE_CARE,
			   "sockets of other network namespaces (containers) count as this node's: "
			   "the kernel cannot tell them apart");
	if (snapshot->forwards)
		print_forwarding(settings, snapshot);
	if (snapshot->tunnels)
		print_fact(settings, "Tunnels", STYLE_PLAIN,
			   "answers to what the kernel sends by itself are known by what leaves");
}

static void print_cookies(const struct settings *settings, const struct snapshot *snapshot)
{
	const struct rw_cookie_counter *counter = &snapshot->cookie_counter;
	const char *missing = cookies_missing(snapshot);
	bool wanted = (snapshot->flags & (RW_POLICY_ENFORCE | RW_POLICY_COOKIES_OFF)) ==
		      RW_POLICY_ENFORCE;

	if (missing)
		print_fact(settings, "SYN cookies", wanted ? STYLE_CARE : STYLE_PLAIN, "none: %s",
			   missing);
	else
		print_fact(settings, "SYN cookies", STYLE_PLAIN,
			   "%llu sent in place of sockets that overflowed, %llu came back, %llu "
			   "stray segments refused",
			   counter->sent, counter->completed, counter->refused);
	for (size_t i = 0; !missing && i < snapshot->interface_count; i++) {
		const struct interface_state *interface = &snapshot->interfaces[i];
		const char *why = cookies_missing_at(interface);

		if (why)
			print_fact(settings, "", STYLE_CARE, "none by %s: %s", interface->name,
				   why);
	}
}

static void print_drops(const struct settings *settings, const struct snapshot *snapshot)
{
	static const struct column columns[] = {
		{"REASON", 0},
		{"REFUSED", SCOLS_FL_RIGHT},
		{"OBSERVED", SCOLS_FL_RIGHT},
		{"MEANING", SCOLS_FL_WRAP},
	};
	_table_ struct libscols_table *table = table_new(settings, columns, ARRAY_SIZE(columns));

	for (unsigned int reason = 1; reason < RW_REASON_COUNT; reason++) {
		uint64_t refused, observed;
		struct libscols_line *line;

		if (!reason_is_drop(reason))
			continue;
		refused = snapshot_count(snapshot, reason).packets;
		observed = snapshot_observed(snapshot, reason).packets;
		if (!refused && !observed)
			continue;
		line = table_line(table);
		cell_set(line, 0, "%s", reason_name(reason));
		cell_set(line, 1, "%" PRIu64, refused);
		cell_set(line, 2, "%" PRIu64, observed);
		cell_set(line, 3, "%s", reason_meaning(reason));
	}
	table_print(table);
}

static void print_counts(const struct settings *settings, const struct snapshot *snapshot)
{
	struct totals totals = snapshot_totals(snapshot);
	const struct rw_event_state *events = &snapshot->events;
	char observed[80] = "";

	if (totals.observed)
		snprintf(observed, sizeof(observed),
			 ", %" PRIu64 " observed (they passed, and would be refused)",
			 totals.observed);
	print_fact(settings, "Packets", STYLE_PLAIN, "%" PRIu64 " passed, %" PRIu64 " refused%s",
		   totals.passed, totals.dropped, observed);
	/* Many that are not told of are no failure: they are counted all the same. */
	print_fact(settings, "Events", events->lost ? STYLE_CARE : STYLE_PLAIN,
		   "%llu reported, %llu counted only, %llu lost; %" PRIu64
		   " packets were counted without their source",
		   events->emitted, events->suppressed, events->lost, totals.unattributed);
	if (!totals.dropped && !totals.observed)
		return;
	putchar('\n');
	print_drops(settings, snapshot);
}

static void status_print_json(const struct settings *settings, const struct snapshot *snapshot,
			      const struct followed_list *names)
{
	json_t *status = json_status(snapshot);

	json_object_set_new(status, "names", json_followed(names));
	print_json(settings, status);
}

static int status_not_applied(const struct settings *settings, const struct error *error)
{
	static const struct followed_list no_names;
	struct snapshot nothing = {0};

	trial_read(&settings->instance, &nothing.taken_back);
	if (settings->output != OUTPUT_TABLE)
		status_print_json(settings, &nothing, &no_names);
	return report_kernel(settings, -ENOENT, error);
}

/* What nobody does, where there is no daemon; the rest it does is said in its own place. */
static void note_daemon(const struct settings *settings, const struct snapshot *snapshot)
{
	bool bans = false;

	for (size_t i = 0; i < snapshot->rule_count; i++)
		bans |= snapshot->rules[i].rule.limit.ban != 0;
	if (bans && !feed_is_served(&settings->instance))
		report_note(settings, "the daemon does not run: who goes on at a limit is refused, "
				      "but not banned; 'rolewall serve' is the daemon");
}

/* `status` only reports what is pending: it rolls nothing back. */
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

static int report_way_back(const struct settings *settings, const struct snapshot *snapshot,
			   bool confirmed)
{
	if (snapshot->pending.deadline)
		return report_pending(settings, snapshot);
	if (!confirmed)
		report_note(settings,
			    "a restart would bring back another policy than the one in force, or "
			    "none: \"rolewall apply\" makes it this one");
	if (snapshot->previous_lost)
		report_note(settings,
			    "the pins of generation %" PRIu32 ", which was in force before, are "
			    "gone: \"rolewall rollback\" has nowhere to go until the next apply",
			    snapshot->previous);
	return EXIT_OK;
}

static int report_all(const struct settings *settings, const struct snapshot *snapshot,
		      bool confirmed)
{
	int problems = state_report_problems(settings, snapshot);
	int way_back = report_way_back(settings, snapshot, confirmed);

	note_node_file(settings, snapshot);

	return problems != EXIT_OK ? problems : way_back;
}

/* What the cgroup hook cannot do, for those who count on it. */
static void note_weaker_interfaces(const struct settings *settings, const struct snapshot *snapshot)
{
	char names[256] = "";
	size_t used = 0;

	for (size_t i = 0; i < snapshot->interface_count && used < sizeof(names); i++)
		if (snapshot->interfaces[i].hook == HOOK_CGROUP)
			used += snprintf(names + used, sizeof(names) - used, "%s%s",
					 used ? ", " : "", snapshot->interfaces[i].name);
	if (names[0])
		report_note(settings,
			    "%s: judged at sockets only, which is weaker: a scan there can tell "
			    "ports on which nothing listens (they answer with a reset) from "
			    "refused ones, and what no socket takes (echo requests, GRE, ESP) is "
			    "neither judged nor counted",
			    names);
}

static int status_run(const struct settings *settings, const struct arguments *arguments)
{
	_cleanup_(followed_list_free) struct followed_list names = {0};
	_cleanup_(snapshot_free) struct snapshot snapshot = {0};
	struct error error = {0};
	bool confirmed; /* would a restart put this generation in force? */
	int r = snapshot_read(&settings->instance, &snapshot, &error);

	if (r == -ENOENT)
		return status_not_applied(settings, &error);
	if (r)
		return report_kernel(settings, r, &error);
	confirmed = confirmed_is_in_force(&settings->instance);
	names_read(settings, &names);
	if (settings->output != OUTPUT_TABLE) {
		status_print_json(settings, &snapshot, &names);
		note_names(settings, &names);
		note_daemon(settings, &snapshot);
		note_weaker_interfaces(settings, &snapshot);
		return report_all(settings, &snapshot, confirmed);
	}
	print_head(settings, &snapshot, confirmed);
	print_names(settings, &names);
	print_hooks(settings, &snapshot);
	print_cookies(settings, &snapshot);
	print_counts(settings, &snapshot);
	putchar('\n');
	state_print_interfaces(settings, &snapshot);
	note_names(settings, &names);
	note_daemon(settings, &snapshot);
	note_weaker_interfaces(settings, &snapshot);
	return report_all(settings, &snapshot, confirmed);
}

const struct verb verb_status = {
	.name = "status",
	.operands = "",
	.summary = "is it really enforcing? mode, hooks, counters, as the kernel says",
	.details =
		"Names the copy of what was confirmed, which a restart puts in force, and notes\n"
		"if the node file is gone or has changed since it was applied.\n"
		"Exits with 0 when a policy is in force and everything is attached, with 1 when\n"
		"something that should be attached is not, or when a policy that was not\n"
		"confirmed in time does not go back, with 3 when nothing is applied.",
	.needs_root = true,
	.run = status_run,
};
