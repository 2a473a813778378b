/* SPDX-License-Identifier: GPL-2.0 */
/* state.c - conversations and notes, as lists that are scanned. */
#include "state.h"

#include <string.h>

#include "view.h"

#define AWAITED (180 * 1000000000ULL)

void state_clear(struct state *state)
{
	for (size_t i = 0; i < state->touched_count; i++)
		state->notes[state->touched[i]] = 0;
	state->touched_count = 0;
	state->flow_count = 0;
}

static bool is_young(const struct state *state, uint64_t time)
{
	return time != 0 && state->now - time < AWAITED;
}

void state_show(struct state *state, struct model_policy *policy)
{
	for (size_t i = 0; i < state->flow_count; i++)
		state->flows[i].stale = !is_young(state, state->last[i]);
	policy->flows.list = state->flows;
	policy->flows.count = state->flow_count;
}

static void note_make(struct state *state, uint32_t note)
{
	if (!state->notes[note] && state->touched_count < STATE_TOUCHED)
		state->touched[state->touched_count++] = note;
	state->notes[note] = state->now;
}

/* Both of one whose datagram `view` is. */
static uint32_t note_of_peer(const struct view *view)
{
	uint64_t a, b, sum;

	memcpy(&a, view->source, 8);
	memcpy(&b, view->source + 8, 8);
	sum = a * 0xff51afd7ed558ccd + b * 0xc4ceb9fe1a85ec53 +
	      (view->source_port * 65536ULL + view->port) * 0x9fb21c651e98df25;
	return 2 * 65536 + (uint32_t)(sum >> 45);
}

static void peer_note(struct state *state, const struct view *view)
{
	note_make(state, view->port);
	note_make(state, note_of_peer(view));
}

static bool has_come_unasked(const struct state *state, const struct view *view)
{
	if (is_young(state, state->notes[65536 + view->port]))
		return true;
	return is_young(state, state->notes[view->port]) &&
	       is_young(state, state->notes[note_of_peer(view)]);
}

void state_arrived(struct state *state, const struct model_policy *policy,
		   const struct model_packet *packet, const struct model_verdict *verdict,
		   uint16_t port)
{
	struct view view = {
		.policy = policy, .packet = packet, .rest = {packet->frame, packet->length}};

	if (packet->hook != MODEL_CGROUP || !verdict->pass || verdict->judged == RW_REASON_NONE)
		return;
	if (verdict->judged == RW_REASON_MALFORMED || verdict->judged == RW_REASON_IPV6_OFF) {
		note_make(state, 65536u + port);
		return;
	}
	view_read(&view);
	if (view.protocol == 17 && view.fragment != LATER_FRAGMENT &&
	    verdict->judged != RW_REASON_ESTABLISHED)
		peer_note(state, &view);
}

/* The datagram that would answer it. */
static void view_turn(struct view *view)
{
	uint8_t address[16];
	uint16_t port = view->source_port;

	memcpy(address, view->source, 16);
	memcpy(view->source, view->destination, 16);
	memcpy(view->destination, address, 16);
	view->source_port = view->port;
	view->port = port;
}

static size_t flow_find(const struct state *state, const struct view *answer)
{
	size_t i = 0;

	while (i < state->flow_count &&
	       (memcmp(state->flows[i].remote, answer->source, 16) != 0 ||
		memcmp(state->flows[i].local, answer->destination, 16) != 0 ||
		state->flows[i].remote_port != answer->source_port ||
		state->flows[i].local_port != answer->port))
		i++;
	return i;
}

static void flow_begin(struct state *state, const struct view *answer, size_t at)
{
	struct model_flow *flow = &state->flows[at];

	if (at == STATE_FLOWS)
		return;
	if (at == state->flow_count)
		state->flow_count++;
	memcpy(flow->remote, answer->source, 16);
	memcpy(flow->local, answer->destination, 16);
	flow->remote_port = answer->source_port;
	flow->local_port = answer->port;
	state->last[at] = state->now;
}

static bool is_ipv6_refused(const struct model_policy *policy, const struct model_packet *packet)
{
	const uint8_t both = RW_POLICY_ENFORCE | RW_POLICY_IPV6_DROP;

	return (policy->flags & both) == both && packet->length && packet->frame[0] >> 4 == 6;
}

bool state_sent(struct state *state, const struct model_policy *policy,
		const struct model_packet *packet)
{
	/* In mode observe what is off is sent all the same: view_read() would not look at it. */
	struct view view = {
		.policy = policy, .packet = packet, .rest = {packet->frame, packet->length}};
	size_t flow;

	if (packet->ifindex == 1 || packet->foreign || !policy->in_force)
		return true;
	if (is_ipv6_refused(policy, packet))
		return false;
	if (view_read_sent(&view) || view.protocol != 17 || view.fragment == LATER_FRAGMENT)
		return true;
	view_turn(&view);
	flow = flow_find(state, &view);
	if (rules_decide(&view))
		peer_note(state, &view);
	else if (flow < state->flow_count && is_young(state, state->last[flow]))
		state->last[flow] = state->now;
	else if (has_come_unasked(state, &view))
		peer_note(state, &view);
	else
		flow_begin(state, &view, flow);
	return true;
}
