/* SPDX-License-Identifier: GPL-2.0 */
/*
 * subject.h - the real programs in the kernel, loaded into an instance of the oracle's own: nothing
 * is pinned or attached, packets reach them through BPF_PROG_TEST_RUN.
 */
#pragma once

#include "model.h"

struct rolewall_bpf;
struct conntrack_bpf;

/*
 * The first buffer of a frame of several pages: net/bpf/test_run.c on x86, where pages have 4 KiB.
 */
#define SUBJECT_BUFFER (4096 - 256 - 320) /* headroom, struct skb_shared_info */

/* How a map inside of a map has to be made. */
struct subject_inner {
	uint32_t type, key_size, value_size, max_entries, flags;
};

/* The programs that are tested. Those that this kernel cannot load are left out. */
enum subject_program {
	SUBJECT_XDP,
	SUBJECT_XDP_FRAGS, /* takes frames of several pages: 5.18 */
	SUBJECT_XDP_54,	   /* for kernels without a ring buffer */
	SUBJECT_BARE,
	SUBJECT_BARE_FRAGS,
	SUBJECT_CGROUP,
	SUBJECT_BARE_54,
	SUBJECT_TC,
	SUBJECT_TC_54,
	SUBJECT_TC_BARE,
	SUBJECT_XDP_ASKS, /* of hosts that forward: 5.18, with its BTF */
	SUBJECT_TC_ASKS,
	SUBJECT_PROGRAMS,
};

struct subject_program_info {
	const char *name;
	const char *function;
	enum model_hook hook;
	bool tc; /* else XDP, or the cgroup hook */
	bool optional;
	bool asks;	 /* of the object for hosts that forward */
	bool needs_ring; /* not for kernels without a ring buffer: 5.4 */
};

extern const struct subject_program_info subject_programs[SUBJECT_PROGRAMS];

struct subject {
	struct rolewall_bpf *ethernet; /* owned */
	struct rolewall_bpf *bare;     /* owned; the cgroup program is here, too; same maps */
	struct conntrack_bpf *asking;  /* owned; the programs that ask; same maps. NULL: cannot */
	struct subject_inner policy_inner;
	struct subject_inner prefixes_inner;
	int bans, limit_times, callers; /* first pieces of tables in pieces */
	int rules[2];			/* the first one, and the last */
	int programs[SUBJECT_PROGRAMS]; /* -1: this kernel cannot load it */
	int egress;			/* fd */
	bool knows_netns;		/* the cgroup programs tell other network namespaces */
	int cpus;
	bool has_ring;
	bool knows_device; /* of an XDP packet: test_run.h */
};

#define SUBJECT_RULES 128 /* counters that are read: rules 0 .. 126, and the very last one */
#define SUBJECT_CPUS  256 /* the most possible CPUs */

/* All that the programs have counted. */
struct tally {
	struct rw_counter reasons[RW_REASON_COUNT];
	struct rw_rule_counter rules[SUBJECT_RULES];
	struct rw_evicted evicted[RW_REASON_COUNT];
};

struct tally_attempts {
	struct rw_attempt list[RW_ATTEMPT_SLOTS];
	size_t count;
};

/* Make them, and put them into their tables. 0 or -errno. */
int subject_pieces_make(struct subject *subject);

/* All return 0 or -errno, and say on stderr what went wrong (subject_run does not). */
int subject_open(struct subject *ret);
void subject_close(struct subject *subject);

/* Leave out the programs that ask connection tracking. */
void subject_ask_nothing(struct subject *subject);
int subject_install(const struct subject *subject, const struct model_policy *policy);

/* The programs' seeds: struct rw_seeds. */
const void *subject_seeds(const struct subject *subject);

/* Of that: the filter in front of the bans. Without it, nothing else may happen. */
int subject_filter(const struct subject *subject, const struct model_policy *policy);

/* What fragments hold at the beginning (NULL: nothing); no datagram is known. */
int subject_rooms(const struct subject *subject, const struct model_memory *memory,
		  uint64_t secret);
/* Of a policy that is installed, the header, one UDP port and the openings are others now. */
int subject_change(const struct subject *subject, const struct model_policy *policy, uint16_t port);

/* The descriptor of a map, owned by the subject, or -errno. */
int subject_map(const struct subject *subject, const char *name);

/*
 * One packet. `ret_pass`: 1 pass, 0 drop, -1 neither. -EINVAL: the kernel cannot send such a
 * packet.
 */
int subject_run(const struct subject *subject, enum subject_program program,
		const struct model_packet *packet, int *ret_pass);

/* The egress program: what this node sends. `ret_pass` as above. */
int subject_send(const struct subject *subject, const struct model_packet *packet, int *ret_pass);

/* Where a packet that is to come from `wanted` really comes from. */
uint32_t subject_ifindex(const struct subject *subject, enum subject_program program,
			 uint32_t wanted);

int subject_tally(const struct subject *subject, struct tally *ret);

/* Where a rule is in tally.rules. */
size_t tally_rule(uint32_t rule);

/* Read the attempts of this CPU's table and empty it. */
int subject_attempts(const struct subject *subject, struct tally_attempts *ret);
