// SPDX-License-Identifier: GPL-2.0
/*
 * flood.c - SYNs to a closed port, from random sources, as live frames (BPF_F_TEST_XDP_LIVE_FRAMES)
 * that are redirected into one end of a cable. At full speed the other end works on the same CPU,
 * in turn with the generator: nothing queues up, so nothing is lost, and the rate says what one
 * packet costs on both sides together.
 */
#include "bench.h"

#include <err.h>
#include <errno.h>
#include <net/if.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <bench.skel.h>

#include "peers.h"

#ifndef BPF_F_TEST_XDP_LIVE_FRAMES
#define BPF_F_TEST_XDP_LIVE_FRAMES (1U << 1)
#endif

#define RECEIVER 0xcb007101 /* 203.0.113.1 */
#define BATCH	 64

struct flood {
	struct bench_bpf *peers;
	uint8_t frame[FRAME_BYTES];
};

struct target {
	char name[64];
	unsigned int ifindex;
	uint64_t sent;
};

static void flood_open(struct flood *flood, const char *port)
{
	const struct segment syn = {0, RECEIVER, 40000, number_parse(port), 0x02};

	flood->peers = peers_load();
	frame_build(flood->frame, &syn);
	flood->peers->bss->flood_ip_sum = frame_ip_sum(flood->frame);
	flood->peers->bss->flood_tcp_sum = frame_tcp_sum(flood->frame);
}

static void flood_send(const struct flood *flood, unsigned int ifindex, uint32_t packets)
{
	LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = flood->frame,
		    .data_size_in = FRAME_BYTES, .repeat = packets, .batch_size = BATCH,
		    .flags = BPF_F_TEST_XDP_LIVE_FRAMES);

	flood->peers->bss->flood_ifindex = ifindex;
	if (bpf_prog_test_run_opts(bpf_program__fd(flood->peers->progs.bench_generate), &options))
		err(1, "live frames");
}

static struct target target_parse(const char *text)
{
	struct target target = {0};
	char iface[IF_NAMESIZE];

	if (sscanf(text, "%63[^:]:%15s", target.name, iface) != 2)
		errx(2, "%s: not NAME:IFACE", text);
	target.ifindex = if_nametoindex(iface);
	if (!target.ifindex)
		err(1, "%s", iface);
	return target;
}

static void target_measure(const struct flood *flood, struct target *target, uint32_t packets)
{
	uint64_t start = now_ns();

	flood_send(flood, target->ifindex, packets);
	sample("flood-drop-mpps", target->name, "Mpps", packets * 1e3 / (now_ns() - start));
	target->sent += packets;
}

/* In the end, what each target has been sent, for run.sh to compare with what it counted. */
int bench_flood(int argc, char **argv)
{
	struct target targets[16];
	struct flood flood;
	int count = argc - 4;

	if (count < 1 || count > 16)
		errx(2, "flood: ROUNDS PACKETS PORT NAME:IFACE...");
	for (int i = 0; i < count; i++)
		targets[i] = target_parse(argv[4 + i]);
	cpu_pin(1);
	flood_open(&flood, argv[3]);
	for (uint64_t round = number_parse(argv[1]); round; round--)
		for (int i = 0; i < count; i++)
			target_measure(&flood, &targets[i], number_parse(argv[2]));
	for (int i = 0; i < count; i++)
		sample("sent", targets[i].name, "packets", targets[i].sent);
	return 0;
}

/* One of the cables of bench_scale(), flooded by a thread that has a CPU for itself. */
struct lane {
	struct flood flood;
	pthread_barrier_t *start;
	unsigned int ifindex;
	uint32_t packets;
	int cpu;
	uint64_t began, ended;
};

static void *lane_run(void *context)
{
	struct lane *lane = context;

	cpu_pin(lane->cpu);
	pthread_barrier_wait(lane->start);
	lane->began = now_ns();
	flood_send(&lane->flood, lane->ifindex, lane->packets);
	lane->ended = now_ns();
	return NULL;
}

/* Packets from when the first of them begins until the last one ends. Mpps. */
static double lanes_run(struct lane *lanes, unsigned int count)
{
	pthread_barrier_t start;
	pthread_t threads[2];
	uint64_t began, ended;

	pthread_barrier_init(&start, NULL, count);
	for (unsigned int i = 0; i < count; i++) {
		lanes[i].start = &start;
		if (pthread_create(&threads[i], NULL, lane_run, &lanes[i]))
			errx(1, "no thread");
	}
	for (unsigned int i = 0; i < count; i++)
		pthread_join(threads[i], NULL);
	pthread_barrier_destroy(&start);
	began = lanes[0].began;
	ended = lanes[0].ended;
	for (unsigned int i = 1; i < count; i++) {
		began = lanes[i].began < began ? lanes[i].began : began;
		ended = lanes[i].ended > ended ? lanes[i].ended : ended;
	}
	return (double)lanes[0].packets * count * 1e3 / (ended - began);
}

int bench_scale(int argc, char **argv)
{
	struct lane lanes[2] = {{.cpu = 1}, {.cpu = 0}};
	char subject[2][80];

	if (argc != 7)
		errx(2, "scale: ROUNDS PACKETS PORT NAME IFACE IFACE");
	for (int i = 0; i < 2; i++) {
		flood_open(&lanes[i].flood, argv[3]);
		lanes[i].ifindex = if_nametoindex(argv[5 + i]);
		lanes[i].packets = number_parse(argv[2]);
		snprintf(subject[i], sizeof(subject[i]), "%s-%d-cpu", argv[4], i + 1);
	}
	for (uint64_t round = number_parse(argv[1]); round; round--)
		for (unsigned int count = 1; count <= 2; count++)
			sample("flood-scaling", subject[count - 1], "Mpps",
			       lanes_run(lanes, count));
	return 0;
}

/*
 * The generator waits within the kernel, so that packets come evenly. All of them in one call: the
 * next one would come after the kernel has patched its XDP dispatcher, tens of ms on a busy
 * machine.
 */
int bench_pace(int argc, char **argv)
{
	struct flood flood;
	double packets;

	if (argc != 5)
		errx(2, "pace: IFACE PORT MPPS MS");
	cpu_pin(0);
	flood_open(&flood, argv[2]);
	packets = strtod(argv[3], NULL) * 1e3 * number_parse(argv[4]);
	flood.peers->bss->flood_interval = 1e3 / strtod(argv[3], NULL);
	flood_send(&flood, if_nametoindex(argv[1]), packets);
	fprintf(stderr, "%.3f\n",
		packets * 1e3 / (flood.peers->bss->flood_next - flood.peers->bss->flood_first));
	return 0;
}
