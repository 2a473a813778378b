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

static struct warning *warning_add(const struct instance *instance, struct warnings *warnings)
{
	struct warning *warning = array_append(&warnings->list, &warnings->count, sizeof(*warning));

	if (warning)
		snprintf(warning->where, sizeof(warning->where), "%.200s/bans.tsv",
			 instance->lib_dir);
	return warning;
}

static void warning_write(struct warning *warning, const struct cidr *ban,
			  const struct cidr_item *spared)
{
	char banned[CIDR_TEXT_MAX], found[CIDR_TEXT_MAX];

	cidr_format(ban->source, ban->length, banned);
	cidr_format(spared->cidr.source, spared->cidr.length, found);
	snprintf(warning->what, sizeof(warning->what),
		 "%s is banned, but %s is %s: no ban reaches that; \"rolewall unban %s\" takes the "
		 "ban away",
		 banned, found, never_ban_words(spared->tag), banned);
}

static int warn(const struct instance *instance, const struct timeout_list *bans,
		struct cidr_set *set, struct warnings *ret)
{
	struct warning *warning;
	size_t found = 0;

	for (size_t i = 0; i < bans->count; i++) {
		const struct cidr_item *spared = cidr_set_find(set, &bans->list[i].source);

		if (!spared || ++found > NAMED)
			continue;
		warning = warning_add(instance, ret);
		if (!warning)
			return -ENOMEM;
		warning_write(warning, &bans->list[i].source, spared);
	}
	if (found <= NAMED)
		return 0;
	warning = warning_add(instance, ret);
	if (!warning)
		return -ENOMEM;
	snprintf(warning->what, sizeof(warning->what),
		 "%zu more bans meet what is never banned, and do not hold there", found - NAMED);
	return 0;
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
