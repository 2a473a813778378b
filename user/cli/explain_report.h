/* SPDX-License-Identifier: GPL-2.0 */
/* explain_report.h - what explain says: verdict, reason, rule, origin, remedies; for the verb and
 * for top.
 */
#pragma once

#include <jansson.h>

#include "cli/cli.h"
#include "cli/remedy.h"
#include "kernel/lists/timeout_list.h"
#include "kernel/observe/attempts.h"
#include "kernel/observe/explain.h"
#include "util/style.h"

struct answer {
	struct question question;
	struct explanation explanation;
	struct remedies remedies;
	const struct attempt *attempt; /* that is asked about, or NULL: `question` is */
	struct timeout ban;	       /* for RW_REASON_BANNED, and only if `ban_text` is there */
	char *ban_text;		       /* owned; what `ban` points into */
};

void answer_free(struct answer *answer);
#define _answer_ __attribute__((cleanup(answer_free)))

/*
 * Fill in the rest. With an attempt the question is made of it; where a packet that is made up would
 * be another one (an answer without a connection, VRRP), its record is told. 0 or -errno.
 */
int answer_find(const struct settings *settings, struct answer *answer, struct error *ret_error);

json_t *json_answer(const struct answer *answer);

/* Fact by fact, as people read it. */
struct answer_sink {
	void (*fact)(void *context, const char *key, enum style style, const char *text);
	void *context;
};

void answer_tell(const struct answer *answer, const struct answer_sink *sink);
