/* SPDX-License-Identifier: GPL-2.0 */
/* subscriber.c - read one line, write many. */
#include "daemon/subscriber.h"

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

struct subscriber *subscriber_new(int fd)
{
	struct subscriber *subscriber = malloc(sizeof(*subscriber));

	if (!subscriber)
		return NULL;
	memset(subscriber, 0, offsetof(struct subscriber, buffer));
	subscriber->watch.fd = fd;
	subscriber->since = now_s();
	return subscriber;
}

void subscriber_free(struct subscriber *subscriber)
{
	close(subscriber->watch.fd);
	line_release(subscriber->line);
	free(subscriber);
}

/* After its one line it has nothing to say. It may shut that direction, and go on listening. */
static int listen_for_end(struct subscriber *subscriber)
{
	char byte;
	ssize_t size = recv(subscriber->watch.fd, &byte, 1, 0);

	if (size < 0)
		return errno == EAGAIN ? -EAGAIN : -EPIPE;
	subscriber->mute = size == 0;
	return size == 0 ? -ENODATA : -EPIPE;
}

int subscriber_read(struct subscriber *subscriber)
{
	size_t room = sizeof(subscriber->request) - 1 - subscriber->request_size;
	char *at = subscriber->request + subscriber->request_size;
	ssize_t size;

	if (subscriber->asked || subscriber->begun)
		return listen_for_end(subscriber);
	size = recv(subscriber->watch.fd, at, room, 0);
	if (size <= 0)
		return size < 0 && errno == EAGAIN ? -EAGAIN : -EPIPE;
	subscriber->request_size += size;
	at[size] = '\0';
	if (!strchr(subscriber->request, '\n'))
		return (size_t)size < room ? -EAGAIN : -EINVAL;
	return feed_request_parse(subscriber->request, &subscriber->wants);
}

void subscriber_begin(struct subscriber *subscriber, const struct intake *intake)
{
	subscriber->asked = false;
	subscriber->begun = true;
	subscriber->initial = history_version(intake->history);
	subscriber->seen = subscriber->wants.history ? 0 : subscriber->initial;
}

bool subscriber_wants(const struct subscriber *subscriber, enum feed_broadcast kind)
{
#define WANTED(NAME, key, seconds) [FEED_##NAME] = subscriber->wants.key,
	const bool wants[] = {FEED_BROADCASTS(WANTED)};
#undef WANTED

	return subscriber->begun && wants[kind];
}

bool subscriber_is_eager(const struct subscriber *subscriber)
{
	return subscriber->begun && !subscriber->line && subscriber->begin == subscriber->end;
}

int64_t subscriber_silent_s(const struct subscriber *subscriber)
{
	return subscriber->asked || subscriber->begun ? 0 : now_s() - subscriber->since;
}

int64_t subscriber_stalled_s(const struct subscriber *subscriber)
{
	return subscriber->stalled_since ? now_s() - subscriber->stalled_since : 0;
}

/* The line, or nothing, and what there is of it does not count: the caller looks for room first. */
static void line_put(struct subscriber *subscriber, const char *line, size_t length)
{
	if (subscriber->end + length + 1 > sizeof(subscriber->buffer))
		return;
	memcpy(subscriber->buffer + subscriber->end, line, length);
	subscriber->end += length;
	subscriber->buffer[subscriber->end++] = '\n';
}

static void put_attempt(struct subscriber *subscriber, const struct intake *intake,
			const struct history_entry *entry)
{
	char *at = subscriber->buffer + subscriber->end;
	struct feed_attempt attempt;
	size_t length;

	intake_describe(intake, entry, &attempt);
	attempt.news = entry->doubled > subscriber->seen;
	length = feed_attempt_print(&attempt, at, FEED_ATTEMPT_MAX);
	if (!length)
		return;
	at[length] = '\n';
	subscriber->end += length + 1;
}

/* As many as have room. Returns whether that was all. */
static bool put_attempts(struct subscriber *subscriber, const struct intake *intake)
{
	const struct history_entry *entry;

	if (!subscriber->wants.attempts)
		return true;
	entry = history_after(intake->history, subscriber->seen);
	for (; entry; entry = history_next(entry)) {
		if (sizeof(subscriber->buffer) - subscriber->end < 2 * FEED_ATTEMPT_MAX)
			return false;
		put_attempt(subscriber, intake, entry);
		subscriber->seen = entry->version;
	}
	return true;
}

/* Take up a broadcast that it wants and has not heard. */
static bool take_broadcast(struct subscriber *subscriber, const struct broadcast *broadcasts)
{
	for (unsigned int kind = 0; kind < FEED_BULLETIN_COUNT; kind++) {
		const struct broadcast *broadcast = &broadcasts[kind];

		if (!subscriber_wants(subscriber, kind) ||
		    subscriber->heard[kind] == broadcast->version)
			continue;
		subscriber->heard[kind] = broadcast->version;
		subscriber->line = broadcast_hold(broadcast);
		subscriber->line_sent = 0;
		return true;
	}
	return false;
}

/* Returns whether there is nothing left to tell. */
static bool subscriber_fill(struct subscriber *subscriber, const struct intake *intake,
			    const struct broadcast *broadcasts)
{
	static const char ready[] = "{\"type\":\"ready\",\"version\":2}";
	bool all;

	subscriber->begin = subscriber->end = 0;
	if (take_broadcast(subscriber, broadcasts))
		return false;
	all = put_attempts(subscriber, intake);
	if (all && !subscriber->ready_told) {
		line_put(subscriber, ready, sizeof(ready) - 1);
		subscriber->ready_told = true;
	}
	return all;
}

/* What there is from `sent` on. */
static int send_text(struct subscriber *subscriber, const char *text, size_t *sent, size_t size)
{
	while (*sent < size) {
		ssize_t count = send(subscriber->watch.fd, text + *sent, size - *sent,
				     MSG_NOSIGNAL | MSG_DONTWAIT);

		if (count < 0 && errno == EAGAIN) {
			if (!subscriber->stalled_since)
				subscriber->stalled_since = now_s();
			return -EAGAIN;
		}
		if (count < 0)
			return -EPIPE;
		*sent += count;
		subscriber->stalled_since = 0;
	}
	return 0;
}

static int send_all(struct subscriber *subscriber)
{
	struct line *line = subscriber->line;
	int r = line ? send_text(subscriber, line->text, &subscriber->line_sent, line->length) : 0;

	if (r)
		return r;
	line_release(line);
	subscriber->line = NULL;
	return send_text(subscriber, subscriber->buffer, &subscriber->begin, subscriber->end);
}

int subscriber_write(struct subscriber *subscriber, const struct intake *intake,
		     const struct broadcast broadcasts[FEED_BULLETIN_COUNT])
{
	bool all = false;
	int r = send_all(subscriber);

	while (!r && !all) {
		all = subscriber_fill(subscriber, intake, broadcasts);
		r = send_all(subscriber);
	}
	if (!r && !subscriber->wants.follow)
		return -EPIPE;
	return r;
}
