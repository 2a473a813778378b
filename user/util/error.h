/* SPDX-License-Identifier: GPL-2.0 */
/*
 * error.h - how a library function tells its caller what went wrong.
 *
 * policy/ and kernel/ never print: they fill a struct error and return -errno. cli/ prints it,
 * once. A struct error is plain memory (no ownership): it may be copied and thrown away freely.
 *
 * Who wants to hear of every mistake in a file, not only of the first, sets `others`:
 *
 *	_cleanup_(errors_free) struct errors others = {0};
 *	struct error error = {.others = &others};
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct errors;

#define ERROR_WHAT_MAX 512

struct error {
	/* What is wrong, naming the thing: "role "mtaa" is not in profile ..." */
	char what[ERROR_WHAT_MAX];
	char where[512];   /* "FILE:LINE:COLUMN" or a map, an interface, a path; may be empty */
	char path[256];	   /* JSON path such as "interfaces.eth0.zone"; may be empty */
	char excerpt[512]; /* the line in question and, after a newline, the caret; may be empty */
	char hint[512];	   /* the next step: "did you mean ...?", "run as root"; may be empty */
	struct errors *others; /* borrowed; all of them, this one too. NULL: the first is enough */
};

#define ERRORS_MAX 20

struct errors {
	struct error *list; /* owned; in the order in which they were found, each once */
	size_t count;
};

void errors_free(struct errors *errors);

/*
 * A part of a file is wrong (-EINVAL): note it among the others. True: the reader may go on to the
 * next part, and fails at the end. False: it stops here.
 */
bool error_keep(const struct error *error, int result);

/*
 * Fill `ret` and return -`errnum`, so that a function can end with `return error_set(...)`.
 * `ret` may be NULL. Only `what` is set; where, path, excerpt and hint are cleared, others is kept.
 */
int error_set(struct error *ret, int errnum, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Add the next step / the place to an error that is already set. */
void error_hint(struct error *ret, const char *format, ...) __attribute__((format(printf, 2, 3)));
void error_where(struct error *ret, const char *format, ...) __attribute__((format(printf, 2, 3)));
