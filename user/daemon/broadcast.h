/* SPDX-License-Identifier: GPL-2.0 */
/*
 * broadcast.h - what every subscriber is told in the same words: made once, shared by all.
 *
 * A subscriber hears the newest one only. While it takes one in, that one stays; so all of them
 * together hold at most one old line each.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct line {
	unsigned int holders;
	size_t length; /* with the end of line */
	char text[];
};

/* Zeros: nothing was ever told. */
struct broadcast {
	struct line *line; /* owned */
	uint64_t version;  /* counts what was told, from 1 */
};

/*
 * Tell `object` from now on; NULL changes nothing. What is word for word what was told last is
 * told again only if `again`.
 */
void broadcast_tell(struct broadcast *broadcast, const json_t *object, bool again);
void broadcast_free(struct broadcast *broadcast);

/* The line, for as long as the caller needs it. */
struct line *broadcast_hold(const struct broadcast *broadcast);
void line_release(struct line *line); /* NULL is allowed */
