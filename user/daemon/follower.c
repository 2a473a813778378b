/* SPDX-License-Identifier: GPL-2.0 */
/* follower.c - read one line, write many. */
#include "follower.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "../util/cleanup.h"

struct follower *follower_new(int fd)
{
	struct follower *follower = malloc(sizeof(*follower));

	if (!follower)
		return NULL;
	memset(follower, 0, offsetof(struct follower, buffer));
	follower->watch.fd = fd;
	return follower;
}

void follower_free(struct follower *follower)
{
	close(follower->watch.fd);
	free(follower->status);
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

	if (follower->begun)
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
	follower->begun = true;
	follower->initial = history_version(intake->history);
	follower->seen = follower->wants.history ? 0 : follower->initial;
}

void follower_queue_status(struct follower *follower, const json_t *status)
{
	char *line = json_dumps(status, JSON_COMPACT);

	if (!line)
		return;
	free(follower->status);
	follower->status = line;
}

bool follower_is_eager(const struct follower *follower)
{
	return follower->begun && follower->begin == follower->end;
}

static int64_t now_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec + 1;
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

static void put_status(struct follower *follower)
{
	if (!follower->status)
		return;
	put(follower, follower->status, strlen(follower->status));
	free(follower->status);
	follower->status = NULL;
}

/* Returns whether there is nothing left to tell. */
static bool fill(struct follower *follower, const struct intake *intake)
{
	static const char ready[] = "{\"type\":\"ready\"}";
	bool all;

	follower->begin = follower->end = 0;
	put_status(follower);
	all = put_attempts(follower, intake);
	if (all && !follower->ready_told) {
		put(follower, ready, sizeof(ready) - 1);
		follower->ready_told = true;
	}
	return all;
}

static int send_buffer(struct follower *follower)
{
	while (follower->begin < follower->end) {
		ssize_t sent = send(follower->watch.fd, follower->buffer + follower->begin,
				    follower->end - follower->begin, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (sent < 0 && errno == EAGAIN) {
			if (!follower->stalled_since)
				follower->stalled_since = now_s();
			return -EAGAIN;
		}
		if (sent < 0)
			return -EPIPE;
		follower->begin += sent;
		follower->stalled_since = 0;
	}
	return 0;
}

int follower_write(struct follower *follower, const struct intake *intake)
{
	bool all = false;
	int result = send_buffer(follower);

	while (!result && !all) {
		all = fill(follower, intake);
		result = send_buffer(follower);
	}
	if (!result && !follower->wants.follow)
		return -EPIPE;
	return result;
}
