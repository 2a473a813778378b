/* SPDX-License-Identifier: GPL-2.0 */
/* cmd_sets.c - rolewall sets [NAME]: sources with a name, where they come from, what they open. */
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/message.h"
#include "cli/print.h"
#include "cli/state.h"
#include "kernel/observe/sources.h"
#include "policy/cidr.h"
#include "policy/set_tables.h"
#include "policy/words.h"
#include "report/followed.h"
#include "report/json.h"
#include "util/array.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/guess.h"

#define ORIGIN_MAX 600
#define OPENS_MAX  256

static bool is_shown(const struct set *set, const char *name)
{
	char label[TABLES_SET_MAX];

	return !name || !strcmp(set_label(set, label), name);
}

static bool is_opened(const struct tables *tables, const struct rule *rule, const struct set *set)
{
	return rule->zones & RW_ZONE_SET(set - tables->sets);
}

/* "FILE:LINE", and before it the name that was followed. */
static const char *origin_text(const struct tables *tables, const struct set *set,
			       const struct set_source *source, char ret[ORIGIN_MAX])
{
	snprintf(ret, ORIGIN_MAX, "%s%s%s%s:%u", source->host ? "name:" : "",
		 source->host ? set->hosts[source->host - 1].name : "", source->host ? ", " : "",
		 tables->set_files[source->file], source->line);
	return ret;
}

/* --- JSON ------------------------------------------------------------------------------------- */

static json_t *json_sources(const struct tables *tables, const struct set *set)
{
	json_t *list = json_make("[]");

	for (size_t i = 0; i < set->source_count; i++) {
		const struct set_source *source = &set->sources[i];
		char text[CIDR_TEXT_MAX], origin[ORIGIN_MAX];

		cidr_format(source->source, source->length, text);
		snprintf(origin, sizeof(origin), "%s:%u", tables->set_files[source->file],
			 source->line);
		json_append(&list,
			    json_make("{s:s, s:o, s:o}", "source", text, "origin",
				      json_clean(origin), "host",
				      json_clean(source->host ? set->hosts[source->host - 1].name
							      : NULL)));
	}
	return list;
}

static json_t *json_hosts(const struct set *set, const struct followed_list *names)
{
	json_t *list = json_make("[]");

	for (size_t i = 0; i < set->host_count; i++)
		json_append(&list, json_followed_name(set->hosts[i].name,
						      followed_find(names, set->hosts[i].name)));
	return list;
}

static json_t *json_opens(const struct tables *tables, const struct set *set)
{
	json_t *list = json_make("[]");

	for (size_t i = 0; i < tables->rule_count; i++) {
		const struct rule *rule = &tables->rules[i];

		if (is_opened(tables, rule, set))
			json_append(&list,
				    json_make("{s:s, s:i, s:i, s:o, s:o}", "proto",
					      word_of(words_l4, rule->l4), "port", (int)rule->port,
					      "port_end", (int)rule->port_end, "service",
					      json_clean(rule->service), "role",
					      json_clean(rule->role)));
	}
	return list;
}

static void sets_print_json(const struct settings *settings, const struct tables *tables,
			    const struct followed_list *names, const char *name)
{
	json_t *list = json_make("[]");

	for (size_t i = 0; i < tables->set_count; i++) {
		const struct set *set = &tables->sets[i];

		if (is_shown(set, name))
			json_append(&list,
				    json_make("{s:o, s:o, s:o, s:o, s:o}", "name",
					      json_clean(set->name[0] ? set->name : NULL), "on",
					      json_on(set), "hosts", json_hosts(set, names),
					      "sources", json_sources(tables, set), "opens",
					      json_opens(tables, set)));
	}
	print_json_list(
		settings,
		json_make("{s:o, s:o}", "waiting", json_clean(names->waiting), "sets", list),
		"sets");
}

/* --- tables ----------------------------------------------------------------------------------- */

static const char *on_text(const struct set *set, char *ret, size_t size)
{
	snprintf(ret, size, "%s", set->has_on ? "" : "every interface");
	if (set->has_on && !set->on_count)
		snprintf(ret, size, "no interface");
	for (size_t i = 0; i < set->on_count; i++) {
		size_t used = strlen(ret);

		snprintf(ret + used, size - used, "%s%s", i ? "," : "", set->on[i]);
	}
	return ret;
}

/* "5432/tcp postgres, 873/tcp dumps, ..." */
static const char *opens_text(const struct tables *tables, const struct set *set,
			      char ret[OPENS_MAX])
{
	size_t used = 0;

	snprintf(ret, OPENS_MAX, "nothing");
	for (size_t i = 0; i < tables->rule_count && used < OPENS_MAX; i++) {
		const struct rule *rule = &tables->rules[i];
		char ports[PORTS_TEXT_MAX];

		if (is_opened(tables, rule, set))
			used += snprintf(ret + used, OPENS_MAX - used, "%s%s/%s %s",
					 used ? ", " : "",
					 ports_text(rule->port, rule->port_end, ports),
					 word_of(words_l4, rule->l4), rule->service);
	}
	if (used >= OPENS_MAX)
		strcpy(ret + OPENS_MAX - sizeof("..."), "...");
	return ret;
}

static void sets_print(const struct settings *settings, const struct tables *tables)
{
	static const struct column columns[] = {
		{"SET", 0}, {"SOURCES", SCOLS_FL_RIGHT}, {"BY", 0}, {"OPENS", SCOLS_FL_WRAP}};
	_table_ struct libscols_table *table = table_new(settings, columns, ARRAY_SIZE(columns));

	for (size_t i = 0; i < tables->set_count; i++) {
		const struct set *set = &tables->sets[i];
		struct libscols_line *line = table_line(table);
		char label[TABLES_SET_MAX], on[256], opens[OPENS_MAX];

		cell_set(line, 0, "%s", set_label(set, label));
		cell_set(line, 1, "%zu", set->source_count);
		cell_set(line, 2, "%s", on_text(set, on, sizeof(on)));
		cell_set(line, 3, "%s", opens_text(tables, set, opens));
	}
	if (tables->set_count)
		table_print(table);
	else
		report_note(settings, "there are no sets");
}

static void names_print(const struct settings *settings, const struct set *set,
			const struct followed_list *names)
{
	static const struct column columns[] = {{"NAME", 0},
						{"ADDRESSES", SCOLS_FL_WRAP},
						{"ANSWERED", 0},
						{"TROUBLE", SCOLS_FL_WRAP}};
	static const struct followed unknown;
	_table_ struct libscols_table *table = table_new(settings, columns, ARRAY_SIZE(columns));
	int64_t now = wall_now() / NS_PER_SECOND;

	for (size_t i = 0; i < set->host_count; i++) {
		const struct followed *found = followed_find(names, set->hosts[i].name);
		const struct followed *name = found ? found : &unknown;
		struct libscols_line *line = table_line(table);
		char addresses[1024], age[AGE_TEXT_MAX];

		cell_set(line, 0, "%s", set->hosts[i].name);
		cell_set(line, 1, "%s",
			 followed_text((const uint8_t(*)[16])name->addresses, name->count,
				       addresses, sizeof(addresses)));
		cell_set(line, 2, "%s", age_text(followed_age(name, now), age));
		cell_set(line, 3, "%s", *name->trouble ? name->trouble : "-");
		if (*name->trouble || !name->answered)
			cell_style(line, 3, STYLE_CARE);
	}
	if (set->host_count)
		table_print(table);
	if (set->host_count && *names->waiting)
		report_note(settings, "new addresses are not in force yet: %s", names->waiting);
}

static void set_print(const struct settings *settings, const struct tables *tables,
		      const struct followed_list *names, const struct set *set)
{
	static const struct column columns[] = {{"SOURCE", 0}, {"ORIGIN", SCOLS_FL_WRAP}};
	_table_ struct libscols_table *table = table_new(settings, columns, ARRAY_SIZE(columns));
	char on[256], opens[OPENS_MAX], text[CIDR_TEXT_MAX], origin[ORIGIN_MAX];

	print_fact(settings, "By", STYLE_PLAIN, "%s", on_text(set, on, sizeof(on)));
	print_fact(settings, "Opens", STYLE_PLAIN, "%s", opens_text(tables, set, opens));
	names_print(settings, set, names);
	for (size_t i = 0; i < set->source_count; i++) {
		struct libscols_line *line = table_line(table);

		cidr_format(set->sources[i].source, set->sources[i].length, text);
		cell_set(line, 0, "%s", text);
		cell_set(line, 1, "%s", origin_text(tables, set, &set->sources[i], origin));
	}
	if (set->source_count)
		table_print(table);
}

/* --- the verb --------------------------------------------------------------------------------- */

static int name_check(const struct settings *settings, const struct tables *tables,
		      const char *name)
{
	struct guess guess = guess_begin(name);
	char hint[TABLES_SET_MAX + 64] = "\"rolewall sets\" lists them";

	for (size_t i = 0; i < tables->set_count; i++) {
		if (is_shown(&tables->sets[i], name))
			return EXIT_OK;
		guess_consider(&guess, tables->sets[i].name);
	}
	if (guess.best && *guess.best)
		snprintf(hint, sizeof(hint), "did you mean \"%s\"?", guess.best);
	report_failure(settings, hint, "there is no set \"%s\" in force", name);
	return EXIT_USAGE;
}

static int tables_load(const struct settings *settings, struct tables *ret)
{
	_cleanup_(snapshot_free) struct snapshot snapshot = {0};
	struct error error = {0};
	int code = state_load(settings, &snapshot), r;

	if (code != EXIT_OK)
		return code;
	r = sources_in_force(&settings->instance, &snapshot, ret, &error);
	return r ? report_kernel(settings, r, &error) : EXIT_OK;
}

/* What cannot be read is no reason to tell nothing of the sets. */
static void names_load(const struct settings *settings, struct followed_list *ret)
{
	struct error error = {0};

	if (followed_look(&settings->instance, ret, &error))
		report_note(settings, "what names stand for cannot be read: %s", error.what);
}

static int sets_run(const struct settings *settings, const struct arguments *arguments)
{
	const char *name = arguments->operand_count ? arguments->operands[0] : NULL;
	_cleanup_(followed_list_free) struct followed_list names = {0};
	_cleanup_(tables_free) struct tables tables = {0};
	int code = tables_load(settings, &tables);

	if (code == EXIT_OK && name)
		code = name_check(settings, &tables, name);
	if (code != EXIT_OK)
		return code;
	names_load(settings, &names);
	if (settings->output != OUTPUT_TABLE)
		sets_print_json(settings, &tables, &names, name);
	else if (!name)
		sets_print(settings, &tables);
	for (size_t i = 0; settings->output == OUTPUT_TABLE && name && i < tables.set_count; i++)
		if (is_shown(&tables.sets[i], name))
			set_print(settings, &tables, &names, &tables.sets[i]);
	return EXIT_OK;
}

const struct verb verb_sets = {
	.name = "sets",
	.operands = "[NAME]",
	.operands_max = 1,
	.summary = "sources with a name: by which interfaces they may come, and what they open",
	.details = "With NAME its sources, with the file and line that each comes from, and of "
		   "each name in it\n"
		   "what it stands for, when a name server last said so, and what is wrong. A set "
		   "without a\n"
		   "name, of prefixes in a service's \"from\", goes by its first prefix.",
	.needs_root = true,
	.run = sets_run,
};
