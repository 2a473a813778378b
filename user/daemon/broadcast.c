/* SPDX-License-Identifier: GPL-2.0 */
/* broadcast.c - lines that are counted by who holds them. */
#include "daemon/broadcast.h"

#include <stdlib.h>
#include <string.h>

#define FLAGS JSON_COMPACT

static struct line *line_make(const json_t *object)
{
	size_t length = json_dumpb(object, NULL, 0, FLAGS);
	struct line *line = length ? malloc(sizeof(*line) + length + 1) : NULL;

	if (!line)
		return NULL;
	*line = (struct line){.holders = 1, .length = length + 1};
	json_dumpb(object, line->text, length, FLAGS);
	line->text[length] = '\n';
	return line;
}

static bool line_is_same(const struct line *one, const struct line *other)
{
	return one && one->length == other->length && !memcmp(one->text, other->text, one->length);
}

void broadcast_tell(struct broadcast *broadcast, const json_t *object, bool again)
{
	struct line *line = object ? line_make(object) : NULL;

	if (!line)
		return;
	if (!again && line_is_same(broadcast->line, line)) {
		line_release(line);
		return;
	}
	line_release(broadcast->line);
	broadcast->line = line;
	broadcast->version++;
}

void broadcast_free(struct broadcast *broadcast)
{
	line_release(broadcast->line);
	*broadcast = (struct broadcast){0};
}

struct line *broadcast_hold(const struct broadcast *broadcast)
{
	broadcast->line->holders++;
	return broadcast->line;
}

void line_release(struct line *line)
{
	if (line && !--line->holders)
		free(line);
}
