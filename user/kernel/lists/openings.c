/* SPDX-License-Identifier: GPL-2.0 */
/* openings.c - the map of openings, and which of two nested ones stays. */
#include "kernel/lists/openings.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "kernel/lists/store_change.h"
#include "kernel/lists/store_maps.h"
#include "kernel/object/batch.h"
#include "util/array.h"
#include "util/cleanup.h"

#define SERVICE_BITS 32 /* of struct rw_opening_key before the source begins */

static struct map_shape shape_of(const struct maps *maps)
{
	return (struct map_shape){
		.fd = maps->fd[MAP_OPENINGS],
		.key_size = sizeof(struct rw_opening_key),
		.value_size = sizeof(struct rw_opening),
		.max_entries = RW_OPENINGS,
	};
}

static int append_opening(struct timeout_list *list, const struct rw_opening_key *key,
			  const struct rw_opening *opening, int64_t ahead)
{
	struct timeout *entry = array_append(&list->list, &list->count, sizeof(*entry));

	if (!entry)
		return -ENOMEM;
	memcpy(entry->source.source, key->source, sizeof(entry->source.source));
	entry->source.length = key->prefixlen - SERVICE_BITS;
	entry->l4 = key->l4;
	entry->port = ntohs(key->port);
	entry->id = opening->id;
	entry->expires = timeout_expires(opening->expires, ahead);
	return 0;
}

static int openings_read(const struct maps *maps, int64_t ahead, struct timeout_list *ret)
{
	const struct map_shape map = shape_of(maps);
	_free_ struct rw_opening_key *keys = NULL;
	_free_ struct rw_opening *values = NULL;
	size_t count = 0;
	int r = batch_read(&map, (void **)&keys, (void **)&values, &count);

	for (size_t i = 0; !r && i < count; i++)
		r = append_opening(ret, &keys[i], &values[i], ahead);
	return r;
}

static struct rw_opening_key key_of(const struct timeout *entry)
{
	struct rw_opening_key key = {
		.prefixlen = SERVICE_BITS + entry->source.length,
		.l4 = entry->l4,
		.port = htons(entry->port),
	};

	memcpy(key.source, entry->source.source, sizeof(key.source));
	return key;
}

static int openings_insert(const struct maps *maps, int64_t ahead,
			   const struct timeout_list *entries)
{
	const struct map_shape map = shape_of(maps);

	for (size_t i = 0; i < entries->count; i++) {
		const struct timeout *entry = &entries->list[i];
		const struct rw_opening_key key = key_of(entry);
		const struct rw_opening value = {
			.expires = timeout_end(entry, ahead),
			.id = entry->id,
		};
		int r = batch_insert(&map, &key, &value, 1);

		if (r)
			return r;
	}
	return 0;
}

static int openings_erase(const struct maps *maps, const struct timeout_list *entries)
{
	const struct map_shape map = shape_of(maps);

	for (size_t i = 0; i < entries->count; i++) {
		const struct rw_opening_key key = key_of(&entries->list[i]);
		int r = batch_delete(&map, &key, 1);

		if (r)
			return r;
	}
	return 0;
}

static void openings_count(const struct timeout_list *entries, struct rw_presence *presence)
{
	presence->openings = entries->count;
}

static const struct store_kind kind = {
	.format = {.kind = "openings", .has_ports = true},
	.noun = "openings",
	.clock = CLOCK_BOOTTIME,
	.id = RW_LIST_OPENINGS,
	.read = openings_read,
	.insert = openings_insert,
	.erase = openings_erase,
	.count = openings_count,
};

int openings_open(const struct instance *instance, struct store *ret, struct error *ret_error)
{
	return store_open(instance, &kind, ret, ret_error);
}

int openings_read_file(const struct instance *instance, struct timeout_list *ret,
		       struct error *ret_error)
{
	return store_read_file(instance, &kind, ret, ret_error);
}

int openings_tidy(const struct instance *instance, struct error *ret_damage,
		  struct error *ret_error)
{
	return store_tidy(instance, &kind, ret_damage, ret_error);
}

/* ::ffff:0:0/96 is where the maps keep IPv4: an IPv6 prefix around it would open to all of that. */
static int source_check(const struct cidr *source, struct error *ret_error)
{
	static const struct cidr ipv4 = {.source = {[10] = 0xff, [11] = 0xff}, .length = 96};

	if (source->length >= ipv4.length || !cidr_covers(source, &ipv4))
		return 0;
	error_set(ret_error, EINVAL, "the source is wider than all IPv6 addresses in use");
	error_hint(ret_error, "2000::/3 is everybody over IPv6, 0.0.0.0/0 everybody over IPv4");
	return -EINVAL;
}

static bool is_within(const struct timeout *inner, const struct timeout *outer)
{
	return inner->l4 == outer->l4 && inner->port == outer->port &&
	       inner->source.length >= outer->source.length &&
	       cidr_overlaps(&inner->source, &outer->source);
}

static int refuse_admitted(const struct timeout *by, struct error *ret_error)
{
	char source[CIDR_TEXT_MAX];

	cidr_format(by->source.source, by->source.length, source);
	error_set(ret_error, EEXIST, "opening %" PRIu32 " admits %s already, and no shorter",
		  by->id, source);
	error_hint(ret_error, "\"rolewall close %" PRIu32 "\" ends it, if it is to end sooner",
		   by->id);
	return -EEXIST;
}

/* What the new one takes the place of; -EEXIST if there is one that makes it needless. */
static int replaced_select(const struct store *store, const struct timeout *opening,
			   struct timeout_list *ret, struct error *ret_error)
{
	for (size_t i = 0; i < store->list.count; i++) {
		const struct timeout *other = &store->list.list[i];
		struct timeout *added;

		if (is_within(opening, other) && opening->expires <= other->expires)
			return refuse_admitted(other, ret_error);
		/* The one of the same source is replaced as it is. */
		if (!is_within(other, opening) || other->expires > opening->expires ||
		    !timeout_compare(other, opening))
			continue;
		added = array_append(&ret->list, &ret->count, sizeof(*added));
		if (!added)
			return error_set(ret_error, ENOMEM, "out of memory");
		*added = *other;
	}
	return 0;
}

/* Numbers are small and not used twice at a time: they are typed by hand. */
static uint32_t id_choose(const struct store *store)
{
	uint32_t highest = 0;

	for (size_t i = 0; i < store->list.count; i++)
		if (store->list.list[i].id > highest)
			highest = store->list.list[i].id;
	return highest + 1;
}

int openings_add(struct store *store, struct timeout *opening, size_t *ret_replaced,
		 struct error *ret_error)
{
	_timeout_list_ struct timeout_list replaced = {0};
	const struct timeout_list one = {.list = opening, .count = 1};
	bool renewed = timeout_find(&store->list, opening);
	int r = source_check(&opening->source, ret_error);

	if (!r)
		r = replaced_select(store, opening, &replaced, ret_error);
	if (r)
		return r;
	opening->id = id_choose(store);
	r = store_change(store, &replaced, &one, ret_error);
	if (!r)
		*ret_replaced = replaced.count + renewed;
	return r;
}

int openings_remove(struct store *store, uint32_t id, struct timeout *ret, struct error *ret_error)
{
	struct timeout found;
	const struct timeout_list one = {.list = &found, .count = 1};

	for (size_t i = 0; i < store->list.count; i++) {
		int r;

		if (store->list.list[i].id != id)
			continue;
		found = store->list.list[i];
		r = store_change(store, &one, NULL, ret_error);
		if (!r)
			*ret = found;
		return r;
	}
	error_set(ret_error, ENOENT, "there is no opening %" PRIu32, id);
	error_hint(ret_error, "\"rolewall openings\" lists them");
	return -ENOENT;
}
