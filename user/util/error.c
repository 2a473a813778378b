/* SPDX-License-Identifier: GPL-2.0 */
/* error.c - fill a struct error. */
#include "util/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

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
