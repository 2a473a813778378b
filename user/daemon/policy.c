/* SPDX-License-Identifier: GPL-2.0 */
/* policy.c - compile and install. */
#include "daemon/policy.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "util/say.h"
#include "kernel/commit/confirmed.h"
#include "kernel/commit/install.h"
#include "kernel/generation/generation.h"
#include "kernel/object/maps.h"
#include "policy/compile.h"
#include "tables/compiled.h"
#include "tables/text.h"
#include "report/words.h"
#include "util/cleanup.h"

static void say_warnings(const struct warnings *warnings)
{
	for (size_t i = 0; i < warnings->count; i++)
		say(SAY_WARNING, "%s: %s [%s]", warnings->list[i].where, warnings->list[i].what,
		    warning_name(warnings->list[i].id));
}

/* With what names stood for last. */
static int compile_quietly(const struct serve_options *options, const char *file,
			   struct tables *ret, struct warnings *ret_warnings,
			   struct error *ret_error)
{
	const struct policy_source source = {.node_file = file,
					     .roles_dir = options->roles_dir,
					     .resolved_dir = options->instance.lib_dir};

	return policy_compile_from(&source, ret, ret_warnings, ret_error);
}

static int compile(const struct serve_options *options, const char *file, struct tables *ret,
		   struct error *ret_error)
{
	_cleanup_(warnings_free) struct warnings warnings = {0};
	int r = compile_quietly(options, file, ret, &warnings, ret_error);

	if (!r)
		say_warnings(&warnings);
	return r;
}

static int put_in_force(const struct serve_options *options, const struct install_request *request,
			struct error *ret_error)
{
	struct install_result result = {0};
	int r = install_policy(&options->instance, request, &result, ret_error);

	if (r)
		return r;
	if (result.warning.what[0])
		say_error(SAY_WARNING, "the policy is in force, but", &result.warning);
	if (result.renewed)
		say(SAY_NOTICE,
		    "what was in force was of another version's layout and is replaced: "
		    "its counters begin anew");
	say(SAY_NOTICE, "generation %u is in force, from %s", result.generation,
	    request->node_file);
	return 0;
}

/* Does the same node file mean something else by now? */
static bool is_compiled_alike(const struct tables *now, const struct tables *confirmed)
{
	_free_ char *a = NULL, *b = NULL;
	size_t a_size, b_size;

	return !compiled_write(now, confirmed->flags, &a, &a_size) &&
	       !compiled_write(confirmed, confirmed->flags, &b, &b_size) && a_size == b_size &&
	       memcmp(a, b, a_size) == 0;
}

static void say_difference(const struct serve_options *options, const struct tables *confirmed)
{
	_cleanup_(tables_free) struct tables now = {0};

	struct error error = {0};

	if (compile_quietly(options, options->config, &now, NULL, &error))
		say_error(SAY_WARNING,
			  "what was confirmed comes into force, though the node file as it is now "
			  "cannot be used",
			  &error);
	else if (text_agree(&now.text, &now.text_size, confirmed->flags) ||
		 now.text_size != confirmed->text_size ||
		 memcmp(now.text, confirmed->text, now.text_size) != 0)
		say(SAY_WARNING,
		    "%s has changed since it was confirmed last: what was confirmed comes into "
		    "force; \"rolewall plan\" shows the difference",
		    options->config);
	else if (now.flags != confirmed->flags)
		say(SAY_WARNING,
		    "%s says more than was confirmed last: mode %s comes into force; \"rolewall "
		    "apply\" puts it in force as it is",
		    options->config, mode_word(confirmed->flags));
	else if (!is_compiled_alike(&now, confirmed))
		say(SAY_WARNING,
		    "role files have changed since the policy was confirmed last: what was "
		    "confirmed comes into force; \"rolewall plan\" shows the difference");
}

/* A policy whose pins are lost goes on filtering, and is more than one that only observes. */
static bool is_filtering(const struct instance *instance)
{
	_maps_ struct maps maps = MAPS_NONE;
	struct rw_policy_header header;

	return maps_open(instance, &maps, NULL) == 0 && generation_header(&maps, &header) == 0;
}

/*
 * What was confirmed is unknown. The node file may never have been confirmed: so it refuses
 * nothing, and does not become the confirmed one.
 */
static int boot_observing(const struct serve_options *options, const struct error *cause,
			  struct error *ret_error)
{
	_cleanup_(tables_free) struct tables tables = {0};
	const struct install_request request = {.tables = &tables,
						.node_file = options->config,
						.observe = true,
						.keep_copy = true};
	int r;

	say_error(SAY_ERROR, "the policy that was confirmed last cannot be used", cause);
	if (is_filtering(&options->instance)) {
		error_set(ret_error, ESTALE, "what filters goes on, but its pins are lost");
		error_hint(ret_error, "'rolewall apply' puts the node file in force");
		return -ESTALE;
	}
	r = compile(options, options->config, &tables, ret_error);
	if (!r)
		r = put_in_force(options, &request, ret_error);
	if (!r)
		say(SAY_ERROR,
		    "nothing is refused: %s is in force in mode observe only; \"rolewall apply\" "
		    "puts it in force as it is",
		    options->config);
	return r;
}

/* A version before this one kept the node file alone. The next apply makes a copy that is whole. */
static int compile_old(const struct serve_options *options, const char *confirmed,
		       struct tables *ret, struct error *ret_error)
{
	int r = compile(options, confirmed, ret, ret_error);

	if (!r)
		say(SAY_WARNING,
		    "%s was kept by an earlier version, without the role files: today's are read; "
		    "\"rolewall apply\" keeps all of it",
		    confirmed);
	return r;
}

int policy_boot(const struct serve_options *options, struct error *ret_error)
{
	_cleanup_(tables_free) struct tables tables = {0};
	char confirmed[4096];
	const struct install_request request = {
		.tables = &tables, .node_file = confirmed, .keep_copy = true};
	struct error cause = {0};
	int r = confirmed_path(&options->instance, confirmed, sizeof(confirmed));

	if (r)
		return error_set(ret_error, -r, "the path %.200s... is too long",
				 options->instance.lib_dir);
	if (access(confirmed, F_OK) && errno == ENOENT) {
		say(SAY_WARNING,
		    "nothing was confirmed, so nothing is put in force; \"rolewall apply\" puts %s "
		    "in force",
		    options->config);
		return 0;
	}
	r = confirmed_read(&options->instance, &tables, &cause);
	if (r == -EPROTO)
		r = compile_old(options, confirmed, &tables, &cause);
	if (r)
		return boot_observing(options, &cause, ret_error);
	say_difference(options, &tables);
	return put_in_force(options, &request, ret_error);
}

int policy_reload(const struct serve_options *options, struct error *ret_error)
{
	_cleanup_(tables_free) struct tables tables = {0};
	_cleanup_(warnings_free) struct warnings warnings = {0};
	const struct install_request request = {.tables = &tables, .node_file = options->config};
	int r = compile_quietly(options, options->config, &tables, &warnings, ret_error);

	if (!r)
		r = put_in_force(options, &request, ret_error);
	if (r != -EAGAIN) /* what is tried again is said then */
		say_warnings(&warnings);
	return r;
}
