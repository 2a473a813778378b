/* SPDX-License-Identifier: GPL-2.0 */
/* warnings.c - a list of warnings, and of those that are accepted. */
#include "util/warnings.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/array.h"

const char *warning_name(enum warning_id id)
{
	static const char *const names[] = {
#define WARNING_TEXT(NAME, name) [WARNING_##NAME] = name,
		WARNINGS(WARNING_TEXT)
#undef WARNING_TEXT
	};

	return names[id];
}

int warnings_accept(struct warnings *warnings, const char *name)
{
	struct acceptance *acceptance =
		array_append(&warnings->accepted, &warnings->accepted_count, sizeof(*acceptance));

	if (!acceptance)
		return -ENOMEM;
	snprintf(acceptance->name, sizeof(acceptance->name), "%s", name);
	return 0;
}

bool warnings_is_accepted(struct warnings *warnings, const char *name)
{
	for (size_t i = 0; i < warnings->accepted_count; i++) {
		if (strcmp(warnings->accepted[i].name, name) != 0)
			continue;
		warnings->accepted[i].used = true;
		return true;
	}
	return false;
}

int warnings_add(struct warnings *warnings, enum warning_id id, const char *where,
		 const char *format, ...)
{
	struct warning *warning;
	va_list args;

	if (warnings_is_accepted(warnings, warning_name(id)))
		return 0;
	warning = array_append(&warnings->list, &warnings->count, sizeof(*warning));
	if (!warning)
		return -ENOMEM;
	warning->id = id;
	va_start(args, format);
	vsnprintf(warning->what, sizeof(warning->what), format, args);
	va_end(args);
	snprintf(warning->where, sizeof(warning->where), "%s", where ? where : "");
	return 0;
}

void warnings_free(struct warnings *warnings)
{
	free(warnings->list);
	free(warnings->accepted);
	*warnings = (struct warnings){0};
}
