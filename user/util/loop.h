/* SPDX-License-Identifier: GPL-2.0 */
/*
 * loop.h - wait for many descriptors at once (epoll), and for points in time (timerfd).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct loop {
	int epoll; /* owned */
	bool stop; /* loop_run() returns */
};

/* A callback for a descriptor. The structure must not move while it is in the loop. */
struct watch {
	int fd;					       /* not owned, but for timers */
	void (*ready)(void *context, uint32_t events); /* EPOLL* */
	void *context;
};

int loop_open(struct loop *loop);
void loop_close(struct loop *loop);

/* `events`: EPOLLIN, EPOLLOUT; 0 mutes. */
int loop_add(struct loop *loop, struct watch *watch, uint32_t events);
int loop_change(struct loop *loop, struct watch *watch, uint32_t events);
void loop_remove(struct loop *loop, struct watch *watch);

/* Until loop->stop. 0 or -errno. */
int loop_run(struct loop *loop);

/* A watch on a timer that is not set. Its fd is owned: watch_close(). */
int timer_add(struct loop *loop, struct watch *watch);

/* Once, `ms` from now; -1: not at all. */
void timer_set(const struct watch *watch, int64_t ms);

/* In `ready`: the expiry is taken note of. */
void timer_take(const struct watch *watch);

void watch_close(struct loop *loop, struct watch *watch);
