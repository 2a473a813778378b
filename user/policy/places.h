/* SPDX-License-Identifier: GPL-2.0 */
/*
 * places.h - where in a JSON text each value stands.
 *
 * jansson keeps no positions, so the text that it has accepted is read once more: one place a
 * value, in document order (the root is place 0), with the links of a tree.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define PLACE_NONE UINT32_MAX

struct place {
	uint32_t key;	 /* offset of the quote before the key; PLACE_NONE in a list */
	uint32_t value;	 /* offset of the first byte */
	uint32_t end;	 /* offset behind the last byte; of text that breaks off, its size */
	uint32_t line;	 /* of the value, from 1 */
	uint32_t parent; /* place of the list or object; PLACE_NONE for the root */
	uint32_t first;	 /* first child, PLACE_NONE if there is none */
	uint32_t last;
	uint32_t next;	/* next sibling, PLACE_NONE if there is none */
	uint32_t index; /* how many siblings stand before it */
};

/*
 * Find every place of `text`, which jansson has accepted and which is shorter than 4 GB.
 * Returns 0 or -ENOMEM; `ret_places` is owned by the caller.
 */
int places_find(const char *text, size_t size, struct place **ret_places, size_t *ret_count);

/*
 * "interfaces.eth0.sources.internal[2]"; keys that are no plain words as ["key"]; "" for the root.
 */
void places_format_path(const char *text, const struct place *places, uint32_t place, char *ret,
			size_t ret_size);
