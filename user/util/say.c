/* SPDX-License-Identifier: GPL-2.0 */
/* say.c - lines on stderr. */
#include "util/say.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "util/control.h"

void say_verbose(void)
{
	setenv("ROLEWALL_DEBUG", "1", 1);
}

bool say_is_verbose(void)
{
	return getenv("ROLEWALL_DEBUG") != NULL;
}

void say(enum say_level level, const char *format, ...)
{
	char text[2048];
	va_list args;

	if (level == SAY_DEBUG && !say_is_verbose())
		return;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	/* Messages quote files and names: one message is one line, whatever is in them. */
	controls_hide(text, "", ' ');
	/* sd-daemon(3): the journal takes the level from there. */
	if (getenv("JOURNAL_STREAM"))
		fprintf(stderr, "<%d>%s\n", level, text);
	else
		fprintf(stderr, "rolewall: %s\n", text);
}

void say_error(enum say_level level, const char *before, const struct error *error)
{
	say(level, "%s: %s%s%s%s%s%s", before, error->where, error->where[0] ? ": " : "",
	    error->what, error->hint[0] ? " (" : "", error->hint, error->hint[0] ? ")" : "");
}
