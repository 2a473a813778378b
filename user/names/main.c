/* SPDX-License-Identifier: GPL-2.0 */
/*
 * main.c - rolewall-names: the daemon's questions on stdin, answers of name servers on stdout
 * (report/name_answer.h). It speaks to the network, and so has no rights; it ends with its stdin.
 *
 * systemd starts one for a daemon that has names to follow (rolewall-names.socket).
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "names/ask.h"

#define WAITING_MAX 32 /* names that are asked at once; the rest of stdin waits */

enum exit_code { OK = 0, FAILED = 1, USAGE = 2, PERMISSION = 5 }; /* as rolewall has them */

static const char usage[] =
	"rolewall-names\n\n"
	"Asks the host's name servers, for the daemon: a name a line on stdin, its addresses a "
	"line "
	"on\n"
	"stdout. It needs no rights, and does not run as root. rolewall-names.socket starts it.\n\n"
	"  --help, --version\n";

/* A line that is not whole yet. */
struct lines {
	char text[2 * ANSWER_NAME_MAX];
	size_t used;
};

static void answer_write(void *context, const struct name_answer *answer)
{
	bool *broken = context;
	char line[ANSWER_LINE_MAX];
	size_t size = name_answer_format(answer, line), written = 0;

	while (!*broken && written < size) {
		ssize_t r = write(STDOUT_FILENO, line + written, size - written);

		*broken = r < 0 && errno != EINTR;
		written += r > 0 ? r : 0;
	}
}

/* As many whole lines as there is room for questions. */
static void lines_ask(struct lines *lines, struct asker *asker)
{
	char *end;

	while (asker_waiting(asker) < WAITING_MAX &&
	       (end = memchr(lines->text, '\n', lines->used))) {
		size_t size = end - lines->text;

		*end = '\0';
		if (size && size < ANSWER_NAME_MAX)
			asker_ask(asker, lines->text);
		lines->used -= size + 1;
		memmove(lines->text, end + 1, lines->used);
	}
}

/* False: there will be no more, or it makes no sense. */
static bool lines_read(struct lines *lines)
{
	ssize_t size =
		read(STDIN_FILENO, lines->text + lines->used, sizeof(lines->text) - lines->used);

	if (size < 0)
		return errno == EINTR;
	lines->used += size;
	return size > 0;
}

static int answer_all(void)
{
	bool broken = false;
	struct asker *asker = asker_new(answer_write, &broken);
	struct lines lines = {.used = 0};
	bool more = asker;

	/* What was asked is answered, though there is no more to come. */
	while ((more || (asker && asker_waiting(asker))) && !broken) {
		bool full = !more || lines.used == sizeof(lines.text);

		/* A line longer than any name. */
		if (more && full && !memchr(lines.text, '\n', lines.used))
			break;
		if (asker_step(asker, full ? -1 : STDIN_FILENO))
			more = lines_read(&lines);
		lines_ask(&lines, asker);
	}
	asker_free(asker);
	/* A daemon that is gone is no failure. */
	return asker && (!more || broken) ? OK : FAILED;
}

/* It reads what strangers write, so it must not be able to reach anything of value. */
static int privileges_check(void)
{
	if (getuid() == 0 || geteuid() == 0) {
		fputs("rolewall-names: will not run as root: it speaks to the network\n"
		      "  hint: systemctl start rolewall-names.socket\n",
		      stderr);
		return PERMISSION;
	}
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	signal(SIGPIPE, SIG_IGN);
	return OK;
}

int main(int argc, char **argv)
{
	int code;

	if (argc == 2 && !strcmp(argv[1], "--help")) {
		fputs(usage, stdout);
		return OK;
	}
	if (argc == 2 && !strcmp(argv[1], "--version")) {
		puts("rolewall-names " ROLEWALL_VERSION);
		return OK;
	}
	if (argc > 1) {
		fputs("rolewall-names: see rolewall-names --help\n", stderr);
		return USAGE;
	}
	code = privileges_check();
	return code == OK ? answer_all() : code;
}
