/* SPDX-License-Identifier: GPL-2.0 */
/* reason.c - reasons by name. */
#include "util/reason.h"

#include <string.h>

struct reason_row {
	const char *name;
	const char *meaning;
	bool drop;
};

#define DROP				      true
#define PASS				      false
#define ROW(number, NAME, text, verdict, doc) [number] = {text, doc, verdict},
static const struct reason_row reason_rows[RW_REASON_COUNT] = {RW_REASONS(ROW)};
#undef ROW
#undef PASS
#undef DROP

/* The programs tell the two apart by the number alone. */
#define DROP(number) ((number) < RW_REASON_PASS_FIRST)
#define PASS(number) ((number) >= RW_REASON_PASS_FIRST)
#define CHECK(number, NAME, text, verdict, doc)                                                    \
	_Static_assert(verdict(number) && (number) < RW_REASON_COUNT, text " has a wrong number");
RW_REASONS(CHECK)
#undef CHECK
#undef PASS
#undef DROP

const char *reason_name(unsigned int reason)
{
	return reason < RW_REASON_COUNT ? reason_rows[reason].name : NULL;
}

const char *reason_meaning(unsigned int reason)
{
	return reason < RW_REASON_COUNT ? reason_rows[reason].meaning : NULL;
}

bool reason_is_drop(unsigned int reason)
{
	return reason_name(reason) && reason_rows[reason].drop;
}

unsigned int reason_from_name(const char *name)
{
	for (unsigned int reason = 0; reason < RW_REASON_COUNT; reason++)
		if (reason_rows[reason].name && !strcmp(reason_rows[reason].name, name))
			return reason;
	return RW_REASON_NONE;
}
