/* SPDX-License-Identifier: GPL-2.0 */
/* compile.c - files -> model -> merged policy -> tables. */
#include "policy/compile.h"

#include <errno.h>

#include "policy/advice.h"
#include "policy/build.h"
#include "policy/merge.h"
#include "util/cleanup.h"

/* Of several mistakes the first one is the error. */
static void first_show(struct error *error)
{
	if (error && error->others && error->others->count)
		*error = error->others->list[0];
}

int policy_compile_from(const struct policy_source *source, struct tables *ret_tables,
			struct warnings *ret_warnings, struct error *ret_error)
{
	_cleanup_(model_free) struct model model = {0};
	_cleanup_(merged_free) struct merged merged = {0};
	_cleanup_(tables_free) struct tables tables = {0};
	_cleanup_(warnings_free) struct warnings warnings = {0};
	int r;

	r = model_read_from(source, &model, ret_error);
	if (r == 0)
		r = merged_build(&model, &merged, ret_error);
	if (r == 0)
		r = tables_build(&model, &merged, &tables, ret_error);
	if (r < 0) {
		first_show(ret_error);
		return r;
	}
	if (ret_warnings) {
		if (advice_collect(&model, &merged, &tables, &warnings) < 0)
			return error_set(ret_error, ENOMEM, "out of memory");
		*ret_warnings = warnings;
		warnings = (struct warnings){0};
	}
	*ret_tables = tables;
	tables = (struct tables){0};
	return 0;
}

int policy_compile(const char *node_file, const char *roles_dir, struct tables *ret_tables,
		   struct warnings *ret_warnings, struct error *ret_error)
{
	const struct policy_source source = {.node_file = node_file, .roles_dir = roles_dir};

	return policy_compile_from(&source, ret_tables, ret_warnings, ret_error);
}
