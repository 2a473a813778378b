/* SPDX-License-Identifier: GPL-2.0 */
/*
 * json_mistake.h - what is wrong with a text that is no JSON, in the words of who typed it.
 */
#pragma once

#include <stddef.h>

#define JSON_MISTAKE_MAX 160

/*
 * `offset` is where jansson met what it did not expect, `expected` what it says of it. Fills `ret` and moves `offset` to the place
 * to correct. Returns `ret`, or NULL where this is no common mistake. Pure.
 */
const char *json_mistake(const char *text, size_t size, const char *expected, size_t *offset,
			 char ret[JSON_MISTAKE_MAX]);
