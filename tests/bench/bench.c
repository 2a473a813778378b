// SPDX-License-Identifier: GPL-2.0
/* bench.c - the table of subcommands, and what all of them need. */
#include "bench.h"

#include <err.h>
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct subcommand {
	const char *name;
	const char *arguments;
	const char *about;
	int (*run)(int argc, char **argv);
};

static const struct subcommand subcommands[] = {
	{"prog-run", "[-p] [-r ROUNDS] [-s SUBJECTS] DIR ROLES CGROUP",
	 "ns a packet, through BPF_PROG_TEST_RUN; -p: a line of input starts each round, "
	 "-s: only names that match",
	 bench_prog_run},
	{"attach", "floor|pass|xdp-filter IFACE [PORT/PROTO...]", "attach a peer", bench_attach},
	{"flood", "ROUNDS PACKETS PORT NAME:IFACE...", "as fast as it goes, in turns", bench_flood},
	{"pace", "IFACE PORT MPPS MS", "a flood at a given rate", bench_pace},
	{"scale", "ROUNDS PACKETS PORT NAME IFACE IFACE",
	 "the first cable alone, then both at once, each on a CPU of its own", bench_scale},
	{"serve", "PORT", "answer transactions and take streams", bench_serve},
	{"transact", "NAME ADDRESS PORT CLIENTS MS NEW|KEEP",
	 "TCP transactions, with a connection each or one for all", bench_transact},
	{"stream", "NAME ADDRESS PORT MS", "bulk TCP", bench_stream},
};

#define SUBCOMMAND_COUNT (sizeof(subcommands) / sizeof(subcommands[0]))

void sample(const char *bench, const char *subject, const char *unit, double value)
{
	printf("%s\t%s\t%s\t%.4f\n", bench, subject, unit, value);
}

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec time;

	clock_gettime(clock, &time);
	return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

uint64_t thread_ns(void)
{
	return clock_ns(CLOCK_THREAD_CPUTIME_ID);
}

uint64_t now_ns(void)
{
	return clock_ns(CLOCK_MONOTONIC);
}

/* The last CPU, if there is no such one. */
void cpu_pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set) && cpu > 0)
		cpu_pin(cpu - 1);
}

uint64_t number_parse(const char *text)
{
	char *end;
	unsigned long long number;

	errno = 0;
	number = strtoull(text, &end, 10);
	if (errno || end == text || *end)
		errx(2, "%s: not a number", text);
	return number;
}

int main(int argc, char **argv)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (size_t i = 0; argc > 1 && i < SUBCOMMAND_COUNT; i++)
		if (!strcmp(argv[1], subcommands[i].name))
			return subcommands[i].run(argc - 1, argv + 1);
	for (size_t i = 0; i < SUBCOMMAND_COUNT; i++)
		fprintf(stderr, "bench %s %s\n\t%s\n", subcommands[i].name,
			subcommands[i].arguments, subcommands[i].about);
	return 2;
}
