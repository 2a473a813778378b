/* SPDX-License-Identifier: GPL-2.0 */
/* config.c - compile the node file and say what is wrong with it. */
#include "cli/config.h"

#include <errno.h>

#include "cli/message.h"
#include "cli/print.h"
#include "host/host_advice.h"
#include "kernel/lists/idle_bans.h"
#include "util/cleanup.h"

struct policy_source config_source(const struct settings *settings)
{
	return (struct policy_source){
		.node_file = settings->config,
		.roles_dir = settings->roles_dir,
		.cluster_file = settings->cluster,
		.resolved_dir = settings->instance.lib_dir,
	};
}

static int source_load(const struct settings *settings, const struct policy_source *source,
		       struct config *ret)
{
	_cleanup_(errors_free) struct errors others = {0};
	struct error error = {.others = &others};
	int r = policy_compile_from(source, &ret->tables, &ret->warnings, &error);

	if (!r)
		r = idle_bans_advise(&settings->instance, &ret->tables, &ret->warnings);
	return r ? report_config(settings, r, &error) : EXIT_OK;
}

int config_load_as(const struct settings *settings, const char *node, struct config *ret)
{
	struct policy_source source = config_source(settings);

	source.node = node;
	return source_load(settings, &source, ret);
}

int config_load_text(const struct settings *settings, const char *text, size_t size,
		     struct config *ret)
{
	struct policy_source source = config_source(settings);

	source.text = text;
	source.text_size = size;
	return source_load(settings, &source, ret);
}

int config_load(const struct settings *settings, struct config *ret)
{
	return config_load_as(settings, NULL, ret);
}

int config_load_here(const struct settings *settings, struct config *ret)
{
	int code = config_load(settings, ret);

	if (code == EXIT_OK && host_advise(&ret->tables, &ret->warnings))
		return report_config(settings, -ENOMEM, &(struct error){0});
	return code;
}

json_t *json_accepted(const struct warnings *warnings)
{
	json_t *list = json_make("[]");

	for (size_t i = 0; i < warnings->accepted_count; i++)
		if (warnings->accepted[i].used)
			json_array_append_new(list, json_make("s", warnings->accepted[i].name));
	return list;
}

size_t accepted_count(const struct warnings *warnings)
{
	size_t count = 0;

	for (size_t i = 0; i < warnings->accepted_count; i++)
		count += warnings->accepted[i].used;
	return count;
}

void config_free(struct config *config)
{
	tables_free(&config->tables);
	warnings_free(&config->warnings);
}

json_t *json_warnings(const struct warnings *warnings)
{
	json_t *list = json_make("[]");

	for (size_t i = 0; i < warnings->count; i++)
		json_array_append_new(list, json_make("{s:s, s:o, s:o}", "id",
						      warning_name(warnings->list[i].id), "what",
						      json_clean(warnings->list[i].what), "where",
						      json_clean(warnings->list[i].where)));
	return list;
}

const char *plural(size_t count)
{
	return count == 1 ? "" : "s";
}
