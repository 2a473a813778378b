/* SPDX-License-Identifier: GPL-2.0 */
/* subscriber.c - read one line, write many. */
#include "daemon/subscriber.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "util/cleanup.h"
#include "util/clock.h"

static int64_t now_s(void)
{
	return clock_now(CLOCK_MONOTONIC) / NS_PER_SECOND + 1;
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
	free(subscriber->list);
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

/* Does it want to hear of that attempt? */
static bool wants_entry(const struct subscriber *subscriber, const struct intake *intake,
			const struct history_entry *entry)
{
	const struct filter *filter = &subscriber->wants.filter;
	const struct port_names *names = &intake->in_force->names;
	const struct rule *rule = filter->service[0] ? service_of(names, &entry->record) : NULL;
	struct attempt attempt;

	if (filter_is_empty(filter))
		return true;
	history_entry_attempt(entry, &attempt);
	return filter_matches(filter, &attempt.record, rule, attempt.last_ns);
}

static int list_make(struct subscriber *subscriber, const struct intake *intake)
{
	const struct history *history = intake->history;
	const struct history_entry *entry = history_after(history, 0);

	subscriber->list = calloc(history_size(history) + 1, sizeof(*subscriber->list));
	if (!subscriber->list)
		return -ENOMEM;
	for (; entry; entry = history_next(entry)) {
		if (wants_entry(subscriber, intake, entry))
			subscriber->list[subscriber->list_count++] = history_slot(history, entry);
		else
			subscriber->others++;
	}
	return 0;
}

int subscriber_begin(struct subscriber *subscriber, const struct intake *intake)
{
	subscriber->asked = false;
	subscriber->begun = true;
	subscriber->seen = history_version(intake->history);
	return subscriber->wants.attempts && subscriber->wants.history
		       ? list_make(subscriber, intake)
		       : 0;
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
	return subscriber->begun && !subscriber->paused && !subscriber->line &&
	       subscriber->begin == subscriber->end;
}

bool subscriber_is_beginning(const struct subscriber *subscriber)
{
	return subscriber->begun && !subscriber->ready_told;
}

void subscriber_pause(struct subscriber *subscriber)
{
	subscriber->paused = true;
	subscriber->stalled_since = 0;
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
			const struct history_entry *entry, bool news)
{
	char *at = subscriber->buffer + subscriber->end;
	struct feed_attempt attempt;
	size_t length;

	intake_describe(intake, entry, &attempt);
	attempt.news = news;
	length = feed_attempt_print(&attempt, at, FEED_ATTEMPT_MAX);
	if (!length)
		return;
	at[length] = '\n';
	subscriber->end += length + 1;
}

/* One more attempt has room, and after the last of a list the line that says so. */
static bool has_room(const struct subscriber *subscriber)
{
	return sizeof(subscriber->buffer) - subscriber->end >= 2 * FEED_ATTEMPT_MAX;
}

/* What there was at the beginning. Another attempt may be in its place by now: then that is told. */
static bool put_list(struct subscriber *subscriber, const struct intake *intake)
{
	while (subscriber->list_told < subscriber->list_count) {
		const struct history_entry *entry;

		if (!has_room(subscriber))
			return false;
		entry = history_at(intake->history, subscriber->list[subscriber->list_told++]);
		if (wants_entry(subscriber, intake, entry))
			put_attempt(subscriber, intake, entry, true);
	}
	free(subscriber->list);
	subscriber->list = NULL;
	return true;
}

/* What has changed since. Both return whether all had room. */
static bool put_changes(struct subscriber *subscriber, const struct intake *intake)
{
	const struct history_entry *entry;

	if (!subscriber->wants.attempts)
		return true;
	entry = history_after(intake->history, subscriber->seen);
	for (; entry; entry = history_next(entry)) {
		if (!has_room(subscriber))
			return false;
		if (wants_entry(subscriber, intake, entry))
			put_attempt(subscriber, intake, entry, entry->doubled > subscriber->seen);
		subscriber->seen = entry->version;
	}
	return true;
}

static void put_ready(struct subscriber *subscriber)
{
	char line[96];
	int length =
		snprintf(line, sizeof(line), "{\"type\":\"ready\",\"version\":%d,\"others\":%zu}",
			 FEED_VERSION, subscriber->others);

	line_put(subscriber, line, length);
	subscriber->ready_told = true;
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
	subscriber->begin = subscriber->end = 0;
	if (take_broadcast(subscriber, broadcasts) || !put_list(subscriber, intake))
		return false;
	if (!subscriber->ready_told)
		put_ready(subscriber);
	return !subscriber->wants.follow || put_changes(subscriber, intake);
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
	int r = send_all(subscriber);
	bool all = subscriber->ready_told && !subscriber->wants.follow;

	for (unsigned int portion = 0; !r && !all; portion++) {
		if (portion == FOLLOWER_PORTIONS)
			return -EAGAIN;
		all = subscriber_fill(subscriber, intake, broadcasts);
		r = send_all(subscriber);
	}
	if (!r && !subscriber->wants.follow)
		return -EPIPE;
	return r;
}
