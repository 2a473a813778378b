/* SPDX-License-Identifier: GPL-2.0 */
/* source.c - connect, read, and connect again. */
#include "web/source.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>

static const struct feed_request everything = {
	.attempts = true,
	.status = true,
	.rules = true,
	.lists = true,
	.history = true,
	.follow = true,
};

static void lose(struct source *source, const char *why)
{
	if (source->feed) {
		loop_remove(source->loop, &source->watch);
		feed_close(source->feed);
		source->feed = NULL;
	}
	board_link(source->board, false, why);
	timer_set(&source->retry, SOURCE_RETRY_MS);
	source->news(source->context);
}

/* Take every line that has arrived: what feed.c has read already causes no further event. */
static void read_lines(void *context, uint32_t events)
{
	struct source *source = context;
	json_t *line;
	int r;

	(void)events;
	while ((r = feed_next(source->feed, &line)) == 0) {
		source->line(source->context, line);
		board_take(source->board, line);
		json_decref(line);
	}
	if (r == -EAGAIN)
		source->news(source->context);
	else
		lose(source, r == -EPIPE ? "the daemon has stopped, or is of another version"
					 : "the daemon speaks another language");
}

static void connect_or_wait(struct source *source)
{
	struct error error = {0};
	int r = feed_open(source->instance, &everything, &source->feed, &error);

	if (!r) {
		source->watch = (struct watch){feed_fd(source->feed), read_lines, source};
		r = loop_add(source->loop, &source->watch, EPOLLIN);
	}
	if (r) {
		lose(source, error.what[0] ? error.what : strerror(-r));
		return;
	}
	board_link(source->board, true, NULL);
	source->news(source->context);
}

static void retry(void *context, uint32_t events)
{
	struct source *source = context;

	(void)events;
	timer_take(&source->retry);
	if (!source->feed)
		connect_or_wait(source);
}

int source_open(struct source *source)
{
	int r;

	source->retry = (struct watch){-1, retry, source};
	r = timer_add(source->loop, &source->retry);
	if (r)
		return r;
	connect_or_wait(source);
	return 0;
}

void source_close(struct source *source)
{
	if (source->feed) {
		loop_remove(source->loop, &source->watch);
		feed_close(source->feed);
		source->feed = NULL;
	}
	watch_close(source->loop, &source->retry);
}

json_t *source_ask_status(const struct instance *instance, int ms, struct error *ret_error)
{
	static const struct feed_request request = {.status = true, .follow = true};
	struct feed *feed = NULL;
	struct pollfd wait;
	json_t *line = NULL;

	if (feed_open(instance, &request, &feed, ret_error))
		return NULL;
	wait = (struct pollfd){.fd = feed_fd(feed), .events = POLLIN};
	while (feed_next(feed, &line) == -EAGAIN && poll(&wait, 1, ms) > 0)
		continue;
	feed_close(feed);
	if (!line)
		error_set(ret_error, ETIMEDOUT, "the daemon says nothing");
	return line;
}
