/* SPDX-License-Identifier: GPL-2.0 */
/* sources.c - the tables of the policy in force. */
#include "kernel/observe/sources.h"

#include <errno.h>
#include <string.h>

#include "kernel/object/maps.h"
#include "tables/compiled.h"
#include "util/cleanup.h"

int sources_of(const struct generation *generation, struct tables *ret, struct error *ret_error)
{
	_free_ char *text = NULL;
	char name[48];
	size_t size = 0;
	int r = generation_text(generation, &text, &size);

	if (r)
		return error_set(ret_error, -r, "cannot read the policy: %s", strerror(-r));
	snprintf(name, sizeof(name), "generation %u", generation->number);
	return compiled_read(name, text, size, ret, ret_error);
}

static int generation_of(const struct instance *instance, const struct snapshot *snapshot,
			 struct generation *ret, struct error *ret_error)
{
	_generation_ struct generation generation = GENERATION_NONE;
	_maps_ struct maps maps = MAPS_NONE;
	int r = maps_open(instance, &maps, ret_error);

	if (!r)
		r = generation_current_bare(instance, &maps, &generation, ret_error);
	if (r)
		return r;
	if (generation.number != snapshot->generation)
		return error_set(ret_error, ESTALE, "the policy was changed meanwhile");
	*ret = generation;
	generation = (struct generation)GENERATION_NONE;
	return 0;
}

int sources_in_force(const struct instance *instance, const struct snapshot *snapshot,
		     struct tables *ret, struct error *ret_error)
{
	_generation_ struct generation generation = GENERATION_NONE;
	int r = generation_of(instance, snapshot, &generation, ret_error);

	return r ? r : sources_of(&generation, ret, ret_error);
}

int compiled_in_force(const struct instance *instance, const struct snapshot *snapshot,
		      char **ret_text, size_t *ret_size, struct error *ret_error)
{
	_generation_ struct generation generation = GENERATION_NONE;
	int r = generation_of(instance, snapshot, &generation, ret_error);

	if (!r)
		r = generation_text(&generation, ret_text, ret_size);
	return r;
}
