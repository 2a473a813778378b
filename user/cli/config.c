/* SPDX-License-Identifier: GPL-2.0 */
/* config.c - compile the node file and say what is wrong with it. */
#include "config.h"

#include "message.h"
#include "print.h"

int config_load(const struct settings *settings, struct config *ret)
{
	struct error error = {0};
	int result = policy_compile(settings->config, settings->roles_dir, &ret->tables,
				    &ret->warnings, &error);

	return result ? report_config(settings, result, &error) : EXIT_OK;
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
		json_array_append_new(list, json_make("{s:o, s:o}", "what",
						      json_text(warnings->list[i].what), "where",
						      json_text(warnings->list[i].where)));
	return list;
}

const char *plural(size_t count)
{
	return count == 1 ? "" : "s";
}
