/* SPDX-License-Identifier: GPL-2.0 */
/* conversations.c - read and end what the node's datagrams began. */
#include "kernel/observe/conversations.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>

#include "kernel/object/batch.h"
#include "kernel/object/maps.h"
#include "util/array.h"
#include "util/cleanup.h"
#include "util/clock.h"

void conversations_free(struct conversation_list *conversations)
{
	free(conversations->list);
	*conversations = (struct conversation_list){0};
}

static int conversation_add(const struct rw_conversation_key *key,
			    const struct rw_conversation *value, struct conversation_list *ret)
{
	struct conversation *fresh;

	if ((uint64_t)clock_now(CLOCK_MONOTONIC) >= value->last + RW_CONVERSATION_NS)
		return 0;
	fresh = array_append(&ret->list, &ret->count, sizeof(*fresh));
	if (!fresh)
		return -ENOMEM;
	fresh->key = *key;
	fresh->began = monotonic_to_wall(value->began);
	fresh->last = monotonic_to_wall(value->last);
	fresh->ends = fresh->last + (int64_t)RW_CONVERSATION_NS;
	return 0;
}

static int is_later(const void *a, const void *b)
{
	const struct conversation *one = a, *other = b;

	return (one->last < other->last) - (one->last > other->last);
}

/* Every element of the map, and those of them that go on. */
static int conversations_read_all(int fd, struct conversation_list *ret,
				  struct rw_conversation_key **ret_keys, size_t *ret_count)
{
	const struct map_shape map = {
		.fd = fd,
		.key_size = sizeof(struct rw_conversation_key),
		.value_size = sizeof(struct rw_conversation),
		.max_entries = RW_CONVERSATIONS,
	};
	_free_ struct rw_conversation *values = NULL;
	int r = batch_read(&map, (void **)ret_keys, (void **)&values, ret_count);

	for (size_t i = 0; !r && i < *ret_count; i++)
		r = conversation_add(&(*ret_keys)[i], &values[i], ret);
	if (!r && ret->count)
		qsort(ret->list, ret->count, sizeof(*ret->list), is_later);
	return r;
}

int conversations_read(const struct instance *instance, struct conversation_list *ret,
		       struct error *ret_error)
{
	_conversations_ struct conversation_list found = {0};
	_free_ struct rw_conversation_key *keys = NULL;
	_maps_ struct maps maps = MAPS_NONE;
	size_t count = 0;
	int r = maps_open(instance, &maps, ret_error);

	if (r)
		return r;
	r = conversations_read_all(maps.fd[MAP_CONVERSATIONS], &found, &keys, &count);
	if (r)
		return error_set(ret_error, -r, "cannot read the conversations: %s", strerror(-r));
	*ret = found;
	found = (struct conversation_list){0};
	return 0;
}

/* Those of others and of tunnels end with them. There may be no such table. */
static void flows_flush(int fd)
{
	struct rw_flow_key key;

	while (fd >= 0 && !bpf_map_get_next_key(fd, NULL, &key))
		if (bpf_map_delete_elem(fd, &key) && errno != ENOENT)
			return;
}

int conversations_flush(const struct instance *instance, size_t *ret_count, struct error *ret_error)
{
	_conversations_ struct conversation_list found = {0};
	_free_ struct rw_conversation_key *keys = NULL;
	struct map_shape map = {
		.key_size = sizeof(struct rw_conversation_key),
		.value_size = sizeof(struct rw_conversation),
		.max_entries = RW_CONVERSATIONS,
	};
	_maps_ struct maps maps = MAPS_NONE;
	size_t count = 0;
	int r = maps_open(instance, &maps, ret_error);

	if (r)
		return r;
	map.fd = maps.fd[MAP_CONVERSATIONS];
	r = conversations_read_all(map.fd, &found, &keys, &count);
	if (!r)
		r = batch_delete(&map, keys, count);
	if (r)
		return error_set(ret_error, -r, "cannot end the conversations: %s", strerror(-r));
	flows_flush(maps.fd[MAP_FLOWS]);
	*ret_count = found.count;
	return 0;
}
