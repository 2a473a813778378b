/* SPDX-License-Identifier: GPL-2.0 */
/*
 * abi.h - what the programs in the kernel and the tools around them agree on.
 *
 * The only header that both sides include: the shape of every map key and value, the reasons,
 * the event record and the limits. Nothing here is configuration.
 *
 * Byte order: __be16/__be32 are network order, everything else is host order. An address is
 * always 16 bytes in network order; an IPv4 address a.b.c.d stands as ::ffff:a.b.c.d (RFC 4291,
 * 2.5.5.2), which never appears on the wire (such packets are malformed), so the two families
 * cannot be mixed up.
 *
 * Integers have a fixed width; padding is named and must be zero; size and offsets are asserted
 * at the end and so on both compilers.
 */
#pragma once

#include <linux/types.h>

/* Counted up with whatever moves, or means something else, in a map: another version's maps are
 * not read, even where their shapes are the same. */
#define RW_ABI_VERSION 12

/*
 * Reasons: why a packet has its verdict. X(number, NAME, "name", verdict, "documentation").
 * A number is never reused; a retired reason keeps its line. The names are the same in the
 * kernel, on the command line, in JSON and in metrics. PASS reasons count packets that pass
 * without a rule; a packet that passes by a rule is counted in the rule.
 */
#define RW_REASONS(X)                                                                              \
	X(1, NOT_OPEN, "not-open", DROP, "new connection to a port that no role opens")            \
	X(2, ZONE_DENIED, "zone-denied", DROP, "the port is open, but not from this zone")         \
	X(3, NO_CONNECTION, "no-connection", DROP,                                                 \
	  "TCP segment without a connection of this host, or unsolicited UDP datagram")            \
	X(4, BANNED, "banned", DROP, "the source is banned")                                       \
	X(5, MALFORMED, "malformed", DROP, "headers contradict each other, the frame or an RFC")   \
	X(6, FRAGMENT, "fragment", DROP, "later fragment, and the node file drops fragments")      \
	X(7, BAD_FLAGS, "bad-flags", DROP, "TCP flags that no honest stack sends")                 \
	X(8, IPV6_OFF, "ipv6-off", DROP, "IPv6, and the node file drops all IPv6")                 \
	X(9, PROTOCOL, "protocol", DROP, "IP protocol that the node file does not list")           \
	X(10, ICMP, "icmp", DROP, "ICMP type that a host does not need (RFC 4890)")                \
	X(11, ICMP_RATE, "icmp-rate", DROP, "echo request above the rate limit")                   \
	X(12, BIND_DENIED, "bind-denied", DROP, "a process bound a port that no role opens")       \
	X(13, NO_POLICY, "no-policy", DROP, "no policy is in force: unknown means refused")        \
	X(14, FRAGMENT_FLOOD, "fragment-flood", DROP,                                              \
	  "the zone's fragments hold all the kernel's memory that they may")                       \
	X(15, RATE_LIMITED, "rate-limited", DROP, "the source has begun too many connections")     \
	X(32, OPEN, "open", PASS, "a rule opens the port to this zone")                            \
	X(33, ESTABLISHED, "established", PASS, "belongs to a connection of this host")            \
	X(34, EXEMPT, "exempt", PASS, "never filtered: ARP, neighbour discovery, DHCP, ...")       \
	X(35, ICMP_ALLOWED, "icmp-allowed", PASS, "ICMP that a host needs (RFC 4890)")             \
	X(36, FRAGMENT_ALLOWED, "fragment-allowed", PASS, "later fragment")                        \
	X(37, PROTOCOL_LISTED, "protocol-listed", PASS, "IP protocol that the node file lists")    \
	X(38, OPENING, "opening", PASS, "a temporary opening admits this source")                  \
	X(39, FORWARDED, "forwarded", PASS,                                                        \
	  "belongs to a connection that this host forwards or translates")

enum rw_reason {
	RW_REASON_NONE = 0,
#define RW_REASON_ENUM(number, NAME, name, verdict, doc) RW_REASON_##NAME = (number),
	RW_REASONS(RW_REASON_ENUM)
#undef RW_REASON_ENUM
};

#define RW_REASON_COUNT	     64 /* room for every reason; the size of tables indexed by reason */
#define RW_REASON_PASS_FIRST 32 /* reasons from here on pass */

/* Zones, as bits of a mask. Management is no zone of its own: a management source has its zone's
 * bit and this one, and only the service ssh names it. */
#define RW_ZONE_EXTERNAL   0x01
#define RW_ZONE_INTERNAL   0x02
#define RW_ZONE_VPN	   0x04
#define RW_ZONE_MANAGEMENT 0x08
#define RW_ZONE_ALL	   (RW_ZONE_EXTERNAL | RW_ZONE_INTERNAL | RW_ZONE_VPN)

/*
 * Peers of a cluster, as further bits of the same mask: a peer's address has one for each role that
 * it plays and that connects to others, beside the bit of its zone. Which role is which bit is the
 * policy's business. Nobody's address has RW_ZONE_NOBODY: the port is granted, and no flow leads
 * there.
 */
#define RW_ZONE_NOBODY	0x0010
#define RW_ZONE_PEER(n) (0x0020 << (n)) /* n 0 .. RW_PEER_ROLES - 1 */
#define RW_ZONE_PEERS	0xffe0
#define RW_PEER_ROLES	11

/*
 * Sets of sources, as further bits still: an address has one for each set that it is in, beside the
 * bit of its zone. Which set is which bit is the policy's business.
 */
#define RW_SETS	       48
#define RW_ZONE_SET(n) (0x10000ULL << (n)) /* n 0 .. RW_SETS - 1 */
#define RW_ZONE_SETS   0xffffffffffff0000ULL

/* Limits. */
#define RW_LISTED 63 /* interfaces that a node file may list */
#define RW_SLOTS                                                                                   \
	128 /* for those of two policies, the old and the new one; slot 0 is every unlisted        \
	       interface */
#define RW_RULES	 65536 /* rules of one generation, and of all counters */
#define RW_LIMITS	 255   /* kinds of limits of one generation */
#define RW_LIMIT_BITS	 17
#define RW_LIMIT_PLACES	 (1 << RW_LIMIT_BITS) /* of buckets, in each of RW_LIMIT_ROWS rows */
#define RW_LIMIT_ROWS	 2
#define RW_STAYERS	 4096 /* sources that stay at a limit, least recently used first */
#define RW_ATTEMPT_BITS	 12
#define RW_ATTEMPT_SLOTS (1 << RW_ATTEMPT_BITS) /* attempts a CPU can hold */
#define RW_RULE_PIECE	 1024			/* rules of a piece of `rule_counters` */
#define RW_RULE_PIECES	 (RW_RULES / RW_RULE_PIECE)
#define RW_CONVERSATIONS 32768	/* UDP conversations remembered, least recently used first */
#define RW_BOUND_PEERS	 8192	/* peers of device-bound TCP sockets, least recently used first */
#define RW_FLOWS	 65536	/* of others, and of the kernel itself, least recently used first */
#define RW_PREFIXES	 262144 /* (list, source prefix) pairs of one generation */
#define RW_SET_SOURCES	 65536	/* source prefixes of all sets of one generation */
#define RW_NEVER_BANS	 65536	/* prefixes of one generation that are never banned */
#define RW_LIFELINES	 64	/* resolvers and gateways beside them */
#define RW_BANS		 1048576   /* banned addresses; the same number of prefixes */
#define RW_OPENINGS	 1024	   /* temporary openings */
#define RW_INTERFACES	 1024	   /* (ifindex, VLAN) pairs known to the programs */
#define RW_EVENT_BYTES	 (1 << 20) /* ring buffer */
#define RW_DATAGRAMS	 4096	   /* in fragments, remembered; a power of two */
#define RW_REFUSED	 256	   /* counters of refusals by device: its number, modulo */
#define RW_EVENT_QUOTAS	 256	   /* kinds of ports that a flood cannot silence */
#define RW_SEEDS	 8	   /* secrets of the hashes */
#define RW_CALLER_BITS	 15
#define RW_CALLER_SETS	 (1 << RW_CALLER_BITS)
#define RW_CALLER_WAYS	 8 /* sources of a set */
#define RW_CALLER_UNTOLD 5 /* attempts of a source that wait to be told */
#define RW_CALLER_LEVELS 8 /* kinds of sources, by how often they came: 1, 2, 4 .. 128 times */
#define RW_CONVERSATION_NS                                                                         \
	(180ULL *                                                                                  \
	 1000000000ULL) /* a UDP answer is awaited, and who came unasked known, this long \
				  */
#define RW_FLOW_TCP_NS (7440ULL * 1000000000ULL) /* a segment of a TCP flow: RFC 5382, REQ-5 */

/*
 * The policy array: the inner map of `policy`, an ARRAY of 16-byte entries, frozen before it is
 * committed. Everything that two policies differ in hangs off it. By index:
 *
 *	0			struct rw_policy_header
 *	RW_POLICY_SLOTS + slot	struct rw_policy_slot, slot 0 .. RW_SLOTS - 1
 *	RW_POLICY_PROTOCOLS + n	struct rw_policy_protocol, IP protocol n 0 .. 255
 *	RW_POLICY_PORTS + (l4 << 16) + port	struct rw_policy_port, l4 0 = TCP, 1 = UDP
 *	RW_POLICY_LIMITS + n	struct rw_policy_limit, n 1 .. RW_LIMITS
 *
 * An entry of zeros opens nothing.
 */
#define RW_POLICY_SLOTS	    1
#define RW_POLICY_PROTOCOLS (RW_POLICY_SLOTS + RW_SLOTS)
#define RW_POLICY_PORTS	    (RW_POLICY_PROTOCOLS + 256)
#define RW_POLICY_LIMITS    (RW_POLICY_PORTS + 2 * 65536)
#define RW_POLICY_ENTRIES   (RW_POLICY_LIMITS + RW_LIMITS + 1)
#define RW_L4_TCP	    0
#define RW_L4_UDP	    1

#define RW_POLICY_ENFORCE	 0x01 /* clear: observe, count what would be dropped and pass it */
#define RW_POLICY_IPV6_DROP	 0x02 /* drop every IPv6 packet */
#define RW_POLICY_FRAGMENTS_DROP 0x04 /* drop later fragments */
#define RW_POLICY_BIND_OBSERVE	 0x08 /* report binds of ports that no role opens */
#define RW_POLICY_BIND_DENY	 0x10 /* refuse them (with RW_POLICY_BIND_OBSERVE) */
#define RW_POLICY_COOKIES_OFF	 0x20 /* no SYN is answered before the stack */

/*
 * One for the policy in force, one for that which it would go back to, and one for the next: a
 * commit and a rollback write a side that no policy uses. Two were enough if the policy in force
 * were always made in place of that which it goes back to; one in which only names stand for other
 * addresses is not.
 */
#define RW_SIDES 3

struct rw_policy_header {
	__u32 generation; /* counts commits, from 1 */
	__u8 flags;	  /* RW_POLICY_* */
	__u8 side; /* below RW_SIDES: which element of `zone_prefixes` belongs to this policy */
	__u16 echo_rate; /* echo requests a second and CPU; 65535 = unlimited */
	__u64 pad0;
};

struct rw_policy_slot {
	__u8 zone;    /* one RW_ZONE_* bit; 0 (a slot no interface has) means external */
	__u8 accepts; /* RW_ACCEPTS_*: what may configure this node from there */
	__u16 list;   /* of `zone_prefixes`, where the source is asked for; 0: nowhere */
	__u32 pad0;
	__u64 sets; /* bits of the sets whose sources may come from there */
};

#define RW_ACCEPTS_RA	0x01 /* router advertisements */
#define RW_ACCEPTS_DHCP 0x02 /* answers of DHCP servers, of both families */

struct rw_policy_protocol {
	__u8 listed; /* 1: passes from every zone */
	__u8 pad0[15];
};

struct rw_policy_port {
	__u64 zones; /* RW_ZONE_* bits that may reach the port; 0 = not open */
	__u32 rule;  /* index of the rule, 0 .. RW_RULES - 1; only meaningful if zones != 0 */
	__u8 client; /* 1: clients bind it, and the bind guard leaves them alone; opens nothing */
	__u8 limit;  /* of what a source may begin, 1 .. RW_LIMITS; 0: it may */
	__u8 pad0[2];
};

/* How often a source may begin a connection to a rule: docs/verdict.md, 13. */
struct rw_policy_limit {
	__u64 interval; /* ns in which a bucket gets a token; not 0 */
	__u16 burst;	/* tokens in a full one; not 0 */
	__u8 ipv4_bits; /* of an IPv4 address that make a source, 1 .. 32 */
	__u8 ipv6_bits; /* of an IPv6 address, 1 .. 64 */
	__u8 notes;	/* 1: who stays at the limit is noted in `limit_stayers` */
	__u8 pad0[3];
};

struct rw_policy_entry {
	union {
		struct rw_policy_header header;
		struct rw_policy_slot slot;
		struct rw_policy_protocol protocol;
		struct rw_policy_port port;
		struct rw_policy_limit limit;
	};
};

/*
 * `limit_times` (array of __u64: ns, CLOCK_MONOTONIC): when a bucket is full again. Of
 * RW_LIMIT_ROWS rows, each RW_LIMIT_PLACES long; a bucket has one place in each, which its hash
 * says. What is kept there depends on these functions: a change of them needs another
 * RW_ABI_VERSION.
 *
 * `high` and `low` are the halves of a source, cut to the bits that count, as this machine reads 8
 * bytes; the seeds are 0 to 3. Sources that follow one another would fill a row too evenly, if the
 * sum were not multiplied once more.
 */
static inline __attribute__((always_inline)) __u64 rw_limit_hash(__u64 high, __u64 low, __u64 rule,
								 const volatile __u64 *seeds)
{
	__u64 sum = (high ^ high >> 32) * seeds[0] + (low ^ low >> 32) * seeds[1] +
		    (rule + 1) * seeds[2];

	return (sum ^ sum >> 32) * seeds[3];
}

/* Indexes of the array. */
#define rw_limit_first(hash)  ((__u32)((hash) >> (64 - RW_LIMIT_BITS)))
#define rw_limit_second(hash) (RW_LIMIT_PLACES + ((__u32)((hash) >> 28) & (RW_LIMIT_PLACES - 1)))

/* Key of `limit_stayers` (LRU hash): a source, cut to the bits that its limit counts by. */
struct rw_stayer_key {
	__u64 halves[2]; /* 16 bytes in network order */
	__u32 rule;
	__u32 pad0;
};

/*
 * A source that has used up a limit that bans, by connections whose handshake was complete. Goes
 * back to zeros when its bucket has been full again.
 *
 * A refused SYN may be forged. The connection that begins with it, when it is sent again, is not:
 * so one such SYN is remembered, for RW_STAYER_TIME, in which the others do not take its place.
 */
struct rw_stayer {
	__u32 connections; /* that found its bucket empty, or left it so */
	__u32 refused;	   /* 1: one of its connections began with a SYN that had been refused */
	__u32 syn;	   /* the sequence number of a SYN that was refused; host order */
	__u32 since;	   /* when, CLOCK_MONOTONIC in units of 2^30 ns; 0: there is none */
};

#define RW_STAYER_TIME 8

/*
 * Key of a `zone_prefixes` inner map (LPM trie); the value is a __u64 of RW_ZONE_* bits, complete:
 * with those of every prefix around it. Without a zone's bit it leaves the zone to the interface.
 * An interface that has sources of its own has the list of its slot's number, the others share
 * one. In the never-ban list the value is a RW_NEVER_BAN_*, which is why.
 */
#define RW_SHARED_LIST	  RW_SLOTS
#define RW_NEVER_BAN_LIST (RW_SLOTS + 1)
#define RW_SOURCES	  (RW_PREFIXES + RW_NEVER_BANS + RW_LIFELINES) /* elements of it */

#define RW_NEVER_BAN_NONE	0 /* not in the list: within a prefix of the other family's */
#define RW_NEVER_BAN_MANAGEMENT 1
#define RW_NEVER_BAN_PEER	2 /* internal sources, nodes of the cluster */
#define RW_NEVER_BAN_LISTED	3 /* "never_ban" of the node file */
#define RW_NEVER_BAN_RESOLVER	4
#define RW_NEVER_BAN_GATEWAY	5

struct rw_zone_key {
	__u32 prefixlen; /* bits of list and source that count: 32 + 96 + n for an IPv4 /n */
	__be32 list;
	__u8 source[16];
};

/* Key of `interfaces` (hash): where a packet arrives. */
struct rw_interface_key {
	__u32 ifindex;
	__u32 vlan; /* VLAN id, 0 = untagged; with two tags outer | inner << 12; priority tags do
		       not count */
};

struct rw_interface {
	__u32 slot;
	__u8 covered; /* 1: a program of ours, XDP's or tc's, judges, and counts, what arrives here */
	__u8 answers; /* RW_ANSWERS_*: how XDP sends a frame back where it came from; tc always can */
	__u16 pad0;
};

#define RW_ANSWERS_NONE	    0
#define RW_ANSWERS_SENT	    1 /* by XDP_TX */
#define RW_ANSWERS_REDIRECT 2 /* by XDP_REDIRECT to the same device */

/* Key of `conversations` (LRU hash): UDP that this node began. */
struct rw_conversation_key {
	__u8 remote[16];
	__u8 local[16];
	__be16 remote_port;
	__be16 local_port;
};

/*
 * Room for fragments. The kernel keeps those of incomplete datagrams for 30 s (IP_FRAG_TIME,
 * IPV6_FRAG_TIME) in 4 MiB a family (IPFRAG_HIGH_THRESH, net/ipv4/ip_fragment.c); a zone may have a
 * third.
 */
#define RW_FRAGMENT_NS	      (30ULL * 1000000000ULL)
#define RW_FRAGMENT_WINDOW_NS (10ULL * 1000000000ULL)
#define RW_FRAGMENT_WINDOWS   4 /* cover RW_FRAGMENT_NS, whenever in a window it begins */
#define RW_FRAGMENT_ROOM      ((4U << 20) / 3)
#define RW_FRAGMENT_COST      2048 /* bytes that the kernel needs beside those of the frame */
#define RW_FRAGMENT_APART     32   /* fragments between two of a datagram */

/* Classes, and what may be held when one of them passes: class x RW_FRAGMENT_ROOM / 3. */
#define RW_FRAGMENT_STRAY 1
#define RW_FRAGMENT_BEGUN 2
#define RW_FRAGMENT_OWN	  3

/*
 * Element of `datagrams` (array, by a hash): what is known of one that comes in fragments. Each
 * fragment is an edge from its start to its end, and adds a secret number for either: the sums are
 * those of one edge from 0 to the end exactly if the fragments are one path from there to there.
 */
struct rw_datagram {
	__u64 identity; /* another hash of its addresses and identification; 0 = none */
	__u64 starts;	/* sum over its fragments of the number of their start */
	__u64 ends;	/* and of their end */
	__u64 since;	/* ns, CLOCK_MONOTONIC: its first fragment */
	__u32 held;	/* bytes that its fragments were charged */
	__u32 turn;	/* rw_fragment_room.turn at its last fragment */
	__u8 class;	/* RW_FRAGMENT_*, the highest of its fragments */
	__u8 torn;	/* 1: will not be seen complete */
	__u8 pad0[6];
};

/* What a zone holds of the kernel's memory. */
struct rw_fragment_window {
	__u32 number; /* CLOCK_MONOTONIC / RW_FRAGMENT_WINDOW_NS */
	__u32 bytes;  /* charged less returned; can be below 0 for a while */
};

/* Element of `fragment_rooms` (array): family (0 = IPv4, 1 = IPv6) x 4 + zone's number, or + 3. */
struct rw_fragment_room {
	struct rw_fragment_window windows[RW_FRAGMENT_WINDOWS]; /* by number */
	__u32 turn; /* fragments of the family that passed; in its fourth element */
	__u32 pad0[7];
};

#define RW_FRAGMENT_ROOMS 8

/* Key of `bound_peers` (LRU hash): who was sent a TCP segment by a socket that is bound to a
 * device; the value is the number of that device. */
struct rw_bound_key {
	__u8 remote[16];
	__u8 local[16];
	__be16 remote_port;
	__be16 local_port;
};

/*
 * Key of `flows` (LRU hash): what left an interface by no socket of this node, as its answer comes in. The
 * value is when last (ns, CLOCK_MONOTONIC; renewed once a second at most). Ports are 0 but for TCP and UDP;
 * remote_port is 0 as well where the answer may come from any: VXLAN and Geneve send each flow from another.
 */
struct rw_flow_key {
	__u8 remote[16];
	__u8 local[16];
	__be16 remote_port;
	__be16 local_port;
	__u8 protocol; /* IPPROTO_* */
	__u8 pad0[3];
};

/* Which flows are learned (constant `flow_kinds`). */
#define RW_FLOW_OWN    0x1 /* what the kernel itself sends: tunnels */
#define RW_FLOW_OTHERS 0x2 /* what this host forwards, and its own TCP under another address */

/* Both in ns, CLOCK_MONOTONIC. */
struct rw_conversation {
	__u64 began;
	__u64 last; /* that this node sent; renewed once a second at most */
};

/*
 * `unasked` (array of __u64: ns, CLOCK_MONOTONIC; 0 = never): when did last a datagram pass that
 * belonged to no conversation? By index:
 *
 *	port				to this local port, from anybody
 *	RW_UNASKED_BLIND + port		to a socket of this local port, from an unknown sender
 *	RW_UNASKED_PEERS + hash		of source, source port and local port (docs/verdict.md, 12)
 */
#define RW_UNASKED_BLIND 65536
#define RW_UNASKED_PEERS (2 * 65536)
#define RW_UNASKED_BITS	 19
#define RW_UNASKED	 (RW_UNASKED_PEERS + (1 << RW_UNASKED_BITS))

/*
 * SYN cookies: docs/verdict.md, 14. `overflows` (array of __u64) has when the program last answered in
 * place of a listening socket that overflows; by the high bits of a hash of its address and port, of
 * which all but the low bits stand in the value beside the time (units of 2^30 ns, CLOCK_MONOTONIC).
 */
#define RW_OVERFLOW_BITS      8
#define RW_OVERFLOW_TIME_BITS 32
#define RW_OVERFLOW_TIME_MASK ((1ULL << RW_OVERFLOW_TIME_BITS) - 1)
#define RW_OVERFLOW_TIME      10   /* so long it counts as overflowing */
#define RW_OWN_ADDRESSES      4096 /* of this node, that SYNs are answered for */

/*
 * `networks` (LPM trie of struct rw_prefix_key): the index of the interface by which this host
 * reaches a network; 0: by several. What is reached by a default route is not among them.
 */
#define RW_NETWORKS 4096

/* The one element of `handshakes` (per CPU), which the programs' stack has no room for: headers as on
 * the wire, of a segment, and then of what answers it. */
struct rw_handshake {
	__u32 ip[10];
	__u32 tcp[15];
	__u32 syns;  /* to open ports, whose socket the kernel may be asked for */
	__u32 until; /* it is asked for all of them, as some overflowed; 0: for a sample */
	__u32 pad0;
};

/* The one element of `cookie_counter` (per CPU). */
struct rw_cookie_counter {
	__u64 sent;	 /* SYNs answered with a cookie */
	__u64 completed; /* segments that brought one back */
	__u64 refused;	 /* segments without a socket and without one: among no-connection */
};

/* In place of a cookie of a network namespace, in the programs' `own_netns`. */
#define RW_NETNS_UNKNOWN 0		       /* every socket counts as this node's */
#define RW_NETNS_INITIAL 0xffffffffffffffffULL /* the machine's first; for kernels before 5.14 */

/* Key of `ban_prefixes` and `networks` (LPM tries). */
struct rw_prefix_key {
	__u32 prefixlen; /* 96 + n for an IPv4 /n */
	__u8 source[16];
};

/* Key of `bans` (hash). */
struct rw_address {
	__u8 bytes[16];
};

/* Value of `bans` (addresses) and `ban_prefixes` (shorter than 128 bits, and no address). */
struct rw_ban {
	__u64 expires; /* ns, CLOCK_BOOTTIME; 0 = never. Not looked at by the programs */
	__u32 length; /* of its key, in bits: a lookup in the trie says which prefix it has found */
	__u32 pad0;
};

/* Key of `openings` (LPM trie): a port, then a source. */
struct rw_opening_key {
	__u32 prefixlen; /* 32 + 96 + n for an IPv4 /n */
	__u16 l4;	 /* RW_L4_* */
	__be16 port;
	__u8 source[16];
};

struct rw_opening {
	__u64 expires; /* ns, CLOCK_BOOTTIME: it ends then, without any process's help. Never 0 */
	__u32 id;
	__u32 pad0;
};

/*
 * The filter in front of the bans, a Bloom filter whose bits of a key lie in one word: `ban_filter`
 * is an array of pages of words, of which the first (shape & RW_FILTER_MASK) + 1 words are used. A
 * ban sets the bits of each key that a source which it covers may come with:
 *
 *	an address		itself
 *	IPv4 /17 .. /31		each /24 in it or around it (RW_FILTER_FINE)
 *	IPv4 /0 .. /16		each /16 in it (RW_FILTER_COARSE)
 *	IPv6 /48 .. /127	the /48 around it (RW_FILTER_FINE)
 *	IPv6 /32 .. /47		the /32 around it (RW_FILTER_COARSE)
 *	IPv6 /16 .. /31		each /32 in it (RW_FILTER_COARSE)
 *	wider, or with ::ffff:0:0/96 in it	none (without RW_FILTER_PREFIXES: all sources ask)
 *
 * A key is the 16 bytes of an address with zeros behind the prefix; of an IPv6 prefix the upper half
 * counts. Bits are never taken out one by one: too many, and the filter is made anew. What is kept
 * in the maps depends on these functions: a change of them needs another RW_ABI_VERSION.
 */
#define RW_FILTER_PAGE_WORDS 512
#define RW_FILTER_PAGES	     256 /* 1 MiB */
#define RW_FILTER_WORDS	     (RW_FILTER_PAGES * RW_FILTER_PAGE_WORDS)

struct rw_filter_page {
	__u64 words[RW_FILTER_PAGE_WORDS];
};

#define RW_FILTER_MASK	   0x00ffffffU /* words - 1; 0: there is no filter, and all sources ask */
#define RW_FILTER_PREFIXES 0x80000000U /* every prefix that is banned has keys: */
#define RW_FILTER_FINE	   0x40000000U /* some of this kind */
#define RW_FILTER_COARSE   0x20000000U /* some of this kind */

struct rw_ban_filter {
	__u32 shape; /* mask and kinds in one, as no program may see but half of a change */
	__u32 load;  /* keys that were put in since it was made */
	__u32 limit; /* with more of them it is made anew */
	__u32 gone;  /* bans that were taken away since */
};

/* Of a key, by its halves as this machine reads 8 bytes; with seeds 3, 4 and 6. */
static inline __attribute__((always_inline)) __u64 rw_filter_hash(__u64 high, __u64 low, __u64 seed,
								  __u64 second, __u64 third)
{
	__u64 hash = (high ^ high >> 32) * seed + (low ^ low >> 32) * second;

	return (hash ^ hash >> 32) * third;
}

#define rw_filter_word(hash, shape) ((__u32)((hash) >> 40) & ((shape)&RW_FILTER_MASK))
#define rw_filter_bits(hash)                                                                       \
	(1ULL << ((hash) >> 34 & 63) | 1ULL << ((hash) >> 28 & 63) | 1ULL << ((hash) >> 22 & 63))

/* The one element of `presence`: which optional tables have anything in them, so that the empty
 * ones cost nothing. */
struct rw_presence {
	__u32 bans;
	__u32 ban_prefixes;
	__u32 openings;
	__u32 whole;	   /* bit 1 << RW_LIST_*: has been restored, and no change is under way */
	__u64 next_end[2]; /* by RW_LIST_*: when the first entry ends, in its clock; 0 = never */
	struct rw_ban_filter filter;
};

#define RW_LIST_BANS	 0
#define RW_LIST_OPENINGS 1
#define RW_LISTS	 2

/*
 * Value of `reason_counters` (per CPU, by reason): packets that got their verdict without a rule.
 * What mode observe let pass is counted apart, RW_OBSERVED elements behind its reason.
 */
#define RW_OBSERVED	   RW_REASON_COUNT
#define RW_REASON_COUNTERS (2 * RW_REASON_COUNT)

struct rw_counter {
	__u64 packets;
	__u64 bytes; /* of the IP packet or frame as the hook sees it */
};

/* Value of `rule_counters` (in pieces, per CPU, by rule modulo RW_RULE_PIECE). Dropped and observed here: zone-denied only. */
struct rw_rule_counter {
	struct rw_counter passed;
	struct rw_counter dropped;
	struct rw_counter observed; /* mode observe let it pass */
};

/*
 * Attempt: all drops of one (source, port, protocol, interface, reason) on one CPU. `attempts` is
 * a per-CPU array that is indexed by a hash of those; packets == 0 means an empty element.
 */
struct rw_attempt {
	__u8 source[16];
	__u32 ifindex;
	__u16 port;    /* destination port; 0 where there is none */
	__u8 l4;       /* IP protocol; 0 where it could not be read */
	__u8 reason;   /* RW_REASON_* below RW_REASON_PASS_FIRST */
	__u32 rule;    /* the rule for zone-denied, else RW_RULE_NONE */
	__u8 zone;     /* RW_ZONE_* bits if they had to be found out, no peers', no sets', else 0 */
	__u8 observed; /* 1: mode observe, the packets passed */
	__u16 pad0;
	__u64 packets;
	__u64 bytes;
	__u64 first; /* jiffies64 of the first and last packet; 0 where the kernel lacks the helper
		      */
	__u64 last;
};

#define RW_RULE_NONE 0xffffffff

/* Event record, in `events`. */
#define RW_EVENT_SEEN                                                                              \
	1 /* an attempt's 1st, 2nd, 4th, 8th ... packet; a copy, still in the table                \
	   */
#define RW_EVENT_EVICTED 2 /* the record left the table: its packets are accounted for here */
#define RW_EVENT_BIND	 3 /* struct rw_bind_event */

struct rw_event {
	__u32 type;	  /* RW_EVENT_* */
	__u32 generation; /* of the policy that dropped */
	__u64 time;	  /* ns, CLOCK_MONOTONIC */
	struct rw_attempt attempt;
};

/* An attempt that had no event of its own when it was first seen: of a source that is known
 * otherwise, on the same interface and in the same mode; one packet, without a rule. */
struct rw_untold {
	__u16 port;
	__u8 what;   /* its reason, and RW_UNTOLD_UDP */
	__u8 second; /* when, as rw_untold_second() has it: the time that is 0 to 255 s ago */
};

#define RW_UNTOLD_UDP 0x80 /* UDP, else TCP */

/* RW_EVENT_SEEN, whole: with what the same source did before and was not told. */
struct rw_seen_event {
	struct rw_event event;
	__u32 untold_count; /* of the following, 0 .. RW_CALLER_UNTOLD */
	struct rw_untold untold[RW_CALLER_UNTOLD];
};

#define RW_PROCESS_NAME 16 /* TASK_COMM_LEN of linux/sched.h, with its NUL */

/*
 * A process bound a port that no role opens: source is the address; its attempt has no times. The
 * name comes with it, since who tries one port after another is gone before anybody reads of it.
 */
struct rw_bind_event {
	struct rw_event event;
	__u32 pid;
	__u32 pad0;
	char process[RW_PROCESS_NAME]; /* as the process calls itself: any bytes */
};

/*
 * Value of `event_credits` (per CPU): events a CPU may ever have emitted or lost; 0: no reader.
 * Written by the reader only.
 */
/*
 * Value of `event_state` (per CPU): written by the programs only. A CPU may emit while
 * emitted + lost < grant; beyond that come the shares of struct rw_event_quotas.
 */
struct rw_event_state {
	__u64 emitted;	  /* put into the ring */
	__u64 suppressed; /* not made: no credit */
	__u64 lost;	  /* credit spent, but the ring was full */
};

/* The one element of `event_clock`: written by the reader with each grant. */
struct rw_event_clock {
	__u32 epoch;	 /* CLOCK_MONOTONIC in units of RW_EPOCH_NS */
	__u32 returning; /* events of a CPU, for each grant and level of returning sources */
};

#define RW_EPOCH_NS	   250000000ULL
#define RW_EPOCHS_A_SECOND 4

/* struct rw_untold, second; of an epoch. */
#define rw_untold_second(epoch) ((__u8)((epoch) / RW_EPOCHS_A_SECOND))

/*
 * The one element of `event_quotas` (per CPU): so that a flood, which spends every credit, cannot
 * hide who comes slowly. Each kind of destination port has one event for each grant, and each
 * level of returning sources has as many as rw_event_clock says. Written by the programs.
 */
struct rw_event_quotas {
	__u32 ports[RW_EVENT_QUOTAS]; /* by a hash of the port: the grant, its low 32 bits, under
					 which it had an event last */
	__u32 returning[RW_CALLER_LEVELS]; /* epoch, its low 16 bits, << 16 | events in it */
	__u32 pad0[248];
};

/* A source that was refused, in a set of `callers`. */
struct rw_caller {
	__u16 seen;  /* epoch of its last new attempt, low bits */
	__u8 visits; /* new attempts; 255: more */
	__u8 untold; /* how many of the following */
	struct rw_untold attempts[RW_CALLER_UNTOLD];
};

/*
 * Element of `callers`, found by the high bits of a hash of (source, ifindex, observed), seeded:
 * the sources that were refused lately, each known by the whole hash; 0: none. Shared by all CPUs:
 * two that write the same element at the same time may lose one of both.
 */
struct rw_caller_set {
	__u64 who[RW_CALLER_WAYS];
	struct rw_caller callers[RW_CALLER_WAYS];
};

/* The one element of `seed`: random and odd, made anew each time that the maps are made. An
 * attacker who knows them can choose packets that hide others. Only the loader writes and reads. */
struct rw_seeds {
	__u64 words[RW_SEEDS];
};

/* Value of `settled` (per CPU, by reason): drops that left `attempts`. drops = attempts in the
 * table + settled.events + settled.unattributed, for each reason. */
struct rw_evicted {
	__u64 events;	    /* packets in SETTLED events that were put into the ring */
	__u64 unattributed; /* packets whose source is forgotten */
};

/*
 * The one element of `pending`: a generation that goes back to the one before it at the deadline,
 * unless it is confirmed. Void where that generation is not in force (a commit that never came).
 */
struct rw_pending {
	__u64 deadline;	  /* ns, CLOCK_BOOTTIME; 0 = nothing is pending */
	__u32 generation; /* awaits confirmation; with deadline 0: was taken back */
	__u32 previous;	  /* comes back; 0 = there was none: everything is taken away */
	__u64 missed;	  /* the deadline that passed; 0 = taken back by hand */
	__u64 taken_back; /* ns, CLOCK_BOOTTIME: when `previous` was in force again */
};

/* What is known to the programs, or was when they were attached: */
#define RW_KNOWS_NAMESPACES 0x1	 /* which sockets are of other network namespaces */
#define RW_KNOWS_FORWARDING 0x2	 /* that this host forwards or translates for others */
#define RW_KNOWS_CONNTRACK  0x4	 /* what the kernel tracks of that: those on interfaces ask it */
#define RW_KNOWS_COOKIES    0x8	 /* how SYN cookies are made */
#define RW_KNOWS_TUNNELS    0x10 /* flows of the kernel's own tunnels: what leaves is looked at */
#define RW_KNOWS_FLOWS	    0x20 /* and of whom this host forwards for: nothing else can be asked */

/* Which of those decide about what stands on interfaces. */
#define RW_KNOWS_PROGRAMS (RW_KNOWS_CONNTRACK | RW_KNOWS_TUNNELS | RW_KNOWS_FLOWS)

/* The one element of `build`: what stands in the kernel, for the next one to come. */
struct rw_build {
	__u32 abi;    /* RW_ABI_VERSION */
	__u32 knows;  /* RW_KNOWS_* */
	__u64 object; /* hash of the BPF object that is attached */
};

/* Sizes and offsets, asserted by both compilers. */
#define RW_SIZE(type, size) _Static_assert(sizeof(type) == (size), #type " has another size")
#define RW_AT(type, field, at)                                                                     \
	_Static_assert(__builtin_offsetof(type, field) == (at), #type "." #field " has moved")

RW_SIZE(struct rw_policy_header, 16);
RW_AT(struct rw_policy_header, generation, 0);
RW_AT(struct rw_policy_header, flags, 4);
RW_AT(struct rw_policy_header, side, 5);
RW_AT(struct rw_policy_header, echo_rate, 6);
RW_SIZE(struct rw_policy_slot, 16);
RW_AT(struct rw_policy_slot, zone, 0);
RW_AT(struct rw_policy_slot, accepts, 1);
RW_AT(struct rw_policy_slot, list, 2);
RW_AT(struct rw_policy_slot, sets, 8);
RW_SIZE(struct rw_policy_protocol, 16);
RW_AT(struct rw_policy_protocol, listed, 0);
RW_SIZE(struct rw_policy_port, 16);
RW_AT(struct rw_policy_port, zones, 0);
RW_AT(struct rw_policy_port, rule, 8);
RW_AT(struct rw_policy_port, client, 12);
RW_AT(struct rw_policy_port, limit, 13);
RW_SIZE(struct rw_policy_limit, 16);
RW_AT(struct rw_policy_limit, interval, 0);
RW_AT(struct rw_policy_limit, burst, 8);
RW_AT(struct rw_policy_limit, ipv4_bits, 10);
RW_AT(struct rw_policy_limit, ipv6_bits, 11);
RW_AT(struct rw_policy_limit, notes, 12);
RW_SIZE(struct rw_policy_entry, 16);
RW_SIZE(struct rw_zone_key, 24);
RW_AT(struct rw_zone_key, prefixlen, 0);
RW_AT(struct rw_zone_key, list, 4);
RW_AT(struct rw_zone_key, source, 8);
RW_SIZE(struct rw_stayer_key, 24);
RW_AT(struct rw_stayer_key, halves, 0);
RW_AT(struct rw_stayer_key, rule, 16);
RW_SIZE(struct rw_stayer, 16);
RW_AT(struct rw_stayer, connections, 0);
RW_AT(struct rw_stayer, refused, 4);
RW_AT(struct rw_stayer, syn, 8);
RW_AT(struct rw_stayer, since, 12);
RW_SIZE(struct rw_interface_key, 8);
RW_AT(struct rw_interface_key, ifindex, 0);
RW_AT(struct rw_interface_key, vlan, 4);
RW_SIZE(struct rw_interface, 8);
RW_AT(struct rw_interface, slot, 0);
RW_AT(struct rw_interface, covered, 4);
RW_AT(struct rw_interface, answers, 5);
RW_SIZE(struct rw_handshake, 112);
RW_AT(struct rw_handshake, ip, 0);
RW_AT(struct rw_handshake, tcp, 40);
RW_AT(struct rw_handshake, syns, 100);
RW_AT(struct rw_handshake, until, 104);
RW_SIZE(struct rw_cookie_counter, 24);
RW_AT(struct rw_cookie_counter, sent, 0);
RW_AT(struct rw_cookie_counter, completed, 8);
RW_AT(struct rw_cookie_counter, refused, 16);
RW_SIZE(struct rw_datagram, 48);
RW_AT(struct rw_datagram, identity, 0);
RW_AT(struct rw_datagram, starts, 8);
RW_AT(struct rw_datagram, ends, 16);
RW_AT(struct rw_datagram, since, 24);
RW_AT(struct rw_datagram, held, 32);
RW_AT(struct rw_datagram, turn, 36);
RW_AT(struct rw_datagram, class, 40);
RW_AT(struct rw_datagram, torn, 41);
RW_SIZE(struct rw_fragment_window, 8);
RW_AT(struct rw_fragment_window, number, 0);
RW_AT(struct rw_fragment_window, bytes, 4);
RW_SIZE(struct rw_fragment_room, 64);
RW_AT(struct rw_fragment_room, windows, 0);
RW_AT(struct rw_fragment_room, turn, 32);
RW_SIZE(struct rw_bound_key, 36);
RW_AT(struct rw_bound_key, remote, 0);
RW_AT(struct rw_bound_key, local, 16);
RW_AT(struct rw_bound_key, remote_port, 32);
RW_AT(struct rw_bound_key, local_port, 34);
RW_SIZE(struct rw_conversation_key, 36);
RW_AT(struct rw_conversation_key, remote, 0);
RW_AT(struct rw_conversation_key, local, 16);
RW_AT(struct rw_conversation_key, remote_port, 32);
RW_AT(struct rw_conversation_key, local_port, 34);
RW_SIZE(struct rw_flow_key, 40);
RW_AT(struct rw_flow_key, local, 16);
RW_AT(struct rw_flow_key, remote_port, 32);
RW_AT(struct rw_flow_key, local_port, 34);
RW_AT(struct rw_flow_key, protocol, 36);
RW_SIZE(struct rw_conversation, 16);
RW_AT(struct rw_conversation, began, 0);
RW_AT(struct rw_conversation, last, 8);
RW_SIZE(struct rw_prefix_key, 20);
RW_AT(struct rw_prefix_key, prefixlen, 0);
RW_AT(struct rw_prefix_key, source, 4);
RW_SIZE(struct rw_address, 16);
RW_SIZE(struct rw_ban, 16);
RW_AT(struct rw_ban, expires, 0);
RW_AT(struct rw_ban, length, 8);
RW_SIZE(struct rw_opening_key, 24);
RW_AT(struct rw_opening_key, prefixlen, 0);
RW_AT(struct rw_opening_key, l4, 4);
RW_AT(struct rw_opening_key, port, 6);
RW_AT(struct rw_opening_key, source, 8);
RW_SIZE(struct rw_opening, 16);
RW_AT(struct rw_opening, expires, 0);
RW_AT(struct rw_opening, id, 8);
RW_SIZE(struct rw_filter_page, 4096);
RW_SIZE(struct rw_ban_filter, 16);
RW_AT(struct rw_ban_filter, shape, 0);
RW_AT(struct rw_ban_filter, load, 4);
RW_AT(struct rw_ban_filter, limit, 8);
RW_AT(struct rw_ban_filter, gone, 12);
RW_SIZE(struct rw_presence, 48);
RW_AT(struct rw_presence, bans, 0);
RW_AT(struct rw_presence, ban_prefixes, 4);
RW_AT(struct rw_presence, openings, 8);
RW_AT(struct rw_presence, whole, 12);
RW_AT(struct rw_presence, next_end, 16);
RW_AT(struct rw_presence, filter, 32);
RW_SIZE(struct rw_counter, 16);
RW_AT(struct rw_counter, packets, 0);
RW_AT(struct rw_counter, bytes, 8);
RW_SIZE(struct rw_rule_counter, 48);
RW_AT(struct rw_rule_counter, passed, 0);
RW_AT(struct rw_rule_counter, dropped, 16);
RW_AT(struct rw_rule_counter, observed, 32);
RW_SIZE(struct rw_attempt, 64);
RW_AT(struct rw_attempt, source, 0);
RW_AT(struct rw_attempt, ifindex, 16);
RW_AT(struct rw_attempt, port, 20);
RW_AT(struct rw_attempt, l4, 22);
RW_AT(struct rw_attempt, reason, 23);
RW_AT(struct rw_attempt, rule, 24);
RW_AT(struct rw_attempt, zone, 28);
RW_AT(struct rw_attempt, observed, 29);
RW_AT(struct rw_attempt, packets, 32);
RW_AT(struct rw_attempt, bytes, 40);
RW_AT(struct rw_attempt, first, 48);
RW_AT(struct rw_attempt, last, 56);
RW_SIZE(struct rw_event, 80);
RW_AT(struct rw_event, type, 0);
RW_AT(struct rw_event, generation, 4);
RW_AT(struct rw_event, time, 8);
RW_AT(struct rw_event, attempt, 16);
RW_SIZE(struct rw_bind_event, 104);
RW_AT(struct rw_bind_event, event, 0);
RW_AT(struct rw_bind_event, pid, 80);
RW_AT(struct rw_bind_event, process, 88);
RW_SIZE(struct rw_event_state, 24);
RW_AT(struct rw_event_state, emitted, 0);
RW_AT(struct rw_event_state, suppressed, 8);
RW_AT(struct rw_event_state, lost, 16);
RW_SIZE(struct rw_event_quotas, 2048);
RW_AT(struct rw_event_quotas, ports, 0);
RW_AT(struct rw_event_quotas, returning, 1024);
RW_SIZE(struct rw_event_clock, 8);
RW_AT(struct rw_event_clock, epoch, 0);
RW_AT(struct rw_event_clock, returning, 4);
RW_SIZE(struct rw_untold, 4);
RW_AT(struct rw_untold, port, 0);
RW_AT(struct rw_untold, what, 2);
RW_AT(struct rw_untold, second, 3);
RW_SIZE(struct rw_seen_event, 104);
RW_AT(struct rw_seen_event, event, 0);
RW_AT(struct rw_seen_event, untold_count, 80);
RW_AT(struct rw_seen_event, untold, 84);
RW_SIZE(struct rw_caller, 24);
RW_AT(struct rw_caller, seen, 0);
RW_AT(struct rw_caller, visits, 2);
RW_AT(struct rw_caller, untold, 3);
RW_AT(struct rw_caller, attempts, 4);
RW_SIZE(struct rw_caller_set, 256);
RW_AT(struct rw_caller_set, who, 0);
RW_AT(struct rw_caller_set, callers, 64);
RW_SIZE(struct rw_seeds, 64);
RW_SIZE(struct rw_evicted, 16);
RW_AT(struct rw_evicted, events, 0);
RW_AT(struct rw_evicted, unattributed, 8);
RW_SIZE(struct rw_pending, 32);
RW_AT(struct rw_pending, deadline, 0);
RW_AT(struct rw_pending, generation, 8);
RW_AT(struct rw_pending, previous, 12);
RW_AT(struct rw_pending, missed, 16);
RW_AT(struct rw_pending, taken_back, 24);
RW_SIZE(struct rw_build, 16);
RW_AT(struct rw_build, abi, 0);
RW_AT(struct rw_build, knows, 4);
RW_AT(struct rw_build, object, 8);
