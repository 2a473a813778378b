/* SPDX-License-Identifier: GPL-2.0 */
/* feed.c - lines of JSON over a unix socket, seen from the listener. */
#include "report/feed.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include "util/cleanup.h"

#define LINE_MAX_BYTES 262144 /* `status` lists every interface and rule */

struct feed {
	int fd;
	size_t begin;	/* of what has not been taken from `buffer` */
	size_t used;	/* its end */
	size_t scanned; /* up to here there is no end of line */
	bool ready;	/* that line has come */
	char buffer[LINE_MAX_BYTES];
};

int feed_address(const struct instance *instance, struct sockaddr_un *ret, struct error *ret_error)
{
	int length;

	*ret = (struct sockaddr_un){.sun_family = AF_UNIX};
	length = snprintf(ret->sun_path, sizeof(ret->sun_path), "%s/" FEED_SOCKET,
			  instance->state_dir);
	if (length < (int)sizeof(ret->sun_path))
		return 0;
	error_set(ret_error, ENAMETOOLONG, "the path %s/" FEED_SOCKET " is too long for a socket",
		  instance->state_dir);
	error_hint(ret_error, "choose a shorter --state-dir");
	return -ENAMETOOLONG;
}

/* Wait for a daemon that accepts no connection no longer than for one that says nothing. */
static void patience_set(int fd)
{
	const struct timeval patience = {.tv_sec = FEED_PATIENCE_MS / 1000};

	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
}

static int connect_to_daemon(const struct instance *instance, int *ret, struct error *ret_error)
{
	_close_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_un address;
	int r = feed_address(instance, &address, ret_error);

	if (r)
		return r;
	if (fd < 0)
		return error_set(ret_error, errno, "cannot open a socket: %s", strerror(errno));
	patience_set(fd);
	if (connect(fd, (struct sockaddr *)&address, sizeof(address))) {
		if (errno == EAGAIN)
			return feed_unanswered(instance, -ETIMEDOUT, ret_error);
		/* A daemon that was killed leaves its socket, which refuses. */
		r = errno == ECONNREFUSED ? ENOENT : errno;
		error_set(ret_error, r, "cannot ask the daemon: %s",
			  r == ENOENT ? "it does not run" : strerror(r));
		error_where(ret_error, "%s", address.sun_path);
		error_hint(ret_error, "'rolewall serve' is the daemon");
		return -r;
	}
	*ret = TAKE_FD(fd);
	return 0;
}

bool feed_is_served(const struct instance *instance)
{
	_close_ int fd = -1;

	return connect_to_daemon(instance, &fd, NULL) == 0;
}

static int say(int fd, const struct feed_request *request)
{
	char line[FEED_REQUEST_MAX];
	int length = feed_request_print(request, line, sizeof(line));

	if (send(fd, line, length, MSG_NOSIGNAL) == length)
		return 0;
	return errno == EAGAIN ? -ETIMEDOUT : -EPIPE;
}

int feed_open(const struct instance *instance, const struct feed_request *request,
	      struct feed **ret, struct error *ret_error)
{
	_close_ int fd = -1;
	struct feed *feed;
	int r = connect_to_daemon(instance, &fd, ret_error);

	if (r)
		return r;
	r = say(fd, request);
	if (r)
		return feed_unanswered(instance, r, ret_error);
	feed = malloc(sizeof(*feed));
	if (!feed)
		return error_set(ret_error, ENOMEM, "out of memory");
	feed->begin = feed->used = feed->scanned = 0;
	feed->ready = false;
	feed->fd = TAKE_FD(fd);
	*ret = feed;
	return 0;
}

void feed_close(struct feed *feed)
{
	if (!feed)
		return;
	close(feed->fd);
	free(feed);
}

int feed_fd(const struct feed *feed)
{
	return feed->fd;
}

/* The end of the first line in the buffer, or NULL. */
static char *line_end(struct feed *feed)
{
	char *end = memchr(feed->buffer + feed->scanned, '\n', feed->used - feed->scanned);

	feed->scanned = end ? (size_t)(end + 1 - feed->buffer) : feed->used;
	return end;
}

/* What was taken makes room: once for all lines that came together. */
static void feed_compact(struct feed *feed)
{
	memmove(feed->buffer, feed->buffer + feed->begin, feed->used - feed->begin);
	feed->used -= feed->begin;
	feed->scanned -= feed->begin;
	feed->begin = 0;
}

static int receive(struct feed *feed)
{
	ssize_t size;

	feed_compact(feed);
	if (feed->used == sizeof(feed->buffer))
		return -EPROTO;
	size = recv(feed->fd, feed->buffer + feed->used, sizeof(feed->buffer) - feed->used,
		    MSG_DONTWAIT);
	if (size > 0) {
		feed->used += size;
		return 0;
	}
	return size < 0 && errno == EAGAIN ? -EAGAIN : -EPIPE;
}

static bool is_ready_line(const json_t *line)
{
	const char *type = json_string_value(json_object_get(line, "type"));

	return type && !strcmp(type, "ready");
}

int feed_next(struct feed *feed, json_t **ret)
{
	char *end;

	while (!(end = line_end(feed))) {
		int r = receive(feed);

		if (r)
			return r;
	}
	*ret = json_loadb(feed->buffer + feed->begin, end - feed->buffer - feed->begin, 0, NULL);
	feed->begin = feed->scanned;
	feed->ready |= is_ready_line(*ret);
	return *ret ? 0 : -EPROTO;
}

bool feed_is_ready(const struct feed *feed)
{
	return feed->ready;
}

int feed_unanswered(const struct instance *instance, int r, struct error *ret_error)
{
	static const char restart[] = "'systemctl restart rolewall' starts it anew";

	if (r == -EPIPE) {
		error_set(ret_error, EPIPE, "the daemon closed the connection without an answer");
		error_hint(ret_error,
			   "too many may be asking: try again. Or it has stopped, or is of another "
			   "version: %s",
			   restart);
	} else if (r == -EPROTO) {
		error_set(ret_error, EPROTO, "the daemon's answer cannot be understood");
		error_hint(ret_error, "it may be of another version: %s", restart);
	} else {
		error_set(ret_error, -r, "the daemon did not answer");
		error_hint(ret_error, "it may hang: try again; %s", restart);
	}
	error_where(ret_error, "%s/" FEED_SOCKET, instance->state_dir);
	return r;
}
