/* SPDX-License-Identifier: GPL-2.0 */
/* intake.c - read events, scan the table. */
#include "daemon/intake.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>

#include "util/say.h"
#include "kernel/generation/zone.h"
#include "util/cleanup.h"
#include "util/clock.h"

#define PAUSE_MS       25 /* between two drains */
#define CHURN_TICKS    10 /* between two looks at a table that a flood turns over */
#define CLOCK_VALID_NS 60000000000LL

/* A step of the wall clock, or its drift, is made good within a minute. */
static void clock_update(struct intake *intake)
{
	int64_t now = wall_now();

	if (intake->clock_read_at && now >= intake->clock_read_at &&
	    now - intake->clock_read_at < CLOCK_VALID_NS)
		return;
	tick_clock_read(&intake->clock);
	intake->clock_read_at = now;
}

static void times_of_event(const struct intake *intake, const struct rw_event *event,
			   struct history_times *ret)
{
	const struct rw_attempt *record = &event->attempt;
	int64_t now = event_time(event);

	*ret = (struct history_times){now, now};
	if (record->first)
		ret->first_ns = tick_to_wall(&intake->clock, record->first);
	/* It had ended before the event was made. */
	if (event->type == RW_EVENT_EVICTED && record->last)
		ret->last_ns = tick_to_wall(&intake->clock, record->last);
}

/* A bind comes by none. */
static void interface_name(const struct intake *intake, struct history_entry *entry)
{
	if (entry->record.ifindex)
		links_name(intake->links, entry->record.ifindex, entry->interface);
}

static void take_event(const struct rw_event *event, void *context)
{
	struct intake *intake = context;
	struct history_entry *entry;
	struct history_times times;
	bool new;

	times_of_event(intake, event, &times);
	entry = history_event(intake->history, event, &times, &new);
	if (new)
		interface_name(intake, entry);
	if (event->type == RW_EVENT_BIND)
		entry->pid = event_process(event, entry->process);
	intake->changed_since = true;
	if (event->type != RW_EVENT_EVICTED)
		intake->changed(intake->context, entry);
}

static void ring_close(struct intake *intake)
{
	if (!intake->events)
		return;
	loop_remove(intake->loop, &intake->ring);
	timer_set(&intake->pause, -1);
	events_close(intake->events);
	intake->events = NULL;
}

/* Everything that is there now. Returns the number of events. */
static int drain(struct intake *intake)
{
	int count = events_poll(intake->events, 0);

	if (count >= 0 || count == -EINTR)
		return count < 0 ? 0 : count;
	say(SAY_ERROR, "cannot read events: %s", strerror(-count));
	ring_close(intake);
	return 0;
}

/* After events, pause; after none, sleep until the next event, or until credits are due. */
static void drain_and_rest(struct intake *intake)
{
	int count = drain(intake);

	if (!intake->events)
		return;
	loop_change(intake->loop, &intake->ring, count ? 0 : EPOLLIN);
	timer_set(&intake->pause, count ? PAUSE_MS : events_pause(intake->events));
	if (count)
		intake->flush(intake->context);
}

static void ring_ready(void *context, uint32_t events)
{
	(void)events;
	clock_update(context);
	drain_and_rest(context);
}

static void pause_over(void *context, uint32_t events)
{
	struct intake *intake = context;

	(void)events;
	timer_take(&intake->pause);
	if (intake->events)
		drain_and_rest(intake);
}

/* While another process reads the events, this one has none. It tries again with each tick. */
static void ring_open(struct intake *intake)
{
	struct error error = {0};
	int r = events_open(intake->in_force->instance, take_event, intake, &intake->events,
			    &error);

	if (!r) {
		intake->ring = (struct watch){events_fd(intake->events), ring_ready, intake};
		r = loop_add(intake->loop, &intake->ring, EPOLLIN);
		if (r)
			error_set(&error, -r, "%s", strerror(-r));
	}
	if (!r)
		drain_and_rest(intake);
	else if (!intake->busy)
		say_error(SAY_WARNING, "cannot follow the events yet", &error);
	intake->busy = r;
}

static void scan_apply(struct intake *intake, const struct rw_attempt *records, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct rw_attempt *record = &records[i];
		const struct history_times times = {
			.first_ns = tick_to_wall(&intake->clock, record->first),
			.last_ns = tick_to_wall(&intake->clock, record->last),
		};
		uint64_t version = history_version(intake->history);
		bool new;
		struct history_entry *entry =
			history_scan_record(intake->history, record, &times, &new);

		if (new)
			interface_name(intake, entry);
		if (history_version(intake->history) != version)
			intake->changed(intake->context, entry);
	}
}

static void scan(struct intake *intake)
{
	_free_ struct rw_attempt *records = NULL;
	size_t count = 0;
	int r;

	clock_update(intake);
	if (intake->events)
		drain(intake);
	history_scan_begin(intake->history);
	r = attempts_read_records(&intake->in_force->maps, &records, &count);
	if (r) {
		say(SAY_ERROR, "cannot read the attempts: %s", strerror(-r));
		return;
	}
	intake->changed_since = false;
	if (intake->events)
		drain(intake);
	scan_apply(intake, records, count);
	history_scan_end(intake->history);
	intake->flush(intake->context);
}

/* Events that were made, or were not made for want of credit, are signs of change. */
static void look_for_change(struct intake *intake)
{
	struct rw_event_state state = {0};

	if (map_sum(intake->in_force->maps.fd[MAP_EVENT_STATE], 0, sizeof(state),
		    (unsigned long long *)&state))
		return;
	/* In a flood from everywhere the table holds each attempt for a moment only. */
	intake->churn = state.suppressed - intake->state.suppressed > RW_ATTEMPT_SLOTS;
	intake->changed_since |= memcmp(&state, &intake->state, sizeof(state)) != 0;
	intake->state = state;
}

void intake_tick(struct intake *intake, bool wanted)
{
	if (!intake->in_force->generation.number)
		return;
	if (!intake->events)
		ring_open(intake);
	look_for_change(intake);
	if (intake->churn && ++intake->skipped < CHURN_TICKS)
		return;
	intake->skipped = 0;
	if (intake->changed_since || wanted)
		scan(intake);
}

void intake_scan(struct intake *intake)
{
	if (intake->in_force->generation.number)
		scan(intake);
}

void intake_reopen(struct intake *intake)
{
	ring_close(intake);
	intake->busy = false;
	if (intake->in_force->generation.number)
		ring_open(intake);
}

int intake_open(struct intake *intake, struct error *ret_error)
{
	int r;

	intake->pause = (struct watch){-1, pause_over, intake};
	intake->history = history_new(HISTORY_ENTRIES);
	if (!intake->history)
		return error_set(ret_error, ENOMEM, "out of memory");
	r = timer_add(intake->loop, &intake->pause);
	if (r)
		return error_set(ret_error, -r, "cannot make a timer: %s", strerror(-r));
	clock_update(intake);
	intake_reopen(intake);
	intake_scan(intake);
	return 0;
}

void intake_close(struct intake *intake)
{
	ring_close(intake);
	watch_close(intake->loop, &intake->pause);
	history_free(intake->history);
	intake->history = NULL;
}

void intake_describe(const struct intake *intake, const struct history_entry *entry,
		     struct feed_attempt *ret)
{
	const struct in_force *in_force = intake->in_force;
	const struct rule *rule = service_of(&in_force->names, &entry->record);
	struct attempt *attempt = &ret->attempt;

	*ret = (struct feed_attempt){
		.service = rule ? rule->service : NULL,
		.pid = entry->pid,
		.evicted = entry->evicted.packets,
	};
	history_entry_attempt(entry, attempt);
	memcpy(ret->process, entry->process, sizeof(ret->process));
	if (entry->record.ifindex && in_force->generation.number)
		attempt_place(&in_force->maps, &in_force->generation, attempt);
}
