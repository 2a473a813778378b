/* SPDX-License-Identifier: GPL-2.0 */
/*
 * names_link.h - the connection to rolewall-names, which asks name servers and has no rights.
 *
 * It listens at STATE_DIR/names.sock, or systemd does so for it. There is one while there is
 * something to ask; the daemon itself speaks to no network.
 */
#pragma once

#include "kernel/object/instance.h"
#include "report/name_answer.h"
#include "util/error.h"
#include "util/loop.h"

struct names_link {
	const struct instance *instance; /* not owned, as the next one */
	struct loop *loop;
	void (*answered)(void *context, const struct name_answer *answer);
	void (*lost)(void *context); /* whatever was asked will not be answered */
	void *context;
	struct watch watch; /* fd owned; -1: there is no connection */
	char buffer[ANSWER_LINE_MAX];
	size_t used;
};

/* Connects if need be. -errno: nothing was asked. */
int names_link_ask(struct names_link *link, const char *name, struct error *ret_error);
void names_link_close(struct names_link *link);
