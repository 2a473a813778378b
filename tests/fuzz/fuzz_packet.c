/* SPDX-License-Identifier: GPL-2.0 */
/*
 * fuzz_packet - any bytes at all, judged by the programs and by the oracle's model.
 *
 * Input: one byte of policy flags, one that chooses the program, one for the interface, one for the
 * state of the reader; the rest is the packet. Whatever the packet: verdict, reason, rule and bytes
 * are the model's, exactly one counter moves, no drop gets lost, and nothing outside of the packet
 * is read (native.c and the sanitizers see to that).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <bpf/bpf.h>

#include "../oracle/subject.h"
#include "../oracle/memory.h"
#include "../oracle/policies.h"
#include "native.h"
#include "native_subject.h"
#include "native_maps.h"

#define HEAD		 4
#define BALANCE_INTERVAL 1024 /* inputs between two looks at all attempts */

struct fuzz {
	struct subject subject;
	struct model_policy *policy;
	struct rw_policy_entry *header; /* in the array that the programs read */
	unsigned long inputs;
	time_t installed;
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECK(condition)                                                                           \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			fprintf(stderr, "fuzz_packet: not true: %s\n", #condition);                \
			abort();                                                                   \
		}                                                                                  \
	} while (0)

/* The flows in it age, and the model knows no clock: none is older than this when it is asked. */
#define INSTALL_SECONDS 60

static void install(struct fuzz *fuzz)
{
	const uint32_t zero = 0;
	int fd = native_map_fd("policy");

	CHECK(subject_install(&fuzz->subject, fuzz->policy) == 0);
	fuzz->installed = time(NULL);
	CHECK(fd >= 0);
	fuzz->header = native_map_lookup(native_map_lookup(native_map_handle(fd), &zero), &zero);
	CHECK(fuzz->header);
}

static void start(struct fuzz *fuzz)
{
	fuzz->policy = policy_generate(1, 0);
	CHECK(fuzz->policy && subject_open(&fuzz->subject) == 0);
	install(fuzz);
}

static void policy_change(struct fuzz *fuzz, const uint8_t *head)
{
	const uint64_t grant = head[3] & 1 ? UINT64_MAX : 0;
	const uint32_t zero = 0;

	fuzz->policy->flags =
		head[0] & (RW_POLICY_ENFORCE | RW_POLICY_IPV6_DROP | RW_POLICY_FRAGMENTS_DROP);
	fuzz->policy->echo_rate = head[0] & 0x80 ? 0 : 65535;
	fuzz->header->header.flags = fuzz->policy->flags;
	fuzz->header->header.echo_rate = fuzz->policy->echo_rate;
	native_ring_is_full = head[3] & 2;
	bpf_map_update_elem(native_map_fd("event_credits"), &zero, &grant, BPF_ANY);
}

static uint64_t drops_of(const struct tally *tally, uint32_t reason)
{
	uint64_t drops = tally->reasons[reason].packets;

	for (size_t i = 0; reason == RW_REASON_ZONE_DENIED && i < SUBJECT_RULES; i++)
		drops += tally->rules[i].dropped.packets;
	return drops;
}

/* Every drop is in the table or evicted. */
static void balance_check(const struct fuzz *fuzz)
{
	uint64_t attempted[RW_REASON_COUNT] = {0};
	static struct tally tally;
	struct rw_attempt attempt;

	CHECK(subject_tally(&fuzz->subject, &tally) == 0);
	for (uint32_t slot = 0; slot < RW_ATTEMPT_SLOTS; slot++) {
		bpf_map_lookup_elem(native_map_fd("attempts"), &slot, &attempt);
		attempted[attempt.reason % RW_REASON_COUNT] += attempt.packets;
	}
	for (uint32_t reason = 0; reason < RW_REASON_PASS_FIRST; reason++)
		CHECK(drops_of(&tally, reason) == attempted[reason] + tally.evicted[reason].events +
							  tally.evicted[reason].unattributed);
}

static void tally_expect(struct tally *tally, const struct model_verdict *verdict, size_t bytes)
{
	struct rw_counter *counter = &tally->reasons[verdict->reason];

	if (!verdict->counted)
		return;
	if (verdict->reason == RW_REASON_OPEN)
		counter = &tally->rules[tally_rule(verdict->rule)].passed;
	else if (verdict->reason == RW_REASON_ZONE_DENIED)
		counter = &tally->rules[tally_rule(verdict->rule)].dropped;
	counter->packets++;
	counter->bytes += bytes;
}

static void packet_check(const struct fuzz *fuzz, enum subject_program program,
			 const struct model_packet *packet)
{
	static struct tally before, after;
	struct model_verdict verdict;
	int pass;

	CHECK(subject_rooms(&fuzz->subject, fuzz->policy->memory, 1) == 0);
	memory_begin(fuzz->policy->memory);
	CHECK(subject_tally(&fuzz->subject, &before) == 0);
	CHECK(subject_run(&fuzz->subject, program, packet, &pass) == 0);
	CHECK(subject_tally(&fuzz->subject, &after) == 0);
	model_verdict(fuzz->policy, packet, &verdict);
	CHECK(pass == verdict.pass);
	tally_expect(&before, &verdict, native_bytes(program, packet));
	CHECK(memcmp(before.reasons, after.reasons, sizeof(after.reasons)) == 0);
	CHECK(memcmp(before.rules, after.rules, sizeof(after.rules)) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct fuzz fuzz;
	struct model_packet packet = {0};
	enum subject_program program;

	if (size < HEAD)
		return 0;
	if (!fuzz.policy)
		start(&fuzz);
	if (time(NULL) - fuzz.installed > INSTALL_SECONDS)
		install(&fuzz);
	policy_change(&fuzz, data);
	program = data[1] % SUBJECT_PROGRAMS;
	packet.hook = subject_programs[program].hook;
	packet.merged = subject_programs[program].tc;
	packet.ifindex =
		data[2] ? POLICIES_IFINDEX + data[2] % (POLICIES_DEVICES + 1) : POLICIES_LOOPBACK;
	packet.frame = data + HEAD;
	packet.length = size - HEAD;
	packet_check(&fuzz, program, &packet);
	if (++fuzz.inputs % BALANCE_INTERVAL == 0)
		balance_check(&fuzz);
	return 0;
}
