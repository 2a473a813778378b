/* SPDX-License-Identifier: GPL-2.0 */
/* filter.c - the filter in front of the bans, as the product makes it. */
#include "subject.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>

#include "kernel/lists/ban_filter.h"
#include "util/cleanup.h"

static void bans_list(const struct model_prefix *list, size_t count, struct timeout_list *ret)
{
	for (size_t i = 0; i < count; i++) {
		struct timeout *ban = &ret->list[ret->count++];

		memcpy(ban->source.source, list[i].source, sizeof(ban->source.source));
		ban->source.length = list[i].length;
	}
}

int subject_filter(const struct subject *subject, const struct model_policy *policy)
{
	struct maps maps = MAPS_NONE; /* borrowed */
	_free_ struct timeout *list = NULL;
	struct timeout_list bans = {0}; /* borrows the list */
	const uint32_t zero = 0;
	int error = bpf_map_update_elem(subject_map(subject, "seed"), &zero, subject_seeds(subject),
					BPF_ANY)
			    ? -errno
			    : 0;

	list = calloc(policy->bans.count + policy->ban_prefixes.count + 1, sizeof(*bans.list));
	if (error || !list)
		return error ? error : -ENOMEM;
	bans.list = list;
	bans_list(policy->bans.list, policy->bans.count, &bans);
	bans_list(policy->ban_prefixes.list, policy->ban_prefixes.count, &bans);
	maps.fd[MAP_PRESENCE] = subject_map(subject, "presence");
	maps.fd[MAP_BAN_FILTER] = subject_map(subject, "ban_filter");
	maps.fd[MAP_SEED] = subject_map(subject, "seed");
	return ban_filter_make(&maps, &bans, NULL);
}
