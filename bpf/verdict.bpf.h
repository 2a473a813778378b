/* SPDX-License-Identifier: GPL-2.0 */
/*
 * verdict.bpf.h - the only place that decides. docs/verdict.md says the same in words.
 *
 * One function, judge(), for every hook. It looks up and reads; it changes nothing but the echo
 * bucket and the room for fragments. What follows from the verdict is account.bpf.h's and the entry
 * points' business.
 */
#pragma once

#include "ban.bpf.h"
#include "cookie.bpf.h"
#include "exempt.bpf.h"
#include "forward.bpf.h"
#include "flow.bpf.h"
#include "fragment.bpf.h"
#include "limit.bpf.h"
#include "state.bpf.h"
#include "zone.bpf.h"

/* ICMP that passes, as a bit for each type: RFC 5927 and RFC 4890, 4.3.1. */
#define ICMP_PASSES   ((1ULL << 0) | (1ULL << 3) | (1ULL << 11) | (1ULL << 12))
#define ICMPV6_PASSES ((1ULL << 1) | (1ULL << 2) | (1ULL << 3) | (1ULL << 4))
#define ICMP_ECHO     8
#define ICMPV6_ECHO   128
#define ICMPV6_REPLY  129

struct verdict {
	__u64 zone;	  /* RW_ZONE_* bits if they had to be found out */
	__u32 rule;	  /* for open and zone-denied, else RW_RULE_NONE */
	__u32 generation; /* of the policy that decided */
	__u8 reason;	  /* RW_REASON_* */
	__u8 enforce;	  /* 0: observe, a drop is counted and passes */
	__u8 syn;	  /* may be answered in place of the listening socket */
};

static __always_inline bool is_dropped(const struct verdict *verdict)
{
	return verdict->reason < RW_REASON_PASS_FIRST;
}

/* Is a switch of the policy on? */
static __always_inline bool has_flag(void *tables, __u8 flag)
{
	struct rw_policy_entry *header = policy_at(tables, 0);

	return !header || (header->header.flags & flag);
}

/*
 * TCP flags that no honest stack sends, as a bit for each of the 64 values of URG ACK PSH RST SYN
 * FIN: none, SYN+FIN, SYN+RST, FIN without ACK. ECE, CWR and NS are not looked at.
 */
#define BAD_FLAGS 0xc8c8eaeac8c8eaebULL

static __always_inline bool has_bad_flags(__u8 flags)
{
	return BAD_FLAGS >> (flags & 63) & 1;
}

/*
 * An opening is over when its time is, whether or not anybody is alive to remove it; a suspended
 * machine's time goes on. Before 5.8 there is but a clock that stands still meanwhile: what is over
 * by then is left to user space.
 */
static __always_inline bool has_opening(const struct hook_context *hook,
					const struct packet *packet, __u32 l4)
{
	struct rw_opening_key key = {.prefixlen = 32 + 128, .l4 = l4, .port = packet->ports[1]};
	struct rw_opening *opening;

	__builtin_memcpy(key.source, &packet->source, sizeof(key.source));
	opening = bpf_map_lookup_elem(&openings, &key);
	if (!opening)
		return false;
	return (hook->can & CAN_RINGBUF ? bpf_ktime_get_boot_ns() : bpf_ktime_get_ns()) <
	       opening->expires;
}

/* Token bucket as one time stamp (GCRA): a second's worth of echo requests may come at once. */
static __always_inline bool has_echo_token(__u16 rate, __u32 zone)
{
	__u64 now, interval, *next;

	next = bpf_map_lookup_elem(&echo_bucket, &zone);
	if (!next)
		return false;
	now = bpf_ktime_get_ns();
	interval = SECOND_NS / rate;
	if (*next < now)
		*next = now;
	if (*next + interval > now + SECOND_NS) /* sums: RHEL 8.4 gets differences wrong */
		return false;
	*next += interval;
	return true;
}

static __always_inline __u8 judge_echo(const struct hook_context *hook, const struct packet *packet,
				       void *tables, struct verdict *verdict)
{
	struct rw_policy_entry *header = policy_at(tables, 0);
	__u16 rate = header ? header->header.echo_rate : 0;

	if (hook->again || rate == 65535)
		return RW_REASON_ICMP_ALLOWED;
	if (rate == 0)
		return RW_REASON_ICMP_RATE;
	verdict->zone = zone_of(hook, packet, tables);
	return has_echo_token(rate, zone_number(verdict->zone)) ? RW_REASON_ICMP_ALLOWED
								: RW_REASON_ICMP_RATE;
}

static __always_inline __u8 judge_icmp(const struct hook_context *hook, const struct packet *packet,
				       void *tables, struct verdict *verdict)
{
	bool ipv4 = is_ipv4(packet);
	__u8 type = packet->icmp_type;

	if (type == (ipv4 ? ICMP_ECHO : ICMPV6_ECHO))
		return judge_echo(hook, packet, tables, verdict);
	if (type < 64 && ((ipv4 ? ICMP_PASSES : ICMPV6_PASSES) >> type & 1))
		return RW_REASON_ICMP_ALLOWED;
	if (!ipv4 && type == ICMPV6_REPLY)
		return RW_REASON_ICMP_ALLOWED;
	return RW_REASON_ICMP;
}

/* For a source that the port is not open to. */
static __always_inline __u8 judge_unopened(const struct hook_context *hook,
					   const struct packet *packet, bool denied)
{
	bool tcp = packet->protocol == IPPROTO_TCP;

	if (tcp && is_syn(packet))
		return denied ? RW_REASON_ZONE_DENIED : RW_REASON_NOT_OPEN;
	if (tcp ? has_connection(hook, packet) : has_conversation(packet))
		return RW_REASON_ESTABLISHED;
	return denied && !tcp ? RW_REASON_ZONE_DENIED : RW_REASON_NO_CONNECTION;
}

/* The rule admits it: does its limit, if there is one? (Of UDP nothing is limited.) */
static __always_inline __u8 judge_limit(const struct hook_context *hook,
					const struct packet *packet, void *tables,
					const struct rw_policy_port *port, struct verdict *verdict)
{
	__u64 full;

	if (!port->limit || packet->protocol != IPPROTO_TCP || !is_syn(packet))
		return RW_REASON_OPEN;
	full = limit_refuses(hook, packet, tables, port);
	if (!full)
		return RW_REASON_OPEN;
	verdict->zone = full;
	return RW_REASON_RATE_LIMITED;
}

/*
 * Does a rule or an opening admit it? RW_REASON_NONE: neither. Leaves the port's rule in `verdict`,
 * whomever it admits. `arrives`, a constant: a packet that is here, and meets limits.
 */
static __always_inline __u8 judge_rules(const struct hook_context *hook,
					const struct packet *packet, void *tables,
					const struct rw_presence *any, bool arrives,
					struct verdict *verdict)
{
	__u32 l4 = packet->protocol == IPPROTO_TCP ? RW_L4_TCP : RW_L4_UDP;
	struct rw_policy_entry *entry;
	__u64 zones;

	entry = policy_at(tables, RW_POLICY_PORTS + (l4 << 16) + packet->port);
	zones = entry ? entry->port.zones : 0;
	if (entry && zones) {
		verdict->rule = entry->port.rule;
		if ((zones & RW_ZONE_ALL) != RW_ZONE_ALL)
			verdict->zone = zone_of(hook, packet, tables);
		if ((zones & RW_ZONE_ALL) == RW_ZONE_ALL || zones & verdict->zone)
			return arrives ? judge_limit(hook, packet, tables, &entry->port, verdict)
				       : RW_REASON_OPEN;
	}
	return any->openings && has_opening(hook, packet, l4) ? RW_REASON_OPENING : RW_REASON_NONE;
}

static __noinline bool is_admitted(const struct hook_context *hook, const struct packet *packet,
				   void *tables, const struct rw_presence *any)
{
	struct verdict verdict = {.rule = RW_RULE_NONE};

	return judge_rules(hook, packet, tables, any, false, &verdict) != RW_REASON_NONE;
}

/* In place: the stack has no room for another packet. */
static __always_inline void question_exchange(struct packet *packet, struct question *question)
{
	struct question answer = {.source = packet->source};

	answer.ports[0] = packet->ports[0];
	answer.ports[1] = packet->ports[1];
	packet->source = question->source;
	packet->ports[0] = question->ports[0];
	packet->ports[1] = question->ports[1];
	packet->port = bpf_ntohs(question->ports[1]);
	*question = answer;
}

/*
 * Would a rule or an opening admit the question, had it come from where its answer comes from? Then
 * it may have: whoever forges the source of a datagram to an open port makes an entry of connection
 * tracking whose answers are his own.
 */
static __always_inline bool is_question_open(const struct hook_context *hook, struct packet *packet,
					     void *tables, const struct rw_presence *any,
					     struct question *question)
{
	bool admitted;

	question_exchange(packet, question);
	admitted = is_admitted(hook, packet, tables, any);
	question_exchange(packet, question);
	return admitted;
}

/* The stack has no room for one. What would be answered lies there at another time. */
static __always_inline struct question *question_room(void)
{
	struct rw_handshake *handshake = handshake_room();

	return handshake ? (struct question *)handshake->ip : NULL;
}

/* The last to be asked: a connection of somebody behind this node, or a tunnel of the kernel's. */
static __always_inline bool is_forwarded(const struct hook_context *hook, struct packet *packet,
					 void *tables, const struct rw_presence *any)
{
	struct question *question;
	enum forward forward;

	if (!(hook->can & (CAN_FORWARD | CAN_FLOW)))
		return false;
	/* Nobody begins a connection this way. */
	if (packet->protocol == IPPROTO_TCP && (packet->tcp_flags & (TCP_SYN | TCP_ACK)) == TCP_SYN)
		return false;
	if (is_flow(hook, packet))
		return true;
	question = question_room();
	if (!question)
		return false;
	forward = forward_ask(hook, packet, question);
	return forward == FORWARD_GOES_ON ||
	       (forward == FORWARD_ASKED && !is_question_open(hook, packet, tables, any, question));
}

/* By the port. Leaves the rule in `verdict` where it is the rule that counts the packet. */
static __always_inline __u8 judge_port(const struct hook_context *hook, struct packet *packet,
				       void *tables, const struct rw_presence *any,
				       struct verdict *verdict)
{
	__u8 reason;

	if (packet->protocol == IPPROTO_TCP && has_bad_flags(packet->tcp_flags))
		return RW_REASON_BAD_FLAGS;
	reason = judge_rules(hook, packet, tables, any, true, verdict);
	if (reason == RW_REASON_NONE)
		reason = judge_unopened(hook, packet, verdict->rule != RW_RULE_NONE);
	if (reason < RW_REASON_PASS_FIRST && is_forwarded(hook, packet, tables, any))
		reason = RW_REASON_FORWARDED;
	if (reason != RW_REASON_OPEN && reason != RW_REASON_ZONE_DENIED)
		verdict->rule = RW_RULE_NONE;
	return reason;
}

static __always_inline __u8 judge_protocol(const struct packet *packet, void *tables)
{
	struct rw_policy_entry *entry = policy_at(tables, RW_POLICY_PROTOCOLS + packet->protocol);

	return entry && entry->protocol.listed ? RW_REASON_PROTOCOL_LISTED : RW_REASON_PROTOCOL;
}

#define SYSTEM_UID_MAX 999 /* SYS_UID_MAX of login.defs(5), Debian's and Red Hat's */

/*
 * May a process bind this port, as far as the roles go? A port that a role opens is for its daemon:
 * a user of the host could take it while that is away. Only this node reaches its loopback, port 0
 * is the kernel's choice, and the policy says which ports belong to clients.
 */
static __always_inline bool is_bind_granted(void *tables, const struct address *address,
					    __u32 protocol, __u16 port)
{
	__u32 l4 = protocol == IPPROTO_TCP ? RW_L4_TCP : RW_L4_UDP;
	struct rw_policy_entry *entry;

	if (port == 0 || (protocol != IPPROTO_TCP && protocol != IPPROTO_UDP))
		return true;
	if (address->halves[0] == 0 && address->halves[1] == bpf_cpu_to_be64(1))
		return true;
	if (is_ipv4_mapped(address) && address->bytes[12] == 127)
		return true;
	entry = policy_at(tables, RW_POLICY_PORTS + (l4 << 16) + port);
	if (!entry || entry->port.client)
		return entry;
	return entry->port.zones && (__u32)bpf_get_current_uid_gid() <= SYSTEM_UID_MAX;
}

/* The steps of docs/verdict.md, in its order. Returns the reason. */
static __always_inline __u8 judge_packet(const struct hook_context *hook, struct cursor *cursor,
					 __u32 ethernet, void *tables, struct packet *packet,
					 struct verdict *verdict)
{
	struct rw_presence *any;
	__u32 zero = 0;
	int reason;

	reason = parse_link(cursor, ethernet, packet);
	if (reason)
		return reason;
	if (is_ipv6(packet) && has_flag(tables, RW_POLICY_IPV6_DROP))
		return RW_REASON_IPV6_OFF;
	reason = parse_network(hook->ctx, hook->can, cursor, packet);
	if (reason)
		return reason;
	if (is_exempt(packet))
		return RW_REASON_EXEMPT;
	any = bpf_map_lookup_elem(&presence, &zero);
	if (!any)
		return RW_REASON_NO_POLICY;
	if (is_banned(packet, any) && !is_never_banned(packet, tables))
		return RW_REASON_BANNED;
	if (is_configuration(hook, packet, tables))
		return RW_REASON_EXEMPT;
	if (packet->fragment == FRAGMENT_LATER)
		return has_flag(tables, RW_POLICY_FRAGMENTS_DROP) ? RW_REASON_FRAGMENT
								  : RW_REASON_FRAGMENT_ALLOWED;
	if (packet->protocol == IPPROTO_TCP || packet->protocol == IPPROTO_UDP)
		return judge_port(hook, packet, tables, any, verdict);
	if (is_icmp(packet))
		return judge_icmp(hook, packet, tables, verdict);
	if (is_flow(hook, packet))
		return RW_REASON_FORWARDED;
	return judge_protocol(packet, tables);
}

/* What has passed so far may still be a fragment, before the kernel has made it whole. */
static __always_inline void judge_room(const struct hook_context *hook, const struct packet *packet,
				       void *tables, struct verdict *verdict)
{
	__u64 zone;

	if (!(hook->can & CAN_HOLD) || packet->fragment == FRAGMENT_WHOLE || is_dropped(verdict))
		return;
	zone = zone_of(hook, packet, tables);
	if (has_room(hook, packet, zone, verdict->reason))
		return;
	verdict->reason = RW_REASON_FRAGMENT_FLOOD;
	verdict->rule = RW_RULE_NONE;
	verdict->zone = zone;
}

/* Of the answer that it may be nothing is asked. */
static __always_inline bool is_tracked(const struct hook_context *hook, const struct packet *packet)
{
	struct question *question = question_room();

	return question && forward_ask(hook, packet, question) == FORWARD_GOES_ON;
}

/* What a rule lets pass to a listening socket, which may be overflowing: docs/verdict.md, 14. */
static __always_inline void judge_handshake(const struct hook_context *hook,
					    const struct packet *packet, void *tables,
					    struct verdict *verdict)
{
	struct rw_policy_entry *header;

	if (!has_cookies || verdict->reason != RW_REASON_OPEN || packet->protocol != IPPROTO_TCP ||
	    packet->fragment != FRAGMENT_WHOLE)
		return;
	if ((packet->tcp_flags & (TCP_SYN | TCP_ACK)) == TCP_SYN) {
		if (!is_syn_due())
			return;
		header = policy_at(tables, 0);
		verdict->syn = header &&
			       (header->header.flags &
				(RW_POLICY_ENFORCE | RW_POLICY_COOKIES_OFF)) == RW_POLICY_ENFORCE;
	} else if (!hook->again && is_overflowing(packet) &&
		   (hook->can & IS_SKB ? is_stray_to_tc(hook->ctx, packet)
				       : is_stray_to_xdp(hook->ctx, packet)) &&
		   !is_tracked(hook, packet)) {
		verdict->reason = RW_REASON_NO_CONNECTION;
		verdict->rule = RW_RULE_NONE;
		stray_count();
	}
}

/*
 * The decision. `cursor` holds the packet from its first byte; `ethernet` says which byte that is.
 * `packet` is filled as far as the headers could be read; `verdict` always.
 */
static __always_inline void judge(const struct hook_context *hook, struct cursor *cursor,
				  __u32 ethernet, struct packet *packet, struct verdict *verdict)
{
	struct rw_policy_entry *header;
	__u32 zero = 0;
	void *tables;

	verdict->rule = RW_RULE_NONE;
	verdict->reason = RW_REASON_NO_POLICY;
	verdict->enforce = 1;
	tables = bpf_map_lookup_elem(&policy, &zero);
	if (!tables)
		return;
	verdict->reason = judge_packet(hook, cursor, ethernet, tables, packet, verdict);
	judge_room(hook, packet, tables, verdict);
	if (hook->can & CAN_COOKIE)
		judge_handshake(hook, packet, tables, verdict);
	if (!is_dropped(verdict))
		return;
	header = policy_at(tables, 0);
	if (!header)
		return;
	verdict->enforce = header->header.flags & RW_POLICY_ENFORCE;
	verdict->generation = header->header.generation;
}

/*
 * Would a rule or an opening admit the answer, where this leaves? Then that decides, and ends when
 * it ends; a conversation would admit it on every interface, under a source that is easily forged.
 */
static __always_inline bool is_answer_open(struct __sk_buff *skb, const struct packet *answer,
					   void *tables, __u64 can)
{
	struct hook_context hook = {
		.ctx = skb, .ifindex = skb->ifindex, .slot = SLOT_UNASKED, .can = can | IS_SKB};
	struct verdict verdict = {.rule = RW_RULE_NONE};
	struct rw_presence *any;
	__u32 zero = 0;

	any = bpf_map_lookup_elem(&presence, &zero);
	return !any || judge_rules(&hook, answer, tables, any, false, &verdict) != RW_REASON_NONE;
}

#ifdef RW_FLOWS_KNOWN

/* Whom a rule or an opening let in gets no flow by being answered, whatever ends when: as state.bpf.h. */
static __always_inline void note_admitted(const struct packet *packet,
					  const struct verdict *verdict)
{
	if (flow_kinds & RW_FLOW_OTHERS && packet->protocol == IPPROTO_UDP &&
	    (verdict->reason == RW_REASON_OPEN || verdict->reason == RW_REASON_OPENING))
		peer_note(packet, bpf_ktime_get_ns());
}

#else

static __always_inline void note_admitted(const struct packet *packet,
					  const struct verdict *verdict)
{
}

#endif
