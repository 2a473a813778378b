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

#define GROUP	"rolewall"
#define BACKLOG 128

static void drop(struct followers *followers, struct follower *follower)
{
	LIST_REMOVE(follower, siblings);
	account_leave(follower->account);
	loop_remove(followers->loop, &follower->watch);
	follower_free(follower);
	followers->count--;
}

/* Tell it what there is to tell, and wait for what there is to wait for. */
static void tell(struct followers *followers, struct follower *follower)
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

/* What it costs to catch up is its user's; what is new is told to all. */
static void serve(struct followers *followers, struct follower *follower)
{
	struct account *account = follower->ready_told ? NULL : follower->account;
	int64_t before = account ? account_clock() : 0;

	tell(followers, follower);
	if (account)
		account_charge(account, before);
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

/* It has said what it wants, and is told as soon as its user can pay for it. */
static void begin(struct followers *followers, struct follower *follower)
{
	struct account *account = follower->account;
	int64_t before = account_clock();

	if (!account_is_solvent(account))
		return;
	/* What is in the table now belongs to the beginning. */
	if (follower->wants.history)
		intake_scan(followers->intake);
	follower_begin(follower, followers->intake);
	publish_for(followers, follower);
	account_charge(account, before);
	serve(followers, follower);
}

static void hear(struct followers *followers, struct follower *follower)
{
	int result = follower_read(follower);

	if (result == -EAGAIN)
		return;
	if (result == -ENODATA) {
		/* Its end is told again and again to who waits for more. */
		if (follower->asked)
			loop_change(followers->loop, &follower->watch, 0);
		else
			serve(followers, follower);
		return;
	}
	if (result) {
		followers->dropped += result == -EINVAL;
		drop(followers, follower);
		return;
	}
	follower->asked = true;
	begin(followers, follower);
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

/* What it wants may be here, and not have been read yet. */
static bool is_silent(const struct follower *follower)
{
	char byte;

	return !follower->asked && !follower->begun &&
	       recv(follower->watch.fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) <= 0;
}

/* Who has been silent longest and may have to make place: root's for root only; or NULL. */
static struct follower *find_silent(const struct followers *followers,
				    const struct account *account, bool own)
{
	struct follower *follower, *found = NULL;

	LIST_FOREACH (follower, &followers->list, siblings) {
		const struct account *other = follower->account;

		if (is_silent(follower) &&
		    (other == account || (!own && (account->uid == 0 || other->uid != 0))))
			found = follower;
	}
	return found;
}

/* Room for one more of that user's, or false. */
static bool make_room(struct followers *followers, const struct account *account)
{
	bool root = account->uid == 0, own = !root && account->connections > FOLLOWERS_OF_ONE;
	unsigned int most = root ? FOLLOWERS_MAX : FOLLOWERS_MAX - FOLLOWERS_OF_ROOT;
	struct follower *silent;

	if (!own && followers->count < most)
		return true;
	silent = find_silent(followers, account, own);
	if (!silent)
		return false;
	followers->dropped++;
	drop(followers, silent);
	return followers->count < most;
}

static bool admit(struct followers *followers, int fd, struct account *account)
{
	struct follower *follower = make_room(followers, account) ? follower_new(fd) : NULL;

	if (!follower)
		return false;
	follower->owner = followers;
	follower->account = account;
	follower->watch = (struct watch){fd, follower_ready, follower};
	if (loop_add(followers->loop, &follower->watch, EPOLLIN)) {
		free(follower);
		return false;
	}
	LIST_INSERT_HEAD(&followers->list, follower, siblings);
	followers->count++;
	followers->accepted++;
	return true;
}

static void listener_ready(void *context, uint32_t events)
{
	struct followers *followers = context;
	int fd = accept4(followers->listener.fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	struct account *account;

	(void)events;
	if (fd < 0)
		return;
	if (++followers->admitted >= FOLLOWERS_A_SECOND)
		loop_change(followers->loop, &followers->listener, 0);
	account = account_join(&followers->accounts, fd);
	if (account && admit(followers, fd, account))
		return;
	if (account)
		account_leave(account);
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
	if (!result && listen(fd, BACKLOG))
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
	accounts_free(&followers->accounts);
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

static void look_after(struct followers *followers, struct follower *follower)
{
	if (follower_stalled_s(follower) > FOLLOWER_STALLED_S ||
	    follower_silent_s(follower) > FOLLOWER_SILENT_S) {
		followers->dropped++;
		drop(followers, follower);
	} else if (follower->asked) {
		begin(followers, follower);
	} else if (follower_is_eager(follower)) {
		serve(followers, follower);
	}
}

void followers_tick(struct followers *followers)
{
	struct follower *follower, *next;

	publish_due(followers);
	accounts_tick(&followers->accounts);
	if (followers->admitted >= FOLLOWERS_A_SECOND)
		loop_change(followers->loop, &followers->listener, EPOLLIN);
	followers->admitted = 0;
	for (follower = LIST_FIRST(&followers->list); follower; follower = next) {
		next = LIST_NEXT(follower, siblings);
		look_after(followers, follower);
	}
}
