/* SPDX-License-Identifier: GPL-2.0 */
/* board.c - notices, a ring of samples, a table of attempts. */
#include "web/board.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "util/cleanup.h"
#include "util/since.h"

#define BUCKETS 1024
#define GROUPS	256 /* kinds of ports: their low bits */

LIST_HEAD(bucket, board_attempt);
TAILQ_HEAD(attempt_order, board_attempt);

struct group {
	struct attempt_order list; /* by version */
	size_t count;
};

struct board {
	uint64_t version;
	struct notice notices[NOTICE_COUNT];
	char *samples[BOARD_SAMPLES]; /* owned; a ring */
	uint64_t sampled;	      /* how many there ever were */
	json_int_t sampled_ms;
	size_t capacity, count;
	struct attempt_order order;
	struct group groups[GROUPS];
	struct bucket buckets[BUCKETS];
};

struct board *board_new(size_t attempts)
{
	struct board *board = calloc(1, sizeof(*board));

	if (!board)
		return NULL;
	board->capacity = attempts;
	TAILQ_INIT(&board->order);
	for (unsigned int i = 0; i < GROUPS; i++)
		TAILQ_INIT(&board->groups[i].list);
	return board;
}

static void attempt_free(struct board_attempt *attempt)
{
	free(attempt->text);
	free(attempt->key);
	free(attempt);
}

void board_free(struct board *board)
{
	struct board_attempt *attempt;

	if (!board)
		return;
	while ((attempt = TAILQ_FIRST(&board->order))) {
		TAILQ_REMOVE(&board->order, attempt, order);
		attempt_free(attempt);
	}
	for (unsigned int i = 0; i < NOTICE_COUNT; i++)
		free(board->notices[i].text);
	for (unsigned int i = 0; i < BOARD_SAMPLES; i++)
		free(board->samples[i]);
	free(board);
}

/* --- attempts -----------------------------------------------------------------------------------
 */

static const char *text_of(const json_t *line, const char *key)
{
	const char *text = json_string_value(json_object_get(line, key));

	return text ? text : "";
}

static json_int_t number_of(const json_t *line, const char *key)
{
	return json_integer_value(json_object_get(line, key));
}

/* What makes two attempts the same (rolewall/abi.h). */
static char *key_make(const json_t *line)
{
	char *key;
	int length = asprintf(&key, "%s %lld %lld %lld %s %d", text_of(line, "source"),
			      (long long)number_of(line, "port"), (long long)number_of(line, "l4"),
			      (long long)number_of(line, "ifindex"), text_of(line, "reason"),
			      json_is_true(json_object_get(line, "observed")));

	return length < 0 ? NULL : key;
}

static struct bucket *bucket_of(struct board *board, const char *key)
{
	uint32_t hash = 2166136261U; /* FNV-1a */

	for (; *key; key++)
		hash = (hash ^ (unsigned char)*key) * 16777619U;
	return &board->buckets[hash % BUCKETS];
}

static struct board_attempt *find(struct board *board, const char *key)
{
	struct board_attempt *attempt = LIST_FIRST(bucket_of(board, key));

	while (attempt && strcmp(attempt->key, key) != 0)
		attempt = LIST_NEXT(attempt, bucket);
	return attempt;
}

static void attempt_unlink(struct board *board, struct board_attempt *attempt)
{
	struct group *group = &board->groups[attempt->group];

	TAILQ_REMOVE(&board->order, attempt, order);
	TAILQ_REMOVE(&group->list, attempt, kin);
	group->count--;
}

static void attempt_link(struct board *board, struct board_attempt *attempt)
{
	struct group *group = &board->groups[attempt->group];

	attempt->version = ++board->version;
	TAILQ_INSERT_TAIL(&board->order, attempt, order);
	TAILQ_INSERT_TAIL(&group->list, attempt, kin);
	group->count++;
}

static void make_room(struct board *board)
{
	struct group *fullest = &board->groups[0];
	struct board_attempt *oldest;

	if (board->count < board->capacity)
		return;
	for (unsigned int i = 1; i < GROUPS; i++)
		if (board->groups[i].count > fullest->count)
			fullest = &board->groups[i];
	oldest = TAILQ_FIRST(&fullest->list);
	attempt_unlink(board, oldest);
	LIST_REMOVE(oldest, bucket);
	attempt_free(oldest);
	board->count--;
}

/* Takes `key` and `text`, or frees them. */
static void attempt_add(struct board *board, char *key, char *text, unsigned int group)
{
	struct board_attempt *attempt;

	make_room(board);
	attempt = calloc(1, sizeof(*attempt));
	if (!attempt) {
		free(key);
		free(text);
		return;
	}
	*attempt = (struct board_attempt){.key = key, .text = text, .group = group};
	LIST_INSERT_HEAD(bucket_of(board, key), attempt, bucket);
	attempt_link(board, attempt);
	board->count++;
}

static void take_attempt(struct board *board, const json_t *line)
{
	_free_ char *key = key_make(line);
	_free_ char *text = json_dumps(line, JSON_COMPACT);
	struct board_attempt *attempt;

	if (!key || !text || strlen(text) > BOARD_ATTEMPT_MAX)
		return;
	attempt = find(board, key);
	if (!attempt) {
		attempt_add(board, TAKE_PTR(key), TAKE_PTR(text),
			    (unsigned int)number_of(line, "port") % GROUPS);
		return;
	}
	free(attempt->text);
	attempt->text = TAKE_PTR(text);
	attempt_unlink(board, attempt);
	attempt_link(board, attempt);
}

/* --- notices and samples ------------------------------------------------------------------------
 */

static void take_notice(struct board *board, unsigned int kind, const json_t *line)
{
	struct notice *notice = &board->notices[kind];
	char *text = json_dumps(line, JSON_COMPACT);

	if (!text)
		return;
	free(notice->text);
	notice->text = text;
	notice->version = ++board->version;
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

uint64_t board_version(const struct board *board)
{
	return board->version;
}

const struct notice *board_notice(const struct board *board, unsigned int kind)
{
	return &board->notices[kind];
}

const char *notice_name(unsigned int kind)
{
	return kind == NOTICE_LINK ? "link" : feed_bulletin_name(kind);
}

/* Most who ask have heard nearly everything. */
const struct board_attempt *board_after(const struct board *board, uint64_t version)
{
	const struct board_attempt *attempt = TAILQ_LAST(&board->order, attempt_order);
	const struct board_attempt *next = NULL;

	while (attempt && attempt->version > version) {
		next = attempt;
		attempt = TAILQ_PREV(attempt, attempt_order, order);
	}
	return next;
}

const struct board_attempt *board_next(const struct board_attempt *attempt)
{
	return TAILQ_NEXT(attempt, order);
}

void board_print_samples(const struct board *board, FILE *file)
{
	uint64_t first = board->sampled > BOARD_SAMPLES ? board->sampled - BOARD_SAMPLES : 0;

	fputc('[', file);
	for (uint64_t i = first; i < board->sampled; i++)
		fprintf(file, "%s%s", i > first ? "," : "", board->samples[i % BOARD_SAMPLES]);
	fputc(']', file);
}
