/* SPDX-License-Identifier: GPL-2.0 */
/* events.c - grant credits, read the ring, or the perf buffers of a kernel that has no ring. */
#include "kernel/observe/events.h"

#include <ctype.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "kernel/object/lock.h"
#include "kernel/object/maps.h"
#include "kernel/object/pieces.h"
#include "util/cleanup.h"
#include "util/clock.h"

/*
 * What a reader can take without being busy with nothing else: so many events a second on all CPUs
 * together; on top, for each grant and CPU, RW_EVENT_QUOTAS for kinds of ports, and for each level
 * of sources that come again half of what it was granted. The more CPUs, the rarer the grants.
 */
#define EVENTS_A_SECOND	      4096
#define CREDITS_MIN	      16 /* of a CPU, for each grant */
#define GRANT_CPUS	      4	 /* that one grant every GRANT_INTERVAL_NS is meant for */
#define GRANT_INTERVAL_NS     250000000ULL
#define GRANT_INTERVAL_MAX_NS 1000000000ULL

/* The largest record in the ring, with its header, and in a perf buffer, likewise. */
#define RING_RECORD  (sizeof(struct rw_seen_event) + 8)
#define SAMPLE_BYTES (sizeof(struct rw_seen_event) + 16)
#define SAMPLE_PAGES 64 /* of a perf buffer; a power of two */

struct events {
	struct maps maps;
	struct ring_buffer *ring; /* one of the two, */
	struct perf_buffer *perf; /* the other is NULL */
	event_handler handler;
	void *context;
	int lock;
	int cpus;
	struct rw_event_state *states; /* owned: room for what every CPU has spent, */
	uint64_t *grants;	       /* owned: and for what it is granted */
	int count;		       /* events of this poll */
	uint64_t credits;	       /* of a CPU, for each grant */
	uint64_t interval;	       /* ns between two grants */
	uint64_t granted;	       /* when, CLOCK_MONOTONIC */
	bool spent;		       /* events came since */
};

/* One that is too short is of a program of another version. */
static bool is_whole(const struct rw_event *event, size_t size)
{
	return size >= sizeof(*event) &&
	       (event->type != RW_EVENT_BIND || size >= sizeof(struct rw_bind_event));
}

/* An earlier attempt of the same source: what is not known of it is as of the later one. */
static struct rw_event untold_event(const struct rw_event *later, const struct rw_untold *untold)
{
	struct rw_event event = *later;
	struct rw_attempt *attempt = &event.attempt;
	__u8 ago = rw_untold_second(later->time / RW_EPOCH_NS) - untold->second;

	event.time -= ago * 1000000000ULL;
	attempt->port = untold->port;
	attempt->l4 = untold->what & RW_UNTOLD_UDP ? IPPROTO_UDP : IPPROTO_TCP;
	attempt->reason = untold->what & ~RW_UNTOLD_UDP;
	attempt->rule = RW_RULE_NONE;
	attempt->zone = 0;
	attempt->bytes /= attempt->packets;
	attempt->packets = 1;
	attempt->first = attempt->last = 0;
	return event;
}

/* What its source did before, in the order in which it came. */
static void handle_untold(const struct events *events, const struct rw_seen_event *seen)
{
	__u32 count = seen->untold_count;

	if (count > RW_CALLER_UNTOLD || !seen->event.attempt.packets)
		return;
	for (__u32 i = 0; i < count; i++) {
		const struct rw_event event = untold_event(&seen->event, &seen->untold[i]);

		events->handler(&event, events->context);
	}
}

static int handle(void *context, void *data, size_t size)
{
	struct events *events = context;

	events->count++;
	if (!is_whole(data, size))
		return 0;
	if (((const struct rw_event *)data)->type == RW_EVENT_SEEN &&
	    size >= sizeof(struct rw_seen_event))
		handle_untold(events, data);
	events->handler(data, events->context);
	return 0;
}

static void handle_sample(void *context, int cpu, void *data, __u32 size)
{
	(void)cpu;
	handle(context, data, size);
}

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ULL + now.tv_nsec;
}

/* For the shares beside the credits. */
static int wind_clock(const struct events *events)
{
	const struct rw_event_clock clock = {
		.epoch = now_ns() / RW_EPOCH_NS,
		.returning = (events->credits + 1) / 2,
	};
	__u32 zero = 0;

	return bpf_map_update_elem(events->maps.fd[MAP_EVENT_CLOCK], &zero, &clock, BPF_ANY)
		       ? -errno
		       : 0;
}

/* grant = what was spent + credits, for each CPU; 0 withdraws what is left. */
static int grant(const struct events *events, uint64_t credits)
{
	struct rw_event_state *states = events->states;
	uint64_t *grants = events->grants;
	__u32 zero = 0;
	int cpu;

	if (bpf_map_lookup_elem(events->maps.fd[MAP_EVENT_STATE], &zero, states))
		return -errno;
	for (cpu = 0; cpu < events->cpus; cpu++)
		grants[cpu] = credits ? states[cpu].emitted + states[cpu].lost + credits : 0;
	return bpf_map_update_elem(events->maps.fd[MAP_EVENT_GRANTS], &zero, grants, BPF_ANY)
		       ? -errno
		       : 0;
}

/* No further ahead of the reader than `room` records of a CPU's buffer. */
static void set_pace(struct events *events, uint64_t room)
{
	uint64_t cpus = events->cpus, interval = GRANT_INTERVAL_NS;

	if (cpus > GRANT_CPUS)
		interval = interval * cpus / GRANT_CPUS;
	if (interval > GRANT_INTERVAL_MAX_NS)
		interval = GRANT_INTERVAL_MAX_NS;
	events->interval = interval;
	events->credits = EVENTS_A_SECOND * interval / 1000000000 / cpus;
	if (events->credits < CREDITS_MIN)
		events->credits = CREDITS_MIN;
	if (events->credits > room)
		events->credits = room;
}

static int open_ring(struct events *events)
{
	set_pace(events, RW_EVENT_BYTES / RING_RECORD / events->cpus);
	events->ring = ring_buffer__new(events->maps.fd[MAP_EVENTS], handle, events, NULL);
	return events->ring ? 0 : -errno;
}

/* What does not fit is counted by the program, as `lost`: no callback for that. */
static int open_perf(struct events *events)
{
	set_pace(events, (uint64_t)SAMPLE_PAGES * sysconf(_SC_PAGESIZE) / SAMPLE_BYTES);
	events->perf = perf_buffer__new(events->maps.fd[MAP_EVENTS_PERF], SAMPLE_PAGES,
					handle_sample, NULL, events, NULL);
	return events->perf ? 0 : -errno;
}

static int top_up(struct events *events)
{
	int r = wind_clock(events);

	events->granted = now_ns();
	events->spent = false;
	return r ? r : grant(events, events->credits);
}

static int events_start(const struct instance *instance, struct events *events,
			struct error *ret_error)
{
	int r = maps_open(instance, &events->maps, ret_error);

	if (r)
		return r;
	r = lock_take(instance, "events.lock", &events->lock, NULL, ret_error);
	if (r == -EBUSY)
		error_hint(ret_error, "another process follows the events already");
	if (r)
		return r;
	events->cpus = libbpf_num_possible_cpus();
	if (events->cpus < 0)
		return error_set(ret_error, -events->cpus, "cannot count the CPUs: %s",
				 strerror(-events->cpus));
	events->states = calloc(events->cpus, sizeof(*events->states));
	events->grants = calloc(events->cpus, sizeof(*events->grants));
	if (!events->states || !events->grants)
		return error_set(ret_error, ENOMEM, "out of memory");
	r = events->maps.fd[MAP_EVENTS] >= 0 ? open_ring(events) : open_perf(events);
	if (r)
		return error_set(ret_error, -r, "cannot open the buffer of events: %s",
				 strerror(-r));
	r = top_up(events);
	return r ? error_set(ret_error, -r, "cannot grant credits: %s", strerror(-r)) : 0;
}

int events_open(const struct instance *instance, event_handler handler, void *context,
		struct events **ret, struct error *ret_error)
{
	struct events *events = calloc(1, sizeof(*events));
	const uint32_t first = 0;
	int r;

	if (!events)
		return error_set(ret_error, ENOMEM, "out of memory");
	events->maps = (struct maps)MAPS_NONE;
	events->lock = -1;
	events->handler = handler;
	events->context = context;
	r = events_start(instance, events, ret_error);
	if (!r && pieces_make(events->maps.fd[MAP_CALLERS], MAP_CALLERS, &first, 1))
		r = error_set(ret_error, errno, "cannot remember who is refused: %s",
			      strerror(errno));
	if (r) {
		events_close(events);
		return r;
	}
	*ret = events;
	return 0;
}

/*
 * A perf buffer is ready only once for each wake-up (kernel/events/core.c, perf_poll): a poll of
 * events_fd() has used it up. So look into every buffer, ready or not.
 */
static int poll_perf(struct events *events, int timeout_ms)
{
	int r = timeout_ms ? perf_buffer__poll(events->perf, timeout_ms) : 0;

	return r < 0 ? r : perf_buffer__consume(events->perf);
}

int events_poll(struct events *events, int timeout_ms)
{
	int r;

	events->count = 0;
	r = events->ring ? ring_buffer__poll(events->ring, timeout_ms)
			 : poll_perf(events, timeout_ms);
	if (r < 0)
		return r;
	events->spent |= events->count > 0;
	if (events->spent && now_ns() - events->granted >= events->interval)
		r = top_up(events);
	return r < 0 ? r : events->count;
}

int events_pause(const struct events *events)
{
	uint64_t passed = now_ns() - events->granted;

	if (!events->spent)
		return -1;
	return passed >= events->interval ? 0 : (events->interval - passed) / 1000000 + 1;
}

int events_fd(const struct events *events)
{
	return events->ring ? ring_buffer__epoll_fd(events->ring)
			    : perf_buffer__epoll_fd(events->perf);
}

void events_close(struct events *events)
{
	if (!events)
		return;
	if (events->ring || events->perf)
		grant(events, 0);
	ring_buffer__free(events->ring);
	perf_buffer__free(events->perf);
	maps_close(&events->maps);
	cleanup_close(&events->lock);
	free(events->states);
	free(events->grants);
	free(events);
}

/* No character of it reaches a terminal but as itself. */
uint32_t event_process(const struct rw_event *event, char ret[RW_PROCESS_NAME])
{
	const struct rw_bind_event *bind = (const struct rw_bind_event *)event;

	memcpy(ret, bind->process, RW_PROCESS_NAME);
	ret[RW_PROCESS_NAME - 1] = '\0';
	for (char *at = ret; *at; at++)
		if (!isprint((unsigned char)*at))
			*at = '?';
	return bind->pid;
}

int64_t event_time(const struct rw_event *event)
{
	return monotonic_to_wall(event->time);
}
