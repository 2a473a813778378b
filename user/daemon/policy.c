/* SPDX-License-Identifier: GPL-2.0 */
/* policy.c - compile and install. */
#include "policy.h"

#include <errno.h>
#include <string.h>

#include "../kernel/confirmed.h"
#include "../kernel/folder.h"
#include "../kernel/install.h"
#include "../policy/compile.h"
#include "../util/cleanup.h"
#include "../util/file.h"
#include "say.h"

#define NODE_FILE_MAX (16 << 20)

static void say_warnings(const struct warnings *warnings)
{
	for (size_t i = 0; i < warnings->count; i++)
		say(SAY_WARNING, "%s: %s", warnings->list[i].where, warnings->list[i].what);
}

static int apply(const struct serve_options *options, const char *file, struct error *ret_error)
{
	_cleanup_(tables_free) struct tables tables = {0};
	_cleanup_(warnings_free) struct warnings warnings = {0};
	const struct install_request request = {.tables = &tables, .node_file = file};
	struct install_result result = {0};
	int error = policy_compile(file, options->roles_dir, &tables, &warnings, ret_error);

	if (error)
		return error;
	say_warnings(&warnings);
	error = install_policy(&options->instance, &request, &result, ret_error);
	if (error)
		return error;
	if (result.warning.what[0])
		say_error(SAY_WARNING, "the policy is in force, but", &result.warning);
	say(SAY_NOTICE, "generation %u is in force, from %s", result.generation, file);
	return 0;
}

static bool is_same_file(const char *one, const char *other)
{
	_free_ char *text = NULL;
	_free_ char *other_text = NULL;
	size_t size, other_size;

	return file_read(one, NODE_FILE_MAX, &text, &size, NULL) == 0 &&
	       file_read(other, NODE_FILE_MAX, &other_text, &other_size, NULL) == 0 &&
	       size == other_size && !memcmp(text, other_text, size);
}

int policy_boot(const struct serve_options *options, struct error *ret_error)
{
	char confirmed[4096];
	struct error error = {0};

	if (confirmed_path(&options->instance, confirmed, sizeof(confirmed)) ||
	    access(confirmed, F_OK))
		return apply(options, options->config, ret_error);
	if (folder_check(options->instance.lib_dir, &error)) {
		say_error(SAY_ERROR, "the policy that was confirmed last is not trusted", &error);
		return apply(options, options->config, ret_error);
	}
	if (!is_same_file(confirmed, options->config))
		say(SAY_WARNING,
		    "%s has changed since it was confirmed last: what was confirmed comes into "
		    "force; \"rolewall plan\" shows the difference",
		    options->config);
	if (apply(options, confirmed, &error) == 0)
		return 0;
	say_error(SAY_ERROR, "the policy that was confirmed last cannot be used", &error);
	return apply(options, options->config, ret_error);
}

int policy_reload(const struct serve_options *options, struct error *ret_error)
{
	return apply(options, options->config, ret_error);
}
