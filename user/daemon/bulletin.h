/* SPDX-License-Identifier: GPL-2.0 */
/*
 * bulletin.h - what every follower is told in the same words: made once, shared by all.
 *
 * A follower hears the newest one only. While it takes one in, that one stays; so all of them
 * together hold at most one old line each.
 */
#ifndef ROLEWALL_DAEMON_BULLETIN_H
#define ROLEWALL_DAEMON_BULLETIN_H

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
struct bulletin {
	struct line *line; /* owned */
	uint64_t version;  /* counts what was told, from 1 */
};

/*
 * Tell `object` from now on; NULL changes nothing. What is word for word what was told last is
 * told again only if `again`.
 */
void bulletin_tell(struct bulletin *bulletin, const json_t *object, bool again);
void bulletin_free(struct bulletin *bulletin);

/* The line, for as long as the caller needs it. */
struct line *bulletin_hold(const struct bulletin *bulletin);
void line_release(struct line *line); /* NULL is allowed */

#endif
