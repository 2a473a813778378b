/* SPDX-License-Identifier: GPL-2.0 */
/* cmd_roles.c - rolewall roles: the profiles, their roles, and what changes between two. */
#include <errno.h>
#include <string.h>

#include "cli/changes.h"
#include "cli/cli.h"
#include "cli/config.h"
#include "cli/message.h"
#include "cli/print.h"
#include "host/recognise.h"
#include "policy/node.h"
#include "tables/profile.h"
#include "policy/words.h"
#include "util/array.h"
#include "util/cleanup.h"
#include "util/guess.h"

enum { OPTION_PROFILE, OPTION_DIFF, OPTION_COUNT };

static const struct option_spec roles_options[] = {
	[OPTION_PROFILE] = {"profile", 'p', "PROFILE",
			    "this profile (the node file's, else the newest Carbonio)"},
	[OPTION_DIFF] = {"diff", 'd', "OLD", "what changes from OLD to the profile that follows"},
};

/* -ENOENT is wrong usage here: the name was typed. */
static int report_profile(const struct settings *settings, int r, const struct error *error)
{
	int code = report_config(settings, r, error);

	return r == -ENOENT ? EXIT_USAGE : code;
}

/* --- every profile ---------------------------------------------------------------------------- */

static json_t *json_role_names(const struct profile *profile)
{
	json_t *list = json_make("[]");

	for (size_t i = 0; i < profile->role_count; i++)
		json_array_append_new(list,
				      json_make("{s:s, s:o, s:i}", "role", profile->roles[i].name,
						"title", json_clean(profile->roles[i].title),
						"services", (int)profile->roles[i].service_count));
	return list;
}

static void add_profile(struct libscols_table *table, const struct profile *profile)
{
	for (size_t i = 0; i < profile->role_count; i++) {
		const struct role_model *role = &profile->roles[i];
		struct libscols_line *line = table_line(table);

		cell_set(line, 0, "%s", profile->name);
		cell_set(line, 1, "%s", role->name);
		cell_set(line, 2, "%zu", role->service_count);
		cell_set(line, 3, "%s", role->title ? role->title : "");
	}
}

/* `only`: NULL for all. */
static int list_run(const struct settings *settings, const char *only)
{
	static const struct column columns[] = {
		{"PROFILE", 0}, {"ROLE", 0}, {"SERVICES", SCOLS_FL_RIGHT}, {"TITLE", 0}};
	_table_ struct libscols_table *table = table_new(settings, columns, ARRAY_SIZE(columns));
	_cleanup_(profile_names_free) struct profile_names names = {0};
	_json_ json_t *list = json_make("[]");
	struct error error = {0};
	int r = profile_names_read(settings->roles_dir, &names, &error);

	for (size_t i = 0; r == 0 && i < names.count; i++) {
		_cleanup_(profile_free) struct profile profile = {0};

		if (only && strcmp(only, names.list[i]))
			continue;
		r = profile_read(settings->roles_dir, names.list[i], &profile, &error);
		if (r < 0)
			break;
		add_profile(table, &profile);
		json_array_append_new(list, json_make("{s:s, s:o}", "profile", profile.name,
						      "roles", json_role_names(&profile)));
	}
	if (r < 0)
		return report_config(settings, r, &error);
	if (settings->output == OUTPUT_TABLE)
		table_print(table);
	else
		print_json(settings, json_make("{s:O}", "profiles", list));
	return EXIT_OK;
}

/* --- one role --------------------------------------------------------------------------------- */

static const char *protocols_text(uint8_t l4s)
{
	return l4s == (1 << RW_L4_TCP) ? "tcp" : l4s == (1 << RW_L4_UDP) ? "udp" : "tcp,udp";
}

static json_t *json_service(const struct service_model *service)
{
	json_t *protocols = json_make("[]");

	for (const struct word *l4 = words_l4; l4->word; l4++)
		if (service->l4s & (1 << l4->number))
			json_array_append_new(protocols, json_clean(l4->word));
	return json_make("{s:s, s:o, s:i, s:i, s:o, s:b, s:b, s:o, s:o}", "service", service->name,
			 "proto", protocols, "port", (int)service->port, "port_end",
			 (int)service->port_end, "zones", json_zones(service->zones), "vpn_advised",
			 service->vpn_advised, "loopback_only", service->loopback_only, "limit",
			 json_limit(&service->limit), "about", json_clean(service->about));
}

static void role_print_json(const struct settings *settings, const char *profile,
			    const struct role_model *role)
{
	json_t *services = json_make("[]");

	for (size_t i = 0; i < role->service_count; i++)
		json_array_append_new(services, json_service(&role->services[i]));
	print_json(settings,
		   json_make("{s:s, s:s, s:o, s:o}", "profile", profile, "role", role->name,
			     "title", json_clean(role->title), "services", services));
}

static void role_print(const struct settings *settings, const char *profile,
		       const struct role_model *role)
{
	static const struct column columns[] = {{"PROTO", 0},	{"PORT", SCOLS_FL_RIGHT},
						{"SERVICE", 0}, {"ZONES", 0},
						{"VPN", 0},	{"ABOUT", SCOLS_FL_WRAP}};
	_table_ struct libscols_table *table = table_new(settings, columns, ARRAY_SIZE(columns));

	for (size_t i = 0; i < role->service_count; i++) {
		const struct service_model *service = &role->services[i];
		struct libscols_line *line = table_line(table);
		char ports[PORTS_TEXT_MAX], zones[ZONES_TEXT_MAX];

		cell_set(line, 0, "%s", protocols_text(service->l4s));
		cell_set(line, 1, "%s", ports_text(service->port, service->port_end, ports));
		cell_set(line, 2, "%s", service->name);
		cell_set(line, 3, "%s",
			 service->loopback_only ? "loopback" : zones_text(service->zones, zones));
		cell_set(line, 4, "%s", service->vpn_advised ? "advised" : "");
		cell_set(line, 5, "%s", service->about ? service->about : "");
	}
	print_summary(settings, "%s of %s:", role->title ? role->title : role->name, profile);
	if (role->service_count)
		table_print(table);
	else
		print_summary(settings, "it opens nothing");
}

static int role_refuse(const struct settings *settings, const struct profile *profile,
		       const char *name)
{
	struct guess guess = guess_begin(name);
	char hint[512] = "its roles are: ";

	for (size_t i = 0; i < profile->role_count; i++) {
		size_t used = strlen(hint);

		guess_consider(&guess, profile->roles[i].name);
		snprintf(hint + used, sizeof(hint) - used, "%s%s", i ? ", " : "",
			 profile->roles[i].name);
	}
	if (guess.best)
		snprintf(hint, sizeof(hint), "did you mean \"%s\"?", guess.best);
	report_failure(settings, hint, "the profile %s has no role \"%s\"", profile->name, name);
	return EXIT_USAGE;
}

/* What was asked for; else the node file's, if it can be read; else the one that init begins with. */
static int profile_choose(const struct settings *settings, const char *asked,
			  char ret[TABLES_NAME_MAX], struct error *ret_error)
{
	_cleanup_(node_model_free) struct node_model node = {0};

	if (asked)
		snprintf(ret, TABLES_NAME_MAX, "%s", asked);
	else if (node_model_read(settings->config, &node, NULL) == 0 && node.profile.name[0])
		snprintf(ret, TABLES_NAME_MAX, "%s", node.profile.name);
	else
		return profile_fallback(settings->roles_dir, ret, ret_error);
	return 0;
}

static int role_run(const struct settings *settings, const char *asked, const char *name)
{
	_cleanup_(profile_free) struct profile profile = {0};
	char chosen[TABLES_NAME_MAX] = "";
	const struct role_model *role;
	struct error error = {0};
	int r = profile_choose(settings, asked, chosen, &error);

	if (r == 0)
		r = profile_read(settings->roles_dir, chosen, &profile, &error);
	if (r < 0)
		return report_profile(settings, r, &error);
	role = profile_role(&profile, name);
	if (!role)
		return role_refuse(settings, &profile, name);
	if (settings->output == OUTPUT_TABLE)
		role_print(settings, profile.name, role);
	else
		role_print_json(settings, profile.name, role);
	return EXIT_OK;
}

/* --- two profiles ----------------------------------------------------------------------------- */

/* Where a comparison is collected. */
struct diff {
	struct libscols_table *table;
	json_t *root;
};

static int diff_role(struct diff *diff, const struct role_model *before,
		     const struct role_model *after)
{
	_cleanup_(role_change_free) struct role_change change = {0};
	int r = roles_compare(before, after, &change);

	if (r == 0) {
		changes_add(diff->table, &change.ports);
		json_changes(diff->root, &change.ports);
	}
	return r;
}

/* The roles of the new profile, then those that only the old one has; `only` may be NULL. */
static int diff_profiles(struct diff *diff, const struct profile *old, const struct profile *new,
			 const char *only)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < new->role_count; i++)
		if (!only || !strcmp(only, new->roles[i].name))
			r = diff_role(diff, profile_role(old, new->roles[i].name), &new->roles[i]);
	for (size_t i = 0; r == 0 && i < old->role_count; i++)
		if (!profile_role(new, old->roles[i].name) &&
		    (!only || !strcmp(only, old->roles[i].name)))
			r = diff_role(diff, &old->roles[i], NULL);
	return r;
}

/* Roles of `a` that `b` lacks. */
static json_t *json_roles_only_in(const struct profile *a, const struct profile *b)
{
	json_t *list = json_make("[]");

	for (size_t i = 0; i < a->role_count; i++)
		if (!profile_role(b, a->roles[i].name))
			json_array_append_new(list, json_clean(a->roles[i].name));
	return list;
}

static void print_roles_only_in(const struct settings *settings, const struct profile *a,
				const struct profile *b, const char *what)
{
	for (size_t i = 0; i < a->role_count; i++)
		if (!profile_role(b, a->roles[i].name))
			print_summary(settings, "The role %s %s.", a->roles[i].name, what);
}

static int diff_show(const struct settings *settings, const struct profile *old,
		     const struct profile *new, const char *only)
{
	_table_ struct libscols_table *table = changes_table(settings);
	_json_ json_t *root = json_make("{s:s, s:s}", "from", old->name, "to", new->name);
	struct diff diff = {table, root};

	if (only && !profile_role(old, only) && !profile_role(new, only))
		return role_refuse(settings, new, only);
	if (diff_profiles(&diff, old, new, only) < 0) {
		report_failure(settings, NULL, "out of memory");
		return EXIT_FAILED;
	}
	if (settings->output != OUTPUT_TABLE) {
		json_object_set_new(root, "roles_added", json_roles_only_in(new, old));
		json_object_set_new(root, "roles_removed", json_roles_only_in(old, new));
		print_json(settings, json_incref(root));
		return EXIT_OK;
	}
	if (scols_table_get_nlines(table))
		table_print(table);
	else
		print_summary(settings, "From %s to %s no port changes.", old->name, new->name);
	if (!only) {
		print_roles_only_in(settings, new, old, "is new");
		print_roles_only_in(settings, old, new,
				    "is gone: take it out of the node file's roles");
	}
	return EXIT_OK;
}

static int diff_run(const struct settings *settings, const struct arguments *arguments)
{
	_cleanup_(profile_free) struct profile old = {0}, new = {0};
	const char *only = arguments->operand_count > 1 ? arguments->operands[1] : NULL;
	struct error error = {0};
	int r;

	if (!arguments->operand_count) {
		report_failure(settings, "rolewall roles --diff OLD NEW",
			       "--diff needs two profiles");
		return EXIT_USAGE;
	}
	r = profile_read(settings->roles_dir, arguments->options[OPTION_DIFF], &old, &error);
	if (r == 0)
		r = profile_read(settings->roles_dir, arguments->operands[0], &new, &error);
	if (r < 0)
		return report_profile(settings, r, &error);
	return diff_show(settings, &old, &new, only);
}

/* --- the verb --------------------------------------------------------------------------------- */

static int profile_run(const struct settings *settings, const char *asked)
{
	_cleanup_(profile_free) struct profile profile = {0};
	struct error error = {0};
	int r = asked ? profile_read(settings->roles_dir, asked, &profile, &error) : 0;

	return r < 0 ? report_profile(settings, r, &error) : list_run(settings, asked);
}

static int roles_run(const struct settings *settings, const struct arguments *arguments)
{
	const char *profile = arguments->options[OPTION_PROFILE];

	if (arguments->options[OPTION_DIFF])
		return diff_run(settings, arguments);
	if (arguments->operand_count > 1) {
		report_failure(settings, "\"rolewall help roles\" shows how it is used",
			       "roles does not take \"%s\"", arguments->operands[1]);
		return EXIT_USAGE;
	}
	if (arguments->operand_count)
		return role_run(settings, profile, arguments->operands[0]);
	return profile_run(settings, profile);
}

const struct verb verb_roles = {
	.name = "roles",
	.operands = "[ROLE]",
	.operands_max = 2,
	.summary = "the profiles and their roles; --diff OLD NEW: what changes between two",
	.details =
		"With ROLE: the services of that role. \"roles --diff OLD NEW [ROLE]\" tells which "
		"ports a node\n"
		"opens and closes when it moves from the profile OLD to NEW. Nothing is changed, "
		"and root is\n"
		"not needed.",
	.options = roles_options,
	.option_count = OPTION_COUNT,
	.run = roles_run,
};
