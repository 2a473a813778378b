/* SPDX-License-Identifier: GPL-2.0 */
/* bans.c - two maps as one list. */
#include "kernel/lists/bans.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>

#include "kernel/lists/guard.h"
#include "kernel/lists/reasons.h"
#include "kernel/lists/ledger_change.h"
#include "kernel/lists/ledger_maps.h"
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

static bool is_address(const struct timed *entry)
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

static void rows_add(struct rows *rows, const struct timed *ban, int64_t ahead)
{
	struct rw_prefix_key *prefix = &rows->prefixes[rows->count];

	if (rows->id == MAP_BANS) {
		memcpy(rows->addresses[rows->count].bytes, ban->source.source, 16);
	} else {
		prefix->prefixlen = ban->source.length;
		memcpy(prefix->source, ban->source.source, 16);
	}
	rows->values[rows->count++] = (struct rw_ban){
		.expires = timed_end(ban, ahead),
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
		      const struct timed_list *bans, bool erase)
{
	struct rows rows = {.map = shape_of(maps, id), .id = id};
	int error = 0;

	for (size_t i = 0; !error && i < bans->count; i++) {
		if (is_address(&bans->list[i]) != (id == MAP_BANS))
			continue;
		rows_add(&rows, &bans->list[i], ahead);
		if (rows.count == ROWS_MAX)
			error = rows_flush(&rows, erase);
	}
	return error ? error : rows_flush(&rows, erase);
}

static int bans_insert(const struct maps *maps, int64_t ahead, const struct timed_list *bans)
{
	int error = map_change(maps, MAP_BANS, ahead, bans, false);

	return error ? error : map_change(maps, MAP_BAN_PREFIXES, ahead, bans, false);
}

static int bans_erase(const struct maps *maps, const struct timed_list *bans)
{
	int error = map_change(maps, MAP_BANS, 0, bans, true);

	return error ? error : map_change(maps, MAP_BAN_PREFIXES, 0, bans, true);
}

static int ban_append(struct timed_list *list, const __u8 source[16], __u32 length, __u64 expires,
		      int64_t ahead)
{
	struct timed *ban = array_append(&list->list, &list->count, sizeof(*ban));

	if (!ban)
		return -ENOMEM;
	memcpy(ban->source.source, source, sizeof(ban->source.source));
	ban->source.length = length;
	ban->expires = timed_expires(expires, ahead);
	return 0;
}

static int map_read(const struct maps *maps, enum map_id id, int64_t ahead, struct timed_list *ret)
{
	const struct map_shape map = shape_of(maps, id);
	_free_ void *keys = NULL;
	_free_ struct rw_ban *values = NULL;
	size_t count = 0;
	int error = batch_read(&map, &keys, (void **)&values, &count);
	const struct rw_address *addresses = keys;
	const struct rw_prefix_key *prefixes = keys;

	for (size_t i = 0; !error && i < count; i++)
		error = id == MAP_BANS ? ban_append(ret, addresses[i].bytes, ADDRESS_BITS,
						    values[i].expires, ahead)
				       : ban_append(ret, prefixes[i].source, prefixes[i].prefixlen,
						    values[i].expires, ahead);
	return error;
}

static int bans_read(const struct maps *maps, int64_t ahead, struct timed_list *ret)
{
	int error = map_read(maps, MAP_BANS, ahead, ret);

	return error ? error : map_read(maps, MAP_BAN_PREFIXES, ahead, ret);
}

static void bans_count(const struct timed_list *entries, struct rw_presence *presence)
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

static int bans_find(const struct maps *maps, int64_t ahead, struct timed *entry)
{
	struct rw_ban ban;
	int error;

	if (is_address(entry))
		error = bpf_map_lookup_elem(maps->fd[MAP_BANS], entry->source.source, &ban) ? -errno
											    : 0;
	else
		error = prefix_find(maps, &entry->source, &ban);
	if (!error && ban.length != entry->source.length)
		error = -ENOENT;
	if (!error)
		entry->expires = timed_expires(ban.expires, ahead);
	return error;
}

static const struct ledger_kind kind = {
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

int bans_open(const struct instance *instance, struct ledger *ret, struct error *ret_error)
{
	return ledger_open(instance, &kind, ret, ret_error);
}

int bans_open_for_one(const struct instance *instance, struct ledger *ret, struct error *ret_error)
{
	return ledger_open_for_one(instance, &kind, ret, ret_error);
}

int bans_read_file(const struct instance *instance, struct timed_list *ret, struct error *ret_error)
{
	return ledger_read_file(instance, &kind, ret, ret_error);
}

int bans_tidy(const struct instance *instance, struct error *ret_damage, struct error *ret_error)
{
	return ledger_tidy(instance, &kind, ret_damage, ret_error);
}

size_t bans_total(const struct ledger *ledger)
{
	struct rw_presence presence = {0};
	__u32 zero = 0;

	if (ledger->listed)
		return ledger->list.count;
	bpf_map_lookup_elem(ledger->maps.fd[MAP_PRESENCE], &zero, &presence);
	return (size_t)presence.bans + presence.ban_prefixes;
}

/* May it be banned? 1: no, and that was told; -errno. */
static int check_one(struct guard *guard, const struct bans_request *request,
		     const struct timed *ban, struct error *ret_error)
{
	struct error error = {0};
	int result = guard_check(guard, &ban->source, request->force, &error);

	if (!result)
		return 0;
	if (request->path)
		error_where(&error, "%s:%u", request->path, ban->id);
	if (result == -EINVAL && request->on_skip) {
		request->on_skip(request->context, ban, &error);
		return 1;
	}
	if (ret_error)
		*ret_error = error;
	return result;
}

/*
 * In the order of the file, so that the first line that is wrong is the one that is named. What is
 * to be skipped is taken out.
 */
static int check_all(const struct ledger *ledger, const struct bans_request *request,
		     size_t *ret_skipped, struct error *ret_error)
{
	_cleanup_(guard_free) struct guard guard = {0};
	struct timed_list *bans = request->bans;
	int error = guard_read(ledger->instance, &ledger->maps, &guard, ret_error);
	size_t kept = 0, count = bans->count;

	for (size_t i = 0; error >= 0 && i < count; i++) {
		error = check_one(&guard, request, &bans->list[i], ret_error);
		if (error == 0)
			bans->list[kept++] = bans->list[i];
	}
	if (error < 0)
		return error;
	bans->count = kept;
	*ret_skipped = count - kept;
	return 0;
}

/* A string that has to live as long as the ledger. 0, or -ENOMEM, and it is freed. */
static int keep(struct ledger *ledger, char *text)
{
	char **kept;

	if (!text)
		return 0;
	kept = array_append(&ledger->kept, &ledger->kept_count, sizeof(*kept));
	if (!kept) {
		free(text);
		return -ENOMEM;
	}
	*kept = text;
	return 0;
}

/* What is known of a ban; its strings live as long as the ledger. -ENOENT: there is none. */
static int old_find(struct ledger *ledger, struct timed *ban, struct error *ret_error)
{
	char *text = NULL;
	int error = ledger_look_up(ledger, ban, &text, ret_error);

	if (error)
		return error;
	return keep(ledger, text) ? error_set(ret_error, ENOMEM, "out of memory") : 0;
}

/* `ban` becomes what these say. */
static int reasons_put(struct ledger *ledger, struct reasons *reasons, struct timed *ban)
{
	char *text = NULL;
	int error = reasons_write(reasons, ban, &text);

	if (!error)
		error = keep(ledger, text);
	return error ? error : keep(ledger, TAKE_PTR(reasons->text));
}

enum merged { MERGED_NOTHING, MERGED_NOTE, MERGED_END };

/*
 * Somebody else's ban must not end sooner for a new one, nor be forgotten for it: `ban` becomes
 * both. `ret` says what of the old one changes: nothing, its reasons, or its end.
 */
static int merge(struct ledger *ledger, struct timed *ban, enum merged *ret,
		 struct error *ret_error)
{
	const struct reason new = {ban->expires, ban->since, ban->who, ban->reason};
	_reasons_ struct reasons reasons = {0};
	struct timed old = {.source = ban->source, .who = "", .reason = ""};
	int error = old_find(ledger, &old, ret_error);

	*ret = MERGED_END;
	if (error)
		return error == -ENOENT ? 0 : error;
	if (reasons_read(&old, &reasons))
		return error_set(ret_error, ENOMEM, "out of memory");
	reasons_drop_ended(&reasons, wall_now());
	*ret = reasons_add(&reasons, &new) ? MERGED_NOTE : MERGED_NOTHING;
	if (*ret == MERGED_NOTHING)
		return 0;
	if (reasons_put(ledger, &reasons, ban))
		return error_set(ret_error, ENOMEM, "out of memory");
	if (ban->expires != old.expires)
		*ret = MERGED_END;
	return 0;
}

/* Of `bans`, what changes anything; `ret_kept` of them, or of those that do not, end as before. */
static int merge_all(struct ledger *ledger, struct timed_list *bans, size_t *ret_kept,
		     size_t *ret_noted, struct error *ret_error)
{
	size_t count = bans->count, changed = 0;

	for (size_t i = 0; i < count; i++) {
		enum merged merged;
		int error = merge(ledger, &bans->list[i], &merged, ret_error);

		if (error)
			return error;
		*ret_kept += merged != MERGED_END;
		*ret_noted += merged == MERGED_NOTE;
		if (merged != MERGED_NOTHING)
			bans->list[changed++] = bans->list[i];
	}
	bans->count = changed;
	return 0;
}

static int change(struct ledger *ledger, struct timed_list *bans, struct error *ret_error)
{
	if (!bans->count)
		return 0;
	return bans->count == 1 ? ledger_change_one(ledger, bans->list, false, ret_error)
				: ledger_change(ledger, NULL, bans, ret_error);
}

int bans_add(struct ledger *ledger, const struct bans_request *request, struct bans_result *ret,
	     struct error *ret_error)
{
	struct timed_list *bans = request->bans;
	size_t before = bans_total(ledger), kept = 0, noted = 0, skipped = 0;
	int error = check_all(ledger, request, &skipped, ret_error);

	if (error)
		return error;
	for (size_t i = 0; i < bans->count; i++)
		bans->list[i].id = 0;
	if (timed_sort(bans))
		return error_set(ret_error, ENOMEM, "out of memory");
	if (!request->replace)
		error = merge_all(ledger, bans, &kept, &noted, ret_error);
	if (!error)
		error = change(ledger, bans, ret_error);
	if (error)
		return error;
	ret->kept = kept;
	ret->skipped = skipped;
	ret->total = bans_total(ledger);
	ret->added = ret->total - before;
	ret->renewed = bans->count - ret->added - noted;
	return 0;
}

int bans_look_up(const struct ledger *ledger, struct timed *ban, char **ret_text,
		 struct error *ret_error)
{
	return ledger_look_up(ledger, ban, ret_text, ret_error);
}

static int refuse_unknown(const struct ledger *ledger, const struct cidr *source,
			  struct error *ret_error)
{
	char text[CIDR_TEXT_MAX], wider[CIDR_TEXT_MAX];
	struct cidr found = *source;
	struct rw_ban ban;

	cidr_format(source->source, source->length, text);
	if (prefix_find(&ledger->maps, source, &ban)) {
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

int bans_remove(struct ledger *ledger, const struct cidr *source, struct error *ret_error)
{
	struct timed ban = {.source = *source, .who = "", .reason = ""};

	return ledger_find(ledger, &ban) ? ledger_change_one(ledger, &ban, true, ret_error)
					 : refuse_unknown(ledger, source, ret_error);
}

int bans_clear(struct ledger *ledger, struct error *ret_error)
{
	return ledger_change(ledger, &ledger->list, NULL, ret_error);
}

/* `ban` without that reason. 1: there is no other; 0: what is left; -ENOENT: it had none such. */
static int reason_take(struct ledger *ledger, struct timed *ban, const char *reason)
{
	_reasons_ struct reasons reasons = {0};

	if (reasons_read(ban, &reasons))
		return -ENOMEM;
	reasons_drop_ended(&reasons, wall_now());
	if (!reasons_remove(&reasons, reason))
		return -ENOENT;
	return reasons.count ? reasons_put(ledger, &reasons, ban) : 1;
}

int bans_remove_reason(struct ledger *ledger, const struct cidr *source, const char *reason,
		       struct bans_left *ret, struct error *ret_error)
{
	struct timed ban = {.source = *source, .who = "", .reason = ""};
	struct bans_left left = {0};
	int taken, error = old_find(ledger, &ban, ret_error);

	if (error == -ENOENT) {
		*ret = left;
		return 0;
	}
	taken = error ? error : reason_take(ledger, &ban, reason);
	if (taken == -ENOMEM)
		return error_set(ret_error, ENOMEM, "out of memory");
	if (error)
		return error;
	left.had_reason = taken >= 0;
	left.is_banned = taken != 1;
	reason_first(&ban, left.reason);
	error = taken < 0 ? 0 : ledger_change_one(ledger, &ban, taken == 1, ret_error);
	if (!error)
		*ret = left;
	return error;
}

/* Which bans go, and which stay for another reason? */
static int reason_select(struct ledger *ledger, const char *reason, struct timed_list *gone,
			 struct timed_list *changed)
{
	for (size_t i = 0; i < ledger->list.count; i++) {
		struct timed ban = ledger->list.list[i], *added;
		int taken = reason_take(ledger, &ban, reason);
		struct timed_list *list = taken ? gone : changed;

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

int bans_clear_reason(struct ledger *ledger, const char *reason, struct error *ret_error)
{
	_timed_list_ struct timed_list gone = {0}, changed = {0};

	if (reason_select(ledger, reason, &gone, &changed))
		return error_set(ret_error, ENOMEM, "out of memory");
	if (!gone.count && !changed.count)
		return 0;
	return ledger_change(ledger, &gone, &changed, ret_error);
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
