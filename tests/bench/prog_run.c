// SPDX-License-Identifier: GPL-2.0
/*
 * prog_run.c - ns a packet, the programs alone: BPF_PROG_TEST_RUN, all subjects in turns.
 *
 * Each subject is first run once and must answer what it is there for, with the reason counted: a
 * fast program that does something else is not measured. The time is that of this thread, so what
 * other processes get does not count; the kernel's own figure would be whole ns only.
 */
#include "bench.h"

#include <arpa/inet.h>
#include <err.h>
#include <net/if.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <bench.skel.h>

#include "instance.h"
#include "peers.h"

#define BENCH	     "prog-run-ns"
#define ROUNDS	     60
#define SAMPLE_NS    15000000 /* about, for one sample */
#define REPEAT_LEAST 1000
#define SUBJECTS_MAX 40
#define PREFIXES     1000
#define BARE_IFACE   "peer0"	/* of room.sh */
#define NODE	     0xcb007101 /* 203.0.113.1 */
#define OUTSIDE	     0xc0000201 /* 192.0.2.1 */
#define INSIDE	     0x0b020105 /* 11.2.1.5, in one of the prefixes */
#define CLOSED	     7
#define SYN	     0x02
#define ACK	     0x10

struct subject {
	const char *name;
	int program;
	uint8_t frame[FRAME_BYTES];
	int random_next; /* index into `next` if each packet has another source, else -1 */
	bool is_cgroup;
	uint32_t repeat;
	uint64_t call_ns; /* the least that a call without packets to speak of took */
};

struct series {
	struct subject subjects[SUBJECTS_MAX];
	size_t count;
	struct bench_bpf *peers;
	regex_t wanted;	      /* names of subjects */
	unsigned int ifindex; /* for the cgroup hook: one that XDP does not cover */
};

/* What a subject has to answer. `reason` is counted by `instance`, if there is one. */
struct expectation {
	uint32_t verdict;
	const struct bench_instance *instance;
	unsigned int reason;
};

#define DROPS                                                                                      \
	(struct expectation)                                                                       \
	{                                                                                          \
		.verdict = XDP_DROP                                                                \
	}
#define PASSES                                                                                     \
	(struct expectation)                                                                       \
	{                                                                                          \
		.verdict = XDP_PASS                                                                \
	}

static const struct segment denied = {OUTSIDE, NODE, 40000, CLOSED, SYN};
static const struct segment allowed = {OUTSIDE, NODE, 40000, 25, SYN};
static const struct segment zoned = {INSIDE, NODE, 40000, 389, SYN};
static const struct segment banned = {RANDOM_FIRST + 500, NODE, 40000, 25, SYN};
static const struct segment spared = {OUTSIDE, NODE, 40000, CLOSED, SYN};

/* Run a subject `repeat` times on one frame. Returns ns of this thread's time for all of it. */
static uint64_t run(const struct series *series, const struct subject *subject, uint32_t repeat,
		    struct bpf_test_run_opts *options)
{
	struct __sk_buff context = {.ifindex = series->ifindex};
	int program = subject->program;
	uint64_t start;

	options->data_in = subject->frame;
	options->data_size_in = FRAME_BYTES;
	options->repeat = repeat;
	if (subject->is_cgroup) {
		options->ctx_in = &context;
		options->ctx_size_in = sizeof(context);
	}
	if (subject->random_next >= 0) {
		series->peers->bss->next_index = subject->random_next;
		program = bpf_program__fd(series->peers->progs.bench_random_source);
	}
	start = thread_ns();
	if (bpf_prog_test_run_opts(program, options))
		err(1, "%s", subject->name);
	return thread_ns() - start;
}

/* The call itself costs milliseconds: the kernel patches its XDP dispatcher. */
static void call_measure(const struct series *series, struct subject *subject)
{
	LIBBPF_OPTS(bpf_test_run_opts, options);
	uint64_t call = run(series, subject, REPEAT_LEAST, &options);

	if (call < subject->call_ns)
		subject->call_ns = call;
}

static double run_ns(const struct series *series, struct subject *subject)
{
	LIBBPF_OPTS(bpf_test_run_opts, options);

	call_measure(series, subject);
	return ((double)run(series, subject, REPEAT_LEAST + subject->repeat, &options) -
		subject->call_ns) /
	       subject->repeat;
}

static void expect(const struct series *series, const struct subject *subject,
		   const struct expectation *expectation)
{
	const struct bench_instance *instance = expectation->instance;
	uint64_t before = instance ? instance_count(instance, expectation->reason) : 0;
	LIBBPF_OPTS(bpf_test_run_opts, options);

	run(series, subject, 1, &options);
	if (options.retval != expectation->verdict)
		errx(1, "%s: answers %u instead of %u", subject->name, options.retval,
		     expectation->verdict);
	if (instance && instance_count(instance, expectation->reason) != before + 1)
		errx(1, "%s: not counted for its reason, %u", subject->name, expectation->reason);
}

/* How often in a sample: as often as fits into its time. */
static void calibrate(const struct series *series, struct subject *subject)
{
	LIBBPF_OPTS(bpf_test_run_opts, options);

	run(series, subject, 10 * REPEAT_LEAST, &options);
	subject->repeat = SAMPLE_NS / (options.duration + 1);
	subject->call_ns = UINT64_MAX;
	for (int i = 0; i < 10; i++)
		call_measure(series, subject);
}

static struct subject *subject_add(struct series *series, const char *name, int program,
				   const struct segment *segment)
{
	struct subject *subject = &series->subjects[series->count++];

	if (series->count == SUBJECTS_MAX)
		errx(1, "too many subjects");
	*subject = (struct subject){.name = name, .program = program, .random_next = -1};
	frame_build(subject->frame, segment);
	return subject;
}

static void subject_test(struct series *series, const char *name, int program,
			 const struct segment *segment, struct expectation expectation)
{
	struct subject *subject = subject_add(series, name, program, segment);

	expect(series, subject, &expectation);
	calibrate(series, subject);
}

/* The same with another source for each packet. */
static void subject_randomise(struct series *series, const char *name, int program,
			      const struct segment *segment, uint32_t verdict)
{
	struct subject *subject = subject_add(series, name, program, segment);

	subject->random_next = series->count - 1;
	if (bpf_map_update_elem(bpf_map__fd(series->peers->maps.next), &subject->random_next,
				&program, BPF_ANY))
		err(1, "%s: no tail call", name);
	expect(series, subject, &(struct expectation){.verdict = verdict});
	calibrate(series, subject);
}

static void floors_add(struct series *series)
{
	int floor = bpf_program__fd(series->peers->progs.bench_floor);

	subject_test(series, "floor", floor, &denied, DROPS);
	subject_randomise(series, "floor-random-sources", floor, &denied, XDP_DROP);
	subject_test(series, "parse-only", bpf_program__fd(series->peers->progs.bench_parse),
		     &denied, DROPS);
}

/* A connection of this host to itself, for the socket lookup. Its ports are not open to all. */
static struct segment connection_make(void)
{
	struct sockaddr_in here = {.sin_family = AF_INET,
				   .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct sockaddr_in client = {0};
	socklen_t length = sizeof(here);
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (bind(listener, (struct sockaddr *)&here, length) || listen(listener, 1) ||
	    getsockname(listener, (struct sockaddr *)&here, &length) ||
	    connect(fd, (struct sockaddr *)&here, length) ||
	    getsockname(fd, (struct sockaddr *)&client, &length))
		err(1, "a connection over loopback");
	return (struct segment){INADDR_LOOPBACK, INADDR_LOOPBACK, ntohs(here.sin_port),
				ntohs(client.sin_port), ACK};
}

static void roles_add(struct series *series, struct bench_instance *roles)
{
	struct segment connection = connection_make();
	struct subject *cgroup;

	subject_test(series, "rolewall-allow", roles->xdp, &allowed, PASSES);
	subject_test(series, "rolewall-deny", roles->xdp, &denied,
		     (struct expectation){XDP_DROP, roles, RW_REASON_NOT_OPEN});
	subject_randomise(series, "rolewall-deny-random-sources", roles->xdp, &denied, XDP_DROP);
	subject_test(series, "rolewall-zone", roles->xdp, &zoned, PASSES);
	subject_test(series, "rolewall-established", roles->xdp, &connection,
		     (struct expectation){XDP_PASS, roles, RW_REASON_ESTABLISHED});
	cgroup = subject_add(series, "floor-cgroup",
			     bpf_program__fd(series->peers->progs.bench_floor_cgroup), &denied);
	cgroup->is_cgroup = true;
	calibrate(series, cgroup);
	cgroup = subject_add(series, "rolewall-cgroup", roles->ingress, &denied);
	cgroup->is_cgroup = true;
	expect(series, cgroup, &(struct expectation){0, roles, RW_REASON_NOT_OPEN});
	calibrate(series, cgroup);
}

enum { ROLES, FEW, MANY, THOUSAND, MILLION, OTHERS, NETWORKS, LIMITED, INSTANCES };

/* Every port has a limit, which no packet of the benchmark uses up: only connections do. */
static void limits_put(struct tables *tables)
{
	for (size_t i = 0; i < tables->rule_count; i++)
		tables->rules[i].limit = (struct limit){
			.count = 30, .seconds = 60, .burst = 20, .ipv4_bits = 32, .ipv6_bits = 64};
}

static void limits_add(struct series *series, const struct bench_instance *limited)
{
	subject_test(series, "rolewall-limit", limited->xdp, &allowed,
		     (struct expectation){XDP_PASS, NULL, 0});
	subject_randomise(series, "rolewall-limit-random-sources", limited->xdp, &allowed,
			  XDP_PASS);
}

#define OTHER_FIRST 0x14000000 /* 20.0.0.0: none of the random sources */

/* From banned sources, and, with a ban list to be asked, from one that is not on it. */
static void bans_add(struct series *series, struct bench_instance *instances)
{
	struct bench_instance *thousand = &instances[THOUSAND], *million = &instances[MILLION];
	struct bench_instance *others = &instances[OTHERS], *networks = &instances[NETWORKS];

	maps_ban(&thousand->maps, RANDOM_FIRST, 1000);
	maps_ban(&million->maps, RANDOM_FIRST, 1000000);
	maps_ban(&others->maps, OTHER_FIRST, 1000000);
	maps_ban_prefixes(&networks->maps, OTHER_FIRST, 1000);
	subject_test(series, "rolewall-banned-0", instances[ROLES].xdp, &banned, PASSES);
	subject_test(series, "rolewall-banned-1000", thousand->xdp, &banned,
		     (struct expectation){XDP_DROP, thousand, RW_REASON_BANNED});
	subject_test(series, "rolewall-banned-1000000", million->xdp, &banned,
		     (struct expectation){XDP_DROP, million, RW_REASON_BANNED});
	subject_test(series, "rolewall-deny-1000-bans", thousand->xdp, &spared,
		     (struct expectation){XDP_DROP, thousand, RW_REASON_NOT_OPEN});
	subject_test(series, "rolewall-deny-1000000-bans", million->xdp, &spared,
		     (struct expectation){XDP_DROP, million, RW_REASON_NOT_OPEN});
	subject_test(series, "rolewall-deny-1000-ban-prefixes", networks->xdp, &spared,
		     (struct expectation){XDP_DROP, networks, RW_REASON_NOT_OPEN});
	subject_randomise(series, "rolewall-banned-1000000-random-sources", million->xdp, &banned,
			  XDP_DROP);
	subject_randomise(series, "rolewall-deny-1000-bans-random-sources", thousand->xdp, &denied,
			  XDP_DROP);
	subject_randomise(series, "rolewall-deny-1000000-bans-random-sources", others->xdp, &denied,
			  XDP_DROP);
	subject_randomise(series, "rolewall-deny-1000-ban-prefixes-random-sources", networks->xdp,
			  &denied, XDP_DROP);
}

static void sizes_add(struct series *series, struct bench_instance *few,
		      struct bench_instance *many)
{
	subject_test(series, "rolewall-deny-10-rules", few->xdp, &denied,
		     (struct expectation){XDP_DROP, few, RW_REASON_NOT_OPEN});
	subject_test(series, "rolewall-deny-65535-rules", many->xdp, &denied,
		     (struct expectation){XDP_DROP, many, RW_REASON_NOT_OPEN});
}

/* The ports that the roles open, as xdp-filter's own list of permitted ones. */
static void xdp_filter_add(struct series *series, const struct tables *tables)
{
	struct peer_port *ports = calloc(2 * 65536, sizeof(*ports));
	size_t count = 0;
	int program;

	if (!ports)
		err(1, "ports");
	for (uint32_t i = 0; i < 2 * 65536; i++)
		if (tables->ports[i].zones)
			ports[count++] = (struct peer_port){i & 0xffff, i >> 16};
	xdp_filter_load("all", ports, count, &program);
	subject_test(series, "xdp-filter-deny", program, &denied, DROPS);
	subject_test(series, "xdp-filter-allow", program, &allowed, PASSES);
	xdp_filter_load("tcp", ports, count, &program);
	subject_test(series, "xdp-filter-deny-tcp-only", program, &denied, DROPS);
	free(ports);
}

static void rounds_run(struct series *series, unsigned int rounds, bool paced)
{
	char line[16];

	for (unsigned int round = 0; round < rounds; round++) {
		if (paced && !fgets(line, sizeof(line), stdin))
			return;
		for (size_t i = 0; i < series->count; i++) {
			struct subject *subject = &series->subjects[i];

			if (regexec(&series->wanted, subject->name, 0, NULL, 0))
				continue;
			sample(BENCH, subject->name, "ns", run_ns(series, subject));
		}
		if (paced)
			puts("round");
	}
}

static void instances_open(struct bench_instance *instances, char **directories)
{
	static const char *const names[] = {"roles",   "few",	 "many",     "thousand",
					    "million", "others", "networks", "limited"};
	const unsigned int rules[] = {[FEW] = 10, [MANY] = 65535};
	struct tables tables;

	for (int i = 0; i < INSTANCES; i++) {
		if (i == FEW || i == MANY)
			tables_rules(&tables, rules[i], CLOSED);
		else
			tables_roles(&tables, directories[0], directories[1], PREFIXES);
		if (i == LIMITED)
			limits_put(&tables);
		instance_open(&instances[i], directories[0], names[i], directories[2], &tables);
		tables_free(&tables);
	}
}

int bench_prog_run(int argc, char **argv)
{
	struct series series = {.ifindex = if_nametoindex(BARE_IFACE)};
	struct bench_instance instances[INSTANCES];
	unsigned int rounds = ROUNDS;
	struct tables tables;
	const char *wanted = ".";
	bool paced = false;
	int option;

	while ((option = getopt(argc, argv, "pr:s:")) != -1) {
		if (option == 'r')
			rounds = number_parse(optarg);
		else if (option == 's')
			wanted = optarg;
		else if (option == 'p')
			paced = true;
		else
			return 2;
	}
	if (argc - optind != 3 || !series.ifindex)
		errx(2, "prog-run: DIR ROLES CGROUP, inside of room.sh");
	if (regcomp(&series.wanted, wanted, REG_EXTENDED | REG_NOSUB))
		errx(2, "%s: not a regular expression", wanted);
	cpu_pin(1);
	series.peers = peers_load();
	tables_roles(&tables, argv[optind], argv[optind + 1], PREFIXES);
	instances_open(instances, argv + optind);
	floors_add(&series);
	roles_add(&series, &instances[ROLES]);
	sizes_add(&series, &instances[FEW], &instances[MANY]);
	limits_add(&series, &instances[LIMITED]);
	bans_add(&series, instances);
	xdp_filter_add(&series, &tables);
	rounds_run(&series, rounds, paced);
	for (int i = 0; i < INSTANCES; i++)
		instance_close(&instances[i]);
	return 0;
}
