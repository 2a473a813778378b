/* SPDX-License-Identifier: GPL-2.0 */
/* subscribers.c - the listening socket, and who came. */
#include "daemon/subscribers.h"

#include <errno.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "daemon/subscriber.h"
#include "util/say.h"
#include "util/cleanup.h"
#include "util/clock.h"

#define GROUP	"rolewall"
#define BACKLOG 128

static void drop(struct subscribers *subscribers, struct subscriber *subscriber)
{
	LIST_REMOVE(subscriber, siblings);
	account_leave(subscriber->account);
	loop_remove(subscribers->loop, &subscriber->watch);
	subscriber_free(subscriber);
	subscribers->count--;
}

/* Hear it, if it has anything to say still; and know when it has room, if it waits for that. */
static void listen_to(struct subscribers *subscribers, struct subscriber *subscriber, bool room)
{
	loop_change(subscribers->loop, &subscriber->watch,
		    (subscriber->mute ? 0 : EPOLLIN) | (room ? EPOLLOUT : 0));
}

/* Tell it what there is to tell. What it costs to catch up is its user's; what is new is told to
 * all. */
static int subscriber_tell(struct subscribers *subscribers, struct subscriber *subscriber)
{
	bool beginning = subscriber_is_beginning(subscriber);
	int64_t before = beginning ? account_clock() : 0;
	int r = subscriber_write(subscriber, subscribers->intake, subscribers->broadcasts);

	if (beginning)
		account_charge(subscriber->account, before);
	return r;
}

/* And wait for what there is to wait for. */
static void serve(struct subscribers *subscribers, struct subscriber *subscriber)
{
	int r = subscriber->paused ? 0 : subscriber_tell(subscribers, subscriber);

	if (r && r != -EAGAIN) {
		drop(subscribers, subscriber);
		return;
	}
	if (r && subscriber_is_beginning(subscriber) && !account_is_solvent(subscriber->account))
		subscriber_pause(subscriber);
	listen_to(subscribers, subscriber, r && !subscriber->paused);
}

/* The status is told again even if nothing has changed: it says that the daemon is alive. */
static void publish(struct subscribers *subscribers, enum feed_broadcast kind)
{
	json_t *object = subscribers->make(subscribers->context, kind);

	broadcast_tell(&subscribers->broadcasts[kind], object, kind == FEED_STATUS);
	json_decref(object);
}

/* For one who has just come: as things are now. */
static void publish_for(struct subscribers *subscribers, const struct subscriber *subscriber)
{
	for (unsigned int kind = 0; kind < FEED_BULLETIN_COUNT; kind++)
		if (subscriber_wants(subscriber, kind))
			publish(subscribers, kind);
}

static bool is_wanted(const struct subscribers *subscribers, enum feed_broadcast kind)
{
	const struct subscriber *subscriber = LIST_FIRST(&subscribers->list);

	while (subscriber && !subscriber_wants(subscriber, kind))
		subscriber = LIST_NEXT(subscriber, siblings);
	return subscriber != NULL;
}

static void publish_due(struct subscribers *subscribers)
{
#define SECONDS(NAME, key, count) [FEED_##NAME] = count,
	static const unsigned int seconds[] = {FEED_BROADCASTS(SECONDS)};
#undef SECONDS

	subscribers->ticks++;
	for (unsigned int kind = 0; kind < FEED_BULLETIN_COUNT; kind++)
		if (subscribers->ticks % seconds[kind] == 0 && is_wanted(subscribers, kind))
			publish(subscribers, kind);
}

/* It has said what it wants, and its user can pay for it. */
static void begin(struct subscribers *subscribers, struct subscriber *subscriber)
{
	struct account *account = subscriber->account;
	int64_t before = account_clock();

	int r;

	/* What is in the table now belongs to the beginning. */
	if (subscriber->wants.history)
		intake_scan(subscribers->intake);
	r = subscriber_begin(subscriber, subscribers->intake);
	if (!r)
		publish_for(subscribers, subscriber);
	account_charge(account, before);
	if (r)
		drop(subscribers, subscriber);
	else
		serve(subscribers, subscriber);
}

static void hear(struct subscribers *subscribers, struct subscriber *subscriber)
{
	int r = subscriber_read(subscriber);

	if (r == -EAGAIN)
		return;
	if (r == -ENODATA) {
		/* Its end is told again and again to who waits for more. */
		if (subscriber->asked)
			listen_to(subscribers, subscriber, false);
		else
			serve(subscribers, subscriber);
		return;
	}
	if (r) {
		subscribers->dropped += r == -EINVAL;
		drop(subscribers, subscriber);
		return;
	}
	subscriber->asked = true;
	account_recover(subscriber->account, clock_now(CLOCK_MONOTONIC));
	if (account_is_solvent(subscriber->account))
		begin(subscribers, subscriber);
}

static void subscriber_ready(void *context, uint32_t events)
{
	struct subscriber *subscriber = context;
	struct subscribers *subscribers = subscriber->owner;

	if (events & (EPOLLERR | EPOLLHUP))
		drop(subscribers, subscriber);
	else if (events & EPOLLIN)
		hear(subscribers, subscriber);
	else
		serve(subscribers, subscriber);
}

/* What it wants may be here, and not have been read yet. */
static bool is_silent(const struct subscriber *subscriber)
{
	char byte;

	return !subscriber->asked && !subscriber->begun &&
	       recv(subscriber->watch.fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) <= 0;
}

/* Who has been silent longest and may have to make place: root's for root only; or NULL. */
static struct subscriber *find_silent(const struct subscribers *subscribers,
				      const struct account *account, bool own)
{
	struct subscriber *subscriber, *found = NULL;

	LIST_FOREACH (subscriber, &subscribers->list, siblings) {
		const struct account *other = subscriber->account;

		if (is_silent(subscriber) &&
		    (other == account || (!own && (account->uid == 0 || other->uid != 0))))
			found = subscriber;
	}
	return found;
}

/* Room for one more of that user's, or false. */
static bool make_room(struct subscribers *subscribers, const struct account *account)
{
	bool root = account->uid == 0, own = !root && account->connections > FOLLOWERS_OF_ONE;
	unsigned int most = root ? FOLLOWERS_MAX : FOLLOWERS_MAX - FOLLOWERS_OF_ROOT;
	struct subscriber *silent;

	if (!own && subscribers->count < most)
		return true;
	silent = find_silent(subscribers, account, own);
	if (!silent)
		return false;
	subscribers->dropped++;
	drop(subscribers, silent);
	return subscribers->count < most;
}

static bool admit(struct subscribers *subscribers, int fd, struct account *account)
{
	struct subscriber *subscriber = make_room(subscribers, account) ? subscriber_new(fd) : NULL;

	if (!subscriber)
		return false;
	subscriber->owner = subscribers;
	subscriber->account = account;
	subscriber->watch = (struct watch){fd, subscriber_ready, subscriber};
	if (loop_add(subscribers->loop, &subscriber->watch, EPOLLIN)) {
		free(subscriber);
		return false;
	}
	LIST_INSERT_HEAD(&subscribers->list, subscriber, siblings);
	subscribers->count++;
	subscribers->accepted++;
	return true;
}

static void listener_ready(void *context, uint32_t events)
{
	struct subscribers *subscribers = context;
	int fd = accept4(subscribers->listener.fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	struct account *account;

	(void)events;
	if (fd < 0)
		return;
	if (++subscribers->admitted >= FOLLOWERS_A_SECOND)
		loop_change(subscribers->loop, &subscribers->listener, 0);
	account = account_join(&subscribers->accounts, fd);
	if (account && admit(subscribers, fd, account))
		return;
	if (account)
		account_leave(account);
	subscribers->dropped++;
	close(fd);
}

/* For root, and for the members of the group, if the host has it. */
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
	int r;

	if (fd < 0)
		return -errno;
	/* What a daemon that was killed has left; a living one holds the lock (serve.c). */
	if (unlink(address->sun_path) && errno != ENOENT)
		return -errno;
	mask = umask(0177);
	r = bind(fd, (const struct sockaddr *)address, sizeof(*address)) ? -errno : 0;
	umask(mask);
	if (!r)
		r = socket_restrict(address->sun_path);
	if (!r && listen(fd, BACKLOG))
		r = -errno;
	if (!r)
		*ret = TAKE_FD(fd);
	return r;
}

int subscribers_open(struct subscribers *subscribers, struct error *ret_error)
{
	struct sockaddr_un address;
	int r;

	LIST_INIT(&subscribers->list);
	subscribers->listener = (struct watch){-1, listener_ready, subscribers};
	r = feed_address(subscribers->instance, &address, ret_error);
	if (r)
		return r;
	r = listen_at(&address, &subscribers->listener.fd);
	if (!r)
		r = loop_add(subscribers->loop, &subscribers->listener, EPOLLIN);
	if (!r)
		return 0;
	error_set(ret_error, -r, "cannot listen on the socket: %s", strerror(-r));
	error_where(ret_error, "%s", address.sun_path);
	return r;
}

void subscribers_close(struct subscribers *subscribers)
{
	struct sockaddr_un address;

	while (!LIST_EMPTY(&subscribers->list))
		drop(subscribers, LIST_FIRST(&subscribers->list));
	for (unsigned int kind = 0; kind < FEED_BULLETIN_COUNT; kind++)
		broadcast_free(&subscribers->broadcasts[kind]);
	accounts_free(&subscribers->accounts);
	if (subscribers->listener.fd < 0)
		return;
	watch_close(subscribers->loop, &subscribers->listener);
	if (feed_address(subscribers->instance, &address, NULL) == 0)
		unlink(address.sun_path);
}

void subscribers_flush(struct subscribers *subscribers)
{
	struct subscriber *subscriber, *next;

	for (subscriber = LIST_FIRST(&subscribers->list); subscriber; subscriber = next) {
		next = LIST_NEXT(subscriber, siblings);
		if (subscriber_is_eager(subscriber))
			serve(subscribers, subscriber);
	}
}

/* Where a user could pay at the tick, each of his connections has its turn: none starves another. */
static void look_after(struct subscribers *subscribers, struct subscriber *subscriber)
{
	bool may_spend = subscriber->account->open;

	if (subscriber_stalled_s(subscriber) > FOLLOWER_STALLED_S ||
	    subscriber_silent_s(subscriber) > FOLLOWER_SILENT_S) {
		subscribers->dropped++;
		drop(subscribers, subscriber);
	} else if (subscriber->asked && may_spend) {
		begin(subscribers, subscriber);
	} else if (subscriber->paused && may_spend) {
		subscriber->paused = false;
		serve(subscribers, subscriber);
	} else if (subscriber_is_eager(subscriber)) {
		serve(subscribers, subscriber);
	}
}

void subscribers_tick(struct subscribers *subscribers)
{
	struct subscriber *subscriber, *next;

	publish_due(subscribers);
	accounts_tick(&subscribers->accounts, clock_now(CLOCK_MONOTONIC));
	if (subscribers->admitted >= FOLLOWERS_A_SECOND)
		loop_change(subscribers->loop, &subscribers->listener, EPOLLIN);
	subscribers->admitted = 0;
	for (subscriber = LIST_FIRST(&subscribers->list); subscriber; subscriber = next) {
		next = LIST_NEXT(subscriber, siblings);
		look_after(subscribers, subscriber);
	}
}
