/* SPDX-License-Identifier: GPL-2.0 */
/*
 * coverage - the oracle's packets through the programs of bpf/, compiled for this machine with
 * coverage: which branches do they reach? What is right is the oracle's business, not asked here.
 *
 *	coverage PACKETS
 *
 * Beside what the oracle does, the states are visited that only user space or time brings about: a
 * reader of events, a full ring, a rate of echo requests, sockets at hand, datagrams of our own.
 * Now and then a lookup fails.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>

#include "../oracle/subject.h"
#include "../oracle/generate.h"
#include "../oracle/policies.h"
#include "native.h"
#include "native_maps.h"

#define PACKETS_A_POLICY 6000
#define LOOKUP_FAILS	 997 /* one in so many */

static const struct {
	const char *function;
	enum model_hook hook;
} programs[] = {
	{"rolewall_xdp", MODEL_ETHERNET},      {"rolewall_frags", MODEL_ETHERNET},
	{"rolewall_xdp_54", MODEL_ETHERNET},   {"rolewall_frags", MODEL_BARE},
	{"rolewall_tc", MODEL_ETHERNET},       {"rolewall_tc_54", MODEL_ETHERNET},
	{"rolewall_tc", MODEL_BARE},	       {"rolewall_ingress", MODEL_CGROUP},
	{"rolewall_ingress_54", MODEL_CGROUP}, {"rolewall_egress", MODEL_CGROUP},
};

static const char *const binds[] = {"rolewall_bind4",	 "rolewall_bind6",
				    "rolewall_bind4_54", "rolewall_bind6_54",
				    "rolewall_connect6", "rolewall_connect6_54"};

#define RANDOM_ELEMENT(random, list) (&(list)[random_below(random, sizeof(list) / sizeof(*(list)))])

/* A reader comes and goes, and sleeps. */
static void reader_dice(struct random *random)
{
	uint64_t grant = random_chance(random, 50) ? UINT64_MAX : random_below(random, 2);
	uint32_t zero = 0;

	native_ring_is_full = random_chance(random, 30);
	bpf_map_update_elem(native_map_fd("event_credits"), &zero, &grant, BPF_ANY);
}

static void bytes_swap(uint8_t *a, uint8_t *b, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		uint8_t byte = a[i];

		a[i] = b[i];
		b[i] = byte;
	}
}

/* What would be the answer to a packet without options and extension headers. */
static void packet_answer(struct generated *generated)
{
	uint8_t *bytes = generated->bytes;

	if (generated->length >= 28 && bytes[0] == 0x45) {
		bytes_swap(bytes + 12, bytes + 16, 4);
		bytes_swap(bytes + 20, bytes + 22, 2);
	} else if (generated->length >= 48 && bytes[0] >> 4 == 6) {
		bytes_swap(bytes + 8, bytes + 24, 16);
		bytes_swap(bytes + 40, bytes + 42, 2);
	}
}

static void packet_run(struct random *random, const struct model_policy *policy,
		       struct generated *generated)
{
	size_t number = random_below(random, sizeof(programs) / sizeof(programs[0]));
	struct native_packet packet = {.socket = random_below(random, 3)};

	if (!random_chance(random, 70) ||
	    !fragment_follow(random, programs[number].hook, generated))
		packet_generate(random, policy, programs[number].hook, generated);
	if (strcmp(programs[number].function, "rolewall_egress") == 0)
		packet_answer(generated);
	packet.bytes = generated->bytes;
	packet.length = generated->length;
	if (random_chance(random,
			  1)) /* less than BPF_PROG_TEST_RUN takes, and so the generator makes */
		packet.length = random_below(random, 14);
	if (random_chance(random, 5))
		packet.apart = random_below(random, packet.length + 1);
	packet.ifindex = random_chance(random, 2) ? POLICIES_LOOPBACK : generated->ifindex;
	packet.l2_len = programs[number].hook == MODEL_ETHERNET ? 14 : 0;
	native_run(programs[number].function, &packet);
}

/* A few ports again and again, and addresses that are special: any, loopback, mapped. */
static void bind_run(struct random *random, const struct model_policy *policy)
{
	static const uint8_t addresses[][16] = {
		{0},
		{[15] = 1},
		{[10] = 0xff, 0xff},
		{[10] = 0xff, 0xff, 127, 0, 0, 1},
		{[10] = 0xff, 0xff, 192, 0, 2, 1},
		{0x20, 0x01, 0x0d, 0xb8, [15] = 1},
	};
	static const uint16_t ports[] = {0, 22, 25, 53, 9999, 40000, 65535};
	static const uint8_t protocols[] = {IPPROTO_TCP, IPPROTO_UDP, IPPROTO_SCTP};
	struct native_bind bind = {.port = *RANDOM_ELEMENT(random, ports)};

	bind.protocol = *RANDOM_ELEMENT(random, protocols);
	memcpy(bind.address, RANDOM_ELEMENT(random, addresses), sizeof(bind.address));
	native_bind(*RANDOM_ELEMENT(random, binds), &bind);
}

static int policy_run(const struct subject *subject, struct random *random, unsigned int number,
		      unsigned long packets)
{
	static struct generated generated;
	struct model_policy *policy = policy_generate(1, number);
	unsigned long i;

	if (!policy)
		return -1;
	if (number % 3 == 2)
		policy->echo_rate = 1 + random_below(random, 100);
	policy->flags |= number % 2 ? RW_POLICY_BIND_DENY : 0;
	if (subject_install(subject, policy))
		return -1;
	for (i = 0; i < packets; i++) {
		if (i % 100 == 0)
			reader_dice(random);
		if (i % 10 == 0)
			bind_run(random, policy);
		packet_run(random, policy, &generated);
	}
	policy_free(policy);
	return 0;
}

int main(int argc, char **argv)
{
	unsigned long packets = argc > 1 ? strtoul(argv[1], NULL, 0) : 1000000, done;
	struct random random = {.state = 1};
	struct subject subject;
	unsigned int number = 0;

	if (subject_open(&subject))
		return 1;
	native_lookup_fails = LOOKUP_FAILS;
	for (done = 0; done < packets; done += PACKETS_A_POLICY)
		if (policy_run(&subject, &random, number++, PACKETS_A_POLICY))
			return 1;
	printf("%lu packets under %u policies\n", done, number);
	subject_close(&subject);
	return 0;
}
