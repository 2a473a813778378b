/* SPDX-License-Identifier: GPL-2.0 */
/* rollback_timer.c - wait for the deadline apart from everybody, then roll back. */
#include "kernel/commit/rollback_timer.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "kernel/attach/cgroup.h"
#include "kernel/commit/pending.h"
#include "kernel/object/maps.h"
#include "util/cleanup.h"

#define SECOND_NS    1000000000ULL
#define PATIENCE_NS  (600 * SECOND_NS)	/* past the deadline, with a kernel that says no */
#define PROCESS_NAME "rolewall-confirm" /* the kernel keeps 15 characters */

static void run_wall(const char *text)
{
	int status;
	pid_t child = fork();

	if (child == 0) {
		execlp("wall", "wall", text, NULL);
		_exit(127);
	}
	if (child > 0)
		waitpid(child, &status, 0);
}

/* To everybody who is logged in, and to the journal. */
static void tell_everybody(const char *text)
{
	openlog("rolewall", LOG_PID, LOG_DAEMON);
	syslog(LOG_WARNING, "%s", text);
	closelog();
	run_wall(text);
}

void rollback_timer_announce(const struct rollback_result *rolled)
{
	const char *warning = rolled->warning.what;
	char text[1024];

	if (rolled->to)
		snprintf(text, sizeof(text),
			 "rolewall: generation %u was not confirmed in time; generation %u is in "
			 "force again%s%s; \"rolewall apply --confirm=SECONDS\" tries it once "
			 "more",
			 rolled->from, rolled->to, *warning ? "; " : "", warning);
	else
		snprintf(text, sizeof(text),
			 "rolewall: generation %u was not confirmed in time; as before it, nothing "
			 "is filtered%s%s; \"rolewall apply --confirm=SECONDS\" tries it once "
			 "more",
			 rolled->from, *warning ? "; " : "", warning);
	tell_everybody(text);
}

static void announce_failure(const struct rw_pending *pending, const struct error *cause)
{
	char text[1024];

	snprintf(text, sizeof(text),
		 "rolewall: generation %u was not confirmed in time, but cannot be taken back: %s; "
		 "it stays in force, 'rolewall status' says what to do",
		 pending->generation, cause->what);
	tell_everybody(text);
}

/* Inherited descriptors are the caller's terminal, pipe or lock. Keep only `kept`, above them. */
static void close_everything_but(int kept)
{
	int null = open("/dev/null", O_RDWR);
	DIR *dir = opendir("/proc/self/fd");
	const struct dirent *entry;

	dup2(null, STDIN_FILENO);
	dup2(null, STDOUT_FILENO);
	dup2(null, STDERR_FILENO);
	while (dir && (entry = readdir(dir))) {
		int fd = atoi(entry->d_name);

		if (fd > STDERR_FILENO && fd != dirfd(dir) && fd != kept)
			close(fd);
	}
	if (dir)
		closedir(dir);
}

/* Out of the session's cgroup, which may be ended with the session. If it cannot be, so be it. */
static void leave_session(const struct instance *instance)
{
	_close_ int cgroup = -1, procs = -1;

	if (cgroup_open(instance, &cgroup, NULL) == 0)
		procs = openat(cgroup, "cgroup.procs", O_WRONLY | O_CLOEXEC);
	if (procs >= 0 && write(procs, "0", 1) != 1)
		return;
}

static void sleep_until(uint64_t ns)
{
	struct timespec at = {.tv_sec = ns / SECOND_NS, .tv_nsec = ns % SECOND_NS};

	while (clock_nanosleep(CLOCK_BOOTTIME, TIMER_ABSTIME, &at, NULL) == EINTR)
		;
}

static int read_pending(const struct instance *instance, struct rw_pending *ret)
{
	_maps_ struct maps maps = MAPS_NONE;
	int r = maps_open(instance, &maps, NULL);

	return r ? r : pending_read_raw(&maps, ret, NULL);
}

/* Still the very same? An error is no answer: the next second asks again. */
static bool is_pending(const struct instance *instance, const struct rw_pending *pending)
{
	struct rw_pending found = {0};
	int r = read_pending(instance, &found);

	return r ? r != -ENOENT : memcmp(&found, pending, sizeof(found)) == 0;
}

static void guard(const struct instance *instance, const struct rw_pending *pending)
{
	struct rollback_result rolled = {0};
	bool told = false;

	while (is_pending(instance, pending) && pending_now() < pending->deadline + PATIENCE_NS) {
		uint64_t next = pending_now() + SECOND_NS;
		struct error cause = {0};

		sleep_until(next < pending->deadline || pending_now() >= pending->deadline
				    ? next
				    : pending->deadline);
		if (pending_now() < pending->deadline)
			continue;
		if (rollback_expired(instance, pending, &rolled, &cause)) {
			if (!told)
				announce_failure(pending, &cause);
			told = true;
			continue;
		}
		if (rolled.from)
			rollback_timer_announce(&rolled);
		return;
	}
}

/* Detach from the process that started it. Returns 0 if it can do its work here, or -errno. */
static int timer_detach(const struct instance *instance, const struct rw_pending *pending,
			int ready)
{
	struct rw_pending found = {0};
	int r;

	/* It has little to do, but that in time: a flood, or a busy machine, is no excuse. */
	setpriority(PRIO_PROCESS, 0, -20);
	signal(SIGHUP, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGINT, SIG_IGN);
	signal(SIGQUIT, SIG_IGN);
	prctl(PR_SET_NAME, PROCESS_NAME);
	close_everything_but(ready);
	leave_session(instance);
	if (chdir("/"))
		return -errno;
	r = read_pending(instance, &found);
	if (r)
		return r;
	return memcmp(&found, pending, sizeof(found)) ? -ESTALE : 0;
}

/* Send 0, or the error, to the process that waits. False: that process is gone. */
static bool answer(int ready, int error)
{
	return write(ready, &error, sizeof(error)) == sizeof(error);
}

static void rollback_timer_run(const struct instance *instance, const struct rw_pending *pending,
			       int ready)
{
	/* Not the leader of the session, so that no terminal can ever become its own. */
	pid_t child = setsid() < 0 ? -1 : fork();
	int r;

	if (child < 0)
		answer(ready, -errno);
	if (child != 0)
		_exit(child < 0);
	ready = fcntl(ready, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	r = timer_detach(instance, pending, ready);
	/* A process that is gone commits nothing. */
	if (!answer(ready, r) || r)
		_exit(1);
	close(ready);
	guard(instance, pending);
	_exit(0);
}

/* Where it goes, relative paths lead elsewhere. */
static const char *absolute(const char *path, char ret[PATH_MAX])
{
	return path ? realpath(path, ret) ? ret : path : NULL;
}

/* What it answers; it has died if that is nothing. */
static int await_answer(int ready)
{
	int r = 0;
	ssize_t got;

	do
		got = read(ready, &r, sizeof(r));
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return -errno;
	return got == sizeof(r) ? r : -ESRCH;
}

static int timer_start(const struct instance *instance, const struct rw_pending *pending)
{
	_close_ int reader = -1, writer = -1;
	int ends[2];
	pid_t child;

	if (pipe2(ends, O_CLOEXEC))
		return -errno;
	reader = ends[0];
	writer = ends[1];
	child = fork();
	if (child < 0)
		return -errno;
	if (child == 0)
		rollback_timer_run(instance, pending, writer);
	close(TAKE_FD(writer));
	waitpid(child, NULL, 0);
	return await_answer(reader);
}

int rollback_timer_start(const struct instance *instance, const struct rw_pending *pending,
			 struct error *ret_error)
{
	char bpffs[PATH_MAX], state[PATH_MAX], lib[PATH_MAX], cgroup[PATH_MAX];
	struct instance there = {
		.bpffs_dir = absolute(instance->bpffs_dir, bpffs),
		.state_dir = absolute(instance->state_dir, state),
		.lib_dir = absolute(instance->lib_dir, lib),
		.cgroup_dir = absolute(instance->cgroup_dir, cgroup),
	};
	int r = timer_start(&there, pending);

	if (!r)
		return 0;
	error_set(ret_error, -r, "cannot start the process that would take the policy back: %s",
		  strerror(-r));
	error_hint(ret_error, "nothing was changed; try again, or apply without --confirm");
	return r;
}
