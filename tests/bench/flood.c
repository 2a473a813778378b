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
