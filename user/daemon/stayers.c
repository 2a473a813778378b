/* SPDX-License-Identifier: GPL-2.0 */
/* stayers.c - from the map of those who stay at a limit to bans. */
#include "daemon/stayers.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>

#include "kernel/lists/bans.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/say.h"

#define BANS_A_TICK 64 /* each is a write to the disk; who waits is limited meanwhile */

/* The rule of those counters, if its limit bans; NULL. */
static const struct rule *banning_rule(const struct generation *generation, uint32_t index)
{
	for (uint32_t i = 0; i < generation->about->rule_count; i++) {
		const struct numbered_rule *numbered = &generation->rules[i];

		if (numbered->index == index)
			return numbered->rule.limit.ban ? &numbered->rule : NULL;
	}
	return NULL;
}

static bool is_needed(const struct generation *generation)
{
	if (!generation->number || !(generation->header.flags & RW_POLICY_ENFORCE))
		return false;
	for (uint32_t i = 0; i < generation->about->rule_count; i++)
		if (generation->rules[i].rule.limit.ban)
			return true;
	return false;
}

static struct cidr source_of(const struct rw_stayer_key *key, const struct limit *limit)
{
	struct cidr source = {0};

	memcpy(source.source, key->halves, sizeof(source.source));
	source.length = cidr_is_ipv4(source.source, 128) ? 96 + limit->ipv4_bits : limit->ipv6_bits;
	return source;
}

static void skip_tell(void *context, const struct timeout *ban, const struct error *why)
{
	char source[CIDR_TEXT_MAX];

	(void)context;
	cidr_format(ban->source.source, ban->source.length, source);
	say(SAY_NOTICE, "%s goes on at its limit, and is not banned: %s", source, why->what);
}

static int ban(const struct in_force *in_force, const struct cidr *source, const struct rule *rule,
	       struct error *ret_error)
{
	char reason[TIMEOUT_REASON_MAX + 1], text[CIDR_TEXT_MAX];
	_store_ struct store store = STORE_NONE;
	int64_t now = wall_now();
	struct timeout entry = {
		.source = *source,
		.expires = time_add(now, time_of_seconds(rule->limit.ban)),
		.since = now / TIMEOUT_SECOND,
		.who = "rolewall",
		.reason = reason,
	};
	struct timeout_list one = {.list = &entry, .count = 1};
	const struct bans_request request = {.bans = &one, .on_skip = skip_tell};
	struct bans_result done;
	int r = bans_open_for_one(in_force->instance, &store, ret_error);

	snprintf(reason, sizeof(reason), "limit of %s", rule->service);
	cidr_format(source->source, source->length, text);
	if (!r)
		r = bans_add(&store, &request, &done, ret_error);
	if (!r && !done.skipped)
		say(SAY_NOTICE, "%s is banned: it went on at the limit of %s (port %u)", text,
		    rule->service, rule->port);
	return r;
}

/* Returns true if it is done with, banned or not. */
static bool see_to(struct stayers *stayers, const struct rw_stayer_key *key,
		   const struct rw_stayer *stayer, unsigned int *bans)
{
	const struct rule *rule = banning_rule(&stayers->in_force->generation, key->rule);
	struct error error = {0};
	struct cidr source;
	int r;

	if (!rule || !stayer->refused || stayer->connections < rule->limit.burst)
		return false;
	source = source_of(key, &rule->limit);
	if (++*bans > BANS_A_TICK)
		return false;
	r = ban(stayers->in_force, &source, rule, &error);
	if (r && r != -EAGAIN && r != stayers->last_error)
		say_error(SAY_ERROR, "cannot ban who goes on at a limit", &error);
	if (r != -EAGAIN)
		stayers->last_error = r;
	return !r;
}

/* All keys first: an LRU hash that is read while it changes may begin anew. */
static size_t keys_read(int fd, struct rw_stayer_key *ret)
{
	size_t count = 0;

	while (count < RW_STAYERS &&
	       bpf_map_get_next_key(fd, count ? &ret[count - 1] : NULL, &ret[count]) == 0)
		count++;
	return count;
}

void stayers_tick(struct stayers *stayers)
{
	int fd = stayers->in_force->maps.fd[MAP_LIMIT_STAYERS];
	_free_ struct rw_stayer_key *keys = NULL;
	unsigned int bans = 0;
	size_t count;

	if (!is_needed(&stayers->in_force->generation))
		return;
	keys = calloc(RW_STAYERS, sizeof(*keys));
	count = keys ? keys_read(fd, keys) : 0;
	for (size_t i = 0; i < count; i++) {
		struct rw_stayer stayer;

		if (bpf_map_lookup_elem(fd, &keys[i], &stayer) == 0 &&
		    see_to(stayers, &keys[i], &stayer, &bans))
			bpf_map_delete_elem(fd, &keys[i]);
	}
}
