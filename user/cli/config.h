/* SPDX-License-Identifier: GPL-2.0 */
/* config.h - the compiled node file, as check, plan and apply need it. */
#pragma once

#include <jansson.h>

#include "cli/cli.h"
#include "policy/compile.h"

struct config {
	struct tables tables;
	struct warnings warnings;
};

/* Where the policy of these settings comes from. Borrows from them. */
struct policy_source config_source(const struct settings *settings);

/*
 * Compile settings->config, as `node` if that is not NULL. Returns EXIT_OK, or the exit code after
 * printing the error.
 */
int config_load_as(const struct settings *settings, const char *node, struct config *ret);
int config_load(const struct settings *settings, struct config *ret);

/* The same, with `text` in place of what the file holds. */
int config_load_text(const struct settings *settings, const char *text, size_t size,
		     struct config *ret);

/* The same for this very host, whose interfaces are looked at as well. */
int config_load_here(const struct settings *settings, struct config *ret);
void config_free(struct config *config);

/* [{"id","what","where"}] */
json_t *json_warnings(const struct warnings *warnings);

/* Names of those that would have been given, were they not accepted; and how many they are. */
json_t *json_accepted(const struct warnings *warnings);
size_t accepted_count(const struct warnings *warnings);

/* "s" unless there is exactly one. */
const char *plural(size_t count);
