/* SPDX-License-Identifier: GPL-2.0 */
/* openings.c - the map of openings, and which of two nested ones stays. */
#include "kernel/lists/openings.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "kernel/lists/ledger_change.h"
#include "kernel/lists/ledger_maps.h"
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

static int append_opening(struct timed_list *list, const struct rw_opening_key *key,
			  const struct rw_opening *opening, int64_t ahead)
{
	struct timed *entry = array_append(&list->list, &list->count, sizeof(*entry));

	if (!entry)
		return -ENOMEM;
	memcpy(entry->source.source, key->source, sizeof(entry->source.source));
	entry->source.length = key->prefixlen - SERVICE_BITS;
	entry->l4 = key->l4;
	entry->port = ntohs(key->port);
	entry->id = opening->id;
	entry->expires = timed_expires(opening->expires, ahead);
	return 0;
}

static int openings_read(const struct maps *maps, int64_t ahead, struct timed_list *ret)
{
	const struct map_shape map = shape_of(maps);
	_free_ struct rw_opening_key *keys = NULL;
	_free_ struct rw_opening *values = NULL;
	size_t count = 0;
	int error = batch_read(&map, (void **)&keys, (void **)&values, &count);

	for (size_t i = 0; !error && i < count; i++)
		error = append_opening(ret, &keys[i], &values[i], ahead);
	return error;
}

static struct rw_opening_key key_of(const struct timed *entry)
{
	struct rw_opening_key key = {
		.prefixlen = SERVICE_BITS + entry->source.length,
		.l4 = entry->l4,
		.port = htons(entry->port),
	};

	memcpy(key.source, entry->source.source, sizeof(key.source));
	return key;
}

static int openings_insert(const struct maps *maps, int64_t ahead, const struct timed_list *entries)
{
	const struct map_shape map = shape_of(maps);

	for (size_t i = 0; i < entries->count; i++) {
		const struct timed *entry = &entries->list[i];
		const struct rw_opening_key key = key_of(entry);
		const struct rw_opening value = {
			.expires = timed_end(entry, ahead),
			.id = entry->id,
		};
		int error = batch_insert(&map, &key, &value, 1);

		if (error)
			return error;
	}
	return 0;
}

static int openings_erase(const struct maps *maps, const struct timed_list *entries)
{
	const struct map_shape map = shape_of(maps);

	for (size_t i = 0; i < entries->count; i++) {
		const struct rw_opening_key key = key_of(&entries->list[i]);
		int error = batch_delete(&map, &key, 1);

		if (error)
			return error;
	}
	return 0;
}

static void openings_count(const struct timed_list *entries, struct rw_presence *presence)
{
	presence->openings = entries->count;
}

static const struct ledger_kind kind = {
	.format = {.kind = "openings", .has_ports = true},
	.noun = "openings",
	.clock = CLOCK_BOOTTIME,
	.id = RW_LIST_OPENINGS,
	.read = openings_read,
	.insert = openings_insert,
	.erase = openings_erase,
	.count = openings_count,
};

int openings_open(const struct instance *instance, struct ledger *ret, struct error *ret_error)
{
	return ledger_open(instance, &kind, ret, ret_error);
}

int openings_read_file(const struct instance *instance, struct timed_list *ret,
		       struct error *ret_error)
{
	return ledger_read_file(instance, &kind, ret, ret_error);
}

int openings_tidy(const struct instance *instance, struct error *ret_damage,
		  struct error *ret_error)
{
	return ledger_tidy(instance, &kind, ret_damage, ret_error);
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

static bool is_within(const struct timed *inner, const struct timed *outer)
{
	return inner->l4 == outer->l4 && inner->port == outer->port &&
	       inner->source.length >= outer->source.length &&
	       cidr_overlaps(&inner->source, &outer->source);
}

static int refuse_admitted(const struct timed *by, struct error *ret_error)
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
static int replaced_select(const struct ledger *ledger, const struct timed *opening,
			   struct timed_list *ret, struct error *ret_error)
{
	for (size_t i = 0; i < ledger->list.count; i++) {
		const struct timed *other = &ledger->list.list[i];
		struct timed *added;

		if (is_within(opening, other) && opening->expires <= other->expires)
			return refuse_admitted(other, ret_error);
		/* The one of the same source is replaced as it is. */
		if (!is_within(other, opening) || other->expires > opening->expires ||
		    !timed_compare(other, opening))
			continue;
		added = array_append(&ret->list, &ret->count, sizeof(*added));
		if (!added)
			return error_set(ret_error, ENOMEM, "out of memory");
		*added = *other;
	}
	return 0;
}

/* Numbers are small and not used twice at a time: they are typed by hand. */
static uint32_t id_choose(const struct ledger *ledger)
{
	uint32_t highest = 0;

	for (size_t i = 0; i < ledger->list.count; i++)
		if (ledger->list.list[i].id > highest)
			highest = ledger->list.list[i].id;
	return highest + 1;
}

int openings_add(struct ledger *ledger, struct timed *opening, size_t *ret_replaced,
		 struct error *ret_error)
{
	_timed_list_ struct timed_list replaced = {0};
	const struct timed_list one = {.list = opening, .count = 1};
	bool renewed = timed_find(&ledger->list, opening);
	int error = source_check(&opening->source, ret_error);

	if (!error)
		error = replaced_select(ledger, opening, &replaced, ret_error);
	if (error)
		return error;
	opening->id = id_choose(ledger);
	error = ledger_change(ledger, &replaced, &one, ret_error);
	if (!error)
		*ret_replaced = replaced.count + renewed;
	return error;
}

int openings_remove(struct ledger *ledger, uint32_t id, struct timed *ret, struct error *ret_error)
{
	struct timed found;
	const struct timed_list one = {.list = &found, .count = 1};

	for (size_t i = 0; i < ledger->list.count; i++) {
		int error;

		if (ledger->list.list[i].id != id)
			continue;
		found = ledger->list.list[i];
		error = ledger_change(ledger, &one, NULL, ret_error);
		if (!error)
			*ret = found;
		return error;
	}
	error_set(ret_error, ENOENT, "there is no opening %" PRIu32, id);
	error_hint(ret_error, "\"rolewall openings\" lists them");
	return -ENOENT;
}
