/* SPDX-License-Identifier: GPL-2.0 */
/* follower.c - read one line, write many. */
#include "daemon/follower.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "util/cleanup.h"

static int64_t now_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec + 1;
}

struct follower *follower_new(int fd)
{
	struct follower *follower = malloc(sizeof(*follower));

	if (!follower)
		return NULL;
	memset(follower, 0, offsetof(struct follower, buffer));
	follower->watch.fd = fd;
	follower->since = now_s();
	return follower;
}

void follower_free(struct follower *follower)
{
	close(follower->watch.fd);
	line_release(follower->line);
	free(follower);
}

/* After its one line it has nothing to say. It may shut that direction, and go on listening. */
static int listen_for_end(struct follower *follower)
{
	char byte;
	ssize_t size = recv(follower->watch.fd, &byte, 1, 0);

	if (size < 0)
		return errno == EAGAIN ? -EAGAIN : -EPIPE;
	follower->mute = size == 0;
	return size == 0 ? -ENODATA : -EPIPE;
}

int follower_read(struct follower *follower)
{
	size_t room = sizeof(follower->request) - 1 - follower->request_size;
	char *at = follower->request + follower->request_size;
	ssize_t size;

	if (follower->asked || follower->begun)
		return listen_for_end(follower);
	size = recv(follower->watch.fd, at, room, 0);
	if (size <= 0)
		return size < 0 && errno == EAGAIN ? -EAGAIN : -EPIPE;
	follower->request_size += size;
	at[size] = '\0';
	if (!strchr(follower->request, '\n'))
		return (size_t)size < room ? -EAGAIN : -EINVAL;
	return feed_request_parse(follower->request, &follower->wants);
}

void follower_begin(struct follower *follower, const struct intake *intake)
{
	follower->asked = false;
	follower->begun = true;
	follower->initial = history_version(intake->history);
	follower->seen = follower->wants.history ? 0 : follower->initial;
}

bool follower_wants(const struct follower *follower, enum feed_bulletin kind)
{
#define WANTED(NAME, key, seconds) [FEED_##NAME] = follower->wants.key,
	const bool wants[] = {FEED_BULLETINS(WANTED)};
#undef WANTED

	return follower->begun && wants[kind];
}

bool follower_is_eager(const struct follower *follower)
{
	return follower->begun && !follower->line && follower->begin == follower->end;
}

int64_t follower_silent_s(const struct follower *follower)
{
	return follower->asked || follower->begun ? 0 : now_s() - follower->since;
}

int64_t follower_stalled_s(const struct follower *follower)
{
	return follower->stalled_since ? now_s() - follower->stalled_since : 0;
}

/* The line, or nothing, and what there is of it does not count: the caller looks for room first. */
static void put(struct follower *follower, const char *line, size_t length)
{
	if (follower->end + length + 1 > sizeof(follower->buffer))
		return;
	memcpy(follower->buffer + follower->end, line, length);
	follower->end += length;
	follower->buffer[follower->end++] = '\n';
}

static void put_attempt(struct follower *follower, const struct intake *intake,
			const struct history_entry *entry)
{
	char *at = follower->buffer + follower->end;
	struct feed_attempt attempt;
	size_t length;

	intake_describe(intake, entry, &attempt);
	attempt.news = entry->doubled > follower->seen;
	length = feed_attempt_print(&attempt, at, FEED_ATTEMPT_MAX);
	if (!length)
		return;
	at[length] = '\n';
	follower->end += length + 1;
}

/* As many as have room. Returns whether that was all. */
static bool put_attempts(struct follower *follower, const struct intake *intake)
{
	const struct history_entry *entry;

	if (!follower->wants.attempts)
		return true;
	entry = history_after(intake->history, follower->seen);
	for (; entry; entry = history_next(entry)) {
		if (sizeof(follower->buffer) - follower->end < 2 * FEED_ATTEMPT_MAX)
			return false;
		put_attempt(follower, intake, entry);
		follower->seen = entry->version;
	}
	return true;
}

/* Take up a bulletin that it wants and has not heard. */
static bool take_bulletin(struct follower *follower, const struct bulletin *bulletins)
{
	for (unsigned int kind = 0; kind < FEED_BULLETIN_COUNT; kind++) {
		const struct bulletin *bulletin = &bulletins[kind];

		if (!follower_wants(follower, kind) || follower->heard[kind] == bulletin->version)
			continue;
		follower->heard[kind] = bulletin->version;
		follower->line = bulletin_hold(bulletin);
		follower->line_sent = 0;
		return true;
	}
	return false;
}

/* Returns whether there is nothing left to tell. */
static bool fill(struct follower *follower, const struct intake *intake,
		 const struct bulletin *bulletins)
{
	static const char ready[] = "{\"type\":\"ready\",\"version\":2}";
	bool all;

	follower->begin = follower->end = 0;
	if (take_bulletin(follower, bulletins))
		return false;
	all = put_attempts(follower, intake);
	if (all && !follower->ready_told) {
		put(follower, ready, sizeof(ready) - 1);
		follower->ready_told = true;
	}
	return all;
}

/* What there is from `sent` on. */
static int send_text(struct follower *follower, const char *text, size_t *sent, size_t size)
{
	while (*sent < size) {
		ssize_t count = send(follower->watch.fd, text + *sent, size - *sent,
				     MSG_NOSIGNAL | MSG_DONTWAIT);

		if (count < 0 && errno == EAGAIN) {
			if (!follower->stalled_since)
				follower->stalled_since = now_s();
			return -EAGAIN;
		}
		if (count < 0)
			return -EPIPE;
		*sent += count;
		follower->stalled_since = 0;
	}
	return 0;
}

static int send_all(struct follower *follower)
{
	struct line *line = follower->line;
	int result = line ? send_text(follower, line->text, &follower->line_sent, line->length) : 0;

	if (result)
		return result;
	line_release(line);
	follower->line = NULL;
	return send_text(follower, follower->buffer, &follower->begin, follower->end);
}

int follower_write(struct follower *follower, const struct intake *intake,
		   const struct bulletin bulletins[FEED_BULLETIN_COUNT])
{
	bool all = false;
	int result = send_all(follower);

	while (!result && !all) {
		all = fill(follower, intake, bulletins);
		result = send_all(follower);
	}
	if (!result && !follower->wants.follow)
		return -EPIPE;
	return result;
}
