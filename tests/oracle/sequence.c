/* SPDX-License-Identifier: GPL-2.0 */
/* sequence.c - a few addresses and ports, so that everything meets; one step after the other. */
#include "sequence.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <bpf/bpf.h>

#include "addresses.h"
#include "policies.h"
#include "sockets.h"
#include "util/cleanup.h"

#define SEQUENCES  16
#define STEPS	   60
#define PEERS	   3
#define PORTS	   4
#define SECOND	   1000000000ULL
#define OLDEST	   (RW_CONVERSATION_NS + 5 * SECOND) /* older than that is no older */
#define TOLERANCE  (30 * SECOND)		     /* of the machine; ages differ by 50 s */
#define OPENINGS   24				     /* as many as a policy has room for */
#define FRAME_ROOM 128

/* Ends of one datagram, as it goes. */
struct datagram {
	uint8_t source[16], destination[16];
	uint16_t source_port, port;
	enum { INTACT, SHORT, LATER } shape;
};

struct play {
	const struct subject *subject;
	struct model_policy *policy;
	struct random *random;
	struct state *state;
	struct sequence_sums *sums;
	int family;
	uint8_t peers[PEERS][16], own[2][16];
	uint16_t remote_ports[2], ports[PORTS];
	struct datagram recent; /* sent or got, as it would come in */
	bool has_recent;
	struct datagram now;
	uint8_t frame[FRAME_ROOM];
	struct model_packet packet;
	struct model_verdict expected;
	char log[STEPS][160];
	int step;
	bool differs;
};

static void say(struct play *play, const char *what)
{
	const struct datagram *datagram = &play->now;
	char source[INET6_ADDRSTRLEN], destination[INET6_ADDRSTRLEN];

	inet_ntop(AF_INET6, datagram->source, source, sizeof(source));
	inet_ntop(AF_INET6, datagram->destination, destination, sizeof(destination));
	snprintf(play->log[play->step], sizeof(play->log[0]), "%s [%s]:%u -> [%s]:%u on %u%s%s",
		 what, source, datagram->source_port, destination, datagram->port,
		 play->packet.ifindex, play->packet.foreign ? ", foreign" : "",
		 datagram->shape == SHORT   ? ", short"
		 : datagram->shape == LATER ? ", later fragment"
					    : "");
}

static void log_print(const struct play *play, const char *what)
{
	fprintf(stderr, "oracle: %s:\n", what);
	for (int i = 0; i <= play->step && i < STEPS; i++)
		fprintf(stderr, "  %2d %s\n", i, play->log[i]);
}

/* --- bytes ------------------------------------------------------------------------------------ */

static size_t ip_put(const struct play *play, uint8_t *at)
{
	const struct datagram *datagram = &play->now;

	if (play->family == 4) {
		memcpy(at, "\x45\0\0\x1c\0\0\0\0\x40\x11\0\0", 12);
		at[7] = datagram->shape == LATER ? 2 : 0;
		memcpy(at + 12, datagram->source + 12, 4);
		memcpy(at + 16, datagram->destination + 12, 4);
		return 20;
	}
	memcpy(at, "\x60\0\0\0\0\x08\x11\x40", 8);
	memcpy(at + 8, datagram->source, 16);
	memcpy(at + 24, datagram->destination, 16);
	if (datagram->shape != LATER)
		return 40;
	at[5] += 8;
	at[6] = 44;
	memcpy(at + 40, "\x11\0\0\x10\0\0\0\0", 8);
	return 48;
}

static void packet_make(struct play *play, enum model_hook hook)
{
	const struct datagram *datagram = &play->now;
	size_t length = 0;

	if (hook == MODEL_ETHERNET) {
		memset(play->frame, 2, 12);
		memcpy(play->frame + 12, play->family == 4 ? "\x08\0" : "\x86\xdd", 2);
		length = 14;
	}
	length += ip_put(play, play->frame + length);
	play->frame[length] = datagram->source_port >> 8;
	play->frame[length + 1] = datagram->source_port & 0xff;
	play->frame[length + 2] = datagram->port >> 8;
	play->frame[length + 3] = datagram->port & 0xff;
	memcpy(play->frame + length + 4, "\0\x08\0\0", 4);
	if (datagram->shape == SHORT)
		play->frame[length + 5] = 7;
	play->packet.hook = hook;
	play->packet.length = length + 8;
}

/* --- the cast --------------------------------------------------------------------------------- */

static void cast_choose(struct play *play)
{
	struct random *random = play->random;
	const struct model_policy *policy = play->policy;

	play->family = random_chance(random, 50) ? 4 : 6;
	for (size_t i = 0; i < PEERS; i++)
		address_random(random, play->family, play->peers[i]);
	for (size_t i = 0; i < 2; i++) {
		address_random(random, play->family, play->own[i]);
		play->remote_ports[i] =
			random_chance(random, 30) ? 53 : random_below(random, 65536);
	}
	for (size_t i = 0; i < PORTS; i++)
		play->ports[i] = random_below(random, 65536);
	play->ports[0] = 0; /* the socket of a test run has no port */
	if (policy->openings.count)
		play->ports[1] =
			policy->openings.list[random_below(random, policy->openings.count)].port;
	play->has_recent = false;
}

static void datagram_turn(struct datagram *datagram)
{
	struct datagram from = *datagram;

	memcpy(datagram->source, from.destination, 16);
	memcpy(datagram->destination, from.source, 16);
	datagram->source_port = from.port;
	datagram->port = from.source_port;
}

/* From a peer to the node; often what was on its way a moment ago, or its answer. */
static void datagram_choose(struct play *play)
{
	struct random *random = play->random;
	struct datagram *datagram = &play->now;

	*datagram = play->recent;
	if (!play->has_recent || random_chance(random, 45)) {
		memcpy(datagram->source, play->peers[random_below(random, PEERS)], 16);
		datagram->source_port = RANDOM_OF(random, play->remote_ports);
		datagram->port = RANDOM_OF(random, play->ports);
		memcpy(datagram->destination, play->own[random_below(random, 2)], 16);
	} else if (random_chance(random, 10)) {
		memcpy(datagram->destination, play->own[random_below(random, 2)], 16);
	}
	datagram->shape = random_chance(random, 5)   ? SHORT
			  : random_chance(random, 3) ? LATER
						     : INTACT;
	play->recent = *datagram;
	play->has_recent = true;
	play->packet = (struct model_packet){
		.ifindex = POLICIES_IFINDEX + random_below(random, POLICIES_DEVICES),
		.frame = play->frame,
	};
}

/* --- steps ------------------------------------------------------------------------------------ */

static int namespaced(struct play *play, int (*run)(struct play *))
{
	int error, back = 0;

	play->packet.foreign = play->subject->knows_netns && random_chance(play->random, 10);
	if (!play->packet.foreign)
		return run(play);
	play->sums->foreign++;
	error = sockets_enter(true);
	if (!error)
		error = run(play);
	back = sockets_enter(false);
	return error ? error : back;
}

static int sent_run(struct play *play)
{
	int pass, error = subject_send(play->subject, &play->packet, &pass);

	if (error)
		return error;
	play->differs = pass != state_sent(play->state, play->policy, &play->packet);
	return 0;
}

static int send_step(struct play *play)
{
	size_t before = play->state->flow_count;
	int error;

	datagram_choose(play);
	datagram_turn(&play->now);
	packet_make(play, MODEL_CGROUP);
	if (random_chance(play->random, 3))
		play->packet.ifindex = POLICIES_LOOPBACK;
	error = namespaced(play, sent_run);
	say(play, "sends");
	play->sums->began_none += before == play->state->flow_count;
	play->sums->packets++;
	return error;
}

static int arrival_run(struct play *play)
{
	enum subject_program program = play->packet.hook == MODEL_CGROUP ? SUBJECT_CGROUP
				       : play->packet.hook == MODEL_BARE ? SUBJECT_BARE
									 : SUBJECT_XDP;
	int pass, error;

	play->packet.ifindex = subject_ifindex(play->subject, program, play->packet.ifindex);
	error = subject_run(play->subject, program, &play->packet, &pass);
	if (error)
		return error;
	model_verdict(play->policy, &play->packet, &play->expected);
	play->differs = pass != play->expected.pass;
	return 0;
}

static int arrival_step(struct play *play)
{
	static const enum model_hook hooks[] = {MODEL_CGROUP, MODEL_CGROUP, MODEL_ETHERNET,
						MODEL_BARE};
	enum model_hook hook;
	int error;

	datagram_choose(play);
	hook = RANDOM_OF(play->random, hooks);
	/* What fragments hold of the kernel's memory, XDP sums up: that is another story. */
	if (play->now.shape == LATER)
		hook = MODEL_CGROUP;
	packet_make(play, hook);
	state_show(play->state, play->policy);
	error = play->packet.hook == MODEL_CGROUP ? namespaced(play, arrival_run)
						  : arrival_run(play);
	say(play, play->expected.pass ? "passes" : "is refused");
	if (error)
		return error;
	state_arrived(play->state, play->policy, &play->packet, &play->expected, 0);
	play->sums->packets++;
	play->sums->established += play->expected.judged == RW_REASON_ESTABLISHED;
	play->sums->refused += !play->expected.pass;
	return 0;
}

/* An opening of somebody's comes, ends, or comes back. */
static void opening_change(struct play *play)
{
	struct model_policy *policy = play->policy;
	size_t at = random_below(play->random, policy->openings.count + 1);
	struct model_opening *opening;

	if (at < policy->openings.count) {
		policy->openings.list[at].expired ^= 1;
		return;
	}
	if (policy->openings.count == OPENINGS)
		return;
	opening = &policy->openings.list[at];
	*opening = (struct model_opening){
		.l4 = RW_L4_UDP,
		.port = RANDOM_OF(play->random, play->ports),
		.prefix.length = 128,
	};
	memcpy(opening->prefix.source, play->peers[random_below(play->random, PEERS)], 16);
	for (size_t i = 0; i < at; i++)
		if (policy->openings.list[i].l4 == opening->l4 &&
		    policy->openings.list[i].port == opening->port &&
		    policy->openings.list[i].prefix.length == 128 &&
		    memcmp(policy->openings.list[i].prefix.source, opening->prefix.source, 16) == 0)
			return;
	policy->openings.count++;
	policy->presence.openings = 1;
}

static int policy_step(struct play *play)
{
	struct model_policy *policy = play->policy;
	uint16_t port = RANDOM_OF(play->random, play->ports);
	struct model_port *entry = &policy->ports[RW_L4_UDP][port];
	unsigned int dice = random_below(play->random, 10);

	if (dice < 3)
		policy->flags ^= RW_POLICY_ENFORCE;
	else if (dice < 5)
		*entry = (struct model_port){
			.zones = entry->zones ? 0 : 1 + random_below(play->random, RW_ZONE_ALL),
			.rule = 3};
	else
		opening_change(play);
	snprintf(play->log[play->step], sizeof(play->log[0]),
		 "policy: %s, port %u zones %" PRIx64 ", %s",
		 policy->flags & RW_POLICY_ENFORCE ? "enforce" : "observe", port, entry->zones,
		 dice < 5 ? "-" : "an opening");
	return subject_change(play->subject, policy, port);
}

/* --- time ------------------------------------------------------------------------------------- */

static uint64_t machine_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * SECOND + (uint64_t)now.tv_nsec;
}

/*
 * Older by `by`, and no older than needs be: where the machine is younger than that, the time lies
 * below zero, in numbers that wrap.
 */
static uint64_t older(uint64_t time, uint64_t by)
{
	uint64_t now = machine_now(), age = now - time + by;

	return now - (age < OLDEST ? age : OLDEST);
}

static int conversations_age(const struct play *play, uint64_t by)
{
	int fd = subject_map(play->subject, "conversations");
	struct rw_conversation_key keys[STATE_FLOWS];
	struct rw_conversation value;
	size_t count = 0;

	/* Keys first: what is renewed while the list is read may be read again. */
	while (count < STATE_FLOWS &&
	       bpf_map_get_next_key(fd, count ? &keys[count - 1] : NULL, &keys[count]) == 0)
		count++;
	for (size_t i = 0; i < count; i++) {
		if (bpf_map_lookup_elem(fd, &keys[i], &value))
			return -errno;
		value.last = older(value.last, by);
		if (bpf_map_update_elem(fd, &keys[i], &value, BPF_EXIST))
			return -errno;
	}
	return 0;
}

static int time_step(struct play *play)
{
	static const uint64_t ages[] = {50 * SECOND, 100 * SECOND, 200 * SECOND};
	uint64_t by = RANDOM_OF(play->random, ages), note;
	int fd = subject_map(play->subject, "unasked");
	int error = conversations_age(play, by);

	for (size_t i = 0; !error && i < play->state->touched_count; i++) {
		if (bpf_map_lookup_elem(fd, &play->state->touched[i], &note))
			return -errno;
		note = note ? older(note, by) : 0;
		if (bpf_map_update_elem(fd, &play->state->touched[i], &note, BPF_ANY))
			return -errno;
	}
	play->state->now += by;
	snprintf(play->log[play->step], sizeof(play->log[0]), "%llu s pass",
		 (unsigned long long)(by / SECOND));
	return error;
}

/* --- what is left ----------------------------------------------------------------------------- */

static bool is_as_old(uint64_t machine, const struct state *state, uint64_t model)
{
	uint64_t age = machine_now() - machine, expected = state->now - model;

	expected = expected < OLDEST ? expected : OLDEST;
	return age <= expected + TOLERANCE && age + TOLERANCE >= expected;
}

/* The conversations are those that the model has, and as old. */
static bool conversations_agree(const struct play *play)
{
	int fd = subject_map(play->subject, "conversations");
	const struct state *state = play->state;
	struct rw_conversation_key key;
	struct rw_conversation value;
	size_t count = 0, i;

	for (i = 0; i < state->flow_count; i++) {
		memcpy(key.remote, state->flows[i].remote, 16);
		memcpy(key.local, state->flows[i].local, 16);
		key.remote_port = htons(state->flows[i].remote_port);
		key.local_port = htons(state->flows[i].local_port);
		if (bpf_map_lookup_elem(fd, &key, &value) ||
		    !is_as_old(value.last, state, state->last[i]))
			return false;
	}
	while (bpf_map_get_next_key(fd, count ? &key : NULL, &key) == 0)
		count++;
	return count == state->flow_count;
}

/* Each note that the model has is there. (That there are no others shows in who is learned.) */
static bool notes_agree(const struct play *play)
{
	int fd = subject_map(play->subject, "unasked");
	uint64_t note;

	for (size_t i = 0; i < play->state->touched_count; i++)
		if (bpf_map_lookup_elem(fd, &play->state->touched[i], &note) || !note ||
		    !is_as_old(note, play->state, play->state->notes[play->state->touched[i]]))
			return false;
	return true;
}

/* --- the whole -------------------------------------------------------------------------------- */

static int notes_clear(const struct subject *subject)
{
	_free_ uint32_t *keys = calloc(RW_UNASKED, sizeof(*keys));
	_free_ uint64_t *zeros = calloc(RW_UNASKED, sizeof(*zeros));
	uint32_t count = RW_UNASKED;

	if (!keys || !zeros)
		return -ENOMEM;
	for (uint32_t i = 0; i < RW_UNASKED; i++)
		keys[i] = i;
	return bpf_map_update_batch(subject_map(subject, "unasked"), keys, zeros, &count, NULL) < 0
		       ? -errno
		       : 0;
}

static int forget(const struct play *play)
{
	int fd = subject_map(play->subject, "conversations"), notes;
	const uint64_t zero = 0;
	struct rw_conversation_key key;

	notes = subject_map(play->subject, "unasked");
	for (size_t i = 0; i < play->state->touched_count; i++)
		if (bpf_map_update_elem(notes, &play->state->touched[i], &zero, BPF_ANY))
			return -errno;
	while (bpf_map_get_next_key(fd, NULL, &key) == 0)
		if (bpf_map_delete_elem(fd, &key))
			return -errno;
	state_clear(play->state);
	return 0;
}

static int sequence_play(struct play *play)
{
	int error = forget(play);

	cast_choose(play);
	memset(play->log, 0, sizeof(play->log));
	for (play->step = 0; !error && play->step < STEPS; play->step++) {
		unsigned int dice = random_below(play->random, 100);

		if (dice < 38)
			error = send_step(play);
		else if (dice < 84)
			error = arrival_step(play);
		else if (dice < 94)
			error = policy_step(play);
		else
			error = time_step(play);
		if (play->differs) {
			log_print(play, "mismatch: the last of these is judged differently");
			return 0;
		}
	}
	if (error || (conversations_agree(play) && notes_agree(play)))
		return error;
	play->differs = true;
	log_print(play, conversations_agree(play)
				? "mismatch: after these, other notes are left"
				: "mismatch: after these, other conversations are left");
	return 0;
}

int sequences_play(const struct subject *subject, struct model_policy *policy,
		   struct random *random, struct state *state, struct sequence_sums *sums,
		   bool *ret_differs)
{
	_free_ struct play *play = calloc(1, sizeof(*play));
	struct model_flow *flows = policy->flows.list;
	size_t count = policy->flows.count;
	int error = play ? notes_clear(subject) : -ENOMEM;

	if (error)
		return error;
	state->now = 1000 * SECOND;
	*play = (struct play){.subject = subject, .policy = policy, .random = random};
	play->state = state;
	play->sums = sums;
	for (int i = 0; !error && !play->differs && i < SEQUENCES; i++)
		error = sequence_play(play);
	*ret_differs = play->differs;
	policy->flows.list = flows;
	policy->flows.count = count;
	if (error)
		fprintf(stderr, "oracle: a sequence: %s\n", strerror(-error));
	return error;
}
