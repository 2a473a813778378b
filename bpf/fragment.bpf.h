/* SPDX-License-Identifier: GPL-2.0 */
/*
 * fragment.bpf.h - room for fragments in the kernel's memory, of which no zone may take all.
 *
 * docs/verdict.md, section 11. Invariant: what a zone is charged, less what was returned, is at
 * least what its fragments hold in the kernel. So every fragment is charged, and only for what the
 * kernel has certainly completed the charges are returned. Who overwrites an element of `datagrams`
 * keeps its charges standing: the table can be filled, but not to anybody's gain.
 */
#pragma once

#include "zone.bpf.h"

#define ROOM_OF_FAMILY 3 /* the element that has the turn */

/* Two rounds of murmur3's finalizer: who does not know the secret cannot make two numbers meet. */
static __always_inline __u64 scramble(__u64 number)
{
	number ^= number >> 33;
	number *= 0xff51afd7ed558ccdULL;
	number ^= number >> 29;
	number *= 0xc4ceb9fe1a85ec53ULL;
	return number ^ number >> 32;
}

static __always_inline __u64 secret_read(void)
{
	__u32 zero = 0;
	__u64 *secret = bpf_map_lookup_elem(&fragment_secret, &zero);

	if (!secret)
		return 0;
	if (!*secret)
		*secret = (__u64)bpf_get_prandom_u32() << 32 | bpf_get_prandom_u32() | 1;
	return *secret;
}

/* Frames to another station are another datagram: the kernel does not see them. */
static __always_inline __u64 station_at(__u16 *station, void *end)
{
	if (l2_len == 0 || (void *)(station + 3) > end)
		return 0;
	return (__u64)station[0] << 32 | (__u64)station[1] << 16 | station[2];
}

static __always_inline __u64 station_of(const struct hook_context *hook)
{
	struct __sk_buff *skb = hook->ctx;
	struct xdp_md *xdp = hook->ctx;

	if (hook->can & IS_SKB)
		return station_at((void *)(long)skb->data, (void *)(long)skb->data_end);
	return station_at((void *)(long)xdp->data, (void *)(long)xdp->data_end);
}

static __always_inline __u64 datagram_identity(__u64 station, const struct packet *packet,
					       __u64 secret)
{
	__u64 sum = scramble(secret ^ packet->source.halves[0]);

	sum = scramble(sum ^ packet->source.halves[1]);
	sum = scramble(sum ^ packet->destination.halves[0]);
	sum = scramble(sum ^ packet->destination.halves[1]);
	sum = scramble(sum ^ station);
	sum = scramble(sum ^ ((__u64)packet->vlan << 32 | packet->identification));
	return scramble(sum ^ (is_ipv4(packet) ? packet->protocol + 1 : 0)) | 1;
}

static __always_inline __u32 room_held(const struct rw_fragment_room *room, __u32 now)
{
	__u32 held = 0;
	int i;

#pragma clang loop unroll(full)
	for (i = 0; i < RW_FRAGMENT_WINDOWS; i++)
		if (room->windows[i].number + RW_FRAGMENT_WINDOWS > now)
			held += room->windows[i].bytes;
	/*
	 * CPUs that begin a window at once can lose a charge, which is then returned all the same.
	 */
	return held >> 31 ? 0 : held;
}

static __always_inline void room_charge(struct rw_fragment_room *room, __u32 number, __u32 bytes)
{
	struct rw_fragment_window *window = &room->windows[number & (RW_FRAGMENT_WINDOWS - 1)];

	if (window->number != number) {
		window->bytes = 0;
		window->number = number;
	}
	__sync_fetch_and_add(&window->bytes, bytes);
}

/* The number of a place in a datagram. */
static __always_inline __u64 edge(__u64 secret, __u32 at)
{
	return scramble(secret + at);
}

/* Add a fragment. Returns true if the datagram is complete now. */
static __always_inline bool datagram_add(struct rw_datagram *datagram, __u32 start, __u32 end)
{
	__u64 secret = secret_read();

	datagram->starts += edge(secret, start);
	datagram->ends += edge(secret, end);
	return !datagram->torn &&
	       datagram->ends + edge(secret, 0) == datagram->starts + edge(secret, FRAGMENT_END);
}

/*
 * The element of a datagram: its own, or that which it takes. Two places for each, so that seldom
 * anybody is forgotten whose fragments are still on their way.
 */
static __always_inline struct rw_datagram *datagram_find(__u64 identity)
{
	__u32 slot = identity >> 32 & (RW_DATAGRAMS - 1), beside = slot ^ 1;
	struct rw_datagram *one = bpf_map_lookup_elem(&datagrams, &slot);
	struct rw_datagram *two = bpf_map_lookup_elem(&datagrams, &beside);

	if (!one || !two || one->identity == identity)
		return one;
	if (two->identity == identity || !two->identity)
		return two;
	return one->identity && two->since < one->since ? two : one;
}

static __always_inline void datagram_begin(struct rw_datagram *datagram, __u64 identity, __u64 now,
					   __u32 turn)
{
	datagram->identity = identity;
	datagram->starts = 0;
	datagram->ends = 0;
	datagram->since = now;
	datagram->held = 0;
	datagram->turn = turn;
	datagram->class = RW_FRAGMENT_STRAY;
	datagram->torn = 0;
}

/* What a fragment is by itself; of a later one its datagram decides. */
static __always_inline __u32 fragment_class(const struct packet *packet, __u8 reason)
{
	if (packet->fragment == FRAGMENT_LATER)
		return RW_FRAGMENT_STRAY;
	return packet->protocol == IPPROTO_UDP && reason == RW_REASON_ESTABLISHED
		       ? RW_FRAGMENT_OWN
		       : RW_FRAGMENT_BEGUN;
}

static __always_inline struct rw_fragment_room *room_at(__u32 number)
{
	return bpf_map_lookup_elem(&fragment_rooms, &number);
}

static __always_inline __u32 room_number(const struct packet *packet, __u32 zone)
{
	return (is_ipv4(packet) ? 0 : ZONE_NUMBERS) + zone;
}

/*
 * A fragment that would pass, of the class that it has by itself. `number` is its room's; `places` are
 * its start and, in the upper half, its end, or 0 of one that the kernel may throw away. Returns
 * whether there is room.
 *
 * Takes numbers alone and is not static: so it is verified once, and not for each of the hundred
 * ways to get here (5.6 and later: kernel/bpf/verifier.c, do_check_subprogs()).
 */
__noinline int fragment_hold(__u64 identity, __u32 number, __u32 bytes, __u64 places, __u32 class)
{
	struct rw_fragment_room *room = room_at(number);
	struct rw_fragment_room *family = room_at(number | ROOM_OF_FAMILY);
	__u32 cost = bytes + RW_FRAGMENT_COST, turn;
	__u64 now = bpf_ktime_get_ns();
	struct rw_datagram *datagram;
	bool known;

	datagram = datagram_find(identity);
	if (!room || !family || !datagram)
		return false;
	known = datagram->identity == identity && now < datagram->since + RW_FRAGMENT_NS;
	if (known && class == RW_FRAGMENT_STRAY)
		class = datagram->class;
	if (room_held(room, now / RW_FRAGMENT_WINDOW_NS) > class * (RW_FRAGMENT_ROOM / 3))
		return false;
	room_charge(room, now / RW_FRAGMENT_WINDOW_NS, cost);
	turn = family->turn;
	__sync_fetch_and_add(&family->turn, 1);
	if (!places)
		return true;
	if (!known)
		datagram_begin(datagram, identity, now, turn);
	if (class > datagram->class)
		datagram->class = class;
	if (datagram->turn + RW_FRAGMENT_APART < turn)
		datagram->torn = 1;
	datagram->turn = turn;
	datagram->held += cost;
	if (datagram_add(datagram, places, places >> 32)) {
		datagram->identity = 0;
		room_charge(room, datagram->since / RW_FRAGMENT_WINDOW_NS, -datagram->held);
	}
	return true;
}

/* Has the fragment room in its zone? */
static __always_inline bool has_room(const struct hook_context *hook, const struct packet *packet,
				     __u64 zone, __u8 reason)
{
	__u64 places = packet->plain ? (__u64)packet->end << 32 | packet->start : 0;

	return fragment_hold(datagram_identity(station_of(hook), packet, secret_read()),
			     room_number(packet, zone_number(zone)), packet->bytes, places,
			     fragment_class(packet, reason));
}
