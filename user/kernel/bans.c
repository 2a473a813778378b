/* SPDX-License-Identifier: GPL-2.0 */
/* bans.c - two maps as one list. */
#include "bans.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../util/array.h"
#include "../util/cleanup.h"
#include "batch.h"
#include "guard.h"

#define ADDRESS_BITS 128

static struct map_shape shape_of(const struct maps *maps, enum map_id id)
{
	return (struct map_shape){
		.fd = maps->fd[id],
		.key_size =
			id == MAP_BANS ? sizeof(struct rw_address) : sizeof(struct rw_prefix_key),
		.value_size = sizeof(struct rw_ban),
		.max_entries = RW_BANS,
	};
}

static bool is_address(const struct timed *entry)
{
	return entry->source.length == ADDRESS_BITS;
}

static int append_ban(struct timed_list *list, const __u8 source[16], __u32 length,
		      const struct rw_ban *ban)
{
	struct timed *entry = array_append(&list->list, &list->count, sizeof(*entry));

	if (!entry)
		return -ENOMEM;
	memcpy(entry->source.source, source, sizeof(entry->source.source));
	entry->source.length = length;
	entry->expires = ban->expires;
	return 0;
}

static int read_addresses(const struct maps *maps, struct timed_list *ret)
{
	const struct map_shape map = shape_of(maps, MAP_BANS);
	_free_ struct rw_address *keys = NULL;
	_free_ struct rw_ban *values = NULL;
	size_t count = 0;
	int error = batch_read(&map, (void **)&keys, (void **)&values, &count);

	for (size_t i = 0; !error && i < count; i++)
		error = append_ban(ret, keys[i].bytes, ADDRESS_BITS, &values[i]);
	return error;
}

static int read_prefixes(const struct maps *maps, struct timed_list *ret)
{
	const struct map_shape map = shape_of(maps, MAP_BAN_PREFIXES);
	_free_ struct rw_prefix_key *keys = NULL;
	_free_ struct rw_ban *values = NULL;
	size_t count = 0;
	int error = batch_read(&map, (void **)&keys, (void **)&values, &count);

	for (size_t i = 0; !error && i < count; i++)
		error = append_ban(ret, keys[i].source, keys[i].prefixlen, &values[i]);
	return error;
}

static int bans_read(const struct maps *maps, struct timed_list *ret)
{
	int error = read_addresses(maps, ret);

	return error ? error : read_prefixes(maps, ret);
}

/* Keys and values of one of the two maps. */
struct rows {
	void *keys;
	struct rw_ban *values;
	size_t count;
};

static void rows_free(struct rows *rows)
{
	free(rows->keys);
	free(rows->values);
}

static void key_fill(void *keys, size_t index, const struct timed *entry)
{
	struct rw_address *addresses = keys;
	struct rw_prefix_key *prefixes = keys;

	if (is_address(entry)) {
		memcpy(addresses[index].bytes, entry->source.source, sizeof(addresses->bytes));
		return;
	}
	prefixes[index].prefixlen = entry->source.length;
	memcpy(prefixes[index].source, entry->source.source, sizeof(prefixes->source));
}

static int rows_make(const struct timed_list *entries, const struct map_shape *map, bool addresses,
		     struct rows *ret)
{
	ret->keys = calloc(entries->count + 1, map->key_size);
	ret->values = calloc(entries->count + 1, sizeof(*ret->values));
	if (!ret->keys || !ret->values)
		return -ENOMEM;
	for (size_t i = 0; i < entries->count; i++) {
		const struct timed *entry = &entries->list[i];

		if (is_address(entry) != addresses)
			continue;
		key_fill(ret->keys, ret->count, entry);
		ret->values[ret->count++].expires = entry->expires;
	}
	return 0;
}

static int change_map(const struct maps *maps, enum map_id id, const struct timed_list *entries,
		      bool erase)
{
	const struct map_shape map = shape_of(maps, id);
	_cleanup_(rows_free) struct rows rows = {0};
	int error = rows_make(entries, &map, id == MAP_BANS, &rows);

	if (error)
		return error;
	return erase ? batch_delete(&map, rows.keys, rows.count)
		     : batch_insert(&map, rows.keys, rows.values, rows.count);
}

static int bans_insert(const struct maps *maps, const struct timed_list *entries)
{
	int error = change_map(maps, MAP_BANS, entries, false);

	return error ? error : change_map(maps, MAP_BAN_PREFIXES, entries, false);
}

static int bans_erase(const struct maps *maps, const struct timed_list *entries)
{
	int error = change_map(maps, MAP_BANS, entries, true);

	return error ? error : change_map(maps, MAP_BAN_PREFIXES, entries, true);
}

static void bans_count(const struct timed_list *entries, struct rw_presence *presence)
{
	presence->bans = 0;
	for (size_t i = 0; i < entries->count; i++)
		presence->bans += is_address(&entries->list[i]);
	presence->ban_prefixes = entries->count - presence->bans;
}

static const struct ledger_kind kind = {
	.format = {.kind = "bans"},
	.noun = "bans",
	.clock = CLOCK_BOOTTIME,
	.restored = RW_RESTORED_BANS,
	.outlives_clock = true,
	.read = bans_read,
	.insert = bans_insert,
	.erase = bans_erase,
	.count = bans_count,
};

int bans_open(const struct instance *instance, struct ledger *ret, struct error *ret_error)
{
	return ledger_open(instance, &kind, ret, ret_error);
}

/* In the order of the file, so that the first line that is wrong is the one that is named. */
static int check_all(const struct ledger *ledger, const struct bans_request *request,
		     struct error *ret_error)
{
	_cleanup_(guard_free) struct guard guard = {0};
	int error = guard_read(&ledger->maps, &guard, ret_error);

	for (size_t i = 0; !error && i < request->bans->count; i++) {
		const struct timed *ban = &request->bans->list[i];

		error = guard_check(&guard, &ban->source, request->force, ret_error);
		if (error && request->path)
			error_where(ret_error, "%s:%u", request->path, ban->id);
	}
	return error;
}

int bans_add(struct ledger *ledger, const struct bans_request *request, struct bans_result *ret,
	     struct error *ret_error)
{
	struct timed_list *bans = request->bans;
	size_t before = ledger->list.count;
	int error = check_all(ledger, request, ret_error);

	if (error)
		return error;
	for (size_t i = 0; i < bans->count; i++)
		bans->list[i].id = 0;
	if (timed_sort(bans))
		return error_set(ret_error, ENOMEM, "out of memory");
	error = ledger_change(ledger, NULL, bans, ret_error);
	if (error)
		return error;
	ret->total = ledger->list.count;
	ret->added = ret->total - before;
	ret->renewed = bans->count - ret->added;
	return 0;
}

static int refuse_unknown(const struct ledger *ledger, const struct cidr *source,
			  struct error *ret_error)
{
	char text[CIDR_TEXT_MAX], wider[CIDR_TEXT_MAX];

	cidr_format(source->source, source->length, text);
	error_set(ret_error, ENOENT, "%s is not banned", text);
	for (size_t i = 0; i < ledger->list.count; i++) {
		const struct cidr *ban = &ledger->list.list[i].source;

		if (ban->length > source->length || !cidr_overlaps(ban, source))
			continue;
		cidr_format(ban->source, ban->length, wider);
		error_set(ret_error, ENOENT, "%s is not banned by itself, but as part of %s", text,
			  wider);
		error_hint(ret_error, "\"rolewall unban %s\" takes that one away", wider);
		return -ENOENT;
	}
	error_hint(ret_error, "\"rolewall bans\" lists what is");
	return -ENOENT;
}

int bans_remove(struct ledger *ledger, const struct cidr *source, struct error *ret_error)
{
	struct timed key = {.source = *source};
	const struct timed_list one = {.list = &key, .count = 1};

	if (!timed_find(&ledger->list, &key))
		return refuse_unknown(ledger, source, ret_error);
	return ledger_change(ledger, &one, NULL, ret_error);
}

/* The first word of a line; NULL: there is none. What follows may only be a comment. -EINVAL. */
static int word_find(char *line, char **ret)
{
	char *word = line + strspn(line, " \t\r"), *rest;

	*ret = NULL;
	if (!*word || *word == '#' || *word == ';')
		return 0;
	rest = word + strcspn(word, " \t\r#;");
	if (!strchr("#;", rest[strspn(rest, " \t\r")])) /* the end is found, too */
		return -EINVAL;
	*rest = '\0';
	*ret = word;
	return 0;
}

static int line_parse(char *line, const struct timed *model, struct timed_list *list,
		      struct error *ret_error)
{
	struct timed entry = *model, *added;
	char *word;
	int error = word_find(line, &word);

	if (error)
		return error_set(ret_error, EINVAL,
				 "there is more on the line than an address and a comment");
	if (!word)
		return 0;
	error = cidr_parse(word, &entry.source, ret_error);
	if (error)
		return error;
	added = array_append(&list->list, &list->count, sizeof(*added));
	if (!added)
		return error_set(ret_error, ENOMEM, "out of memory");
	*added = entry;
	return 0;
}

int bans_parse(const char *path, char *text, const struct timed *model, struct timed_list *ret,
	       struct error *ret_error)
{
	_timed_list_ struct timed_list list = {0};
	struct timed entry = *model;
	char *line;

	while ((line = strsep(&text, "\n"))) {
		int error;

		entry.id++;
		error = line_parse(line, &entry, &list, ret_error);
		if (error) {
			error_where(ret_error, "%s:%u", path, entry.id);
			return error;
		}
	}
	*ret = list;
	list = (struct timed_list){0};
	return 0;
}
