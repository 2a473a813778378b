// SPDX-License-Identifier: GPL-2.0
/*
 * probe.c - the table of subcommands.
 */
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "probe.h"

struct subcommand {
	const char *name;
	const char *arguments;
	const char *about;
	int (*run)(int argc, char **argv);
};

static const struct subcommand subcommands[] = {
	{"listen", "[-d DEVICE] [-t PORTS] [-u PORTS]",
	 "answer on TCP and UDP ports, IPv4 and IPv6", probe_listen},
	{"scan", "[-d DEVICE] [-t PORTS] [-u PORTS] [-s SOURCE] [-w MS] ADDRESS...",
	 "print PROTO FAMILY PORT open|refused|unreachable|silent", probe_scan},
	{"flood", "[-a] [-R] [-s FIRST_SOURCE] [-n SOURCES] [-c PACKETS] [-r RATE] ADDRESS PORT",
	 "send TCP SYNs (-a: ACKs) with made-up IPv4 sources; -R: at random, and PORT 0: to any "
	 "port",
	 probe_flood},
	{"source", "PORT BYTES", "send BYTES to the first TCP caller", probe_source},
	{"sink", "PORT", "count the bytes of the first TCP caller", probe_sink},
	{"get", "ADDRESS PORT", "count the bytes a TCP server sends", probe_get},
	{"put", "ADDRESS PORT BYTES", "send BYTES to a TCP server", probe_put},
	{"talk", "ADDRESS PORT", "send lines of stdin over one TCP connection, print the echo",
	 probe_talk},
	{"query", "ADDRESS PORT", "ask over UDP, then print every datagram that comes",
	 probe_query},
	{"send", "[-s SOURCE] [-p SOURCE_PORT] ADDRESS PORT TEXT", "send one UDP datagram",
	 probe_send},
	{"exchange", "[-c] [-s SOURCE] [-p SOURCE_PORT] [-w MS] ADDRESS PORT",
	 "send one UDP datagram (-c: connected), print answered|silent", probe_exchange},
	{"late", "[-d MS] [-e MS] PORT",
	 "answer UDP after a while (-d), and then again and again (-e)", probe_late},
	{"group", "ADDRESS|DEVICE GROUP PORT",
	 "join a multicast group, send to it, print heard|silent", probe_group},
	{"syn",
	 "-i DEVICE -m MAC -s SOURCE [-a] [-p SOURCE_PORT] [-v VLANS] [-x EXTENSIONS] [-w MS] "
	 "ADDRESS PORT",
	 "send one TCP SYN (-a: ACK) made by hand, print open|refused|silent", probe_syn},
	{"strays", "SOURCE TARGET COUNT MICROSECONDS",
	 "send later fragments of datagrams without a first one", probe_strays},
	{"pieces", "forward|backward|shuffled COUNT SOURCE TARGET SOURCE_PORT PORT BYTES",
	 "send UDP datagrams, their fragments in that order", probe_pieces},
	{"serve", "PORT BYTES", "send BYTES to every TCP caller", probe_serve},
	{"fetch", "COUNT ADDRESS PORT", "count the bytes that COUNT connections at once bring",
	 probe_fetch},
	{"echo", "COUNT ADDRESS PORT",
	 "COUNT connections to a server that echoes; each wants back what it has sent", probe_echo},
	{"ask", "[-1] COUNT ADDRESS PORT",
	 "ask over UDP, each question from a port of its own (-1: all from one), count the answers",
	 probe_ask},
	{"wire", "[-k KIND] DEVICE NAMESPACE OTHER_DEVICE",
	 "connect a tun device here with one there", probe_wire},
	{"bind", "tcp|udp ADDRESS PORT", "print \"bound PORT\" or \"refused\"", probe_bind},
	{"untrack", "", "forget what connection tracking knows", probe_untrack},
	{"hooks", "CGROUP", "count the programs on its hooks", probe_hooks},
	{"stranger", "PIN [egress]", "load a program that passes everything, and pin it",
	 probe_stranger},
};

#define SUBCOMMAND_COUNT (sizeof(subcommands) / sizeof(subcommands[0]))

static int usage_print(void)
{
	for (size_t i = 0; i < SUBCOMMAND_COUNT; i++)
		fprintf(stderr, "probe %s %s\n\t%s\n", subcommands[i].name,
			subcommands[i].arguments, subcommands[i].about);
	return 2;
}

/* A listener on a whole table needs a thousand sockets. Not being allowed more is no error yet. */
static void file_limit_raise(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit))
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

int main(int argc, char **argv)
{
	/* Tests follow the output line by line through files and pipes. */
	setvbuf(stdout, NULL, _IOLBF, 0);
	file_limit_raise();
	for (size_t i = 0; argc > 1 && i < SUBCOMMAND_COUNT; i++) {
		if (!strcmp(argv[1], subcommands[i].name))
			return subcommands[i].run(argc - 1, argv + 1);
	}
	return usage_print();
}
