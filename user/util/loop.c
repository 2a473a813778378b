/* SPDX-License-Identifier: GPL-2.0 */
/* loop.c - epoll and timerfd. */
#include "util/loop.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "util/cleanup.h"

int loop_open(struct loop *loop)
{
	*loop = (struct loop){.epoll = epoll_create1(EPOLL_CLOEXEC)};
	return loop->epoll < 0 ? -errno : 0;
}

void loop_close(struct loop *loop)
{
	cleanup_close(&loop->epoll);
	loop->epoll = -1;
}

static int control(struct loop *loop, int operation, struct watch *watch, uint32_t events)
{
	struct epoll_event event = {.events = events, .data.ptr = watch};

	return epoll_ctl(loop->epoll, operation, watch->fd, &event) ? -errno : 0;
}

int loop_add(struct loop *loop, struct watch *watch, uint32_t events)
{
	return control(loop, EPOLL_CTL_ADD, watch, events);
}

int loop_change(struct loop *loop, struct watch *watch, uint32_t events)
{
	return control(loop, EPOLL_CTL_MOD, watch, events);
}

void loop_remove(struct loop *loop, struct watch *watch)
{
	control(loop, EPOLL_CTL_DEL, watch, 0);
}

/* One event at a time: a callback may remove, and free, any other watch. */
int loop_run(struct loop *loop)
{
	while (!loop->stop) {
		struct epoll_event event;
		const struct watch *watch;
		int count = epoll_wait(loop->epoll, &event, 1, -1);

		if (count < 0 && errno != EINTR)
			return -errno;
		if (count <= 0)
			continue;
		watch = event.data.ptr;
		watch->ready(watch->context, event.events);
	}
	return 0;
}

int timer_add(struct loop *loop, struct watch *watch)
{
	int r;

	watch->fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (watch->fd < 0)
		return -errno;
	r = loop_add(loop, watch, EPOLLIN);
	if (r)
		watch_close(loop, watch);
	return r;
}

void timer_set(const struct watch *watch, int64_t ms)
{
	struct itimerspec when = {0};

	/* 0 would mean never. */
	if (ms == 0)
		when.it_value.tv_nsec = 1;
	if (ms > 0) {
		when.it_value.tv_sec = ms / 1000;
		when.it_value.tv_nsec = ms % 1000 * 1000000;
	}
	timerfd_settime(watch->fd, 0, &when, NULL);
}

void timer_take(const struct watch *watch)
{
	uint64_t count;

	if (read(watch->fd, &count, sizeof(count)) < 0)
		return; /* it was set anew meanwhile */
}

void watch_close(struct loop *loop, struct watch *watch)
{
	if (watch->fd < 0)
		return;
	loop_remove(loop, watch);
	close(watch->fd);
	watch->fd = -1;
}
