/* SPDX-License-Identifier: GPL-2.0 */
/*
 * openings.h - a port that is open to a source for a while, whatever the policy says: the map
 * `openings` and LIB_DIR/openings.tsv (store.h). The programs look at the end themselves, so that
 * an opening is over in time even if no process of Rolewall runs.
 *
 * The programs ask for the longest prefix only. So that no source is refused that some opening
 * admits, of two openings of one port where one source lies in the other the narrower always ends
 * later: one that would end sooner is refused when it is new (the wider one admits it already), and
 * taken away when a wider one comes that ends later.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "kernel/lists/store_open.h"
#include "kernel/object/instance.h"
#include "util/error.h"

#define OPENING_SECONDS_MAX (24 * 60 * 60) /* longer than that takes force */
#define OPENING_SECONDS_MAX_FORCED                                                                 \
	(30 * 24 * 60 *                                                                            \
	 60) /* longer than that is a matter of policy                              \
			     */

/* Every opening, until the store is closed. -ENOENT: nothing is applied. */
int openings_open(const struct instance *instance, struct store *ret, struct error *ret_error);

/* What the file says, without what has ended: takes no lock and asks no kernel. */
int openings_read_file(const struct instance *instance, struct timeout_list *ret,
		       struct error *ret_error);

/* Put back what is missing, remove what has ended (store_tidy()). */
int openings_tidy(const struct instance *instance, struct error *ret_damage,
		  struct error *ret_error);

/*
 * `opening` says source, port, who, since, why and the end; its id is filled in. `ret_replaced` is
 * the number of openings that it took the place of. -EEXIST: another one admits all of it as long;
 * -EINVAL: the source cannot be opened.
 */
int openings_add(struct store *store, struct timeout *opening, size_t *ret_replaced,
		 struct error *ret_error);

/* `ret` is what it was; its strings live as long as the store. -ENOENT: there is no such id. */
int openings_remove(struct store *store, uint32_t id, struct timeout *ret, struct error *ret_error);
