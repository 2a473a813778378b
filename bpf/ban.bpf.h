/* SPDX-License-Identifier: GPL-2.0 */
/*
 * ban.bpf.h - source -> banned?
 *
 * Most sources are not. A filter (struct rw_ban_filter in rolewall/abi.h) says so from one word of
 * a small table, where the bans themselves are a hash and a trie that no cache holds. It is never
 * wrong about a source that is banned; about others it may be, and then the bans are asked.
 */
#pragma once

#include "parse.bpf.h"

/* The first bytes of an address that stand for it where prefixes are banned. */
#define FINE_IPV4   bpf_cpu_to_be64(~0xffULL) /* of the lower half: /24 */
#define COARSE_IPV4 bpf_cpu_to_be64(~0xffffULL)
#define FINE_IPV6   bpf_cpu_to_be64(~0xffffULL) /* of the upper half: /48 */
#define COARSE_IPV6 bpf_cpu_to_be64(~0xffffffffULL)

/* Are the bits of a key set? Where there is no filter, they are. */
static __always_inline bool filter_has(__u32 shape, __u64 high, __u64 low)
{
	__u64 hash = rw_filter_hash(high, low, seeds[3], seeds[4], seeds[6]);
	__u64 bits = rw_filter_bits(hash);
	__u32 word = rw_filter_word(hash, shape), page = word / RW_FILTER_PAGE_WORDS;
	struct rw_filter_page *words;

	if (!(shape & RW_FILTER_MASK))
		return true;
	words = bpf_map_lookup_elem(&ban_filter, &page);
	return !words || (words->words[word & (RW_FILTER_PAGE_WORDS - 1)] & bits) == bits;
}

/* May a prefix that is banned hold the source? */
static __always_inline bool filter_has_prefix(__u32 shape, const struct packet *packet)
{
	const __u64 *halves = packet->source.halves;
	bool ipv4 = is_ipv4(packet);

	if (!(shape & RW_FILTER_PREFIXES))
		return true;
	if (shape & RW_FILTER_FINE &&
	    filter_has(shape, halves[0] & FINE_IPV6, ipv4 ? halves[1] & FINE_IPV4 : 0))
		return true;
	return shape & RW_FILTER_COARSE &&
	       filter_has(shape, halves[0] & COARSE_IPV6, ipv4 ? halves[1] & COARSE_IPV4 : 0);
}

/* Not inline: few packets come here, and the others are spared its place on the stack. */
static __noinline bool has_ban_prefix(const struct packet *packet)
{
	struct rw_prefix_key key = {.prefixlen = 128};

	__builtin_memcpy(key.source, &packet->source, sizeof(key.source));
	return bpf_map_lookup_elem(&ban_prefixes, &key);
}

static __always_inline bool has_ban(const struct packet *packet)
{
	__u32 zero = 0;
	void *table = bpf_map_lookup_elem(&bans, &zero);

	return table && bpf_map_lookup_elem(table, &packet->source);
}

static __always_inline bool is_banned(const struct packet *packet, const struct rw_presence *any)
{
	__u32 shape = any->filter.shape;

	if (any->bans && filter_has(shape, packet->source.halves[0], packet->source.halves[1]) &&
	    has_ban(packet))
		return true;
	return any->ban_prefixes && filter_has_prefix(shape, packet) && has_ban_prefix(packet);
}
