/* SPDX-License-Identifier: GPL-2.0 */
/* process.c - /proc/PID/comm. */
#include "process.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "../util/cleanup.h"

const char *process_name(uint32_t pid, char ret[PROCESS_NAME_MAX])
{
	char path[32];
	_fclose_ FILE *file = NULL;

	ret[0] = '\0';
	snprintf(path, sizeof(path), "/proc/%u/comm", pid);
	file = fopen(path, "re");
	if (!file || !fgets(ret, PROCESS_NAME_MAX, file))
		return ret;
	ret[strcspn(ret, "\n")] = '\0';
	for (char *at = ret; *at; at++)
		if (!isprint((unsigned char)*at))
			*at = '?';
	return ret;
}
