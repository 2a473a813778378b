/* SPDX-License-Identifier: GPL-2.0 */
/* bans.c - two maps as one list. */
#include "kernel/lists/bans.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>

#include "kernel/lists/guard.h"
#include "kernel/lists/reasons.h"
#include "kernel/lists/store_change.h"
#include "kernel/lists/store_maps.h"
#include "kernel/object/batch.h"
#include "util/array.h"
#include "util/cleanup.h"
#include "util/clock.h"

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

static bool is_address(const struct timeout *entry)
{
	return entry->source.length == ADDRESS_BITS;
}

/* Keys and values of one of the two maps, a part of them at a time. */
#define ROWS_MAX 2048 /* some 100 kB, on the stack */

struct rows {
	struct map_shape map;
	enum map_id id;
	struct rw_address addresses[ROWS_MAX];
	struct rw_prefix_key prefixes[ROWS_MAX];
	struct rw_ban values[ROWS_MAX];
	size_t count;
};

static const void *rows_keys(const struct rows *rows)
{
	return rows->id == MAP_BANS ? (const void *)rows->addresses : rows->prefixes;
}

static void rows_add(struct rows *rows, const struct timeout *ban, int64_t ahead)
{
	struct rw_prefix_key *prefix = &rows->prefixes[rows->count];

	if (rows->id == MAP_BANS) {
		memcpy(rows->addresses[rows->count].bytes, ban->source.source, 16);
	} else {
		prefix->prefixlen = ban->source.length;
		memcpy(prefix->source, ban->source.source, 16);
	}
	rows->values[rows->count++] = (struct rw_ban){
		.expires = timeout_end(ban, ahead),
		.length = ban->source.length,
	};
}

static int rows_flush(struct rows *rows, bool erase)
{
	size_t count = rows->count;

	rows->count = 0;
	return erase ? batch_delete(&rows->map, rows_keys(rows), count)
		     : batch_insert(&rows->map, rows_keys(rows), rows->values, count);
}

static int map_change(const struct maps *maps, enum map_id id, int64_t ahead,
		      const struct timeout_list *bans, bool erase)
{
	struct rows rows = {.map = shape_of(maps, id), .id = id};
	int r = 0;

	for (size_t i = 0; !r && i < bans->count; i++) {
		if (is_address(&bans->list[i]) != (id == MAP_BANS))
			continue;
		rows_add(&rows, &bans->list[i], ahead);
		if (rows.count == ROWS_MAX)
			r = rows_flush(&rows, erase);
	}
	return r ? r : rows_flush(&rows, erase);
}

static int bans_insert(const struct maps *maps, int64_t ahead, const struct timeout_list *bans)
{
	int r = map_change(maps, MAP_BANS, ahead, bans, false);

	return r ? r : map_change(maps, MAP_BAN_PREFIXES, ahead, bans, false);
}

static int bans_erase(const struct maps *maps, const struct timeout_list *bans)
{
	int r = map_change(maps, MAP_BANS, 0, bans, true);

	return r ? r : map_change(maps, MAP_BAN_PREFIXES, 0, bans, true);
}

static int ban_append(struct timeout_list *list, const __u8 source[16], __u32 length, __u64 expires,
		      int64_t ahead)
{
	struct timeout *ban = array_append(&list->list, &list->count, sizeof(*ban));

	if (!ban)
		return -ENOMEM;
	memcpy(ban->source.source, source, sizeof(ban->source.source));
	ban->source.length = length;
	ban->expires = timeout_expires(expires, ahead);
	return 0;
}

static int map_read(const struct maps *maps, enum map_id id, int64_t ahead,
		    struct timeout_list *ret)
{
	const struct map_shape map = shape_of(maps, id);
	_free_ void *keys = NULL;
	_free_ struct rw_ban *values = NULL;
	size_t count = 0;
	int r = batch_read(&map, &keys, (void **)&values, &count);
	const struct rw_address *addresses = keys;
	const struct rw_prefix_key *prefixes = keys;

	for (size_t i = 0; !r && i < count; i++)
		r = id == MAP_BANS ? ban_append(ret, addresses[i].bytes, ADDRESS_BITS,
						values[i].expires, ahead)
				   : ban_append(ret, prefixes[i].source, prefixes[i].prefixlen,
						values[i].expires, ahead);
	return r;
}

static int bans_read(const struct maps *maps, int64_t ahead, struct timeout_list *ret)
{
	int r = map_read(maps, MAP_BANS, ahead, ret);

	return r ? r : map_read(maps, MAP_BAN_PREFIXES, ahead, ret);
}

static void bans_count(const struct timeout_list *entries, struct rw_presence *presence)
{
	presence->bans = 0;
	for (size_t i = 0; i < entries->count; i++)
		presence->bans += is_address(&entries->list[i]);
	presence->ban_prefixes = entries->count - presence->bans;
}

/* The longest prefix that is banned and holds all of `source`, which may be `source` itself. */
static int prefix_find(const struct maps *maps, const struct cidr *source, struct rw_ban *ret)
{
	struct rw_prefix_key key = {.prefixlen = source->length};

	memcpy(key.source, source->source, sizeof(key.source));
	return bpf_map_lookup_elem(maps->fd[MAP_BAN_PREFIXES], &key, ret) ? -errno : 0;
}

static int bans_find(const struct maps *maps, int64_t ahead, struct timeout *entry)
{
	struct rw_ban ban;
	int r;

	if (is_address(entry))
		r = bpf_map_lookup_elem(maps->fd[MAP_BANS], entry->source.source, &ban) ? -errno
											: 0;
	else
		r = prefix_find(maps, &entry->source, &ban);
	if (!r && ban.length != entry->source.length)
		r = -ENOENT;
	if (!r)
		entry->expires = timeout_expires(ban.expires, ahead);
	return r;
}

static const struct store_kind kind = {
	.format = {.kind = "bans"},
	.noun = "bans",
	.clock = CLOCK_BOOTTIME,
	.id = RW_LIST_BANS,
	.outlives_clock = true,
	.read = bans_read,
	.insert = bans_insert,
	.erase = bans_erase,
	.count = bans_count,
	.find = bans_find,
};

int bans_open(const struct instance *instance, struct store *ret, struct error *ret_error)
{
	return store_open(instance, &kind, ret, ret_error);
}

int bans_open_for_one(const struct instance *instance, struct store *ret, struct error *ret_error)
{
	return store_open_for_one(instance, &kind, ret, ret_error);
}

int bans_read_file(const struct instance *instance, struct timeout_list *ret,
		   struct error *ret_error)
{
	return store_read_file(instance, &kind, ret, ret_error);
}

int bans_tidy(const struct instance *instance, struct error *ret_damage, struct error *ret_error)
{
	return store_tidy(instance, &kind, ret_damage, ret_error);
}

size_t bans_total(const struct store *store)
{
	struct rw_presence presence = {0};
	__u32 zero = 0;

	if (store->listed)
		return store->list.count;
	bpf_map_lookup_elem(store->maps.fd[MAP_PRESENCE], &zero, &presence);
	return (size_t)presence.bans + presence.ban_prefixes;
}

/* May it be banned? 1: no, and that was told; -errno. */
static int check_one(struct guard *guard, const struct bans_request *request,
		     const struct timeout *ban, struct error *ret_error)
{
	struct error error = {0};
	int r = guard_check(guard, &ban->source, request->force, &error);

	if (!r)
		return 0;
	if (request->path)
		error_where(&error, "%s:%u", request->path, ban->id);
	if (r == -EINVAL && request->on_skip) {
		request->on_skip(request->context, ban, &error);
		return 1;
	}
	if (ret_error)
		*ret_error = error;
	return r;
}

/*
 * In the order of the file, so that the first line that is wrong is the one that is named. What is
 * to be skipped is taken out.
 */
static int check_all(const struct store *store, const struct bans_request *request,
		     size_t *ret_skipped, struct error *ret_error)
{
	_cleanup_(guard_free) struct guard guard = {0};
	struct timeout_list *bans = request->bans;
	int r = guard_read(store->instance, &store->maps, &guard, ret_error);
	size_t kept = 0, count = bans->count;

	for (size_t i = 0; r >= 0 && i < count; i++) {
		r = check_one(&guard, request, &bans->list[i], ret_error);
		if (r == 0)
			bans->list[kept++] = bans->list[i];
	}
	if (r < 0)
		return r;
	bans->count = kept;
	*ret_skipped = count - kept;
	return 0;
}

/* A string that has to live as long as the store. 0, or -ENOMEM, and it is freed. */
static int keep(struct store *store, char *text)
{
	char **kept;

	if (!text)
		return 0;
	kept = array_append(&store->kept, &store->kept_count, sizeof(*kept));
	if (!kept) {
		free(text);
		return -ENOMEM;
	}
	*kept = text;
	return 0;
}

/* What is known of a ban; its strings live as long as the store. -ENOENT: there is none. */
static int old_find(struct store *store, struct timeout *ban, struct error *ret_error)
{
	char *text = NULL;
	int r = store_look_up(store, ban, &text, ret_error);

	if (r)
		return r;
	return keep(store, text) ? error_set(ret_error, ENOMEM, "out of memory") : 0;
}

/* `ban` becomes what these say. */
static int reasons_put(struct store *store, struct reasons *reasons, struct timeout *ban)
{
	char *text = NULL;
	int r = reasons_write(reasons, ban, &text);

	if (!r)
		r = keep(store, text);
	return r ? r : keep(store, TAKE_PTR(reasons->text));
}

enum merged { MERGED_NOTHING, MERGED_NOTE, MERGED_END };

/*
 * A new ban must not end an older one sooner, nor replace it: `ban` becomes both. `ret` says what
 * of the old one changes: nothing, its reasons, or its end.
 */
static int merge(struct store *store, struct timeout *ban, enum merged *ret,
		 struct error *ret_error)
{
	const struct reason new = {ban->expires, ban->since, ban->who, ban->reason};
	_reasons_ struct reasons reasons = {0};
	struct timeout old = {.source = ban->source, .who = "", .reason = ""};
	int r = old_find(store, &old, ret_error);

	*ret = MERGED_END;
	if (r)
		return r == -ENOENT ? 0 : r;
	if (reasons_read(&old, &reasons))
		return error_set(ret_error, ENOMEM, "out of memory");
	reasons_drop_ended(&reasons, wall_now());
	*ret = reasons_add(&reasons, &new) ? MERGED_NOTE : MERGED_NOTHING;
	if (*ret == MERGED_NOTHING)
		return 0;
	if (reasons_put(store, &reasons, ban))
		return error_set(ret_error, ENOMEM, "out of memory");
	if (ban->expires != old.expires)
		*ret = MERGED_END;
	return 0;
}

/* Of `bans`, what changes anything; `ret_kept` of them, or of those that do not, end as before. */
static int merge_all(struct store *store, struct timeout_list *bans, size_t *ret_kept,
		     size_t *ret_noted, struct error *ret_error)
{
	size_t count = bans->count, changed = 0;

	for (size_t i = 0; i < count; i++) {
		enum merged merged;
		int r = merge(store, &bans->list[i], &merged, ret_error);

		if (r)
			return r;
		*ret_kept += merged != MERGED_END;
		*ret_noted += merged == MERGED_NOTE;
		if (merged != MERGED_NOTHING)
			bans->list[changed++] = bans->list[i];
	}
	bans->count = changed;
	return 0;
}

static int change(struct store *store, struct timeout_list *bans, struct error *ret_error)
{
	if (!bans->count)
		return 0;
	return bans->count == 1 ? store_change_one(store, bans->list, false, ret_error)
				: store_change(store, NULL, bans, ret_error);
}

int bans_add(struct store *store, const struct bans_request *request, struct bans_result *ret,
	     struct error *ret_error)
{
	struct timeout_list *bans = request->bans;
	size_t before = bans_total(store), kept = 0, noted = 0, skipped = 0;
	int r = check_all(store, request, &skipped, ret_error);

	if (r)
		return r;
	for (size_t i = 0; i < bans->count; i++)
		bans->list[i].id = 0;
	if (timeout_sort(bans))
		return error_set(ret_error, ENOMEM, "out of memory");
	if (!request->replace)
		r = merge_all(store, bans, &kept, &noted, ret_error);
	if (!r)
		r = change(store, bans, ret_error);
	if (r)
		return r;
	ret->kept = kept;
	ret->skipped = skipped;
	ret->total = bans_total(store);
	ret->added = ret->total - before;
	ret->renewed = bans->count - ret->added - noted;
	return 0;
}

int bans_look_up(const struct store *store, struct timeout *ban, char **ret_text,
		 struct error *ret_error)
{
	return store_look_up(store, ban, ret_text, ret_error);
}

static int refuse_unknown(const struct store *store, const struct cidr *source,
			  struct error *ret_error)
{
	char text[CIDR_TEXT_MAX], wider[CIDR_TEXT_MAX];
	struct cidr found = *source;
	struct rw_ban ban;

	cidr_format(source->source, source->length, text);
	if (prefix_find(&store->maps, source, &ban)) {
		error_set(ret_error, ENOENT, "%s is not banned", text);
		error_hint(ret_error, "\"rolewall bans\" lists what is");
		return -ENOENT;
	}
	found.length = (uint8_t)ban.length;
	cidr_cut(&found);
	cidr_format(found.source, found.length, wider);
	error_set(ret_error, ENOENT, "%s is not banned by itself, but as part of %s", text, wider);
	error_hint(ret_error, "\"rolewall unban %s\" takes that one away", wider);
	return -ENOENT;
}

int bans_remove(struct store *store, const struct cidr *source, struct error *ret_error)
{
	struct timeout ban = {.source = *source, .who = "", .reason = ""};

	return store_find(store, &ban) ? store_change_one(store, &ban, true, ret_error)
				       : refuse_unknown(store, source, ret_error);
}

int bans_clear(struct store *store, struct error *ret_error)
{
	return store_change(store, &store->list, NULL, ret_error);
}

/* `ban` without that reason. 1: there is no other; 0: what is left; -ENOENT: it had none such. */
static int reason_take(struct store *store, struct timeout *ban, const char *reason)
{
	_reasons_ struct reasons reasons = {0};

	if (reasons_read(ban, &reasons))
		return -ENOMEM;
	reasons_drop_ended(&reasons, wall_now());
	if (!reasons_remove(&reasons, reason))
		return -ENOENT;
	return reasons.count ? reasons_put(store, &reasons, ban) : 1;
}

int bans_remove_reason(struct store *store, const struct cidr *source, const char *reason,
		       struct bans_left *ret, struct error *ret_error)
{
	struct timeout ban = {.source = *source, .who = "", .reason = ""};
	struct bans_left left = {0};
	int taken, r = old_find(store, &ban, ret_error);

	if (r == -ENOENT) {
		*ret = left;
		return 0;
	}
	taken = r ? r : reason_take(store, &ban, reason);
	if (taken == -ENOMEM)
		return error_set(ret_error, ENOMEM, "out of memory");
	if (r)
		return r;
	left.had_reason = taken >= 0;
	left.is_banned = taken != 1;
	reason_first(&ban, left.reason);
	r = taken < 0 ? 0 : store_change_one(store, &ban, taken == 1, ret_error);
	if (!r)
		*ret = left;
	return r;
}

/* Which bans go, and which stay for another reason? */
static int reason_select(struct store *store, const char *reason, struct timeout_list *gone,
			 struct timeout_list *changed)
{
	for (size_t i = 0; i < store->list.count; i++) {
		struct timeout ban = store->list.list[i], *added;
		int taken = reason_take(store, &ban, reason);
		struct timeout_list *list = taken ? gone : changed;

		if (taken == -ENOENT)
			continue;
		if (taken < 0)
			return taken;
		added = array_append(&list->list, &list->count, sizeof(*added));
		if (!added)
			return -ENOMEM;
		*added = ban;
	}
	return 0;
}

int bans_clear_reason(struct store *store, const char *reason, struct error *ret_error)
{
	_timeout_list_ struct timeout_list gone = {0}, changed = {0};

	if (reason_select(store, reason, &gone, &changed))
		return error_set(ret_error, ENOMEM, "out of memory");
	if (!gone.count && !changed.count)
		return 0;
	return store_change(store, &gone, &changed, ret_error);
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

static int line_parse(char *line, const struct timeout *model, struct timeout_list *list,
		      struct error *ret_error)
{
	struct timeout entry = *model, *added;
	char *word;
	int r = word_find(line, &word);

	if (r)
		return error_set(ret_error, EINVAL,
				 "there is more on the line than an address and a comment");
	if (!word)
		return 0;
	r = cidr_parse(word, &entry.source, ret_error);
	if (r)
		return r;
	added = array_append(&list->list, &list->count, sizeof(*added));
	if (!added)
		return error_set(ret_error, ENOMEM, "out of memory");
	*added = entry;
	return 0;
}

int bans_parse(const char *path, char *text, const struct timeout *model, struct timeout_list *ret,
	       struct error *ret_error)
{
	_timeout_list_ struct timeout_list list = {0};
	struct timeout entry = *model;
	char *line;

	while ((line = strsep(&text, "\n"))) {
		int r;

		entry.id++;
		r = line_parse(line, &entry, &list, ret_error);
		if (r) {
			error_where(ret_error, "%s:%u", path, entry.id);
			return r;
		}
	}
	*ret = list;
	list = (struct timeout_list){0};
	return 0;
}
