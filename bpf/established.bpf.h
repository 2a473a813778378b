/* SPDX-License-Identifier: GPL-2.0 */
/*
 * established.bpf.h - what a connection costs its source, where the port has a limit.
 *
 * Called when a handshake is complete that somebody else began, from whatever cgroup the listening
 * socket was made in. Its sender has the address that it says: it has answered what was sent there.
 *
 * Two connections of one source at the same moment on two CPUs may cost one token.
 */
#pragma once

#include "cgroup.bpf.h"

#define SOCKOPS_DONE 1 /* the reply to the kernel's other questions stays as it is */

/* A token is taken. Returns when the bucket was full before, and when it will be. */
static __always_inline bool limit_take(const struct rw_stayer_key *key, __u64 interval, __u64 most,
				       __u64 *ret_before, __u64 *ret_after)
{
	__u64 hash = rw_limit_hash(key->halves[0], key->halves[1], key->rule, seeds);
	__u64 *first = limit_element(rw_limit_first(hash));
	__u64 *second = limit_element(rw_limit_second(hash));
	__u64 next, now = bpf_ktime_get_ns();

	if (!first || !second)
		return false;
	next = *first < *second ? *first : *second;
	*ret_before = next;
	if (next < now)
		next = now;
	next += interval;
	if (next > now + most)
		next = now + most;
	*ret_after = next;
	if (*first < next)
		*first = next;
	if (*second < next)
		*second = next;
	return true;
}

/*
 * Who goes on where the bucket is empty is noted, until it has been full again; and that it was
 * refused, if this connection began with the SYN that was.
 */
static __always_inline void limit_stay(const struct rw_stayer_key *key, bool was_full,
				       bool is_empty, __u32 syn)
{
	struct rw_stayer *stayer = bpf_map_lookup_elem(&limit_stayers, key);
	struct rw_stayer fresh = {};
	__u32 first = 1;

	if (was_full && stayer) {
		stayer->connections = 0;
		stayer->refused = 0;
		stayer->since = 0;
	}
	if (stayer && stayer->since && stayer->syn == syn)
		stayer->refused = 1;
	if (!is_empty)
		return;
	if (stayer) {
		__sync_fetch_and_add(&stayer->connections, 1);
		return;
	}
	asm volatile("" : "+r"(first)); /* a constant struct would be a section of the object */
	fresh.connections = first;
	bpf_map_update_elem(&limit_stayers, key, &fresh, BPF_ANY);
}

static __always_inline void limit_charge(const struct address *source, void *tables,
					 const struct rw_policy_port *port, __u32 syn)
{
	struct rw_policy_entry *entry = policy_at(tables, RW_POLICY_LIMITS + port->limit);
	__u64 now = bpf_ktime_get_ns(), before, after, most, span;
	bool enforce = has_flag(tables, RW_POLICY_ENFORCE);
	const struct rw_policy_limit *limit;
	struct rw_stayer_key key;

	if (!entry)
		return;
	limit = &entry->limit;
	limit_key(&key, source, limit, port->rule);
	span = limit->interval * limit->burst;
	/* In mode observe nobody is refused, and nobody is to owe what nobody was told of. */
	most = enforce ? span + LIMIT_DEBT_NS : span;
	if (limit_take(&key, limit->interval, most, &before, &after) && limit->notes && enforce)
		limit_stay(&key, before <= now, after + limit->interval > now + span, syn);
}

static __always_inline bool is_marked_foreign(struct bpf_sock_ops *ctx)
{
	struct bpf_sock *sock = ctx->sk;

	return sock && bpf_sk_storage_get(&foreign_sockets, sock, NULL, 0);
}

/* All is read before the family is looked at: a pointer that depends on it would be refused. */
static __always_inline void remote_read(const struct bpf_sock_ops *ctx, struct address *ret)
{
	__u32 ip4 = ctx->remote_ip4, first = ctx->remote_ip6[0], second = ctx->remote_ip6[1];
	__u32 third = ctx->remote_ip6[2], fourth = ctx->remote_ip6[3];

	asm volatile("" : "+r"(ip4), "+r"(first), "+r"(second), "+r"(third), "+r"(fourth));
	if (ctx->family == FAMILY_IPV6) {
		ret->words[0] = first;
		ret->words[1] = second;
		ret->words[2] = third;
		ret->words[3] = fourth;
	} else {
		ret->words[2] = bpf_htonl(0xffff);
		ret->words[3] = ip4;
	}
}

static __always_inline int count_connection(struct bpf_sock_ops *ctx, __u64 can)
{
	__u32 zero = 0, syn = ctx->rcv_nxt - 1; /* nothing has been received on it yet */
	struct address source = {};
	struct rw_policy_entry *entry;
	void *tables;

	if (ctx->op != BPF_SOCK_OPS_PASSIVE_ESTABLISHED_CB)
		return SOCKOPS_DONE;
	if ((can & CAN_NETNS) && !is_own_netns(ctx))
		return SOCKOPS_DONE;
	if ((can & CAN_MARK) && is_marked_foreign(ctx))
		return SOCKOPS_DONE;
	tables = bpf_map_lookup_elem(&policy, &zero);
	if (!tables)
		return SOCKOPS_DONE;
	entry = policy_at(tables, RW_POLICY_PORTS + (RW_L4_TCP << 16) + (ctx->local_port & 0xffff));
	if (!entry || !entry->port.zones || !entry->port.limit)
		return SOCKOPS_DONE;
	remote_read(ctx, &source);
	limit_charge(&source, tables, &entry->port, syn);
	return SOCKOPS_DONE;
}

/* 6.14 and later, as rolewall_ingress(): the namespace can be asked for. */
SEC("sockops")
int rolewall_established(struct bpf_sock_ops *ctx)
{
	return count_connection(ctx, CAN_NETNS);
}

/* 5.10 and later: the listening socket was marked when it was made, and this one with it. */
SEC("sockops")
int rolewall_established_mark(struct bpf_sock_ops *ctx)
{
	return count_connection(ctx, CAN_MARK);
}

/* From 5.4 on: namespaces cannot be told apart. */
SEC("sockops")
int rolewall_established_54(struct bpf_sock_ops *ctx)
{
	return count_connection(ctx, 0);
}
