/* SPDX-License-Identifier: GPL-2.0 */
/* names_apply.c - the policy in force once more, with other addresses. */
#include "daemon/names.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "kernel/commit/confirmed.h"
#include "kernel/commit/install.h"
#include "kernel/commit/pending.h"
#include "kernel/observe/sources.h"
#include "tables/follow.h"
#include "util/array.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/say.h"

#define RETRY_NS (60 * NS_PER_SECOND) /* after what will not be otherwise soon */

/* What is said once it is in force, a line for each name: "gw.example.net: OLD became NEW". */
struct changes {
	char **list; /* owned */
	size_t count;
};

static void changes_free(struct changes *changes)
{
	for (size_t i = 0; i < changes->count; i++)
		free(changes->list[i]);
	free(changes->list);
}

/* A name in two sets is told of once. */
static bool is_first(const struct tables *tables, size_t set, size_t host)
{
	const char *name = tables->sets[set].hosts[host].name;

	for (size_t i = 0; i < set; i++)
		for (size_t k = 0; k < tables->sets[i].host_count; k++)
			if (!strcasecmp(tables->sets[i].hosts[k].name, name))
				return false;
	return true;
}

static int change_add(struct changes *changes, const struct followed *before,
		      const struct followed *now)
{
	char from[256], to[256], **line;

	followed_text((const uint8_t(*)[16])before->addresses, before->count, from, sizeof(from));
	followed_text((const uint8_t(*)[16])now->addresses, now->count, to, sizeof(to));
	line = array_append(&changes->list, &changes->count, sizeof(*line));
	if (line && asprintf(line, "%s: %s became %s", now->name, from, to) < 0)
		*line = NULL;
	return line && *line ? 0 : -ENOMEM;
}

static int changes_list(const struct names *names, const struct tables *tables,
			struct changes *changes)
{
	int r = 0;

	for (size_t i = 0; i < tables->set_count; i++)
		for (size_t k = 0; r == 0 && k < tables->sets[i].host_count; k++) {
			const struct set *set = &tables->sets[i];
			const struct followed *now =
				followed_find(&names->followed, set->hosts[k].name);
			struct followed before = {.count = 0};

			r = followed_from(&before, set, k);
			if (!r && now && is_first(tables, i, k) && !followed_is_same(&before, now))
				r = change_add(changes, &before, now);
			free(before.addresses);
		}
	return r;
}

static struct name_addresses *names_list(const struct followed_list *followed)
{
	struct name_addresses *list = calloc(followed->count + 1, sizeof(*list));

	for (size_t i = 0; list && i < followed->count; i++)
		list[i] = (struct name_addresses){followed->list[i].name,
						  (const uint8_t(*)[16])followed->list[i].addresses,
						  followed->list[i].count};
	return list;
}

/* The policy in force as it is to be. */
static int tables_make(const struct names *names, struct tables *ret, struct changes *ret_changes,
		       struct error *ret_error)
{
	_free_ struct name_addresses *list = names_list(&names->followed);
	bool changed;
	int r = list ? 0 : -ENOMEM;

	if (!r)
		r = sources_of(&names->in_force->generation, ret, ret_error);
	if (!r)
		r = changes_list(names, ret, ret_changes);
	if (!r)
		r = tables_follow(ret, list, names->followed.count, &changed, ret_error);
	return r;
}

static int put_in_force(struct names *names, const struct tables *tables, uint32_t *ret_generation,
			struct error *ret_error)
{
	const struct instance *instance = &names->options->instance;
	const struct generation *generation = &names->in_force->generation;
	const struct install_request request = {
		.tables = tables,
		.node_file = generation->about->node_file,
		/* What was not confirmed does not become so by a name. */
		.keep_copy = !instance->lib_dir || !confirmed_is(instance, generation),
		.amends = generation->number,
	};
	struct install_result result = {0};
	int r = install_policy(instance, &request, &result, ret_error);

	if (r)
		return r;
	if (result.warning.what[0])
		say_error(SAY_WARNING, "the names' addresses are in force, but", &result.warning);
	*ret_generation = result.generation;
	return 0;
}

/* Why not now. What others do at this moment is over soon; the same reason is said once. */
static void wait_for(struct names *names, int error, const struct error *cause)
{
	bool changing = error == -EAGAIN || error == -ESTALE || error == -ENOENT;

	names->retry = changing || error == -EBUSY ? 0 : clock_now(CLOCK_BOOTTIME) + RETRY_NS;
	if (changing || !strncmp(names->followed.waiting, cause->what, 200))
		return;
	snprintf(names->followed.waiting, sizeof(names->followed.waiting), "%.200s", cause->what);
	names->changed = true;
	if (error == -EBUSY)
		say(SAY_NOTICE, "names have other addresses, which wait: %s", cause->what);
	else
		say_error(SAY_ERROR, "names have other addresses, which are not in force", cause);
}

static bool is_pending(const struct names *names, struct error *ret_error)
{
	struct rw_pending pending = {0};

	if (pending_read(&names->in_force->maps, &pending, NULL) || !pending.deadline)
		return false;
	error_set(ret_error, EBUSY, "generation %u awaits its confirmation", pending.generation);
	return true;
}

bool names_apply(struct names *names)
{
	_cleanup_(changes_free) struct changes changes = {0};
	_cleanup_(tables_free) struct tables tables = {0};
	struct error error = {.what = "out of memory"};
	uint32_t generation = 0;
	int r;

	if (!names->in_force->generation.number)
		return false;
	/* This is asked each second, and need not be made each second. */
	if (*names->followed.waiting && is_pending(names, &error))
		return false;
	r = tables_make(names, &tables, &changes, &error);
	if (!r && changes.count && is_pending(names, &error))
		r = -EBUSY;
	if (!r && changes.count)
		r = put_in_force(names, &tables, &generation, &error);
	if (r) {
		wait_for(names, r, &error);
		return false;
	}
	names->differ = false;
	names->changed |= *names->followed.waiting != '\0';
	names->followed.waiting[0] = '\0';
	for (size_t i = 0; i < changes.count; i++)
		say(SAY_NOTICE, "name %s (generation %u)", changes.list[i], generation);
	return generation;
}
