/* SPDX-License-Identifier: GPL-2.0 */
/* serve.c - start, one tick a second, stop. */
#include "daemon/serve.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>

#include "daemon/subscribers.h"
#include "daemon/intake.h"
#include "daemon/links.h"
#include "daemon/lists.h"
#include "daemon/attempt_log.h"
#include "daemon/metrics_file.h"
#include "daemon/names.h"
#include "daemon/notify.h"
#include "daemon/policy.h"
#include "daemon/privilege.h"
#include "daemon/rules_line.h"
#include "daemon/shield.h"
#include "daemon/stayers.h"
#include "util/say.h"
#include "daemon/status_line.h"
#include "kernel/commit/rollback_timer.h"
#include "kernel/commit/pending.h"
#include "kernel/commit/rollback.h"
#include "kernel/object/lock.h"
#include "kernel/observe/audit.h"
#include "report/metrics.h"
#include "util/cleanup.h"

#define LOCK_NAME	 "serve.lock"
#define TICK_MS		 1000
#define HELD_MS		 50
#define FORWARDING_TICKS 5
#define DEADLINE_GRACE_MS                                                                          \
	100 /* the rollback timer comes first, and tells those who are logged in */

struct daemon {
	const struct serve_options *options;
	struct loop loop;
	struct in_force in_force;
	struct links links;
	struct shield shield;
	struct intake intake;
	struct subscribers subscribers;
	struct lists lists;
	struct stayers stayers;
	struct attempt_log attempt_log;
	struct names names;
	struct watch signals;
	struct watch tick;
	int lock;
	unsigned int ticks;
	bool reload;	   /* was asked for, and could not be done yet */
	int metrics_error; /* that was said */
};

/* --- one tick --------------------------------------------------------------------------------- */

static void notice_policy(struct daemon *daemon)
{
	enum in_force_change change = in_force_update(&daemon->in_force);

	if (change == IN_FORCE_SAME)
		return;
	if (change == IN_FORCE_NOTHING)
		say(SAY_WARNING, "nothing is applied any more; \"rolewall apply\" changes that");
	else
		say(SAY_INFO, "generation %u is in force now", daemon->in_force.generation.number);
	if (change != IN_FORCE_OTHER_POLICY)
		intake_reopen(&daemon->intake);
	if (change == IN_FORCE_OTHER_MAPS)
		lists_reset(&daemon->lists);
	links_policy_changed(&daemon->links);
	names_policy_changed(&daemon->names);
}

static void take_back(struct daemon *daemon)
{
	struct rollback_result rolled = {0};
	struct error error = {0};

	int r = rollback_expired(&daemon->options->instance, NULL, &rolled, &error);

	if (r == -EAGAIN) /* a change is under way: perhaps the rollback timer's */
		timer_set(&daemon->tick, HELD_MS);
	else if (r)
		say_error(SAY_ERROR, "cannot take back what was not confirmed", &error);
	else if (rolled.from)
		rollback_timer_announce(&rolled);
}

/* A deadline that comes before the next tick makes that come sooner. */
static void see_to_pending(struct daemon *daemon)
{
	struct rw_pending pending = {0};
	int64_t left_ms;

	if (!daemon->in_force.generation.number ||
	    pending_read(&daemon->in_force.maps, &pending, NULL) || !pending.deadline)
		return;
	left_ms = (int64_t)(pending.deadline - pending_now()) / 1000000 + DEADLINE_GRACE_MS;
	if (left_ms <= 0)
		take_back(daemon);
	else if (left_ms < TICK_MS)
		timer_set(&daemon->tick, left_ms);
}

static void metrics_add(FILE *file, void *context)
{
	const struct daemon *daemon = context;

	metric_head(file, "rolewall_history_entries", "gauge", "Attempts the daemon remembers.");
	metric_value(file, "rolewall_history_entries", history_size(daemon->intake.history));
	metric_head(file, "rolewall_history_capacity", "gauge", "Attempts it has room for.");
	metric_value(file, "rolewall_history_capacity", HISTORY_ENTRIES);
	metric_head(file, "rolewall_history_forgotten_packets_total", "counter",
		    "Packets of attempts that it had to forget.");
	metric_value(file, "rolewall_history_forgotten_packets_total",
		     history_forgotten(daemon->intake.history));
	metric_head(file, "rolewall_followers", "gauge", "Listeners on the daemon's socket.");
	metric_value(file, "rolewall_followers", daemon->subscribers.count);
	metric_head(file, "rolewall_followers_dropped_total", "counter",
		    "Listeners that did not read, made no sense, or were too many.");
	metric_value(file, "rolewall_followers_dropped_total", daemon->subscribers.dropped);
}

static void write_metrics(struct daemon *daemon)
{
	struct error error = {0};
	int r;

	if (!daemon->options->metrics_file)
		return;
	r = metrics_file_write(daemon->options->metrics_file, &daemon->options->instance,
			       metrics_add, daemon, &error);
	if (r && r != daemon->metrics_error)
		say_error(SAY_ERROR, "cannot write the metrics", &error);
	daemon->metrics_error = r;
}

static void tell_manager(const struct daemon *daemon)
{
	uint32_t generation = daemon->in_force.generation.number;

	if (generation)
		notify("WATCHDOG=1\nSTATUS=generation %u is in force on %s, mode %s", generation,
		       daemon->in_force.names.snapshot.node,
		       daemon->in_force.generation.header.flags & RW_POLICY_ENFORCE ? "enforce"
										    : "observe");
	else
		notify("WATCHDOG=1\nSTATUS=nothing is applied");
}

static void reload(struct daemon *daemon)
{
	struct error error = {0};
	int r;

	if (!daemon->reload)
		notify_reloading();
	r = policy_reload(daemon->options, &error);
	daemon->reload = r == -EAGAIN;
	if (daemon->reload)
		return; /* a change is under way: the next tick tries again */
	if (r)
		say_error(SAY_ERROR, "cannot reload: the policy in force stays", &error);
	notify("READY=1");
	notice_policy(daemon);
}

static void tick(void *context, uint32_t events)
{
	struct daemon *daemon = context;

	(void)events;
	timer_take(&daemon->tick);
	timer_set(&daemon->tick, TICK_MS);
	if (daemon->reload)
		reload(daemon);
	notice_policy(daemon);
	if (daemon->ticks % FORWARDING_TICKS == 0)
		links_look_at_forwarding(&daemon->links);
	see_to_pending(daemon);
	lists_tick(&daemon->lists);
	stayers_tick(&daemon->stayers);
	intake_tick(&daemon->intake, daemon->subscribers.count > 0);
	subscribers_tick(&daemon->subscribers);
	attempt_log_tick(&daemon->attempt_log);
	if (names_tick(&daemon->names))
		notice_policy(daemon);
	if (daemon->ticks++ % METRICS_FILE_SECONDS == 0)
		write_metrics(daemon);
	tell_manager(daemon);
}

/* --- what else happens ------------------------------------------------------------------------ */

static void signal_came(void *context, uint32_t events)
{
	struct daemon *daemon = context;
	struct signalfd_siginfo signal;

	(void)events;
	if (read(daemon->signals.fd, &signal, sizeof(signal)) != sizeof(signal))
		return;
	if (signal.ssi_signo == SIGHUP)
		reload(daemon);
	else if (signal.ssi_signo == SIGUSR1)
		names_ask_all(&daemon->names);
	else
		daemon->loop.stop = true;
}

static void attempt_changed(void *context, struct history_entry *entry)
{
	struct daemon *daemon = context;

	attempt_log_attempt(&daemon->attempt_log, &daemon->intake, entry);
}

static void attempts_changed(void *context)
{
	struct daemon *daemon = context;

	subscribers_flush(&daemon->subscribers);
}

static json_t *rules_make(const struct snapshot *snapshot)
{
	_cleanup_(sockets_free) struct sockets sockets = {0};
	int r = audit_read_sockets(&sockets, NULL);

	return rules_line_make(snapshot, r ? NULL : &sockets);
}

static json_t *broadcast_make(void *context, enum feed_broadcast kind)
{
	struct daemon *daemon = context;
	_cleanup_(snapshot_free) struct snapshot snapshot = {0};
	const struct snapshot *found = NULL;

	if (kind != FEED_LISTS && !snapshot_read(&daemon->options->instance, &snapshot, NULL))
		found = &snapshot;
	switch (kind) {
	case FEED_STATUS:
		return status_line_make(found, daemon->intake.history);
	case FEED_RULES:
		return rules_make(found);
	case FEED_LISTS:
		return lists_line_make(&daemon->lists);
	case FEED_BULLETIN_COUNT:
		break;
	}
	return NULL;
}

/* --- start and stop --------------------------------------------------------------------------- */

static int signals_open(struct daemon *daemon)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	if (sigprocmask(SIG_BLOCK, &set, NULL))
		return -errno;
	daemon->signals =
		(struct watch){signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK), signal_came, daemon};
	if (daemon->signals.fd < 0)
		return -errno;
	return loop_add(&daemon->loop, &daemon->signals, EPOLLIN);
}

/* One daemon an instance; then what it waits for. */
static int open_base(struct daemon *daemon, struct error *ret_error)
{
	int r = lock_take(&daemon->options->instance, LOCK_NAME, &daemon->lock, NULL, ret_error);

	if (r == -EBUSY)
		error_set(ret_error, EBUSY, "another daemon serves %s already",
			  daemon->options->instance.state_dir);
	if (r)
		return r;
	r = loop_open(&daemon->loop);
	if (!r)
		r = signals_open(daemon);
	if (!r)
		r = timer_add(&daemon->loop, &daemon->tick);
	return r ? error_set(ret_error, -r, "cannot start: %s", strerror(-r)) : 0;
}

static int open_policy(struct daemon *daemon, struct error *ret_error)
{
	in_force_update(&daemon->in_force);
	if (!daemon->in_force.generation.number) {
		struct serve_options patient = *daemon->options;
		int r;

		/* It may wait: before it is ready nothing needs it, and no policy is in force. */
		patient.instance.never_waits = false;
		r = policy_boot(&patient, ret_error);
		if (r)
			return r;
		in_force_update(&daemon->in_force);
	}
	lists_reset(&daemon->lists);
	return 0;
}

static int open_all(struct daemon *daemon, struct error *ret_error)
{
	int r = open_base(daemon, ret_error);

	if (!r)
		r = open_policy(daemon, ret_error);
	if (!r)
		r = links_open(&daemon->links, &daemon->loop, &daemon->in_force, ret_error);
	if (!r)
		r = shield_open(&daemon->shield, ret_error);
	if (r)
		return r;
	attempt_log_open(&daemon->attempt_log, daemon->options->log_file);
	names_open(&daemon->names);
	r = intake_open(&daemon->intake, ret_error);
	if (!r)
		r = subscribers_open(&daemon->subscribers, ret_error);
	return r ? r : privileges_drop(ret_error);
}

/* Nothing stays of a daemon that has stopped; nor of the directory, if there is nothing else in it. */
static void lock_release(struct daemon *daemon)
{
	const char *directory = daemon->options->instance.state_dir;
	char path[4096];

	if (daemon->lock < 0)
		return;
	snprintf(path, sizeof(path), "%s/" LOCK_NAME, directory);
	unlink(path);
	cleanup_close(&daemon->lock);
	rmdir(directory);
}

static void close_all(struct daemon *daemon)
{
	subscribers_close(&daemon->subscribers);
	attempt_log_close(&daemon->attempt_log);
	names_close(&daemon->names);
	lists_close(&daemon->lists);
	intake_close(&daemon->intake);
	shield_close(&daemon->shield);
	links_close(&daemon->links);
	in_force_close(&daemon->in_force);
	watch_close(&daemon->loop, &daemon->tick);
	watch_close(&daemon->loop, &daemon->signals);
	loop_close(&daemon->loop);
	lock_release(daemon);
}

static void daemon_init(struct daemon *daemon, const struct serve_options *options)
{
	*daemon = (struct daemon){
		.options = options,
		.loop = {.epoll = -1},
		.in_force = IN_FORCE_OF(&options->instance),
		.links = {.pause = {.fd = -1}},
		.shield = {.in_force = &daemon->in_force,
			   .links = &daemon->links,
			   .loop = &daemon->loop,
			   .limits = options->flood,
			   .timer = {.fd = -1}},
		.intake = {.in_force = &daemon->in_force,
			   .links = &daemon->links,
			   .loop = &daemon->loop,
			   .pause = {.fd = -1},
			   .changed = attempt_changed,
			   .flush = attempts_changed,
			   .context = daemon},
		.subscribers = {.instance = &options->instance,
				.loop = &daemon->loop,
				.intake = &daemon->intake,
				.listener = {.fd = -1},
				.make = broadcast_make,
				.context = daemon},
		.lists = {.instance = &options->instance, .maps = &daemon->in_force.maps},
		.stayers = {.in_force = &daemon->in_force},
		.attempt_log = {.file = LOG_FILE_AT(NULL)},
		.names = {.options = options,
			  .in_force = &daemon->in_force,
			  .link = {.instance = &options->instance,
				   .loop = &daemon->loop,
				   .watch = {.fd = -1}}},
		.signals = {.fd = -1},
		.tick = {.fd = -1, .ready = tick, .context = daemon},
		.lock = -1,
	};
}

static void say_serving(const struct daemon *daemon)
{
	uint32_t generation = daemon->in_force.generation.number;

	if (generation)
		say(SAY_INFO, "serving generation %u on %s", generation,
		    daemon->in_force.names.snapshot.node);
	else
		say(SAY_INFO, "serving; nothing is applied");
}

int serve_run(const struct serve_options *options, struct error *ret_error)
{
	struct daemon daemon;
	int r;

	daemon_init(&daemon, options);
	r = open_all(&daemon, ret_error);
	if (!r) {
		say_serving(&daemon);
		notify("READY=1");
		timer_set(&daemon.tick, 0);
		r = loop_run(&daemon.loop);
		notify("STOPPING=1");
		if (r)
			error_set(ret_error, -r, "cannot wait any more: %s", strerror(-r));
		else
			say(SAY_INFO, "stopped%s",
			    daemon.in_force.generation.number ? "; the policy goes on filtering"
							      : "");
	}
	close_all(&daemon);
	return r;
}
