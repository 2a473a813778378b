/* SPDX-License-Identifier: GPL-2.0 */
/* json_clean.h - text of any origin as JSON. */
#pragma once

#include <jansson.h>

/*
 * A string, or JSON null for NULL and ""; if it is not UTF-8, with '?' for every byte that is not
 * ASCII. NULL without memory.
 */
json_t *json_clean(const char *text);
