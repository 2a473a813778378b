/* SPDX-License-Identifier: GPL-2.0 */
/*
 * packets_during_change.c - numbered packets arrive while the policy is changed to and fro.
 *
 *	packets_during_change -r RELOADS -n PACKETS -c CABLE -A PORTS -B PORTS -E PORTS -N
 *		PORTS FILE_A FILE_B APPLY...
 *
 * PORTS: "25/tcp,514/udp" open in A only, in B only, in either, in neither. APPLY is run with
 * "--config FILE apply" behind it; FILE_A is in force at the start. The process is in the node's
 * namespace and cgroup.
 *
 * While nothing changes, each packet must have the verdict of the policy in force, from the moment
 * at which apply has returned; while something does, that of the old policy or of the new one.
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <rolewall/abi.h>

#include "wire.h"

#define BATCH	  64
#define SETTLED	  2 * BATCH	 /* at least, after each change */
#define RING	  (1024 * BATCH) /* numbers, before they begin anew */
#define PORTS_MAX 64
#define WAIT_MS	  10000
#define SOURCES	  64

enum { IN_A = 1, IN_B = 2 };

struct port_under_test {
	uint16_t port;
	uint8_t l4;
	uint8_t open; /* IN_A, IN_B */
};

struct storm {
	struct cable cable;
	struct receiver receiver;
	struct port_under_test ports[PORTS_MAX];
	size_t port_count;
	struct port_under_test marker; /* open in either: whatever was sent before it is judged */
	uint32_t next;		       /* number of the next packet */
	uint64_t sent, total;
	uint64_t passed, dropped, changing, wrong;
	uint8_t sources[SOURCES][16];
};

static void ports_parse(struct storm *storm, char *text, uint8_t open)
{
	char *next, *word;

	for (word = strtok_r(text, ",", &next); word; word = strtok_r(NULL, ",", &next)) {
		struct port_under_test *port = &storm->ports[storm->port_count++];

		if (storm->port_count == PORTS_MAX)
			errx(2, "too many ports");
		port->port = (uint16_t)atoi(word);
		port->l4 = strstr(word, "/udp") ? RW_L4_UDP : RW_L4_TCP;
		port->open = open;
		if (open == (IN_A | IN_B) && port->l4 == RW_L4_TCP)
			storm->marker = *port;
	}
}

static void packet_send(struct storm *storm, const struct port_under_test *port)
{
	struct packet_spec spec = {
		.source = storm->sources[rand() % SOURCES],
		.l4 = port->l4,
		.port = port->port,
	};

	storm->receiver.seen[storm->next] = false;
	cable_send(&storm->cable, &spec, storm->next++);
	storm->sent++;
}

/* `may`, `must`: bits of the policies; a packet may pass by any of the first, and has to by all of
 * the second.
 */
static void packet_check(struct storm *storm, const struct port_under_test *port, uint32_t id,
			 uint8_t policies)
{
	bool seen = storm->receiver.seen[id], some = port->open & policies;
	bool all = (port->open & policies) == policies;

	if (seen)
		storm->passed++;
	else
		storm->dropped++;
	if ((!seen || some) && (seen || !all))
		return;
	if (storm->wrong++ < 20)
		printf("packet %u to port %u/%s %s: open in %s%s, in force %s%s\n", id, port->port,
		       port->l4 == RW_L4_TCP ? "tcp" : "udp", seen ? "passed" : "was dropped",
		       port->open & IN_A ? "A" : "", port->open & IN_B ? "B" : "",
		       policies & IN_A ? "A" : "", policies & IN_B ? "B" : "");
}

static void batch_run(struct storm *storm, uint8_t policies)
{
	struct port_under_test ports[BATCH];
	uint32_t first;

	if (storm->next == RING)
		storm->next = 0;
	first = storm->next;
	for (int i = 0; i < BATCH - 1; i++) {
		ports[i] = storm->ports[(size_t)rand() % storm->port_count];
		packet_send(storm, &ports[i]);
	}
	ports[BATCH - 1] = storm->marker;
	packet_send(storm, &storm->marker);
	receiver_wait(&storm->receiver, storm->next - 1, WAIT_MS);
	for (int i = 0; i < BATCH; i++)
		packet_check(storm, &ports[i], first + i, policies);
	if (policies == (IN_A | IN_B))
		storm->changing += BATCH;
}

static pid_t apply_start(const char *file, char **command, int words)
{
	char *argv[64] = {0};
	pid_t child;

	if (words > 60)
		errx(2, "the command is too long");
	memcpy(argv, command, words * sizeof(*argv));
	argv[words] = "--config";
	argv[words + 1] = (char *)file;
	argv[words + 2] = "apply";
	child = fork();
	if (child < 0)
		err(2, "fork");
	if (child == 0) {
		execv(argv[0], argv);
		err(127, "%s", argv[0]);
	}
	return child;
}

static void change(struct storm *storm, const char *file, char **command, int words)
{
	pid_t child = apply_start(file, command, words);
	int status;

	while (waitpid(child, &status, WNOHANG) == 0)
		batch_run(storm, IN_A | IN_B);
	if (!WIFEXITED(status) || WEXITSTATUS(status))
		errx(1, "apply fails");
}

static void sources_make(struct storm *storm)
{
	char text[64];

	for (int i = 0; i < SOURCES; i++) {
		if (i % 2)
			snprintf(text, sizeof(text), "198.51.100.%d", 2 + i);
		else
			snprintf(text, sizeof(text), "2001:db8:4::%x", 2 + i);
		address_parse(text, storm->sources[i]);
	}
}

static void storm_run(struct storm *storm, int reloads, char **words, int count)
{
	uint64_t share = storm->total / reloads + 1;

	for (int i = 0; i < reloads; i++) {
		uint8_t now = i % 2 ? IN_A : IN_B;
		uint64_t until = (i + 1) * share;

		change(storm, words[i % 2 ? 0 : 1], words + 2, count - 2);
		for (int k = 0; k < SETTLED / BATCH || storm->sent < until; k++)
			batch_run(storm, now);
	}
}

int main(int argc, char **argv)
{
	static struct storm storm;
	int option, reloads = 1000;

	storm.total = 1000000;
	while ((option = getopt(argc, argv, "+r:n:c:A:B:E:N:")) != -1) {
		if (option == 'r')
			reloads = atoi(optarg);
		else if (option == 'n')
			storm.total = strtoull(optarg, NULL, 10);
		else if (option == 'c')
			cable_open(&storm.cable, optarg);
		else if (strchr("ABEN", option))
			ports_parse(&storm, optarg,
				    option == 'A'   ? IN_A
				    : option == 'B' ? IN_B
				    : option == 'E' ? IN_A | IN_B
						    : 0);
		else
			return 2;
	}
	if (argc - optind < 3 || !storm.marker.port || reloads < 1)
		errx(2, "see the head of storm.c");
	receiver_open(&storm.receiver, RING);
	sources_make(&storm);
	batch_run(&storm, IN_A);
	storm_run(&storm, reloads, argv + optind, argc - optind);
	printf("%d reloads, %llu packets: %llu passed, %llu dropped, %llu while changing, %llu "
	       "wrong\n",
	       reloads, (unsigned long long)storm.sent, (unsigned long long)storm.passed,
	       (unsigned long long)storm.dropped, (unsigned long long)storm.changing,
	       (unsigned long long)storm.wrong);
	return storm.wrong ? 1 : 0;
}
