/* SPDX-License-Identifier: GPL-2.0 */
/*
 * model.h - the verdict, a second time: what every packet deserves, in plain C.
 *
 * Written from docs/verdict.md and the RFCs it cites, apart from the programs in the kernel, so
 * that a mistake has to be made twice to go unnoticed. Clarity comes before speed: tables are
 * lists that are scanned, packets are read byte by byte. "section N" in the code is a section of
 * docs/verdict.md.
 *
 * Pure: no system calls, no clock, no state but that of fragments. What depends on time is a flag
 * (`expired`, `stale`).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rolewall/abi.h>

enum model_hook { MODEL_ETHERNET, MODEL_BARE, MODEL_CGROUP };
#define MODEL_HOOKS 3

/* Addresses are 16 bytes, IPv4 as ::ffff:a.b.c.d, as in abi.h; ports are in host order. */
struct model_prefix {
	uint8_t source[16];
	uint8_t length; /* 0 .. 128 */
};

struct model_zone_prefix {
	uint32_t list;
	struct model_prefix prefix;
	uint64_t bits; /* RW_ZONE_* */
};

struct model_opening {
	uint8_t l4; /* RW_L4_* */
	uint16_t port;
	struct model_prefix prefix;
	bool expired;
};

struct model_flow {
	uint8_t remote[16];
	uint8_t local[16];
	uint16_t remote_port;
	uint16_t local_port;
	bool stale; /* last used more than RW_CONVERSATION_NS ago */
};

/* A TCP socket of this host in a state other than LISTEN. */
struct model_socket {
	uint8_t remote[16];
	uint8_t local[16];
	uint16_t remote_port;
	uint16_t local_port;
};

/* A connection that the kernel tracks: who began it, and how its answers look on the wire. */
struct model_tracked {
	uint8_t protocol;
	bool agreed; /* both sides have been heard, and the first once more */
	uint8_t from[16];
	uint8_t to[16];
	uint16_t from_port;
	uint16_t to_port;
	uint8_t answer_from[16];
	uint8_t answer_to[16];
	uint16_t answer_from_port;
	uint16_t answer_to_port;
};

struct model_interface {
	uint32_t ifindex;
	uint32_t vlan;
	uint32_t slot;
	bool covered;
};

struct model_slot {
	uint8_t zone;	 /* RW_ZONE_*, 0 = nothing is known */
	uint8_t accepts; /* RW_ACCEPTS_* */
	uint16_t list;	 /* of zone_prefixes, 0 = none */
	uint64_t sets;	 /* RW_ZONE_SET() that are believed here */
};

struct model_port {
	uint64_t zones; /* RW_ZONE_*, 0 = not open */
	uint32_t rule;
	uint8_t limit; /* of model_policy.limits, from 1; 0 = none */
};

#define MODEL_LIMITS 3

struct model_limit {
	uint8_t ipv4_bits; /* of an address that make a source */
	uint8_t ipv6_bits;
};

/* What is left in a bucket. In one row: another that shares that element has none. */
enum model_left { MODEL_LEFT_NOTHING, MODEL_LEFT_SOMETHING, MODEL_LEFT_IN_ONE_ROW };

struct model_bucket {
	struct model_prefix source; /* cut as the limit of the port says */
	uint16_t port;		    /* one of its rule's */
	uint32_t rule;
	uint8_t limit;
	enum model_left left;
};

/* A list: `list` belongs to whoever made the policy. */
#define MODEL_LIST(type, name)                                                                     \
	struct {                                                                                   \
		type *list;                                                                        \
		size_t count;                                                                      \
	} name

struct model_memory; /* memory.h */

struct model_policy {
	bool in_force; /* false: there is no policy at all */
	uint8_t flags; /* RW_POLICY_* */
	uint8_t side;
	uint16_t echo_rate; /* 0 or 65535: what lies between depends on the clock */
	struct model_slot slots[RW_SLOTS];
	bool protocols[256];
	struct model_port ports[2][65536];			/* by RW_L4_*, port */
	MODEL_LIST(struct model_zone_prefix, zone_prefixes[2]); /* by side */
	MODEL_LIST(struct model_interface, interfaces);
	MODEL_LIST(struct model_prefix, bans); /* length 128 */
	MODEL_LIST(struct model_prefix, ban_prefixes);
	MODEL_LIST(struct model_opening, openings);
	struct rw_presence presence;
	struct model_limit limits[MODEL_LIMITS];
	MODEL_LIST(struct model_bucket, buckets); /* of TCP; all others are full */
	MODEL_LIST(struct model_flow, flows);
	MODEL_LIST(const struct model_socket, sockets);
	MODEL_LIST(const struct model_tracked, tracked);
	struct model_memory *memory; /* what fragments hold; NULL: there is always room */
	MODEL_LIST(struct model_socket, bound); /* to devices above: XDP does not find them */
};

struct model_packet {
	enum model_hook hook;
	uint32_t ifindex;
	const uint8_t *frame;
	size_t length;
	size_t buffer; /* bytes of it in the first of several buffers; 0: all */
	bool merged;   /* GRO may have been at it before the hook: tc */
	bool asks;     /* this host forwards: the program asks connection tracking */
	bool foreign;  /* cgroup: its socket is of another network namespace */
};

struct model_verdict {
	bool pass;    /* what the hook returns: true in mode observe */
	bool counted; /* false: passed before anything was looked at */
	enum rw_reason reason;
	enum rw_reason judged; /* the reason of what passes without being counted, as well */
	uint32_t rule;	       /* where it is counted, else RW_RULE_NONE */
	uint8_t source[16];    /* as an attempt names them; zeros where not known */
	uint16_t port;
	uint8_t l4;
	uint64_t zone; /* RW_ZONE_* bits if they had to be found out */
};

void model_verdict(const struct model_policy *policy, const struct model_packet *packet,
		   struct model_verdict *ret);

/* "not-open" and so on; "uncounted" for none; "?" for a number that is no reason. */
const char *model_reason_name(unsigned int reason);
