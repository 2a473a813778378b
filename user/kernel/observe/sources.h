/* SPDX-License-Identifier: GPL-2.0 */
/*
 * sources.h - the whole policy in force, as the tables that it was made from: with what sources are
 * on which interface, sets and their sources, and the IP protocols that pass.
 *
 * Apart from snapshot.h, because there can be RW_PREFIXES of them, and few verbs ask.
 */
#pragma once

#include "kernel/generation/generation.h"
#include "kernel/object/instance.h"
#include "kernel/observe/snapshot.h"
#include "policy/tables.h"
#include "util/error.h"

/*
 * Of the generation that `snapshot` shows, to be freed with tables_free(). -ESTALE: another one is
 * in force by now. `ret` is untouched on failure.
 */
int sources_in_force(const struct instance *instance, const struct snapshot *snapshot,
		     struct tables *ret, struct error *ret_error);

/* Of an open generation. */
int sources_of(const struct generation *generation, struct tables *ret, struct error *ret_error);

/* Of the generation that `snapshot` shows, as it is kept: tables/compiled.h. To be freed. */
int compiled_in_force(const struct instance *instance, const struct snapshot *snapshot,
		      char **ret_text, size_t *ret_size, struct error *ret_error);
