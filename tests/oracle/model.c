/* SPDX-License-Identifier: GPL-2.0 */
/*
 * model.c - the second half of docs/verdict.md: exempt, bans, fragments, ports and state, ICMP and
 * the rest; view.c is the first.
 *
 * Each step returns a reason, or RW_REASON_NONE if it leaves the decision to the next one.
 */
#include "memory.h"
#include "view.h"

#include <string.h>

/* Byte 13 of a TCP header. */
#define TCP_FIN 0x01
#define TCP_SYN 0x02
#define TCP_RST 0x04
#define TCP_ACK 0x10

/* --- sections 5 to 7: exempt, bans, later fragments ------------------------------------------- */

static bool is_mld(const struct view *view)
{
	return is_icmpv6(view) && view->hop_limit == 1 &&
	       ((view->type >= 130 && view->type <= 132) || view->type == 143);
}

static bool is_dhcp_answer(const struct view *view)
{
	static const struct model_prefix link_local = {.source = {0xfe, 0x80}, .length = 10};

	if (view->protocol != 17 || view->fragment != WHOLE)
		return false;
	if (view->family == 4)
		return view->source_port == 67 && view->port == 68;
	return view->source_port == 547 && view->port == 546 &&
	       has_prefix(view->source, &link_local);
}

static bool is_router_advertisement(const struct view *view)
{
	return is_icmpv6(view) && view->type == 134;
}

static enum rw_reason exempt_check(struct view *view)
{
	if (view->fragment == LATER_FRAGMENT)
		return RW_REASON_NONE;
	if ((view->family == 4 && view->protocol == 2) ||
	    (is_neighbour_discovery(view) && !is_router_advertisement(view)) || is_mld(view))
		return RW_REASON_EXEMPT;
	return RW_REASON_NONE;
}

static bool is_banned(const struct view *view)
{
	const struct model_policy *policy = view->policy;

	for (size_t i = 0; policy->presence.bans && i < policy->bans.count; i++)
		if (memcmp(view->source, policy->bans.list[i].source, 16) == 0)
			return true;
	for (size_t i = 0; policy->presence.ban_prefixes && i < policy->ban_prefixes.count; i++)
		if (has_prefix(view->source, &policy->ban_prefixes.list[i]))
			return true;
	return false;
}

/* What the longest prefix for (list, source) says; 0 where there is none. */
static uint64_t prefix_value(const struct view *view, uint32_t list)
{
	const struct model_policy *policy = view->policy;
	uint64_t value = 0;
	int longest = -1;

	for (size_t i = 0; i < policy->zone_prefixes[policy->side].count; i++) {
		const struct model_zone_prefix *entry =
			&policy->zone_prefixes[policy->side].list[i];

		if (entry->list == list && entry->prefix.length > longest &&
		    has_prefix(view->source, &entry->prefix)) {
			longest = entry->prefix.length;
			value = entry->bits;
		}
	}
	return value;
}

static enum rw_reason ban_check(struct view *view)
{
	if (is_banned(view) && prefix_value(view, RW_NEVER_BAN_LIST) == 0)
		return RW_REASON_BANNED;
	return RW_REASON_NONE;
}

static const struct model_interface *interface_find(const struct view *view, uint32_t vlan)
{
	const struct model_policy *policy = view->policy;

	for (size_t i = 0; i < policy->interfaces.count; i++)
		if (policy->interfaces.list[i].ifindex == view->packet->ifindex &&
		    policy->interfaces.list[i].vlan == vlan)
			return &policy->interfaces.list[i];
	return NULL;
}

static uint32_t slot_find(const struct view *view)
{
	const struct model_interface *interface = interface_find(view, view->vlan);

	return interface ? interface->slot : 0;
}

static enum rw_reason configuration_check(struct view *view)
{
	uint8_t accepts = view->policy->slots[slot_find(view)].accepts;

	if (view->fragment == LATER_FRAGMENT)
		return RW_REASON_NONE;
	if ((is_router_advertisement(view) && accepts & RW_ACCEPTS_RA) ||
	    (is_dhcp_answer(view) && accepts & RW_ACCEPTS_DHCP))
		return RW_REASON_EXEMPT;
	return RW_REASON_NONE;
}

static enum rw_reason later_fragment_decide(struct view *view)
{
	if (view->fragment != LATER_FRAGMENT)
		return RW_REASON_NONE;
	if (view->policy->flags & RW_POLICY_FRAGMENTS_DROP)
		return RW_REASON_FRAGMENT;
	return RW_REASON_FRAGMENT_ALLOWED;
}

/* --- section 8: TCP and UDP ------------------------------------------------------------------- */

static bool has_bad_flags(uint8_t flags)
{
	if (flags == 0)
		return true;
	if (flags & TCP_SYN && flags & (TCP_FIN | TCP_RST))
		return true;
	return flags & TCP_FIN && !(flags & TCP_ACK);
}

static uint64_t source_bits(const struct view *view)
{
	const struct model_slot *slot = &view->policy->slots[slot_find(view)];
	uint64_t said = slot->list ? prefix_value(view, slot->list) : 0;
	uint64_t bits = 0;

	for (unsigned int i = 0; i < 64; i++) {
		bool is_set = i >= 64 - RW_SETS;

		if (said >> i & 1 && (!is_set || slot->sets >> i & 1))
			bits |= 1ULL << i;
	}
	if (bits & RW_ZONE_EXTERNAL || bits & RW_ZONE_INTERNAL || bits & RW_ZONE_VPN)
		return bits;
	return bits | (slot->zone ? slot->zone : RW_ZONE_EXTERNAL);
}

/* The longest prefix decides; a shorter one does not stand in for one that has expired. */
static bool is_opened(const struct view *view, uint8_t l4)
{
	const struct model_opening *longest = NULL;

	if (!view->policy->presence.openings)
		return false;
	for (size_t i = 0; i < view->policy->openings.count; i++) {
		const struct model_opening *opening = &view->policy->openings.list[i];

		if (opening->l4 == l4 && opening->port == view->port &&
		    (!longest || opening->prefix.length > longest->prefix.length) &&
		    has_prefix(view->source, &opening->prefix))
			longest = opening;
	}
	return longest && !longest->expired;
}

static bool is_of_socket(const struct view *view, const struct model_socket *socket)
{
	return socket->remote_port == view->source_port && socket->local_port == view->port &&
	       memcmp(socket->remote, view->source, 16) == 0 &&
	       memcmp(socket->local, view->destination, 16) == 0;
}

static bool has_socket(const struct view *view)
{
	const struct model_policy *policy = view->policy;

	for (size_t i = 0; i < policy->sockets.count; i++)
		if (is_of_socket(view, &policy->sockets.list[i]))
			return true;
	for (size_t i = 0; view->packet->hook != MODEL_CGROUP && i < policy->bound.count; i++)
		if (is_of_socket(view, &policy->bound.list[i]))
			return true;
	return false;
}

static bool has_flow(const struct view *view)
{
	for (size_t i = 0; i < view->policy->flows.count; i++) {
		const struct model_flow *flow = &view->policy->flows.list[i];

		if (!flow->stale && flow->remote_port == view->source_port &&
		    flow->local_port == view->port && memcmp(flow->remote, view->source, 16) == 0 &&
		    memcmp(flow->local, view->destination, 16) == 0)
			return true;
	}
	return false;
}

static bool is_of_tracked(const struct view *view, const uint8_t from[16], uint16_t from_port,
			  const uint8_t to[16], uint16_t to_port)
{
	return view->source_port == from_port && view->port == to_port &&
	       memcmp(view->source, from, 16) == 0 && memcmp(view->destination, to, 16) == 0;
}

/* Section 8, 7: would a rule or an opening have admitted the question, from where the answer comes? */
static bool is_question_admitted(const struct view *view, const struct model_tracked *tracked)
{
	struct view question = *view;

	memcpy(question.source, tracked->from, 16);
	question.source_port = tracked->from_port;
	question.port = tracked->to_port;
	return rules_decide(&question) != RW_REASON_NONE;
}

static bool is_forwarded(const struct view *view)
{
	const struct model_policy *policy = view->policy;

	for (size_t i = 0; view->packet->asks && i < policy->tracked.count; i++) {
		const struct model_tracked *tracked = &policy->tracked.list[i];

		if (tracked->protocol != view->protocol)
			continue;
		if (is_of_tracked(view, tracked->answer_from, tracked->answer_from_port,
				  tracked->answer_to, tracked->answer_to_port))
			return view->protocol == 6 || !is_question_admitted(view, tracked);
		if (is_of_tracked(view, tracked->from, tracked->from_port, tracked->to,
				  tracked->to_port))
			return view->protocol == 6 && tracked->agreed;
	}
	return false;
}

static enum rw_reason state_decide(struct view *view, const struct model_port *entry)
{
	enum rw_reason refusal = entry->zones ? RW_REASON_ZONE_DENIED : RW_REASON_NOT_OPEN;

	if (view->protocol == 6) {
		if ((view->tcp_flags & (TCP_SYN | TCP_ACK)) != TCP_SYN)
			return has_socket(view)	    ? RW_REASON_ESTABLISHED
			       : is_forwarded(view) ? RW_REASON_FORWARDED
						    : RW_REASON_NO_CONNECTION;
	} else {
		if (has_flow(view))
			return RW_REASON_ESTABLISHED;
		if (is_forwarded(view))
			return RW_REASON_FORWARDED;
		if (!entry->zones)
			refusal = RW_REASON_NO_CONNECTION;
	}
	if (refusal == RW_REASON_ZONE_DENIED)
		view->rule = entry->rule;
	return refusal;
}

/* Section 13: who has no token, and is not exempt. Finds out the zone of who has none. */
static bool is_limited(struct view *view, const struct model_port *entry)
{
	const struct model_bucket *found = NULL;

	for (size_t i = 0; i < view->policy->buckets.count; i++) {
		const struct model_bucket *bucket = &view->policy->buckets.list[i];

		/* An IPv4 address is in none of an IPv6 source, not even in ::/1. */
		if (bucket->rule == entry->rule &&
		    (bucket->source.length > 96) == (view->family == 4) &&
		    has_prefix(view->source, &bucket->source))
			found = bucket;
	}
	if (!found || found->left != MODEL_LEFT_NOTHING)
		return false;
	view->zone = source_bits(view);
	return !(view->zone & (RW_ZONE_INTERNAL | RW_ZONE_MANAGEMENT | RW_ZONE_PEERS)) &&
	       prefix_value(view, RW_NEVER_BAN_LIST) == 0;
}

enum rw_reason rules_decide(struct view *view)
{
	uint8_t l4 = view->protocol == 6 ? RW_L4_TCP : RW_L4_UDP;
	const struct model_port *entry = &view->policy->ports[l4][view->port];
	bool is_open = (entry->zones & RW_ZONE_ALL) == RW_ZONE_ALL;

	if (!is_open && entry->zones) {
		view->zone = source_bits(view);
		is_open = entry->zones & view->zone;
	}
	if (is_open) {
		if (entry->limit && l4 == RW_L4_TCP &&
		    (view->tcp_flags & (TCP_SYN | TCP_ACK)) == TCP_SYN && is_limited(view, entry))
			return RW_REASON_RATE_LIMITED;
		view->rule = entry->rule;
		return RW_REASON_OPEN;
	}
	return is_opened(view, l4) ? RW_REASON_OPENING : RW_REASON_NONE;
}

static enum rw_reason port_decide(struct view *view)
{
	enum rw_reason reason;

	if (view->protocol == 6 && has_bad_flags(view->tcp_flags))
		return RW_REASON_BAD_FLAGS;
	reason = rules_decide(view);
	if (reason)
		return reason;
	return state_decide(
		view,
		&view->policy->ports[view->protocol == 6 ? RW_L4_TCP : RW_L4_UDP][view->port]);
}

/* --- section 9: ICMP and other protocols ------------------------------------------------------ */

/* Section 10: XDP has counted it; here only what is really refused counts. */
static bool is_judged_again(const struct view *view)
{
	const struct model_interface *interface = interface_find(view, 0);

	return view->packet->hook == MODEL_CGROUP && interface && interface->covered;
}

static enum rw_reason icmp_decide(const struct view *view)
{
	uint8_t type = view->type;
	bool allowed, echo_request;

	if (is_icmp(view)) {
		allowed = type == 0 || type == 3 || type == 11 || type == 12;
		echo_request = type == 8;
	} else {
		allowed = (type >= 1 && type <= 4) || type == 129;
		echo_request = type == 128;
	}
	if (echo_request)
		return view->policy->echo_rate || is_judged_again(view) ? RW_REASON_ICMP_ALLOWED
									: RW_REASON_ICMP_RATE;
	return allowed ? RW_REASON_ICMP_ALLOWED : RW_REASON_ICMP;
}

static enum rw_reason protocol_decide(struct view *view)
{
	if (view->protocol == 6 || view->protocol == 17)
		return port_decide(view);
	if (is_icmp(view) || is_icmpv6(view))
		return icmp_decide(view);
	return view->policy->protocols[view->protocol] ? RW_REASON_PROTOCOL_LISTED
						       : RW_REASON_PROTOCOL;
}

/* --- the whole -------------------------------------------------------------------------------- */

static enum rw_reason packet_decide(struct view *view)
{
	enum rw_reason (*const steps[])(struct view *) = {
		view_read,	     exempt_check,	    ban_check,
		configuration_check, later_fragment_decide, protocol_decide,
	};
	enum rw_reason reason = RW_REASON_NONE;

	for (size_t i = 0; !reason; i++) /* the last step always decides */
		reason = steps[i](view);
	return reason;
}

/* Section 11. */
static enum rw_reason room_decide(struct view *view, enum rw_reason reason)
{
	struct model_memory *memory = view->policy->memory;
	uint64_t zone;

	if (!memory || view->packet->hook == MODEL_CGROUP || view->fragment == WHOLE ||
	    reason < RW_REASON_PASS_FIRST)
		return reason;
	zone = source_bits(view);
	if (memory_hold(memory, view, reason, zone))
		return reason;
	view->zone = zone;
	view->rule = RW_RULE_NONE;
	return RW_REASON_FRAGMENT_FLOOD;
}

/* Section 10: what the cgroup hook lets by before it looks. */
static bool is_passed_unseen(const struct view *view)
{
	return view->packet->hook == MODEL_CGROUP &&
	       (view->packet->ifindex == 1 || view->packet->foreign);
}

void model_verdict(const struct model_policy *policy, const struct model_packet *packet,
		   struct model_verdict *ret)
{
	struct view view = {
		.policy = policy,
		.packet = packet,
		.rest = {packet->frame, packet->length},
		.rule = RW_RULE_NONE,
	};
	struct model_verdict verdict = {.pass = true, .rule = RW_RULE_NONE};

	if (!is_passed_unseen(&view)) {
		verdict.counted = true;
		verdict.reason = room_decide(&view, packet_decide(&view));
		verdict.judged = verdict.reason;
		verdict.rule = view.rule;
		verdict.zone = view.zone;
		verdict.pass = verdict.reason >= RW_REASON_PASS_FIRST ||
			       (policy->in_force && !(policy->flags & RW_POLICY_ENFORCE));
	}
	if (is_judged_again(&view) && verdict.pass) {
		verdict.counted = false;
		verdict.reason = RW_REASON_NONE;
		verdict.rule = RW_RULE_NONE;
	}
	if (view.has_header) {
		memcpy(verdict.source, view.source, 16);
		verdict.l4 = view.protocol;
	}
	if (view.has_port)
		verdict.port = view.port;
	*ret = verdict;
}

const char *model_reason_name(unsigned int reason)
{
	switch (reason) {
	case RW_REASON_NONE:
		return "uncounted";
#define MODEL_REASON_NAME(number, NAME, name, verdict, doc)                                        \
	case number:                                                                               \
		return name;
		RW_REASONS(MODEL_REASON_NAME)
#undef MODEL_REASON_NAME
	default:
		return "?";
	}
}
