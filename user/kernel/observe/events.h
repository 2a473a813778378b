/* SPDX-License-Identifier: GPL-2.0 */
/*
 * events.h - follow the drop events.
 *
 * A reader grants credits to every CPU, now and then, so that a flood cannot keep it busy; without
 * a reader nothing is emitted. One reader at a time (flock on the state directory's `events.lock`):
 * -EBUSY otherwise.
 */
#pragma once

#include <stdint.h>

#include <rolewall/abi.h>

#include "kernel/object/instance.h"
#include "util/error.h"

struct events; /* opaque */

/* Of a RW_EVENT_BIND the whole rw_bind_event is there. */
typedef void (*event_handler)(const struct rw_event *event, void *context);

int events_open(const struct instance *instance, event_handler handler, void *context,
		struct events **ret, struct error *ret_error);

/*
 * Wait up to `timeout_ms` (-1: forever), hand over what came, top up credits if they are due.
 * Returns the number of events or -errno (-EINTR on a signal).
 */
int events_poll(struct events *events, int timeout_ms);

/* ms until events_poll() should be called even if nothing came: credits are due. -1: none are. */
int events_pause(const struct events *events);

/* File descriptor for an event loop of the caller's own. */
int events_fd(const struct events *events);

/* Withdraw the credits and free. NULL is allowed. */
void events_close(struct events *events);

/*
 * The process of a RW_EVENT_BIND: its pid, and what it was called. A process chooses its name: what
 * cannot be printed becomes '?'.
 */
uint32_t event_process(const struct rw_event *event, char ret[RW_PROCESS_NAME]);

/* Time of an event as ns since the epoch. */
int64_t event_time(const struct rw_event *event);
