/* SPDX-License-Identifier: GPL-2.0 */
/* text.c - numbers and times, as short as a table wants them. */
#include "live/text.h"

#include <stdio.h>
#include <time.h>

const char *number_text(uint64_t number, int width, char ret[24])
{
	static const char units[] = "kMGTP";
	double value = (double)number;
	int unit = -1;

	if (snprintf(ret, 24, "%llu", (unsigned long long)number) <= width)
		return ret;
	while (value >= 999.5 && units[unit + 1]) {
		value /= 1000;
		unit++;
	}
	snprintf(ret, 24, value < 99.95 ? "%.1f%c" : "%.0f%c", value, units[unit]);
	return ret;
}

const char *rate_text(double rate, char ret[24])
{
	if (rate <= 0)
		snprintf(ret, 24, "-");
	else if (rate < 9.95)
		snprintf(ret, 24, "%.1f", rate);
	else
		number_text((uint64_t)(rate + 0.5), 5, ret);
	return ret;
}

/* Time of day; longer ago than half a day, the day. */
const char *when_text(int64_t ns, char ret[24])
{
	time_t seconds = ns / 1000000000LL, now = time(NULL);
	struct tm when;

	if (!ns)
		return "-";
	localtime_r(&seconds, &when);
	strftime(ret, 24, now - seconds < 12 * 60 * 60 ? "%H:%M:%S" : "%d %b", &when);
	return ret;
}

const char *left_text(int64_t expires, char ret[24])
{
	int64_t left = expires / 1000000000LL - time(NULL);

	if (!expires)
		return "for ever";
	if (left <= 0)
		return "over";
	if (left < 3600)
		snprintf(ret, 24, "%d:%02d", (int)left / 60, (int)left % 60);
	else
		snprintf(ret, 24, "%dh%02dm", (int)(left / 3600), (int)(left / 60 % 60));
	return ret;
}
