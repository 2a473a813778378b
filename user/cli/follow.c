/* SPDX-License-Identifier: GPL-2.0 */
/* follow.c - blocked -f: attempts as they happen. */
#include "cli/follow.h"

#include <errno.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "cli/attempt.h"
#include "cli/message.h"
#include "cli/print.h"
#include "kernel/observe/events.h"
#include "kernel/observe/tick_clock.h"
#include "report/feed.h"
#include "util/array.h"
#include "util/cleanup.h"

struct follower {
	const struct settings *settings;
	const struct filter *filter;
	struct port_names names;
	struct tick_clock clock;
	bool unread; /* stdout takes no more */
};

/* What is worth a line, from the daemon or from the kernel. */
struct notice {
	const char *event; /* "seen", "settled", "bind" */
	int64_t time_ns;   /* since the epoch */
	uint32_t generation;
	struct feed_attempt attempt;
};

static void cleanup_events(struct events **events)
{
	events_close(*events);
}

static void cleanup_feed(struct feed **feed)
{
	feed_close(*feed);
}

/* After an apply the ports have other names. If they cannot be read, the old ones must do. */
static void port_names_refresh(struct follower *follower, uint32_t generation)
{
	struct port_names fresh = {0};

	if (generation <= follower->names.snapshot.generation)
		return;
	if (port_names_read(&follower->settings->instance, &fresh, NULL))
		return;
	port_names_free(&follower->names);
	follower->names = fresh;
}

static void print_notice(const struct follower *follower, const struct notice *notice)
{
	json_t *object = json_attempt_named(&follower->names, &notice->attempt.attempt);

	json_object_set_new(object, "event", json_clean(notice->event));
	json_object_set_new(object, "time", json_time(notice->time_ns));
	json_object_set_new(object, "generation", json_make("I", (json_int_t)notice->generation));
	if (notice->attempt.pid) {
		json_object_set_new(object, "pid", json_make("I", (json_int_t)notice->attempt.pid));
		json_object_set_new(object, "process", json_clean(notice->attempt.process));
	}
	print_json_line(follower->settings, object);
}

static void print_line(const struct follower *follower, const struct notice *notice)
{
	char remark[RW_PROCESS_NAME + 32] = "";

	if (notice->attempt.pid)
		snprintf(remark, sizeof(remark), "bound by %s[%u]", notice->attempt.process,
			 notice->attempt.pid);
	attempt_print_line(follower->settings, &follower->names, &notice->attempt.attempt, remark);
}

/*
 * A reader that has seen enough, as in "| head", is no failure; a full disk is, and main says so.
 */
static void output_flush(struct follower *follower)
{
	if (!fflush(stdout))
		return;
	follower->unread = true;
	if (errno == EPIPE)
		clearerr(stdout);
}

static void handle_notice(struct follower *follower, const struct notice *notice)
{
	const struct attempt *attempt = &notice->attempt.attempt;

	if (follower->unread || !notice->event ||
	    !filter_matches(follower->filter, &attempt->record,
			    service_of(&follower->names, &attempt->record), attempt->last_ns))
		return;
	port_names_refresh(follower, notice->generation);
	if (follower->settings->output != OUTPUT_TABLE)
		print_notice(follower, notice);
	/*
	 * For a reader's eyes an evicted attempt is no news: its packets were shown as they came.
	 */
	else if (strcmp(notice->event, "settled") != 0)
		print_line(follower, notice);
	output_flush(follower);
}

/* --- the kernel's events, where no daemon runs ------------------------------------------------ */

static const char *event_name(const struct rw_event *event)
{
	switch (event->type) {
	case RW_EVENT_SEEN:
		return "seen";
	case RW_EVENT_EVICTED:
		return "settled";
	case RW_EVENT_BIND:
		return "bind";
	default:
		return NULL;
	}
}

static void attempt_from_event(const struct follower *follower, const struct rw_event *event,
			       struct feed_attempt *ret)
{
	const struct rw_attempt *record = &event->attempt;
	struct attempt *attempt = &ret->attempt;
	int64_t now = event_time(event);

	*ret = (struct feed_attempt){.attempt = {.record = *record,
						 .first_ns = now,
						 .last_ns = now,
						 .zone = record->zone & RW_ZONE_ALL}};
	if (event->type == RW_EVENT_BIND)
		ret->pid = event_process(event, ret->process);
	else
		attempt->first_ns = tick_to_wall(&follower->clock, record->first);
	/* It had ended before the event was made. */
	if (event->type == RW_EVENT_EVICTED)
		attempt->last_ns = tick_to_wall(&follower->clock, record->last);
	if (record->ifindex && !if_indextoname(record->ifindex, attempt->interface))
		snprintf(attempt->interface, sizeof(attempt->interface), "if%u", record->ifindex);
}

static void handle_event(const struct rw_event *event, void *context)
{
	struct follower *follower = context;
	struct notice notice = {
		.event = event_name(event),
		.time_ns = event_time(event),
		.generation = event->generation,
	};

	attempt_from_event(follower, event, &notice.attempt);
	handle_notice(follower, &notice);
}

/* SIGINT and SIGTERM as a file descriptor, so that they never come between two steps. */
static int signals_open(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	return signalfd(-1, &set, SFD_CLOEXEC);
}

/* Wait until the descriptor is ready: 1. A signal, or the reader of stdout has gone: 0. */
static int wait_for(int signals, int fd, int timeout_ms)
{
	struct pollfd polled[] = {
		{.fd = signals, .events = POLLIN},
		{.fd = STDOUT_FILENO}, /* POLLERR: the reader of the pipe has gone */
		{.fd = fd, .events = POLLIN},
	};

	if (poll(polled, ARRAY_SIZE(polled), timeout_ms) < 0 && errno != EINTR)
		return -errno;
	return !polled[0].revents && !(polled[1].revents & (POLLERR | POLLHUP));
}

static int follow_events(struct follower *follower, struct events *events, int signals)
{
	while (!follower->unread) {
		int r = wait_for(signals, events_fd(events), events_pause(events));

		if (r <= 0)
			return r;
		r = events_poll(events, 0);
		if (r < 0 && r != -EINTR)
			return r;
	}
	return 0;
}

static int follow_kernel(struct follower *follower, int signals, struct error *ret_error)
{
	_cleanup_(cleanup_events) struct events *events = NULL;
	int r;

	tick_clock_read(&follower->clock);
	r = events_open(&follower->settings->instance, handle_event, follower, &events, ret_error);
	if (r)
		return r;
	r = follow_events(follower, events, signals);
	return r ? error_set(ret_error, -r, "cannot read events: %s", strerror(-r)) : 0;
}

/* --- the daemon ------------------------------------------------------------------------------- */

/* As with the kernel's events: a line when an attempt is new, and when its packets have doubled. */
static void handle_line(struct follower *follower, const json_t *line)
{
	struct notice notice = {.generation = follower->names.snapshot.generation};

	if (feed_attempt_read(line, &notice.attempt) || !notice.attempt.news)
		return;
	notice.event = notice.attempt.pid ? "bind" : "seen";
	notice.time_ns = notice.attempt.attempt.last_ns;
	handle_notice(follower, &notice);
}

static int handle_lines(struct follower *follower, struct feed *feed)
{
	for (;;) {
		json_t *line;
		int r = feed_next(feed, &line);

		if (r)
			return r == -EAGAIN ? 0 : r;
		handle_line(follower, line);
		json_decref(line);
	}
}

static int follow_daemon(struct follower *follower, struct feed *feed, int signals,
			 struct error *ret_error)
{
	while (!follower->unread) {
		int r = wait_for(signals, feed_fd(feed), -1);

		if (r == 0)
			return 0;
		if (r > 0)
			r = handle_lines(follower, feed);
		if ((r == -EPIPE || r == -EPROTO) && !feed_is_ready(feed))
			return feed_unanswered(&follower->settings->instance, r, ret_error);
		if (r == -EPIPE)
			return error_set(ret_error, EPIPE,
					 "the daemon has stopped, or is of another version");
		if (r)
			return error_set(ret_error, -r, "cannot read from the daemon: %s",
					 strerror(-r));
	}
	return 0;
}

/* --- both ------------------------------------------------------------------------------------- */

static int follow(struct follower *follower, int signals, struct error *ret_error)
{
	const struct feed_request request = {
		.attempts = true, .follow = true, .filter = *follower->filter};
	const struct settings *settings = follower->settings;
	_cleanup_(cleanup_feed) struct feed *feed = NULL;
	int r = feed_open(&settings->instance, &request, &feed, ret_error);

	if (r && r != -ENOENT)
		return r;
	if (settings->output == OUTPUT_TABLE)
		attempt_print_heading(settings);
	output_flush(follower);
	return feed ? follow_daemon(follower, feed, signals, ret_error)
		    : follow_kernel(follower, signals, ret_error);
}

int follow_run(const struct settings *settings, const struct filter *filter)
{
	struct follower follower = {.settings = settings, .filter = filter};
	_close_ int signals = signals_open();
	struct error error = {0};
	int r = port_names_read(&settings->instance, &follower.names, &error);

	if (r)
		return report_kernel(settings, r, &error);
	r = follow(&follower, signals, &error);
	port_names_free(&follower.names);
	return r ? report_install(settings, r, &error) : EXIT_OK;
}
