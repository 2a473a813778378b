/* SPDX-License-Identifier: GPL-2.0 */
/* json_clean.c - interfaces, processes and people name things as they like. */
#include "util/json_clean.h"

#include <string.h>

#include "util/cleanup.h"

json_t *json_clean(const char *text)
{
	_free_ char *clean = NULL;
	json_t *string;

	if (!text || !*text)
		return json_null();
	string = json_string(text);
	if (string)
		return string;
	clean = strdup(text);
	if (!clean)
		return NULL;
	for (char *at = clean; *at; at++)
		if ((unsigned char)*at >= 0x80)
			*at = '?';
	return json_string(clean);
}
