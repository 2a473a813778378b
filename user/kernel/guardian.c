/* SPDX-License-Identifier: GPL-2.0 */
/* guardian.c - wait for the deadline apart from everybody, then roll back. */
#include "guardian.h"

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

#include "../util/cleanup.h"
#include "cgroup.h"
#include "maps.h"
#include "pending.h"

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

void guardian_announce(const struct rollback_result *rolled)
{
	char text[256];

	if (rolled->to)
		snprintf(text, sizeof(text),
			 "rolewall: generation %u was not confirmed in time; generation %u is in "
			 "force again",
			 rolled->from, rolled->to);
	else
		snprintf(text, sizeof(text),
			 "rolewall: generation %u was not confirmed in time; as before it, nothing "
			 "is filtered",
			 rolled->from);
	openlog("rolewall", LOG_PID, LOG_DAEMON);
	syslog(LOG_WARNING, "%s", text);
	closelog();
	run_wall(text);
}

/* Descriptors are somebody else's terminal, pipe or lock. */
static void close_everything(void)
{
	int null = open("/dev/null", O_RDWR);
	DIR *dir = opendir("/proc/self/fd");
	const struct dirent *entry;

	dup2(null, STDIN_FILENO);
	dup2(null, STDOUT_FILENO);
	dup2(null, STDERR_FILENO);
	while (dir && (entry = readdir(dir))) {
		int fd = atoi(entry->d_name);

		if (fd > STDERR_FILENO && fd != dirfd(dir))
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

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL) == EINTR)
		;
}

/* Still the very same? An error is no answer: the next second asks again. */
static bool is_pending(const struct instance *instance, const struct rw_pending *pending)
{
	_maps_ struct maps maps = MAPS_NONE;
	struct rw_pending found = {0};
	int error = maps_open(instance, &maps, NULL);

	if (!error)
		error = pending_read_raw(&maps, &found, NULL);
	return error ? error != -ENOENT : memcmp(&found, pending, sizeof(found)) == 0;
}

static void guard(const struct instance *instance, const struct rw_pending *pending)
{
	struct rollback_result rolled = {0};

	while (is_pending(instance, pending) && pending_now() < pending->deadline + PATIENCE_NS) {
		uint64_t next = pending_now() + SECOND_NS;

		sleep_until(next < pending->deadline || pending_now() >= pending->deadline
				    ? next
				    : pending->deadline);
		if (pending_now() < pending->deadline ||
		    rollback_expired(instance, pending, &rolled, NULL))
			continue;
		if (rolled.from)
			guardian_announce(&rolled);
		return;
	}
}

static void guardian_run(const struct instance *instance, const struct rw_pending *pending)
{
	setsid();
	/* Not the leader of the session, so that no terminal can ever become its own. */
	if (fork() != 0)
		_exit(0);
	/* It has little to do, but that in time: a flood, or a busy machine, is no excuse. */
	setpriority(PRIO_PROCESS, 0, -20);
	signal(SIGHUP, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGINT, SIG_IGN);
	signal(SIGQUIT, SIG_IGN);
	prctl(PR_SET_NAME, PROCESS_NAME);
	close_everything();
	leave_session(instance);
	if (chdir("/"))
		_exit(1);
	guard(instance, pending);
	_exit(0);
}

/* Where it goes, relative paths lead elsewhere. */
static const char *absolute(const char *path, char ret[PATH_MAX])
{
	return path ? realpath(path, ret) ? ret : path : NULL;
}

int guardian_start(const struct instance *instance, const struct rw_pending *pending,
		   struct error *ret_error)
{
	char bpffs[PATH_MAX], state[PATH_MAX], lib[PATH_MAX], cgroup[PATH_MAX];
	struct instance there = {
		.bpffs_dir = absolute(instance->bpffs_dir, bpffs),
		.state_dir = absolute(instance->state_dir, state),
		.lib_dir = absolute(instance->lib_dir, lib),
		.cgroup_dir = absolute(instance->cgroup_dir, cgroup),
	};
	int status = 0;
	pid_t child = fork();

	if (child == 0)
		guardian_run(&there, pending);
	if (child < 0 || waitpid(child, &status, 0) != child)
		return error_set(ret_error, errno,
				 "cannot start the process that would take the policy back: %s",
				 strerror(errno));
	return 0;
}
