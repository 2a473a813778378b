/* SPDX-License-Identifier: GPL-2.0 */
/* check.c - a list of checks. */
#include "preflight/check.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "util/array.h"

/* A list without memory counts on, but holds nothing. */
static const size_t lost = (size_t)-1;

void checks_free(struct checks *checks)
{
	free(checks->list);
	*checks = (struct checks){0};
}

int checks_are_complete(const struct checks *checks)
{
	return checks->count == lost ? -ENOMEM : 0;
}

void check_add(struct checks *checks, const struct check_words *words, enum check_status status,
	       const char *found, ...)
{
	struct check *check;
	va_list args;

	if (checks->count == lost)
		return;
	check = array_append(&checks->list, &checks->count, sizeof(*check));
	if (!check) {
		checks_free(checks);
		checks->count = lost;
		return;
	}
	check->id = words->id;
	check->status = status;
	va_start(args, found);
	vsnprintf(check->found, sizeof(check->found), found, args);
	va_end(args);
	snprintf(check->wanted, sizeof(check->wanted), "%s", words->wanted);
	if (status != CHECK_PASS && words->fix)
		snprintf(check->fix, sizeof(check->fix), "%s", words->fix);
}
