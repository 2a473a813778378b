/* SPDX-License-Identifier: GPL-2.0 */
/* rules.c - rows of the merged policy -> rules and ports. */
#include "policy/rules.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/flows.h"
#include "util/array.h"
#include "util/cleanup.h"

#define PORTS 65536

static int order_of(size_t a, size_t b)
{
	return a < b ? -1 : a > b;
}

/* Rows of the same ports side by side, and in their own order there: the rows are one array. */
static int rows_compare(const void *left, const void *right)
{
	const struct row *a = *(const struct row *const *)left;
	const struct row *b = *(const struct row *const *)right;

	if (a->l4 != b->l4)
		return order_of(a->l4, b->l4);
	if (a->service->port != b->service->port)
		return order_of(a->service->port, b->service->port);
	if (a->service->port_end != b->service->port_end)
		return order_of(a->service->port_end, b->service->port_end);
	return a < b ? -1 : a > b;
}

static bool is_for(const struct rule *rule, const struct row *row)
{
	return rule->l4 == row->l4 && rule->port == row->service->port &&
	       rule->port_end == row->service->port_end;
}

static bool has_origin(const char *origins, const char *origin)
{
	size_t size = strlen(origin);

	for (; origins; origins = strstr(origins, ", ")) {
		origins += strspn(origins, ", ");
		if (!strncmp(origins, origin, size) && strchr(",", origins[size]))
			return true;
	}
	return false;
}

static void origin_add(struct rule *rule, const struct row *row)
{
	const struct at *at = &row->service->at;
	char origin[TABLES_ORIGIN_MAX];
	size_t used = strlen(rule->origin), room = sizeof(rule->origin) - used;
	int length;

	length = snprintf(origin, sizeof(origin), "%s:%u", at->document->file, at_line(at));
	if (length < (int)sizeof(origin) && has_origin(rule->origin, origin))
		return;
	length = snprintf(rule->origin + used, room, "%s%s:%u", used ? ", " : "",
			  at->document->file, at_line(at));
	if (length >= (int)room)
		strcpy(rule->origin + sizeof(rule->origin) - sizeof("..."), "...");
}

static int rule_add(struct tables *tables, const struct row *row, struct error *ret_error)
{
	struct rule *rule;

	if (tables->rule_count >= RW_RULES)
		return error_at(ret_error, &row->service->at, "there are more than %d rules",
				RW_RULES);
	rule = array_append(&tables->rules, &tables->rule_count, sizeof(*rule));
	if (!rule)
		return error_set(ret_error, ENOMEM, "out of memory");
	rule->l4 = row->l4;
	rule->loopback = true;
	rule->port = row->service->port;
	rule->port_end = row->service->port_end;
	snprintf(rule->role, sizeof(rule->role), "%s", row->role);
	snprintf(rule->service, sizeof(rule->service), "%s", row->service->name);
	return 0;
}

/* RW_ZONE_INTERNAL includes the peers. RW_ZONE_NOBODY stands alone. */
static void rule_finish(struct rule *rule, const struct flows_model *flows)
{
	if (rule->zones & RW_ZONE_INTERNAL)
		rule->zones &= ~RW_ZONE_PEERS;
	if (rule->zones & ~RW_ZONE_NOBODY)
		rule->zones &= ~RW_ZONE_NOBODY;
	if (flows)
		flows_names(flows, rule->zones, rule->peers, sizeof(rule->peers));
}

static int rules_add(struct tables *tables, const struct row *const *rows, size_t count,
		     struct error *ret_error)
{
	struct rule *rule = NULL;

	for (size_t i = 0; i < count; i++) {
		/* "from": [] means nothing. */
		if (!rows[i]->zones)
			continue;
		if (!rule || !is_for(rule, rows[i])) {
			int r = rule_add(tables, rows[i], ret_error);

			if (r < 0)
				return r;
			rule = &tables->rules[tables->rule_count - 1];
		}
		rule->zones |= rows[i]->zones;
		rule->loopback = rule->loopback && rows[i]->service->loopback_only;
		/* What is said of one holds before what is said of all; of two the later. */
		if (rows[i]->limit.count && (rows[i]->limit_is_own || !rule->limit.count))
			rule->limit = rows[i]->limit;
		origin_add(rule, rows[i]);
	}
	return 0;
}

/* As many kinds as the programs can tell apart. */
static int limits_check(const struct tables *tables, struct error *ret_error)
{
	_free_ struct limit *kinds = calloc(tables->rule_count + 1, sizeof(*kinds));
	size_t count = 0;

	if (!kinds)
		return error_set(ret_error, ENOMEM, "out of memory");
	for (size_t i = 0; i < tables->rule_count; i++) {
		if (limit_number(kinds, &count, &tables->rules[i].limit) <= RW_LIMITS)
			continue;
		error_set(ret_error, EINVAL, "the services have more than %d different limits",
			  RW_LIMITS);
		error_hint(ret_error, "let some of them have the same");
		return -EINVAL;
	}
	return 0;
}

int tables_add_rules(struct tables *tables, const struct merged *merged, struct error *ret_error)
{
	_free_ const struct row **rows = calloc(merged->row_count + 1, sizeof(*rows));
	int r;

	if (!rows)
		return error_set(ret_error, ENOMEM, "out of memory");
	for (size_t i = 0; i < merged->row_count; i++)
		rows[i] = &merged->rows[i];
	qsort(rows, merged->row_count, sizeof(*rows), rows_compare);
	r = rules_add(tables, rows, merged->row_count, ret_error);
	for (size_t i = 0; r == 0 && i < tables->rule_count; i++)
		rule_finish(&tables->rules[i], merged->flows);
	return r ? r : limits_check(tables, ret_error);
}

/* --- ports ------------------------------------------------------------------------------------ */

int tables_add_ports(struct tables *tables, struct error *ret_error)
{
	tables->ports = calloc(2 * PORTS, sizeof(*tables->ports));
	if (!tables->ports)
		return error_set(ret_error, ENOMEM, "out of memory");
	for (uint32_t i = 0; i < tables->rule_count; i++) {
		const struct rule *rule = &tables->rules[i];

		for (unsigned int number = rule->port; number <= rule->port_end; number++) {
			struct port *port = &tables->ports[rule->l4 * PORTS + number];

			if (!port->zones || rule_owner(&tables->rules[port->rule], rule) == rule)
				port->rule = i;
			port->zones |= rule->zones;
		}
	}
	return 0;
}
