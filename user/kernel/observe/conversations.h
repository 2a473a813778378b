/* SPDX-License-Identifier: GPL-2.0 */
/*
 * conversations.h - the UDP conversations that this node began: the map `conversations`.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <rolewall/abi.h>

#include "kernel/object/instance.h"
#include "util/error.h"

struct conversation {
	struct rw_conversation_key key;
	int64_t began; /* ns since the epoch, as the next two */
	int64_t last;  /* that the node sent, to a second */
	int64_t ends;  /* unless it sends again */
};

struct conversation_list {
	struct conversation *list; /* owned; the latest first */
	size_t count;
};

void conversations_free(struct conversation_list *conversations);
#define _conversations_ __attribute__((cleanup(conversations_free)))

/* Those that go on. -ENOENT: nothing is applied. */
int conversations_read(const struct instance *instance, struct conversation_list *ret,
		       struct error *ret_error);

/*
 * End every one: what comes in is refused until the node sends again. Who came unasked is not
 * forgotten. `ret_count`: how many went on.
 */
int conversations_flush(const struct instance *instance, size_t *ret_count,
			struct error *ret_error);
