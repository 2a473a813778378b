/* SPDX-License-Identifier: GPL-2.0 */
/* names_link.c - a line there, a line back. */
#include "daemon/names_link.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "util/cleanup.h"

#define SOCKET_NAME "names.sock"

void names_link_close(struct names_link *link)
{
	if (link->watch.fd < 0)
		return;
	loop_remove(link->loop, &link->watch);
	close(link->watch.fd);
	link->watch.fd = -1;
	link->used = 0;
}

static void link_lose(struct names_link *link)
{
	names_link_close(link);
	link->lost(link->context);
}

/* False: what came is no answer. */
static bool lines_take(struct names_link *link)
{
	char *end;

	while ((end = memchr(link->buffer, '\n', link->used))) {
		struct name_answer answer;
		size_t size = end - link->buffer + 1;

		*end = '\0';
		if (strlen(link->buffer) + 1 != size || name_answer_parse(link->buffer, &answer))
			return false;
		link->used -= size;
		memmove(link->buffer, end + 1, link->used);
		link->answered(link->context, &answer);
	}
	return link->used < sizeof(link->buffer);
}

static void link_ready(void *context, uint32_t events)
{
	struct names_link *link = context;
	ssize_t size = recv(link->watch.fd, link->buffer + link->used,
			    sizeof(link->buffer) - link->used, 0);

	(void)events;
	if (size < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (size > 0)
		link->used += size;
	if (size <= 0 || !lines_take(link))
		link_lose(link);
}

/* Who could make the socket there: nobody but root could have meant it for us. */
static bool is_trusted(int fd)
{
	struct ucred peer;
	socklen_t size = sizeof(peer);

	return !getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) && peer.uid == geteuid();
}

static int link_open(struct names_link *link, struct error *ret_error)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	_close_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int r;

	if (snprintf(address.sun_path, sizeof(address.sun_path), "%s/" SOCKET_NAME,
		     link->instance->state_dir) >= (int)sizeof(address.sun_path))
		return error_set(ret_error, ENAMETOOLONG, "the path %.60s... is too long",
				 address.sun_path);
	if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof(address)))
		return error_set(ret_error, errno,
				 "rolewall-names cannot be reached at %s: %s; "
				 "'systemctl start rolewall-names.socket' starts it",
				 address.sun_path, strerror(errno));
	if (!is_trusted(fd))
		return error_set(ret_error, EPERM, "%s is not root's", address.sun_path);
	link->watch = (struct watch){fd, link_ready, link};
	r = loop_add(link->loop, &link->watch, EPOLLIN);
	if (r) {
		link->watch.fd = -1;
		return error_set(ret_error, -r, "cannot wait for answers: %s", strerror(-r));
	}
	TAKE_FD(fd);
	return 0;
}

int names_link_ask(struct names_link *link, const char *name, struct error *ret_error)
{
	char line[ANSWER_NAME_MAX + 1];
	int size, r = link->watch.fd < 0 ? link_open(link, ret_error) : 0;

	if (r)
		return r;
	size = snprintf(line, sizeof(line), "%s\n", name);
	if (send(link->watch.fd, line, size, MSG_NOSIGNAL) == size)
		return 0;
	r = error_set(ret_error, errno ? errno : EIO, "rolewall-names takes no questions: %s",
		      strerror(errno ? errno : EIO));
	names_link_close(link);
	return r;
}
