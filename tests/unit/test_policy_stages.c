/* SPDX-License-Identifier: GPL-2.0 */
/* Every stage of a policy that is accepted, against golden files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "policy/advice.h"
#include "policy/build.h"
#include "golden.h"
#include "policy_dump.h"

#define DIRECTORY "tests/unit/golden/accepted"
#define ROLES_DIR "tests/unit/golden/roles"

struct stages {
	struct model model;
	struct merged merged;
	struct tables tables;
	struct warnings warnings;
};

static int stages_build(const char *file, struct stages *ret, struct error *ret_error)
{
	int r = model_read(file, ROLES_DIR, &ret->model, ret_error);

	if (r == 0)
		r = merged_build(&ret->model, &ret->merged, ret_error);
	if (r == 0)
		r = tables_build(&ret->model, &ret->merged, &ret->tables, ret_error);
	if (r == 0)
		r = advice_collect(&ret->model, &ret->merged, &ret->tables, &ret->warnings);
	return r;
}

static void stages_free(struct stages *stages)
{
	warnings_free(&stages->warnings);
	tables_free(&stages->tables);
	merged_free(&stages->merged);
	model_free(&stages->model);
}

static char *stage_dump(const struct stages *stages, const char *stage)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (stage[1] == 'w')
		dump_warnings(out, &stages->warnings);
	else if (stage[1] == 't')
		dump_tables(out, &stages->tables);
	else if (stage[2] == 'e')
		dump_merged(out, &stages->merged);
	else
		dump_model(out, &stages->model);
	fclose(out);
	return text;
}

static void every_stage_is_as_written(void **state)
{
	static const char *const suffixes[] = {".model", ".merged", ".tables", ".warnings"};
	struct stages stages = {0};
	struct error error = {0};
	char *texts[4];

	if (stages_build(*state, &stages, &error) < 0)
		fail_msg("%s: %s", error.where, error.what);
	for (int i = 0; i < 4; i++)
		texts[i] = stage_dump(&stages, suffixes[i]);
	stages_free(&stages);
	for (int i = 0; i < 4; i++) {
		char name[256];

		golden_name(*state, suffixes[i], name, sizeof(name));
		golden_compare(name, texts[i]);
		free(texts[i]);
	}
}

int main(void)
{
	return golden_run("policy stages", DIRECTORY, every_stage_is_as_written);
}
