/* SPDX-License-Identifier: GPL-2.0 */
/*
 * limit.bpf.h - how many connections a source may begin. docs/verdict.md, section 13.
 *
 * A bucket is the time at which it is full again (GCRA). It stands in one element of each of two
 * rows, by its hash; others may share an element, which is only later for that,
 * and so the earlier of the two counts. What a packet asks is read and not written: only a
 * connection whose handshake is complete takes a token, so no sender can empty the bucket of an
 * address that is not its own.
 */
#pragma once

#include "state.bpf.h"
#include "zone.bpf.h"

#define LIMIT_DEBT_NS (3600ULL * SECOND_NS) /* that what came at once can owe at most */

/* Who is never limited, beside what is never banned. */
#define LIMIT_EXEMPT (RW_ZONE_INTERNAL | RW_ZONE_MANAGEMENT | RW_ZONE_PEERS)

static __always_inline void limit_key(struct rw_stayer_key *ret, const struct address *source,
				      const struct rw_policy_limit *limit, __u32 rule)
{
	bool ipv4 = is_ipv4_mapped(source);

	ret->halves[0] = source->halves[0];
	ret->halves[1] = source->halves[1];
	ret->rule = rule;
	ret->pad0 = 0;
	if (ipv4) {
		ret->halves[1] &= bpf_cpu_to_be64(~0ULL << (32 - limit->ipv4_bits));
	} else {
		ret->halves[0] &= bpf_cpu_to_be64(~0ULL << (64 - limit->ipv6_bits));
		ret->halves[1] = 0;
	}
}

static __always_inline __u64 *limit_element(__u32 index)
{
	__u32 zero = 0;
	void *rows = bpf_map_lookup_elem(&limit_times, &zero);

	return rows ? bpf_map_lookup_elem(rows, &index) : NULL;
}

/*
 * Is there no token left? `span` is the time in which a bucket less one token fills up. Global:
 * verified once, and not at each way that leads here.
 */
__noinline int limit_is_spent(__u64 high, __u64 low, __u64 rule, __u64 span)
{
	__u64 hash = rw_limit_hash(high, low, rule, seeds);
	__u64 *first = limit_element(rw_limit_first(hash));
	__u64 *second = limit_element(rw_limit_second(hash));
	__u64 bound = bpf_ktime_get_ns() + span;

	return first && second && *first > bound && *second > bound;
}

/*
 * The SYN is refused. Of a source that stays at the limit one such is remembered. Returns true if this
 * is that one, sent again, and the source is to be banned if it is its own: then it passes, for only the
 * complete handshake can tell.
 */
static __always_inline bool limit_proves(const struct rw_stayer_key *key,
					 const struct packet *packet, __u32 burst)
{
	struct rw_stayer *stayer = bpf_map_lookup_elem(&limit_stayers, key);
	__u32 sequence = bpf_ntohl(packet->sequence);
	__u32 now = bpf_ktime_get_ns() >> 30;

	if (!stayer || stayer->refused || packet->fragment != FRAGMENT_WHOLE)
		return false;
	if (!stayer->since || now > stayer->since + RW_STAYER_TIME) {
		stayer->syn = sequence;
		stayer->since = now;
		return false;
	}
	return stayer->syn == sequence && stayer->connections >= burst;
}

/* TCP: does it ask for a connection? */
static __always_inline bool is_syn(const struct packet *packet)
{
	return (packet->tcp_flags & (TCP_SYN | TCP_ACK)) == TCP_SYN;
}

/*
 * The rule of the port admits it. Returns 0 if the limit does, too, else the bits of the zone of a
 * source that has begun too many connections.
 */
static __noinline __u64 limit_refuses(const struct hook_context *hook, const struct packet *packet,
				      void *tables, const struct rw_policy_port *port)
{
	struct rw_policy_entry *entry = policy_at(tables, RW_POLICY_LIMITS + port->limit);
	struct rw_stayer_key key;
	__u64 zone;

	if (!entry)
		return 0;
	limit_key(&key, &packet->source, &entry->limit, port->rule);
	if (!limit_is_spent(key.halves[0], key.halves[1], key.rule,
			    entry->limit.interval * (entry->limit.burst - 1)))
		return 0;
	zone = zone_of(hook, packet, tables);
	if (zone & LIMIT_EXEMPT || is_never_banned(packet, tables))
		return 0;
	if (entry->limit.notes && limit_proves(&key, packet, entry->limit.burst))
		return 0;
	return zone;
}
