/* SPDX-License-Identifier: GPL-2.0 */
/* idle_bans.c - the list of bans against the list of whom no ban reaches. */
#include "kernel/lists/idle_bans.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "host/lifeline.h"
#include "kernel/lists/bans.h"
#include "policy/cidr_set.h"
#include "policy/prefixes.h"
#include "util/array.h"
#include "util/cleanup.h"

#define NAMED 10

static int add_prefix(struct cidr_set *set, const struct prefix *prefix)
{
	struct cidr cidr = {.length = prefix->length};

	memcpy(cidr.source, prefix->source, sizeof(cidr.source));
	return prefix->bits == RW_NEVER_BAN_NONE ? 0 : cidr_set_add(set, &cidr, prefix->bits);
}

static int never_ban_set(const struct tables *tables, struct cidr_set *set)
{
	struct lifelines lifelines = {0};
	int r = 0;

	/* What cannot be found out here, apply finds out, or fails. */
	lifelines_read(&lifelines, NULL);
	for (size_t i = 0; !r && i < tables->never_ban_count; i++)
		r = add_prefix(set, &tables->never_ban[i]);
	for (size_t i = 0; !r && i < lifelines.count; i++)
		r = add_prefix(set, &lifelines.list[i]);
	cidr_set_finish(set);
	return r;
}

static int warn_of_ban(const char *file, struct warnings *warnings, const struct cidr *ban,
		       const struct cidr_item *spared)
{
	char banned[CIDR_TEXT_MAX], found[CIDR_TEXT_MAX];

	cidr_format(ban->source, ban->length, banned);
	cidr_format(spared->cidr.source, spared->cidr.length, found);
	return warnings_add(
		warnings, WARNING_BAN_IDLE, file,
		"%s is banned, but %s is %s: no ban reaches that; \"rolewall unban %s\" "
		"takes the ban away",
		banned, found, never_ban_words(spared->tag), banned);
}

static int warn(const struct instance *instance, const struct timeout_list *bans,
		struct cidr_set *set, struct warnings *ret)
{
	char file[512];
	size_t found = 0;

	snprintf(file, sizeof(file), "%.200s/bans.tsv", instance->lib_dir);
	for (size_t i = 0; i < bans->count; i++) {
		const struct cidr_item *spared = cidr_set_find(set, &bans->list[i].source);
		int r;

		if (!spared || ++found > NAMED)
			continue;
		r = warn_of_ban(file, ret, &bans->list[i].source, spared);
		if (r)
			return r;
	}
	if (found <= NAMED)
		return 0;
	return warnings_add(ret, WARNING_BAN_IDLE, file,
			    "%zu more bans meet what is never banned, and do not hold there",
			    found - NAMED);
}

int idle_bans_advise(const struct instance *instance, const struct tables *tables,
		     struct warnings *ret)
{
	_timeout_list_ struct timeout_list bans = {0};
	_cleanup_(cidr_set_free) struct cidr_set set = {0};
	int r;

	if (bans_read_file(instance, &bans, NULL) || !bans.count)
		return 0;
	r = never_ban_set(tables, &set);
	return r ? r : warn(instance, &bans, &set, ret);
}
