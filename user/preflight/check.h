/* SPDX-License-Identifier: GPL-2.0 */
/*
 * check.h - what was looked at before an installation, and what was found.
 */
#pragma once

#include <stddef.h>

enum check_status {
	CHECK_PASS,
	CHECK_WARN, /* works, but not as it should */
	CHECK_FAIL,
	CHECK_SKIP, /* does not apply, or cannot be known */
};

/* One line of the requirements page, or one need of our own. */
struct check {
	const char *id; /* as the page's list has it: "dns-mx" */
	enum check_status status;
	char found[256];
	char wanted[256];
	char fix[384]; /* the next step; empty for what passes */
};

struct checks {
	struct check *list; /* owned */
	size_t count;
};

void checks_free(struct checks *checks);

/*
 * One more, as it stands: its texts are cut to what fits. Memory that runs out is remembered, so
 * that the many that add need not ask: checks_are_complete() tells.
 */
struct check_words {
	const char *id;
	const char *wanted;
	const char *fix; /* for all but PASS; may be NULL */
};
void check_add(struct checks *checks, const struct check_words *words, enum check_status status,
	       const char *found, ...) __attribute__((format(printf, 4, 5)));
int checks_are_complete(const struct checks *checks); /* 0 or -ENOMEM */
