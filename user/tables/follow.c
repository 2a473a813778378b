/* SPDX-License-Identifier: GPL-2.0 */
/* follow.c - addresses of names exchanged, and the lists made of them anew. */
#include "tables/follow.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "policy/prefixes.h"
#include "util/array.h"

struct sources {
	struct set_source *list; /* owned */
	size_t count;
};

static const struct name_addresses *find(const struct name_addresses *names, size_t count,
					 const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (!strcasecmp(names[i].name, name))
			return &names[i];
	return NULL;
}

static int source_add(struct sources *sources, const struct set_source *source)
{
	struct set_source *added = array_append(&sources->list, &sources->count, sizeof(*added));

	if (!added)
		return -ENOMEM;
	*added = *source;
	return 0;
}

/* Those that the set has of its host `number`, 0: of none. */
static int sources_keep(struct sources *sources, const struct set *set, size_t number)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < set->source_count; i++)
		if (set->sources[i].host == number)
			r = source_add(sources, &set->sources[i]);
	return r;
}

static int sources_take(struct sources *sources, const struct set *set, size_t number,
			const struct name_addresses *addresses)
{
	const struct set_host *host = &set->hosts[number - 1];
	int r = 0;

	for (size_t i = 0; r == 0 && i < addresses->count; i++) {
		struct set_source source = {.length = 128,
					    .file = host->file,
					    .host = (uint16_t)number,
					    .line = host->line};

		memcpy(source.source, addresses->list[i], sizeof(source.source));
		r = source_add(sources, &source);
	}
	return r;
}

static bool is_same(const struct set *set, const struct sources *sources)
{
	for (size_t i = 0; set->source_count == sources->count && i < sources->count; i++)
		if (memcmp(set->sources[i].source, sources->list[i].source, 16) != 0 ||
		    set->sources[i].host != sources->list[i].host)
			return false;
	return set->source_count == sources->count;
}

static int set_follow(struct set *set, const struct name_addresses *names, size_t count,
		      bool *changed)
{
	struct sources sources = {0};
	int r = sources_keep(&sources, set, 0);

	for (size_t i = 1; r == 0 && i <= set->host_count; i++) {
		const struct name_addresses *addresses = find(names, count, set->hosts[i - 1].name);

		r = addresses ? sources_take(&sources, set, i, addresses)
			      : sources_keep(&sources, set, i);
	}
	if (r < 0) {
		free(sources.list);
		return r;
	}
	*changed |= !is_same(set, &sources);
	free(set->sources);
	set->sources = sources.list;
	set->source_count = sources.count;
	return 0;
}

int tables_follow(struct tables *tables, const struct name_addresses *names, size_t count,
		  bool *ret_changed, struct error *ret_error)
{
	bool changed = false;
	size_t sources = 0;
	int r = 0;

	for (size_t i = 0; r == 0 && i < tables->set_count; i++) {
		if (tables->sets[i].host_count)
			r = set_follow(&tables->sets[i], names, count, &changed);
		sources += tables->sets[i].source_count;
	}
	if (r < 0)
		return error_set(ret_error, ENOMEM, "out of memory");
	if (sources > RW_SET_SOURCES)
		return error_set(ret_error, E2BIG,
				 "%zu sources of sets are more than the %d that fit", sources,
				 RW_SET_SOURCES);
	if (changed)
		r = tables_renew_interfaces(tables, ret_error);
	if (changed && r == 0)
		r = tables_renew_never_ban(tables, ret_error);
	if (r == 0)
		*ret_changed = changed;
	return r;
}
