/* SPDX-License-Identifier: GPL-2.0 */
/* follow.c - blocked -f: attempts as they happen. */
#include "follow.h"

#include <ctype.h>
#include <errno.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "../kernel/clock.h"
#include "../kernel/events.h"
#include "../util/array.h"
#include "../util/cleanup.h"
#include "attempt.h"
#include "message.h"
#include "print.h"

/* Credits run out under a flood and are granted anew by events_poll(), even when the ring is
 * silent. */
#define GRANT_INTERVAL_MS 250

#define PROCESS_MAX 32

struct follower {
	const struct settings *settings;
	const struct filter *filter;
	struct port_names names;
	struct tick_clock clock;
	bool unread; /* stdout takes no more */
};

static void cleanup_events(struct events **events)
{
	events_close(*events);
}

static const char *event_name(const struct rw_event *event)
{
	switch (event->type) {
	case RW_EVENT_SEEN:
		return "seen";
	case RW_EVENT_SETTLED:
		return "settled";
	case RW_EVENT_BIND:
		return "bind";
	default:
		return NULL;
	}
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

static void attempt_from_event(const struct follower *follower, const struct rw_event *event,
			       struct attempt *ret)
{
	const struct rw_attempt *record = &event->attempt;
	int64_t now = event_time(event);

	*ret = (struct attempt){
		.record = *record,
		.first_ns = now,
		.last_ns = now,
		.zone = record->zone & RW_ZONE_ALL,
	};
	/* A bind has its pid there. A settled attempt had ended before the event was made. */
	if (event->type != RW_EVENT_BIND)
		ret->first_ns = tick_to_wall(&follower->clock, record->first);
	if (event->type == RW_EVENT_SETTLED)
		ret->last_ns = tick_to_wall(&follower->clock, record->last);
	if (record->ifindex && !if_indextoname(record->ifindex, ret->interface))
		snprintf(ret->interface, sizeof(ret->interface), "if%u", record->ifindex);
}

static unsigned int event_pid(const struct rw_event *event)
{
	return (unsigned int)event->attempt.first;
}

/* Of a process that may be gone, which leaves `ret` empty. Returns `ret`. */
static const char *process_name(unsigned int pid, char ret[PROCESS_MAX])
{
	char path[32];
	_fclose_ FILE *file = NULL;

	ret[0] = '\0';
	snprintf(path, sizeof(path), "/proc/%u/comm", pid);
	file = fopen(path, "re");
	if (file && fgets(ret, PROCESS_MAX, file))
		ret[strcspn(ret, "\n")] = '\0';
	/* A process chooses its name. */
	for (char *at = ret; *at; at++)
		if (!isprint((unsigned char)*at))
			*at = '?';
	return ret;
}

static void print_event_json(const struct follower *follower, const struct rw_event *event,
			     const struct attempt *attempt)
{
	json_t *object = json_attempt(&follower->names, attempt);
	char when[TIME_TEXT_MAX], process[PROCESS_MAX];

	json_object_set_new(object, "event", json_text(event_name(event)));
	json_object_set_new(object, "time", json_text(time_text_ns(event_time(event), when)));
	json_object_set_new(object, "generation", json_make("I", (json_int_t)event->generation));
	if (event->type == RW_EVENT_BIND) {
		json_object_set_new(object, "pid", json_make("I", (json_int_t)event_pid(event)));
		json_object_set_new(object, "process",
				    json_text(process_name(event_pid(event), process)));
	}
	json_dumpf(object, stdout, JSON_COMPACT);
	putchar('\n');
	json_decref(object);
}

static void print_event_line(const struct follower *follower, const struct rw_event *event,
			     const struct attempt *attempt)
{
	char process[PROCESS_MAX], remark[PROCESS_MAX + 32] = "";

	if (event->type == RW_EVENT_BIND)
		snprintf(remark, sizeof(remark), "bound by %s[%u]",
			 process_name(event_pid(event), process), event_pid(event));
	attempt_print_line(follower->settings, &follower->names, attempt, remark);
}

static void print_event(const struct follower *follower, const struct rw_event *event,
			const struct attempt *attempt)
{
	if (follower->settings->output != OUTPUT_TABLE)
		print_event_json(follower, event, attempt);
	/* For a reader's eyes a settled attempt is no news: its packets were shown as they came. */
	else if (event->type != RW_EVENT_SETTLED)
		print_event_line(follower, event, attempt);
}

/* A reader that has seen enough, as in "| head", is no failure; a full disk is, and main says so.
 */
static void output_flush(struct follower *follower)
{
	if (!fflush(stdout))
		return;
	follower->unread = true;
	if (errno == EPIPE)
		clearerr(stdout);
}

static void handle_event(const struct rw_event *event, void *context)
{
	struct follower *follower = context;
	struct attempt attempt;

	if (follower->unread || !event_name(event))
		return;
	attempt_from_event(follower, event, &attempt);
	if (!filter_matches(follower->filter, &attempt.record, attempt.last_ns))
		return;
	port_names_refresh(follower, event->generation);
	print_event(follower, event, &attempt);
	output_flush(follower);
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

static int follow_loop(struct follower *follower, struct events *events, int signals)
{
	struct pollfd polled[] = {
		{.fd = signals, .events = POLLIN},
		{.fd = STDOUT_FILENO}, /* POLLERR: the reader of the pipe has gone */
		{.fd = events_fd(events), .events = POLLIN},
	};
	int result;

	while (!follower->unread) {
		if (poll(polled, ARRAY_SIZE(polled), GRANT_INTERVAL_MS) < 0 && errno != EINTR)
			return -errno;
		if (polled[0].revents || polled[1].revents & (POLLERR | POLLHUP))
			return 0;
		result = events_poll(events, 0);
		if (result < 0 && result != -EINTR)
			return result;
	}
	return 0;
}

static int follow_start(struct follower *follower, struct events **ret)
{
	const struct settings *settings = follower->settings;
	struct error error = {0};
	int result = port_names_read(&settings->instance, &follower->names, &error);

	if (result)
		return report_kernel(settings, result, &error);
	tick_clock_read(&follower->clock);
	result = events_open(&settings->instance, handle_event, follower, ret, &error);
	return result ? report_kernel(settings, result, &error) : EXIT_OK;
}

int follow_run(const struct settings *settings, const struct filter *filter)
{
	struct follower follower = {.settings = settings, .filter = filter};
	_cleanup_(cleanup_events) struct events *events = NULL;
	_close_ int signals = signals_open();
	struct error error = {0};
	int result, code = follow_start(&follower, &events);

	if (code == EXIT_OK) {
		if (settings->output == OUTPUT_TABLE)
			attempt_print_heading(settings);
		output_flush(&follower);
		result = follow_loop(&follower, events, signals);
		if (result) {
			error_set(&error, -result, "cannot read events: %s", strerror(-result));
			code = report_install(settings, result, &error);
		}
	}
	port_names_free(&follower.names);
	return code;
}
