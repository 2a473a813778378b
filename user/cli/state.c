/* SPDX-License-Identifier: GPL-2.0 */
/* state.c - hooks and interfaces of a snapshot. */
#include "cli/state.h"

#include "cli/message.h"
#include "cli/print.h"
#include "util/array.h"

int state_load(const struct settings *settings, struct snapshot *ret)
{
	struct error error = {0};
	int r = snapshot_read(&settings->instance, ret, &error);

	return r ? report_kernel(settings, r, &error) : EXIT_OK;
}

static bool is_present(const struct interface_state *interface)
{
	return interface->ifindex != 0;
}

static enum style interface_style(const struct interface_state *interface)
{
	if (interface->hook == HOOK_NONE)
		return is_present(interface) ? STYLE_BAD : STYLE_CARE;
	return interface->hook != HOOK_CGROUP ? STYLE_GOOD : STYLE_PLAIN;
}

static void print_interface(struct libscols_table *table, const struct interface_state *interface)
{
	struct libscols_line *line = table_line(table);
	const char *zone = zone_name(interface->in_force);

	cell_set(line, 0, "%s", interface->name);
	cell_set(line, 1, "%s", zone ? zone : "?");
	cell_set(line, 2, "%s", hook_word(interface->hook));
	cell_set(line, 3, "%s", xdp_mode_word(interface->xdp_mode));
	cell_set(line, 4, "%s", interface->note);
	cell_style(line, 2, interface_style(interface));
}

void state_print_interfaces(const struct settings *settings, const struct snapshot *snapshot)
{
	static const struct column columns[] = {
		{"INTERFACE", 0}, {"ZONE", 0}, {"HOOK", 0}, {"XDP", 0}, {"NOTE", SCOLS_FL_WRAP},
	};
	_table_ struct libscols_table *table = table_new(settings, columns, ARRAY_SIZE(columns));

	for (size_t i = 0; i < snapshot->interface_count; i++)
		print_interface(table, &snapshot->interfaces[i]);
	/* What the ports of a bridge bring comes in by the bridge. */
	for (size_t i = 0; i < snapshot->unlisted_count; i++)
		if (!snapshot->unlisted[i].is_port)
			print_interface(table, &snapshot->unlisted[i]);
	table_print(table);
}

static void report_problem(const struct settings *settings, const char *what)
{
	report_failure(settings, "\"rolewall apply\" attaches it again", "%s", what);
}

int state_report_problems(const struct settings *settings, const struct snapshot *snapshot)
{
	char what[128];

	if (snapshot_is_enforced(snapshot))
		return EXIT_OK;
	for (size_t i = 0; i < snapshot->interface_count; i++) {
		const struct interface_state *interface = &snapshot->interfaces[i];

		if (interface->hook != HOOK_NONE || !is_present(interface))
			continue;
		snprintf(what, sizeof(what), "interface %s is not guarded: no hook is attached",
			 interface->name);
		report_problem(settings, what);
	}
	if (!snapshot->cgroup_ingress)
		report_problem(settings, "the cgroup ingress hook is not attached: interfaces "
					 "without XDP or tc are not guarded");
	if (!snapshot->cgroup_egress)
		report_problem(settings, "the cgroup egress hook is not attached: answers to this "
					 "host's own UDP packets are refused");
	if ((snapshot->flags & RW_POLICY_BIND_OBSERVE) &&
	    !(snapshot->cgroup_bind4 && snapshot->cgroup_bind6))
		report_problem(settings,
			       "a cgroup bind hook is not attached: binds of ports that no "
			       "role opens go unnoticed");
	if ((snapshot->flags & RW_POLICY_IPV6_DROP) && !snapshot->cgroup_connect6)
		report_problem(settings, "the cgroup connect6 hook is not attached: connections "
					 "of this host over IPv6 wait in vain instead of failing");
	return EXIT_FAILED;
}
