/* SPDX-License-Identifier: GPL-2.0 */
/* since.c - points in time and durations as people type them. */
#include "util/since.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "util/clock.h"

static int64_t unit_seconds(char unit)
{
	switch (unit) {
	case 's':
		return 1;
	case 'm':
		return 60;
	case 'h':
		return 60 * 60;
	case 'd':
		return 24 * 60 * 60;
	case 'w':
		return 7 * 24 * 60 * 60;
	default:
		return 0;
	}
}

/* Nine digits a part and seconds below a thousand years keep the sum from overflowing. In ns it
 * would (clock.h). */
bool duration_parse(const char *text, int64_t *ret_seconds)
{
	int64_t sum = 0;

	do {
		size_t digits = strspn(text, "0123456789");
		int64_t unit;

		if (!digits || digits > 9)
			return false;
		unit = unit_seconds(text[digits]);
		sum += strtol(text, NULL, 10) * unit;
		if (!unit || sum > 1000LL * 366 * 24 * 60 * 60)
			return false;
		text += digits + 1;
	} while (*text);
	*ret_seconds = sum;
	return true;
}

/* "+07:00" */
static bool offset_parse(const char *text, int64_t *ret_seconds)
{
	int hours, minutes;

	if (strlen(text) != 6 || text[3] != ':' || !isdigit(text[1]) || !isdigit(text[2]) ||
	    !isdigit(text[4]) || !isdigit(text[5]))
		return false;
	hours = (text[1] - '0') * 10 + text[2] - '0';
	minutes = (text[4] - '0') * 10 + text[5] - '0';
	*ret_seconds = (text[0] == '-' ? -1 : 1) * (hours * 3600 + minutes * 60);
	return hours < 24 && minutes < 60;
}

static int64_t fraction_parse(const char **text)
{
	int64_t ns = 0, digit = NS_PER_SECOND / 10;

	if (**text != '.')
		return 0;
	for ((*text)++; isdigit(**text); (*text)++, digit /= 10)
		ns += (**text - '0') * digit;
	return ns;
}

static bool date_parse(const char *text, int64_t *ret)
{
	struct tm when = {.tm_isdst = -1};
	const char *rest = strptime(text, "%Y-%m-%d", &when);
	int64_t offset = 0, fraction;

	if (!rest || !*rest || !strchr("Tt ", *rest))
		return false;
	rest = strptime(rest + 1, "%H:%M:%S", &when);
	if (!rest)
		return false;
	fraction = fraction_parse(&rest);
	if (!*rest) {
		*ret = time_add(time_of_seconds(mktime(&when)), fraction);
		return true;
	}
	if (strcasecmp(rest, "z") && (!strchr("+-", *rest) || !offset_parse(rest, &offset)))
		return false;
	*ret = time_add(time_of_seconds(timegm(&when) - offset), fraction);
	return true;
}

bool since_parse(const char *text, int64_t now, int64_t *ret)
{
	int64_t seconds;

	if (!duration_parse(text, &seconds))
		return date_parse(text, ret);
	*ret = time_subtract(now, time_of_seconds(seconds));
	return true;
}
