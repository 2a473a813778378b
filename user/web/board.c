/* SPDX-License-Identifier: GPL-2.0 */
/* board.c - notices, a ring of samples, a table of attempts. */
#include "web/board.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "util/cleanup.h"
#include "util/since.h"

struct board {
	struct notice notices[NOTICE_COUNT];
	char *samples[BOARD_SAMPLES]; /* owned; a ring */
	uint64_t sampled;	      /* how many there ever were */
	json_int_t sampled_ms;
	struct history *attempts; /* owned */
	size_t capacity;
	char *texts[]; /* owned; by history_slot() */
};

struct board *board_new(size_t attempts)
{
	struct board *board = calloc(1, sizeof(*board) + attempts * sizeof(board->texts[0]));

	if (!board)
		return NULL;
	board->capacity = attempts;
	board->attempts = history_new(attempts);
	if (board->attempts)
		return board;
	free(board);
	return NULL;
}

void board_free(struct board *board)
{
	if (!board)
		return;
	history_free(board->attempts);
	for (size_t i = 0; i < board->capacity; i++)
		free(board->texts[i]);
	for (unsigned int i = 0; i < NOTICE_COUNT; i++)
		free(board->notices[i].text);
	for (unsigned int i = 0; i < BOARD_SAMPLES; i++)
		free(board->samples[i]);
	free(board);
}

/* --- attempts --------------------------------------------------------------------------------- */

static const char *text_of(const json_t *line, const char *key)
{
	const char *text = json_string_value(json_object_get(line, key));

	return text ? text : "";
}

static void take_attempt(struct board *board, const json_t *line)
{
	char *text = json_dumps(line, JSON_COMPACT), **place;
	struct feed_attempt told;
	bool new;

	if (!text || strlen(text) > BOARD_ATTEMPT_MAX || feed_attempt_read(line, &told)) {
		free(text);
		return;
	}
	place = &board->texts[history_slot(
		board->attempts,
		history_tell(board->attempts, &told.attempt.record,
			     &(struct history_times){told.attempt.first_ns, told.attempt.last_ns},
			     &new))];
	free(*place);
	*place = text;
}

/* --- notices and samples ---------------------------------------------------------------------- */

static void take_notice(struct board *board, unsigned int kind, const json_t *line)
{
	struct notice *notice = &board->notices[kind];
	char *text = json_dumps(line, JSON_COMPACT);

	if (!text)
		return;
	free(notice->text);
	notice->text = text;
	notice->version++;
}

static json_int_t time_ms_of(const json_t *line)
{
	int64_t ns = 0;

	since_parse(text_of(line, "time"), 0, &ns);
	return ns / 1000000;
}

/* A clock that was set back begins anew. */
static void take_sample(struct board *board, const json_t *line)
{
	json_int_t now = time_ms_of(line), since = now - board->sampled_ms;
	_free_ char *drops = json_dumps(json_object_get(line, "drops"), JSON_COMPACT);
	char **slot = &board->samples[board->sampled % BOARD_SAMPLES];
	char *sample;

	/* A second late or early is no reason to leave one out. */
	if (!drops || (since >= 0 && since < BOARD_SAMPLE_S * 1000 - 500))
		return;
	if (asprintf(&sample, "[%lld,%s]", (long long)now, drops) < 0)
		return;
	free(*slot);
	*slot = sample;
	board->sampled++;
	board->sampled_ms = now;
}

void board_take(struct board *board, const json_t *line)
{
	const char *type = text_of(line, "type");

	if (!strcmp(type, "attempt")) {
		take_attempt(board, line);
		return;
	}
	if (!strcmp(type, "status"))
		take_sample(board, line);
	for (unsigned int kind = 0; kind < FEED_BULLETIN_COUNT; kind++)
		if (!strcmp(type, notice_name(kind)))
			take_notice(board, kind, line);
}

void board_link(struct board *board, bool connected, const char *why)
{
	json_t *line = json_pack("{s:s, s:b, s:s}", "type", "link", "connected", connected, "why",
				 why ? why : "");

	if (line)
		take_notice(board, NOTICE_LINK, line);
	json_decref(line);
}

const struct notice *board_notice(const struct board *board, unsigned int kind)
{
	return &board->notices[kind];
}

const char *notice_name(unsigned int kind)
{
	return kind == NOTICE_LINK ? "link" : feed_broadcast_name(kind);
}

const struct history_entry *board_after(const struct board *board, uint64_t version)
{
	return history_after(board->attempts, version);
}

const char *board_text(const struct board *board, const struct history_entry *attempt)
{
	return board->texts[history_slot(board->attempts, attempt)];
}

void board_print_samples(const struct board *board, FILE *file)
{
	uint64_t first = board->sampled > BOARD_SAMPLES ? board->sampled - BOARD_SAMPLES : 0;

	fputc('[', file);
	for (uint64_t i = first; i < board->sampled; i++)
		fprintf(file, "%s%s", i > first ? "," : "", board->samples[i % BOARD_SAMPLES]);
	fputc(']', file);
}
