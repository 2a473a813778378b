/* SPDX-License-Identifier: GPL-2.0 */
/*
 * clock_step.c - for LD_PRELOAD: the clock is set forward by ten days just before it is asked for
 * the STEP_AT-th time. Says on exit, in STEP_COUNT, how often it was asked.
 */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define STEP_SECONDS (10 * 24 * 60 * 60)

static int asked;

int clock_gettime(clockid_t clock, struct timespec *ret)
{
	static int (*real)(clockid_t, struct timespec *);
	const char *at = getenv("STEP_AT");
	int result;

	if (!real)
		*(void **)&real = dlsym(RTLD_NEXT, "clock_gettime");
	result = real(clock, ret);
	if (clock == CLOCK_REALTIME && at && ++asked >= atoi(at))
		ret->tv_sec += STEP_SECONDS;
	return result;
}

__attribute__((destructor)) static void tell(void)
{
	const char *path = getenv("STEP_COUNT");
	FILE *file = path ? fopen(path, "w") : NULL;

	if (!file)
		return;
	fprintf(file, "%d\n", asked);
	fclose(file);
}
