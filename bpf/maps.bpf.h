/* SPDX-License-Identifier: GPL-2.0 */
/*
 * maps.bpf.h - every map and every load-time constant.
 *
 * A map is named for the question that it answers. Shapes of keys and values: rolewall/abi.h.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <linux/bpf.h>
#include <linux/in.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_endian.h>

#include <rolewall/abi.h>

#define ZONE_NUMBERS 4 /* of the bits external, internal, vpn: 0, 1, 2 */

/* Set by the loader. One XDP program serves all interfaces of a kind. */
const volatile __u32 l2_len =
	ETH_HLEN; /* bytes before the IP header: ETH_HLEN, or 0 on L3 devices */
const volatile __u32 shields =
	0; /* 1: XDP beside tc, which tells how much it refuses for how long it stays */
const volatile __u64 own_netns = 0;   /* cookie of the instance's network namespace; RW_NETNS_* */
const volatile __u32 has_cookies = 1; /* this kernel has SYN cookies for programs */
const volatile __u32 flow_kinds = 0;  /* RW_FLOW_* that the program on egress learns */

/* Secrets of the hashes, all odd: the loader puts random ones in their place, the same for every
 * program that shares the maps. (These are of splitmix64: Steele, Lea, Flood.) */
const volatile __u64 seeds[RW_SEEDS] = {
	0xbf58476d1ce4e5b9, 0x94d049bb133111eb, 0x9e3779b97f4a7c15, 0xbf58476d1ce4e5b9,
	0x94d049bb133111eb, 0x9e3779b97f4a7c15, 0xbf58476d1ce4e5b9, 0x94d049bb133111eb,
};

/* What is allowed? One slot: the policy in force. Replacing it is the commit. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 1);
	__type(key, __u32);
	__array(
		values, struct {
			__uint(type, BPF_MAP_TYPE_ARRAY);
			__uint(max_entries, RW_POLICY_ENTRIES);
			__uint(map_flags, BPF_F_RDONLY_PROG);
			__uint(key_size, sizeof(__u32));
			__uint(value_size, sizeof(struct rw_policy_entry));
		});
} policy SEC(".maps");

/* Which zone is this source in, and may it be banned? A policy being prepared needs a side of its
 * own. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, RW_SIDES);
	__type(key, __u32);
	__array(
		values, struct {
			__uint(type, BPF_MAP_TYPE_LPM_TRIE);
			__uint(max_entries, RW_SOURCES);
			__uint(map_flags, BPF_F_NO_PREALLOC);
			__uint(key_size, sizeof(struct rw_zone_key));
			__uint(value_size, sizeof(__u64));
		});
} zone_prefixes SEC(".maps");

/* Which slot is this interface, and has XDP judged its packets already? */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, RW_INTERFACES);
	__type(key, struct rw_interface_key);
	__type(value, struct rw_interface);
} interfaces SEC(".maps");

/* Whom does this node talk to by UDP, having begun it? Only what it sends writes here. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, RW_CONVERSATIONS);
	__type(key, struct rw_conversation_key);
	__type(value, struct rw_conversation);
} conversations SEC(".maps");

/* Who came unasked, and when last (ns, CLOCK_MONOTONIC; 0 = never)? Can be filled, not emptied. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, RW_UNASKED);
	__type(key, __u32);
	__type(value, __u64);
} unasked SEC(".maps");

/* Which sockets are another network namespace's? Those that have an element. */
struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC | BPF_F_CLONE);
	__type(key, int);
	__type(value, __u32);
} foreign_sockets SEC(".maps");

/* Did a TCP socket of ours that is bound to a device talk to that peer? */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, RW_BOUND_PEERS);
	__type(key, struct rw_bound_key);
	__type(value, __u32);
} bound_peers SEC(".maps");

/* What left by no socket of this node, and when last? Made only where something is learned. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, RW_FLOWS);
	__type(key, struct rw_flow_key);
	__type(value, __u64);
} flows SEC(".maps");

/* Which of the optional tables hold anything? */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct rw_presence);
} presence SEC(".maps");

/* Which sources cannot be banned? */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, RW_FILTER_PAGES);
	__type(key, __u32);
	__type(value, struct rw_filter_page);
} ban_filter SEC(".maps");

/* A table in pieces, as all arrays of maps below: user space makes one when it is needed first. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 1);
	__type(key, __u32);
	__array(
		values, struct {
			__uint(type, BPF_MAP_TYPE_HASH);
			__uint(max_entries, RW_BANS);
			__uint(map_flags, BPF_F_NO_PREALLOC);
			__uint(key_size, sizeof(struct rw_address));
			__uint(value_size, sizeof(struct rw_ban));
		});
} bans SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, RW_BANS);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct rw_prefix_key);
	__type(value, struct rw_ban);
} ban_prefixes SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, RW_OPENINGS);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct rw_opening_key);
	__type(value, struct rw_opening);
} openings SEC(".maps");

/* When may the next echo request of a zone be answered? (ns, CLOCK_MONOTONIC; RFC 4890, 4.4.2) */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, ZONE_NUMBERS);
	__type(key, __u32);
	__type(value, __u64);
} echo_bucket SEC(".maps");

/* When is a source's bucket full again? */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 1);
	__type(key, __u32);
	__array(
		values, struct {
			__uint(type, BPF_MAP_TYPE_ARRAY);
			__uint(max_entries, RW_LIMIT_ROWS * RW_LIMIT_PLACES);
			__uint(key_size, sizeof(__u32));
			__uint(value_size, sizeof(__u64));
		});
} limit_times SEC(".maps");

/* Who goes on where its bucket is empty? Only connections write here. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, RW_STAYERS);
	__type(key, struct rw_stayer_key);
	__type(value, struct rw_stayer);
} limit_stayers SEC(".maps");

/* When did which listening socket overflow last? */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1 << RW_OVERFLOW_BITS);
	__type(key, __u32);
	__type(value, __u64);
} overflows SEC(".maps");

/* Which addresses are this node's own? */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, RW_OWN_ADDRESSES);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct rw_address);
	__type(value, __u32);
} own_addresses SEC(".maps");

/* By which interface does this host reach a source? */
struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, RW_NETWORKS);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct rw_prefix_key);
	__type(value, __u32);
} networks SEC(".maps");

/* Which headers are being read and written? */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct rw_handshake);
} handshakes SEC(".maps");

/* How many SYN cookies? */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct rw_cookie_counter);
} cookie_counter SEC(".maps");

/* Which datagrams are coming in fragments? By a hash that no sender can compute. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, RW_DATAGRAMS);
	__type(key, __u32);
	__type(value, struct rw_datagram);
} datagrams SEC(".maps");

/* How much of the kernel's memory do the fragments of a zone hold? */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, RW_FRAGMENT_ROOMS);
	__type(key, __u32);
	__type(value, struct rw_fragment_room);
} fragment_rooms SEC(".maps");

/* The secret of those hashes: diced by the first fragment, and the same for all interfaces. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} fragment_secret SEC(".maps");

/* How many packets? */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, RW_REASON_COUNTERS);
	__type(key, __u32);
	__type(value, struct rw_counter);
} reason_counters SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, RW_RULE_PIECES);
	__type(key, __u32);
	__array(
		values, struct {
			__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
			__uint(max_entries, RW_RULE_PIECE);
			__uint(key_size, sizeof(__u32));
			__uint(value_size, sizeof(struct rw_rule_counter));
		});
} rule_counters SEC(".maps");

/* Who was refused, and where? */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, RW_ATTEMPT_SLOTS);
	__type(key, __u32);
	__type(value, struct rw_attempt);
} attempts SEC(".maps");

/* Where did the packets go whose attempt left the table? */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, RW_REASON_COUNT);
	__type(key, __u32);
	__type(value, struct rw_evicted);
} evicted SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} event_credits SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct rw_event_state);
} event_state SEC(".maps");

/* What time is it, to the reader of the events? */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct rw_event_clock);
} event_clock SEC(".maps");

/* Has this source been refused before, and is there anything of it that was not told? */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 1);
	__type(key, __u32);
	__array(
		values, struct {
			__uint(type, BPF_MAP_TYPE_ARRAY);
			__uint(max_entries, RW_CALLER_SETS);
			__uint(key_size, sizeof(__u32));
			__uint(value_size, sizeof(struct rw_caller_set));
		});
} callers SEC(".maps");

/* Who has had an event of his own since the last grant? */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct rw_event_quotas);
} event_quotas SEC(".maps");

/* What happened just now? The ring where the kernel has it (5.8), else the perf buffers. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, RW_EVENT_BYTES);
} events SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(__u32));
} events_perf SEC(".maps");

/* How much was refused there? For the daemon's shield: of tc, and of XDP beside it. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, RW_REFUSED);
	__type(key, __u32);
	__type(value, __u64);
} refused SEC(".maps");

/* Does the policy in force still await its confirmation? Written and read by user space only. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct rw_pending);
} pending SEC(".maps");

/* What is attached? Written and read by the loader only. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct rw_build);
} build SEC(".maps");

/* What are the seeds of all programs? Written and read by the loader only. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct rw_seeds);
} seed SEC(".maps");

/*
 * What the kernel under a program can do. Each entry point passes its own constant down, so that a
 * program never contains a helper that its kernels lack (the verifier of 5.4 does not prune
 * branches on constants, and refuses unknown helpers even there).
 */
#define CAN_RINGBUF   0x1  /* bpf_ringbuf_output, bpf_jiffies64, bpf_ktime_get_boot_ns: 5.8 */
#define CAN_LOOKUP    0x2  /* bpf_skc_lookup_tcp from this kind of program */
#define CAN_HOLD      0x4  /* comes before the kernel reassembles: no helper, but the place */
#define CAN_NETNS     0x8  /* bpf_get_netns_cookie from this kind of program */
#define CAN_MARK      0x10 /* the map foreign_sockets, which rolewall_sock fills */
#define CAN_CONNTRACK 0x20 /* bpf_xdp_ct_lookup, bpf_skb_ct_lookup: 5.18, and its BTF */
#ifdef RW_FLOWS_KNOWN
#define CAN_FLOW                                                                                   \
	0x80 /* the map flows, which rolewall_leave fills: no helper, but an object of its own */
#else
#define CAN_FLOW 0
#endif
#define CAN_COOKIE 0x40 /* bpf_tcp_gen_syncookie and bpf_tcp_check_syncookie, and a way back */

/* Where it runs: sockets of the devices above are not among those that a look-up finds. */
#define IS_BELOW 0x100
/* The context is a struct __sk_buff, not a struct xdp_md. */
#define IS_SKB 0x200
