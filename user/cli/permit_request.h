/* SPDX-License-Identifier: GPL-2.0 */
/* permit_request.h - what allow and deny are asked for, on the command line. */
#pragma once

#include "cli/cli.h"
#include "edit/permit.h"

#define PERMIT_WORDS_MAX 10 /* one is right; a sentence of ufw's is answered with what is */

enum permit_option {
	PERMIT_FROM,
	PERMIT_APPLY,
	PERMIT_CONFIRM,
	PERMIT_FORCE,
	PERMIT_COMMENT, /* allow only */
	PERMIT_OPTIONS,
};

/* The permit borrows from the rest, and from the arguments. */
struct permit_request {
	bool deny;
	bool apply;
	bool force;
	uint32_t confirm_seconds; /* 0: not asked for */
	struct permit permit;
	char *sources; /* owned; "internal", NUL, "203.0.113.9", NUL ... */
	const char **list;
	char name[TABLES_NAME_MAX]; /* for a new service */
};

/* Options and their sense together. Returns EXIT_OK, or EXIT_USAGE after printing. */
int permit_request_parse(const struct settings *settings, const struct arguments *arguments,
			 bool deny, struct permit_request *ret);

/* The operand: a service of `model`, or a port. Returns EXIT_OK, or EXIT_USAGE after printing. */
int permit_request_aim(const struct settings *settings, const char *operand,
		       const struct model *model, struct permit_request *request);
void permit_request_free(struct permit_request *request);
