/* SPDX-License-Identifier: GPL-2.0 */
/* guests.c - a list by time; what is over is shut down, and its owner sees that it has ended. */
#include "web/guests.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

#define TICK_MS 1000

static int64_t now_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec;
}

/* It stays in the list until its owner has closed it, but nothing more is expected of it. */
static void send_away(struct guest *guest)
{
	shutdown(guest->fd, SHUT_RDWR);
	guest->asking = false;
	guest->allowed = 0;
}

static void tick(void *context, uint32_t events)
{
	struct guests *guests = context;
	int64_t now = now_s();
	struct guest *guest;

	(void)events;
	timer_take(&guests->tick);
	TAILQ_FOREACH (guest, &guests->list, others)
		if (guest->allowed && now - guest->since >= guest->allowed)
			send_away(guest);
	if (guests->count)
		timer_set(&guests->tick, TICK_MS);
}

int guests_open(struct guests *guests, struct loop *loop)
{
	*guests = (struct guests){.loop = loop, .tick = {-1, tick, guests}};
	TAILQ_INIT(&guests->list);
	return timer_add(loop, &guests->tick);
}

void guests_close(struct guests *guests)
{
	watch_close(guests->loop, &guests->tick);
}

static void begin(struct guests *guests, struct guest *guest, bool asking, int64_t allowed)
{
	guest->since = now_s();
	guest->asking = asking;
	guest->allowed = allowed;
	TAILQ_INSERT_TAIL(&guests->list, guest, others);
}

static void make_room(const struct guests *guests)
{
	struct guest *guest = TAILQ_FIRST(&guests->list);

	while (guest && !guest->asking)
		guest = TAILQ_NEXT(guest, others);
	if (guest)
		send_away(guest);
}

struct guest *guest_come(struct guests *guests, int fd)
{
	struct guest *guest = calloc(1, sizeof(*guest));

	if (!guest)
		return NULL;
	guest->fd = fd;
	if (guests->count >= GUESTS_MAX)
		make_room(guests);
	if (!guests->count++)
		timer_set(&guests->tick, TICK_MS);
	begin(guests, guest, true, GUEST_REQUEST_S);
	return guest;
}

void guest_leave(struct guests *guests, struct guest *guest)
{
	if (!guest)
		return;
	TAILQ_REMOVE(&guests->list, guest, others);
	guests->count--;
	free(guest);
}

static void move_on(struct guests *guests, struct guest *guest, bool asking, int64_t allowed)
{
	if (!guest)
		return;
	TAILQ_REMOVE(&guests->list, guest, others);
	begin(guests, guest, asking, allowed);
}

void guest_answered(struct guests *guests, struct guest *guest, bool endless)
{
	move_on(guests, guest, false, endless ? 0 : GUEST_ANSWER_S);
}

void guest_asks(struct guests *guests, struct guest *guest)
{
	move_on(guests, guest, true, GUEST_REQUEST_S);
}
