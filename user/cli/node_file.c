/* SPDX-License-Identifier: GPL-2.0 */
/* node_file.c - is the node file still what was applied? */
#include "cli/node_file.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "cli/config.h"
#include "cli/message.h"
#include "kernel/commit/confirmed.h"
#include "kernel/observe/sources.h"
#include "tables/compiled.h"
#include "tables/text.h"
#include "util/file.h"
#include "util/cleanup.h"

/* After a restart it is the confirmed copy that was applied, and the file is the usual one. A relative
 * path is of another directory. NULL: it cannot be known which file it was. */
static const char *applied_file(const struct settings *settings, const struct snapshot *snapshot)
{
	char copy[4096];

	if (!confirmed_path(&settings->instance, copy, sizeof(copy)) &&
	    !strcmp(copy, snapshot->node_file))
		return settings->config;
	return snapshot->node_file[0] == '/' ? snapshot->node_file : NULL;
}

static void note_gone(const struct settings *settings, const char *file)
{
	char copy[4096];

	if (!confirmed_is_there(&settings->instance) ||
	    confirmed_path(&settings->instance, copy, sizeof(copy)))
		report_note(settings, "the node file %s is gone; what is in force stays", file);
	else
		report_note(settings,
			    "the node file %s is gone; what is in force stays. The confirmed copy "
			    "has it: \"jq -j .policy.text %s >%s\"",
			    file, copy, file);
}

/* Only said if it is known: what is in force may be exchanged meanwhile. */
static bool has_changed(const struct settings *settings, const struct snapshot *snapshot,
			struct tables *now)
{
	_free_ char *compiled = NULL;
	size_t size;

	if (compiled_in_force(&settings->instance, snapshot, &compiled, &size, NULL) ||
	    compiled_is_of(compiled, size, now->text) > 0)
		return false;
	return text_agree(&now->text, &now->text_size, snapshot->flags) ||
	       compiled_is_of(compiled, size, now->text) <= 0;
}

/*
 * Byte by byte what was applied: then it needs no reading, which of a large file takes longer than
 * all else that is told of the policy.
 */
static bool is_as_applied(const struct settings *settings, const struct snapshot *snapshot,
			  const char *file)
{
	_free_ char *compiled = NULL, *text = NULL;
	size_t size, text_size;

	return !file_read(file, DOCUMENT_BYTES_MAX, &text, &text_size, NULL) &&
	       strlen(text) == text_size &&
	       !compiled_in_force(&settings->instance, snapshot, &compiled, &size, NULL) &&
	       compiled_is_of(compiled, size, text) > 0;
}

void note_node_file(const struct settings *settings, const struct snapshot *snapshot)
{
	_cleanup_(tables_free) struct tables now = {0};
	struct policy_source source = config_source(settings);
	struct error error = {0};

	source.node_file = applied_file(settings, snapshot);
	if (!source.node_file)
		return;
	if (access(source.node_file, F_OK) && errno == ENOENT)
		note_gone(settings, source.node_file);
	else if (is_as_applied(settings, snapshot, source.node_file))
		return;
	else if (policy_compile_from(&source, &now, NULL, &error))
		report_note(settings,
			    "the node file %s cannot be used any more; what is in force stays, and "
			    "\"rolewall check\" says what is wrong",
			    source.node_file);
	else if (has_changed(settings, snapshot, &now))
		report_note(settings,
			    "the node file %s has changed since it was applied: \"rolewall plan\" "
			    "shows what an apply would change",
			    source.node_file);
}
