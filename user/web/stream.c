/* SPDX-License-Identifier: GPL-2.0 */
/* stream.c - from the board into text/event-stream. */
#include "web/stream.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/reason.h"

bool stream_has_news(const struct stream *stream, const struct board *board)
{
	for (unsigned int kind = 0; kind < NOTICE_COUNT; kind++)
		if (board_notice(board, kind)->version > stream->heard[kind])
			return true;
	return !stream->greeted || board_after(board, stream->seen);
}

/* Their names and meanings come from the one list that there is (rolewall/abi.h). */
static void print_reasons(FILE *file)
{
	json_t *list = json_array();

	for (unsigned int reason = 1; reason < RW_REASON_COUNT; reason++)
		if (reason_name(reason))
			json_array_append_new(
				list, json_pack("{s:s, s:s, s:s}", "name", reason_name(reason),
						"verdict", reason_is_drop(reason) ? "drop" : "pass",
						"meaning", reason_meaning(reason)));
	fputs("event: reasons\ndata: ", file);
	json_dumpf(list, file, JSON_COMPACT);
	fputs("\n\n", file);
	json_decref(list);
}

static void greet(struct stream *stream, const struct board *board, FILE *file)
{
	if (stream->greeted)
		return;
	fputs("retry: 1000\n", file);
	print_reasons(file);
	fputs("event: history\ndata: ", file);
	board_print_samples(board, file);
	fputs("\n\n", file);
	stream->greeted = true;
}

static void print_notices(struct stream *stream, const struct board *board, FILE *file)
{
	for (unsigned int kind = 0; kind < NOTICE_COUNT; kind++) {
		const struct notice *notice = board_notice(board, kind);

		if (notice->version <= stream->heard[kind])
			continue;
		fprintf(file, "event: %s\ndata: %s\n\n", notice_name(kind), notice->text);
		stream->heard[kind] = notice->version;
	}
}

static void print_attempts(struct stream *stream, const struct board *board, FILE *file)
{
	const struct history_entry *attempt = board_after(board, stream->seen);
	const char *before = "event: attempts\ndata: [";
	size_t size = 0;

	if (!attempt)
		return;
	for (; attempt && size < STREAM_PORTION; attempt = history_next(attempt)) {
		const char *text = board_text(board, attempt);

		fprintf(file, "%s%s", before, text);
		stream->seen = attempt->version;
		size += strlen(text);
		before = ",";
	}
	fputs("]\n\n", file);
}

void stream_compose(struct stream *stream, const struct board *board)
{
	char *text = NULL;
	size_t size = 0;
	FILE *file;

	stream_close(stream);
	file = open_memstream(&text, &size);
	if (!file)
		return;
	greet(stream, board, file);
	print_notices(stream, board, file);
	print_attempts(stream, board, file);
	if (fclose(file) || !size) {
		free(text);
		return;
	}
	stream->text = text;
	stream->end = size;
}

size_t stream_read(struct stream *stream, char *ret, size_t size)
{
	size_t left = stream->end - stream->begin;

	if (size > left)
		size = left;
	if (size)
		memcpy(ret, stream->text + stream->begin, size);
	stream->begin += size;
	return size;
}

void stream_close(struct stream *stream)
{
	free(stream->text);
	stream->text = NULL;
	stream->begin = stream->end = 0;
}
