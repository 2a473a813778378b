/* SPDX-License-Identifier: GPL-2.0 */
/* ask.h - many questions to name servers at once, through c-ares. */
#pragma once

#include "report/name_answer.h"

struct asker;

/* `answered` is called from asker_step(); `context` is the caller's. NULL: out of memory. */
struct asker *asker_new(void (*answered)(void *context, const struct name_answer *answer),
			void *context);
void asker_free(struct asker *asker);

/* A and AAAA of that name. What cannot even be asked is answered at once. */
void asker_ask(struct asker *asker, const char *name);

/* Questions without an answer. */
unsigned int asker_waiting(const struct asker *asker);

/* Wait for an answer, for a time-out, or until `fd` can be read (-1: for no such). True: it can. */
bool asker_step(struct asker *asker, int fd);
