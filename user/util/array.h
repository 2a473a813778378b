/* SPDX-License-Identifier: GPL-2.0 */
/*
 * array.h - a list that grows at its end: a pointer and a count, both the caller's.
 *
 * The capacity is not stored: it is the smallest power of two that holds `count`. Shrinking
 * `count` by hand and appending again costs a realloc, nothing more.
 */
#pragma once

#include <stddef.h>

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

/*
 * Append one zeroed element of `size` bytes to the list whose pointer variable is at
 * `list_pointer` (a `T **`). Returns the element and counts it, or NULL and changes nothing.
 * Elements may move: pointers to them do not survive the next append.
 */
void *array_append(void *list_pointer, size_t *count, size_t size);
