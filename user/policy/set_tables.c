/* SPDX-License-Identifier: GPL-2.0 */
/* set_tables.c - sets of the model -> sets of the tables. */
#include "policy/set_tables.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/cidr.h"
#include "util/array.h"

/* --- names ------------------------------------------------------------------------------------ */

const char *set_label(const struct set *set, char ret[TABLES_SET_MAX])
{
	const struct set_source *first = set->sources;
	char text[CIDR_TEXT_MAX];

	if (set->name[0] || !set->source_count) {
		snprintf(ret, TABLES_SET_MAX, "%s", set->name);
		return ret;
	}
	cidr_format(first->source, first->length, text);
	snprintf(ret, TABLES_SET_MAX, "%.43s%s", text, set->source_count > 1 ? ",..." : "");
	return ret;
}

/* One more word, or "..." in place of what does not fit. */
static void word_append(const char *word, char *ret, size_t size)
{
	size_t used = strlen(ret), comma = used > 0, cut = sizeof(",...") - 1;

	if (used >= cut && !strcmp(ret + used - 3, "..."))
		return;
	if (used + comma + strlen(word) + cut < size)
		snprintf(ret + used, size - used, "%s%s", comma ? "," : "", word);
	else
		snprintf(ret + used, size - used, "%s...", comma ? "," : "");
}

const char *sets_names(const struct tables *tables, uint64_t zones, char *ret, size_t size)
{
	char text[CIDR_TEXT_MAX];

	ret[0] = '\0';
	for (size_t i = 0; i < tables->set_count; i++) {
		const struct set *set = &tables->sets[i];

		if (!(zones & RW_ZONE_SET(i)))
			continue;
		if (set->name[0])
			word_append(set->name, ret, size);
		for (size_t k = 0; !set->name[0] && k < set->source_count; k++) {
			cidr_format(set->sources[k].source, set->sources[k].length, text);
			word_append(text, ret, size);
		}
	}
	return ret;
}

/* --- sources ---------------------------------------------------------------------------------- */

/* They come file by file: the one that is asked for is nearly always the last. */
static int file_index(struct tables *tables, const char *file, uint16_t *ret)
{
	char **added;

	for (size_t i = tables->set_file_count; i-- > 0;) {
		if (strcmp(tables->set_files[i], file) != 0)
			continue;
		*ret = (uint16_t)i;
		return 0;
	}
	*ret = (uint16_t)tables->set_file_count;
	added = array_append(&tables->set_files, &tables->set_file_count, sizeof(*added));
	if (added)
		*added = strdup(file);
	return added && *added ? 0 : -ENOMEM;
}

static int source_take(struct tables *tables, const struct source_model *source,
		       struct set_source *ret)
{
	memcpy(ret->source, source->cidr.source, sizeof(ret->source));
	ret->length = source->cidr.length;
	ret->line = at_line(&source->at);
	return file_index(tables, source->at.document->file, &ret->file);
}

static int host_take(struct tables *tables, const struct host_model *model, struct set *set)
{
	struct set_host *host = array_append(&set->hosts, &set->host_count, sizeof(*host));

	if (!host)
		return -ENOMEM;
	host->name = strdup(model->name);
	host->line = at_line(&model->at);
	for (size_t i = 0; i < model->count; i++)
		set->sources[model->first + i].host = (uint16_t)set->host_count;
	return host->name ? file_index(tables, model->at.document->file, &host->file) : -ENOMEM;
}

/* Of two reasons that which a ban's refusal names. */
static uint8_t never_ban_why(const struct node_model *node, const char *set)
{
	for (size_t i = 0; i < node->management_set_count; i++)
		if (!strcmp(node->management_sets[i].name, set))
			return RW_NEVER_BAN_MANAGEMENT;
	for (size_t i = 0; i < node->never_ban_set_count; i++)
		if (!strcmp(node->never_ban_sets[i].name, set))
			return RW_NEVER_BAN_LISTED;
	return 0;
}

static int on_take(const struct set_model *model, struct set *set)
{
	set->has_on = model->has_on;
	set->on_count = model->on_count;
	set->on = calloc(model->on_count + 1, sizeof(*set->on));
	for (size_t i = 0; set->on && i < model->on_count; i++)
		snprintf(set->on[i], sizeof(set->on[i]), "%.15s", model->on[i].name);
	return set->on ? 0 : -ENOMEM;
}

static int set_take(struct tables *tables, const struct node_model *node,
		    const struct set_model *model)
{
	struct set *set = array_append(&tables->sets, &tables->set_count, sizeof(*set));
	int r;

	if (!set)
		return -ENOMEM;
	memcpy(set->name, model->name, sizeof(set->name));
	set->never_ban = never_ban_why(node, model->name);
	set->sources = calloc(model->sources.count + 1, sizeof(*set->sources));
	if (!set->sources)
		return -ENOMEM;
	set->source_count = model->sources.count;
	r = on_take(model, set);
	for (size_t i = 0; r == 0 && i < model->sources.count; i++)
		r = source_take(tables, &model->sources.list[i], &set->sources[i]);
	for (size_t i = 0; r == 0 && i < model->host_count; i++)
		r = host_take(tables, &model->hosts[i], set);
	return r;
}

int tables_add_sets(struct tables *tables, const struct node_model *node, struct error *ret_error)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < node->sets.count; i++)
		r = set_take(tables, node, &node->sets.list[i]);
	for (size_t i = 0; r == 0 && i < tables->rule_count; i++)
		sets_names(tables, tables->rules[i].zones, tables->rules[i].sets,
			   sizeof(tables->rules[i].sets));
	return r < 0 ? error_set(ret_error, ENOMEM, "out of memory") : 0;
}
