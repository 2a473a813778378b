/* SPDX-License-Identifier: GPL-2.0 */
/* array.c - grow a list by one. */
#include "util/array.h"

#include <stdlib.h>
#include <string.h>

static int array_make_room(void **list, size_t count, size_t size)
{
	size_t bytes;
	void *grown;

	/* Full exactly when the count is 0 or a power of two. */
	if (count & (count - 1))
		return 0;
	if (__builtin_mul_overflow(count ? count * 2 : 1, size, &bytes))
		return -1;
	grown = realloc(*list, bytes);
	if (!grown)
		return -1;
	*list = grown;
	return 0;
}

void *array_append(void *list_pointer, size_t *count, size_t size)
{
	void *list, *element;
	int failed;

	/* The variable is a T *, not a void *: copied, because aliasing the two is undefined. */
	memcpy(&list, list_pointer, sizeof(list));
	failed = array_make_room(&list, *count, size);
	memcpy(list_pointer, &list, sizeof(list));
	if (failed)
		return NULL;
	element = (char *)list + *count * size;
	memset(element, 0, size);
	(*count)++;
	return element;
}
