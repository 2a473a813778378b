/* SPDX-License-Identifier: GPL-2.0 */
/* error.c - fill a struct error. */
#include "util/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/array.h"

int error_set(struct error *ret, int errnum, const char *format, ...)
{
	struct error next = {0};
	va_list args;

	if (!ret)
		return -errnum;
	/* Formatted aside, so that the arguments may point into the old error. */
	va_start(args, format);
	vsnprintf(next.what, sizeof(next.what), format, args);
	va_end(args);
	next.others = ret->others;
	*ret = next;
	return -errnum;
}

void error_hint(struct error *ret, const char *format, ...)
{
	va_list args;

	if (!ret)
		return;
	va_start(args, format);
	vsnprintf(ret->hint, sizeof(ret->hint), format, args);
	va_end(args);
}

void error_where(struct error *ret, const char *format, ...)
{
	va_list args;

	if (!ret)
		return;
	va_start(args, format);
	vsnprintf(ret->where, sizeof(ret->where), format, args);
	va_end(args);
}

bool error_keep(const struct error *error, int result)
{
	struct errors *others = error ? error->others : NULL;
	const struct error *last =
		others && others->count ? &others->list[others->count - 1] : NULL;
	struct error *kept;

	if (result != -EINVAL || !others || others->count >= ERRORS_MAX)
		return false;
	/* It was noted where it was found. */
	if (last && !strcmp(last->what, error->what) && !strcmp(last->where, error->where))
		return true;
	kept = array_append(&others->list, &others->count, sizeof(*kept));
	if (!kept)
		return false;
	*kept = *error;
	return true;
}

void errors_free(struct errors *errors)
{
	free(errors->list);
	*errors = (struct errors){0};
}
