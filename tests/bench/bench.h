/* SPDX-License-Identifier: GPL-2.0 */
/*
 * bench.h - the measuring program. It prints samples, one a line:
 *
 *	BENCH <tab> SUBJECT <tab> UNIT <tab> VALUE
 *
 * and nothing else on standard output; run.sh makes minima and medians of them. Subjects that are
 * compared take turns, round after round, because the clock of the machine changes in between.
 * Errors end the process (err(3)): half a comparison is worth nothing.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <linux/types.h>

void sample(const char *bench, const char *subject, const char *unit, double value);

/* ns of the CPU time of this thread: what others get is not counted. */
uint64_t thread_ns(void);
/* ns of CLOCK_MONOTONIC. */
uint64_t now_ns(void);

void cpu_pin(int cpu);
uint64_t number_parse(const char *text);

#define FRAME_BYTES 60 /* the shortest that Ethernet carries, without the check sum */
#define SOURCES                                                                                    \
	(1u                                                                                        \
	 << 20) /* addresses from RANDOM_FIRST on that "random sources" are taken from          \
		    */
#define RANDOM_FIRST 0x0a000000u /* 10.0.0.0 */

/* A TCP segment without data. Addresses and ports in host order. */
struct segment {
	uint32_t source, destination;
	uint16_t source_port, port;
	uint8_t flags; /* as in the header: 0x02 = SYN, 0x10 = ACK */
};

/* Ethernet, IPv4, TCP, padding; both check sums are right. */
void frame_build(uint8_t frame[FRAME_BYTES], const struct segment *segment);

/* The 16-bit sum of a frame's IPv4 header or TCP header with pseudo header, its source address left
 * out: what the generator needs to send from another one. */
uint32_t frame_ip_sum(const uint8_t frame[FRAME_BYTES]);
uint32_t frame_tcp_sum(const uint8_t frame[FRAME_BYTES]);

int bench_prog_run(int argc, char **argv);
int bench_attach(int argc, char **argv);
int bench_flood(int argc, char **argv);
int bench_pace(int argc, char **argv);
int bench_scale(int argc, char **argv);
int bench_serve(int argc, char **argv);
int bench_transact(int argc, char **argv);
int bench_stream(int argc, char **argv);
