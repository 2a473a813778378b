/* SPDX-License-Identifier: GPL-2.0 */
/*
 * kill_at_syscall.c - end a program at one of its system calls.
 *
 *	kill_at_syscall list COMMAND...         run it, and print "K NAME" for each system
 *		call, from 1
 *	kill_at_syscall at NAME:N COMMAND...    SIGKILL before the N-th of that name takes
 *		place; exit 0 if it got that far
 *
 * By name, since nobody's run has the calls of another: whoever looks through /proc reads as many
 * files as there are processes.
 *
 * Only the command's own thread is counted; what it forks runs on undisturbed. bpf(2) is named for
 * what it does: "bpf:MAP_CREATE".
 */
#include <err.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/bpf.h>
#include <linux/ptrace.h>

struct name {
	long number;
	const char *name;
};

/* Where to strike: the command dies at the `left`-th call of this name. NULL: nowhere, list them. */
struct target {
	const char *name;
	unsigned long left;
};

#define NAME_BYTES 32

static const struct name bpf_names[] = {
	{BPF_MAP_CREATE, "MAP_CREATE"},
	{BPF_MAP_LOOKUP_ELEM, "MAP_LOOKUP"},
	{BPF_MAP_UPDATE_ELEM, "MAP_UPDATE"},
	{BPF_MAP_DELETE_ELEM, "MAP_DELETE"},
	{BPF_PROG_LOAD, "PROG_LOAD"},
	{BPF_OBJ_PIN, "OBJ_PIN"},
	{BPF_OBJ_GET, "OBJ_GET"},
	{BPF_MAP_FREEZE, "MAP_FREEZE"},
	{BPF_LINK_CREATE, "LINK_CREATE"},
	{BPF_LINK_UPDATE, "LINK_UPDATE"},
	{BPF_OBJ_GET_INFO_BY_FD, "INFO"},
	{BPF_MAP_GET_FD_BY_ID, "GET_FD"},
	{BPF_MAP_UPDATE_BATCH, "UPDATE_BATCH"},
};

static const struct name call_names[] = {
	{SYS_openat, "openat"},	  {SYS_close, "close"},		{SYS_read, "read"},
	{SYS_write, "write"},	  {SYS_fsync, "fsync"},		{SYS_rename, "rename"},
	{SYS_unlink, "unlink"},	  {SYS_mkdir, "mkdir"},		{SYS_rmdir, "rmdir"},
	{SYS_flock, "flock"},	  {SYS_fchmod, "fchmod"},	{SYS_sendto, "sendto"},
	{SYS_recvmsg, "recvmsg"}, {SYS_getdents64, "getdents"}, {SYS_clone, "clone"},
	{SYS_execve, "execve"},	  {SYS_pwrite64, "pwrite"},	{SYS_ftruncate, "ftruncate"},
	{SYS_link, "link"},
};

static const char *name_find(const struct name *names, size_t count, long number)
{
	for (size_t i = 0; i < count; i++)
		if (names[i].number == number)
			return names[i].name;
	return "other";
}

/* Into `ret`, of NAME_BYTES. */
static void call_name(char *ret, const struct ptrace_syscall_info *info)
{
	if (info->entry.nr == SYS_bpf)
		snprintf(ret, NAME_BYTES, "bpf:%s",
			 name_find(bpf_names, sizeof(bpf_names) / sizeof(*bpf_names),
				   (long)info->entry.args[0]));
	else
		snprintf(ret, NAME_BYTES, "%s",
			 name_find(call_names, sizeof(call_names) / sizeof(*call_names),
				   (long)info->entry.nr));
}

static pid_t command_start(char **argv)
{
	pid_t child = fork();

	if (child < 0)
		err(2, "fork");
	if (child == 0) {
		if (ptrace(PTRACE_TRACEME, 0, NULL, NULL))
			err(127, "ptrace");
		raise(SIGSTOP);
		execvp(argv[0], argv);
		err(127, "%s", argv[0]);
	}
	if (waitpid(child, NULL, 0) != child)
		err(2, "waitpid");
	if (ptrace(PTRACE_SETOPTIONS, child, NULL, PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL))
		err(2, "ptrace");
	return child;
}

/* Returns the signal to hand on, or -1 at a system call. */
static int stop_reason(int status)
{
	if (WSTOPSIG(status) == (SIGTRAP | 0x80))
		return -1;
	return WSTOPSIG(status) == SIGTRAP ? 0 : WSTOPSIG(status);
}

/* True: the command is to die here. */
static bool call_visit(pid_t child, struct target *target, unsigned long *at)
{
	struct ptrace_syscall_info info;
	char name[NAME_BYTES];

	if (ptrace(PTRACE_GET_SYSCALL_INFO, child, (void *)sizeof(info), &info) <= 0)
		err(2, "ptrace");
	if (info.op != PTRACE_SYSCALL_INFO_ENTRY)
		return false;
	(*at)++;
	call_name(name, &info);
	if (target->name)
		return !strcmp(name, target->name) && --target->left == 0;
	printf("%lu %s\n", *at, name);
	return false;
}

static int command_watch(pid_t child, struct target *target)
{
	unsigned long at = 0;
	int status, signal = 0;

	for (;;) {
		if (ptrace(PTRACE_SYSCALL, child, NULL, (void *)(long)signal))
			err(2, "ptrace");
		if (waitpid(child, &status, 0) != child)
			err(2, "waitpid");
		if (!WIFSTOPPED(status))
			break;
		signal = stop_reason(status);
		if (signal >= 0)
			continue;
		signal = 0;
		if (!call_visit(child, target, &at))
			continue;
		kill(child, SIGKILL);
		waitpid(child, &status, 0);
		return 0;
	}
	if (!target->name)
		return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
	warnx("it ended after %lu system calls", at);
	return 1;
}

/* NAME:N, where a name can have a colon of its own. */
static void target_parse(struct target *ret, char *text)
{
	char *colon = strrchr(text, ':');

	if (!colon)
		errx(2, "%s is not NAME:N", text);
	*colon = '\0';
	ret->name = text;
	ret->left = strtoul(colon + 1, NULL, 10);
}

int main(int argc, char **argv)
{
	bool list = argc > 2 && !strcmp(argv[1], "list");
	struct target target = {0};

	if (!list && (argc < 4 || strcmp(argv[1], "at")))
		errx(2, "usage: kill_at_syscall list COMMAND... | at NAME:N COMMAND...");
	if (!list)
		target_parse(&target, argv[2]);
	/* The list shares stdout with nobody: the command's own output would be mixed in. */
	return command_watch(command_start(argv + (list ? 2 : 3)), &target);
}
