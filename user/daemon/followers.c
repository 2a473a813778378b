/* SPDX-License-Identifier: GPL-2.0 */
/* followers.c - the listening socket, and who came. */
#include "daemon/followers.h"

#include <errno.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>

#include "daemon/follower.h"
#include "daemon/say.h"
#include "util/cleanup.h"

#define GROUP "rolewall"

static void drop(struct followers *followers, struct follower *follower)
{
	LIST_REMOVE(follower, siblings);
	loop_remove(followers->loop, &follower->watch);
	follower_free(follower);
	followers->count--;
}

/* Tell it what there is to tell, and wait for what there is to wait for. */
static void serve(struct followers *followers, struct follower *follower)
{
	int result = follower_write(follower, followers->intake, followers->bulletins);
	uint32_t hear = follower->mute ? 0 : EPOLLIN;

	if (result == -EAGAIN)
		loop_change(followers->loop, &follower->watch, hear | EPOLLOUT);
	else if (result == 0)
		loop_change(followers->loop, &follower->watch, hear);
	else
		drop(followers, follower);
}

/* The status is told again even if nothing has changed: it says that the daemon is alive. */
static void publish(struct followers *followers, enum feed_bulletin kind)
{
	json_t *object = followers->make(followers->context, kind);

	bulletin_tell(&followers->bulletins[kind], object, kind == FEED_STATUS);
	json_decref(object);
}

/* For one who has just come: as things are now. */
static void publish_for(struct followers *followers, const struct follower *follower)
{
	for (unsigned int kind = 0; kind < FEED_BULLETIN_COUNT; kind++)
		if (follower_wants(follower, kind))
			publish(followers, kind);
}

static bool is_wanted(const struct followers *followers, enum feed_bulletin kind)
{
	const struct follower *follower = LIST_FIRST(&followers->list);

	while (follower && !follower_wants(follower, kind))
		follower = LIST_NEXT(follower, siblings);
	return follower != NULL;
}

static void publish_due(struct followers *followers)
{
#define SECONDS(NAME, key, count) [FEED_##NAME] = count,
	static const unsigned int seconds[] = {FEED_BULLETINS(SECONDS)};
#undef SECONDS

	followers->ticks++;
	for (unsigned int kind = 0; kind < FEED_BULLETIN_COUNT; kind++)
		if (followers->ticks % seconds[kind] == 0 && is_wanted(followers, kind))
			publish(followers, kind);
}

static void hear(struct followers *followers, struct follower *follower)
{
	int result = follower_read(follower);

	if (result == -EAGAIN)
		return;
	if (result == -ENODATA) {
		serve(followers, follower);
		return;
	}
	if (result) {
		followers->dropped += result == -EINVAL;
		drop(followers, follower);
		return;
	}
	/* What is in the table now belongs to the beginning. */
	if (follower->wants.history)
		intake_scan(followers->intake);
	follower_begin(follower, followers->intake);
	publish_for(followers, follower);
	serve(followers, follower);
}

static void follower_ready(void *context, uint32_t events)
{
	struct follower *follower = context;
	struct followers *followers = follower->owner;

	if (events & (EPOLLERR | EPOLLHUP))
		drop(followers, follower);
	else if (events & EPOLLIN)
		hear(followers, follower);
	else
		serve(followers, follower);
}

static void admit(struct followers *followers, int fd)
{
	struct follower *follower = follower_new(fd);

	if (!follower) {
		close(fd);
		return;
	}
	follower->owner = followers;
	follower->watch = (struct watch){fd, follower_ready, follower};
	if (loop_add(followers->loop, &follower->watch, EPOLLIN)) {
		follower_free(follower);
		return;
	}
	LIST_INSERT_HEAD(&followers->list, follower, siblings);
	followers->count++;
	followers->accepted++;
}

static void listener_ready(void *context, uint32_t events)
{
	struct followers *followers = context;
	int fd = accept4(followers->listener.fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	(void)events;
	if (fd < 0)
		return;
	if (followers->count < FOLLOWERS_MAX) {
		admit(followers, fd);
		return;
	}
	followers->dropped++;
	close(fd);
}

/* Root, and whoever is in the group, if the host has it. */
static int socket_restrict(const char *path)
{
	const struct group *group = getgrnam(GROUP);

	if (group && chown(path, 0, group->gr_gid))
		return -errno;
	return chmod(path, 0660) ? -errno : 0;
}

static int listen_at(const struct sockaddr_un *address, int *ret)
{
	_close_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	mode_t mask;
	int result;

	if (fd < 0)
		return -errno;
	/* What a daemon that was killed has left; a living one holds the lock (serve.c). */
	if (unlink(address->sun_path) && errno != ENOENT)
		return -errno;
	mask = umask(0177);
	result = bind(fd, (const struct sockaddr *)address, sizeof(*address)) ? -errno : 0;
	umask(mask);
	if (!result)
		result = socket_restrict(address->sun_path);
	if (!result && listen(fd, SOMAXCONN))
		result = -errno;
	if (!result)
		*ret = TAKE_FD(fd);
	return result;
}

int followers_open(struct followers *followers, struct error *ret_error)
{
	struct sockaddr_un address;
	int result;

	LIST_INIT(&followers->list);
	followers->listener = (struct watch){-1, listener_ready, followers};
	result = feed_address(followers->instance, &address, ret_error);
	if (result)
		return result;
	result = listen_at(&address, &followers->listener.fd);
	if (!result)
		result = loop_add(followers->loop, &followers->listener, EPOLLIN);
	if (!result)
		return 0;
	error_set(ret_error, -result, "cannot listen on the socket: %s", strerror(-result));
	error_where(ret_error, "%s", address.sun_path);
	return result;
}

void followers_close(struct followers *followers)
{
	struct sockaddr_un address;

	while (!LIST_EMPTY(&followers->list))
		drop(followers, LIST_FIRST(&followers->list));
	for (unsigned int kind = 0; kind < FEED_BULLETIN_COUNT; kind++)
		bulletin_free(&followers->bulletins[kind]);
	if (followers->listener.fd < 0)
		return;
	watch_close(followers->loop, &followers->listener);
	if (feed_address(followers->instance, &address, NULL) == 0)
		unlink(address.sun_path);
}

void followers_flush(struct followers *followers)
{
	struct follower *follower, *next;

	for (follower = LIST_FIRST(&followers->list); follower; follower = next) {
		next = LIST_NEXT(follower, siblings);
		if (follower_is_eager(follower))
			serve(followers, follower);
	}
}

void followers_tick(struct followers *followers)
{
	struct follower *follower, *next;

	publish_due(followers);
	for (follower = LIST_FIRST(&followers->list); follower; follower = next) {
		next = LIST_NEXT(follower, siblings);
		if (follower_stalled_s(follower) > FOLLOWER_STALLED_S) {
			followers->dropped++;
			drop(followers, follower);
		} else if (follower_is_eager(follower)) {
			serve(followers, follower);
		}
	}
}
