/* SPDX-License-Identifier: GPL-2.0 */
/* bans.c - what may be banned, and what a change of bans comes to. */
#include "kernel/lists/bans.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>

#include "kernel/lists/ban_maps.h"
#include "kernel/lists/guard.h"
#include "kernel/lists/reasons.h"
#include "kernel/lists/store_change.h"
#include "kernel/lists/store_maps.h"
#include "util/array.h"
#include "util/cleanup.h"
#include "util/clock.h"

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
	if (bans_find_prefix(&store->maps, source, &ban)) {
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
