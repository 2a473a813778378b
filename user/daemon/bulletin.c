/* SPDX-License-Identifier: GPL-2.0 */
/* bulletin.c - lines that are counted by who holds them. */
#include "daemon/bulletin.h"

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

static bool is_same(const struct line *one, const struct line *other)
{
	return one && one->length == other->length && !memcmp(one->text, other->text, one->length);
}

void bulletin_tell(struct bulletin *bulletin, const json_t *object, bool again)
{
	struct line *line = object ? line_make(object) : NULL;

	if (!line)
		return;
	if (!again && is_same(bulletin->line, line)) {
		line_release(line);
		return;
	}
	line_release(bulletin->line);
	bulletin->line = line;
	bulletin->version++;
}

void bulletin_free(struct bulletin *bulletin)
{
	line_release(bulletin->line);
	*bulletin = (struct bulletin){0};
}

struct line *bulletin_hold(const struct bulletin *bulletin)
{
	bulletin->line->holders++;
	return bulletin->line;
}

void line_release(struct line *line)
{
	if (line && !--line->holders)
		free(line);
}
