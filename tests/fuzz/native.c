/* SPDX-License-Identifier: GPL-2.0 */
/* native.c - all of bpf/ in one translation unit, as there, and the helpers that it calls. */
/* Nobody but the kernel calls a program, and the kernel takes void for a byte. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmissing-prototypes"
#pragma GCC diagnostic ignored "-Wpointer-arith"
#include "../../bpf/rolewall.bpf.c"
#pragma GCC diagnostic pop

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include <sanitizer/asan_interface.h>

#include "../oracle/sockets.h"
#include "native.h"
#include "native_maps.h"

#define BUFFER_BYTES (1 << 17)
#define PAGE_BYTES   4096

bool native_ring_is_full;

/* --- helpers --------------------------------------------------------------------------------- */

static struct bpf_sock established = {.state = BPF_TCP_ESTABLISHED};
static struct bpf_sock listening = {.state = BPF_TCP_LISTEN};
static int sockets_held;

__u64 native_ktime_get_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ULL + now.tv_nsec;
}

static size_t event_size(const struct rw_event *event)
{
	switch (event->type) {
	case RW_EVENT_BIND:
		return sizeof(struct rw_bind_event);
	case RW_EVENT_SEEN:
		return sizeof(struct rw_seen_event);
	default:
		return sizeof(struct rw_event);
	}
}

long native_event_output(const void *data, __u64 size)
{
	if (size != event_size(data))
		abort();
	return native_ring_is_full ? -11 : 0;
}

struct end {
	__u8 address[16];
	__be16 port;
};

static void ends_read(const struct bpf_sock_tuple *tuple, __u32 size, struct end *remote,
		      struct end *local)
{
	memset(remote, 0, sizeof(*remote));
	memset(local, 0, sizeof(*local));
	if (size == sizeof(tuple->ipv4)) {
		remote->address[10] = remote->address[11] = 0xff;
		local->address[10] = local->address[11] = 0xff;
		memcpy(remote->address + 12, &tuple->ipv4.saddr, 4);
		memcpy(local->address + 12, &tuple->ipv4.daddr, 4);
		remote->port = tuple->ipv4.sport;
		local->port = tuple->ipv4.dport;
		return;
	}
	memcpy(remote->address, tuple->ipv6.saddr, 16);
	memcpy(local->address, tuple->ipv6.daddr, 16);
	remote->port = tuple->ipv6.sport;
	local->port = tuple->ipv6.dport;
}

static bool is_end(const struct end *end, const __u8 address[16], __u16 port)
{
	return memcmp(end->address, address, 16) == 0 && end->port == bpf_htons(port);
}

/* As the kernel does: the very connection first, then whoever listens. */
struct bpf_sock *native_skc_lookup_tcp(void *ctx, struct bpf_sock_tuple *tuple, __u32 size,
				       __u64 netns, __u64 flags)
{
	size_t connections, listeners, i;
	const struct model_socket *connection = sockets_known(&connections);
	const struct socket_address *listener = sockets_listening(&listeners);
	struct end remote, local;

	ends_read(tuple, size, &remote, &local);
	sockets_held++;
	for (i = 0; i < connections; i++)
		if (is_end(&remote, connection[i].remote, connection[i].remote_port) &&
		    is_end(&local, connection[i].local, connection[i].local_port))
			return &established;
	for (i = 0; i < listeners; i++)
		if (is_end(&local, listener[i].address, listener[i].port))
			return &listening;
	sockets_held--;
	return NULL;
}

void native_sk_release(struct bpf_sock *sock)
{
	if (sockets_held-- != 1 || (sock != &established && sock != &listening))
		abort();
}

/* --- maps ------------------------------------------------------------------------------------ */

#define MAP(name, kind, key, value, entries)                                                       \
	{                                                                                          \
#name, &(name),                                                                    \
		{                                                                                  \
			kind, key, value, entries                                                  \
		}                                                                                  \
	}

void native_start(void)
{
	const struct {
		const char *name;
		const void *handle;
		struct native_shape shape;
	} maps[] = {
		MAP(policy, NATIVE_MAPS, 4, 4, 1),
		MAP(zone_prefixes, NATIVE_MAPS, 4, 4, RW_SIDES),
		MAP(interfaces, NATIVE_HASH, sizeof(struct rw_interface_key),
		    sizeof(struct rw_interface), RW_INTERFACES),
		MAP(bound_peers, NATIVE_HASH, sizeof(struct rw_bound_key), 4, RW_BOUND_PEERS),
		MAP(conversations, NATIVE_HASH, sizeof(struct rw_conversation_key),
		    sizeof(struct rw_conversation), RW_CONVERSATIONS),
		MAP(flows, NATIVE_HASH, sizeof(struct rw_flow_key), 8, RW_FLOWS),
		MAP(unasked, NATIVE_ARRAY, 4, 8, RW_UNASKED),
		MAP(presence, NATIVE_ARRAY, 4, sizeof(struct rw_presence), 1),
		MAP(ban_filter, NATIVE_ARRAY, 4, sizeof(struct rw_filter_page), RW_FILTER_PAGES),
		MAP(seed, NATIVE_ARRAY, 4, sizeof(struct rw_seeds), 1),
		MAP(bans, NATIVE_MAPS, 4, 4, 1),
		MAP(ban_prefixes, NATIVE_TRIE, sizeof(struct rw_prefix_key), sizeof(struct rw_ban),
		    RW_BANS),
		MAP(openings, NATIVE_TRIE, sizeof(struct rw_opening_key), sizeof(struct rw_opening),
		    RW_OPENINGS),
		MAP(echo_bucket, NATIVE_ARRAY, 4, 8, ZONE_NUMBERS),
		MAP(limit_times, NATIVE_MAPS, 4, 4, 1),
		MAP(limit_stayers, NATIVE_HASH, sizeof(struct rw_stayer_key),
		    sizeof(struct rw_stayer), RW_STAYERS),
		MAP(datagrams, NATIVE_ARRAY, 4, sizeof(struct rw_datagram), RW_DATAGRAMS),
		MAP(fragment_rooms, NATIVE_ARRAY, 4, sizeof(struct rw_fragment_room),
		    RW_FRAGMENT_ROOMS),
		MAP(fragment_secret, NATIVE_ARRAY, 4, 8, 1),
		MAP(overflows, NATIVE_ARRAY, 4, 8, 1 << RW_OVERFLOW_BITS),
		MAP(own_addresses, NATIVE_HASH, 16, 4, RW_OWN_ADDRESSES),
		MAP(networks, NATIVE_TRIE, sizeof(struct rw_prefix_key), 4, RW_NETWORKS),
		MAP(cookie_counter, NATIVE_ARRAY, 4, sizeof(struct rw_cookie_counter), 1),
		MAP(handshakes, NATIVE_ARRAY, 4, sizeof(struct rw_handshake), 1),
		MAP(reason_counters, NATIVE_ARRAY, 4, sizeof(struct rw_counter),
		    RW_REASON_COUNTERS),
		MAP(rule_counters, NATIVE_MAPS, 4, 4, RW_RULE_PIECES),
		MAP(attempts, NATIVE_ARRAY, 4, sizeof(struct rw_attempt), RW_ATTEMPT_SLOTS),
		MAP(evicted, NATIVE_ARRAY, 4, sizeof(struct rw_evicted), RW_REASON_COUNT),
		MAP(event_credits, NATIVE_ARRAY, 4, 8, 1),
		MAP(event_clock, NATIVE_ARRAY, 4, sizeof(struct rw_event_clock), 1),
		MAP(callers, NATIVE_MAPS, 4, 4, 1),
		MAP(event_quotas, NATIVE_ARRAY, 4, sizeof(struct rw_event_quotas), 1),
		MAP(refused, NATIVE_ARRAY, 4, 8, RW_REFUSED),
		MAP(event_state, NATIVE_ARRAY, 4, sizeof(struct rw_event_state), 1),
	};

	for (size_t i = 0; i < sizeof(maps) / sizeof(maps[0]); i++)
		native_map_register(maps[i].name, maps[i].handle, &maps[i].shape);
}

const void *native_seeds(void)
{
	return (const void *)seeds;
}

/* --- running --------------------------------------------------------------------------------- */

/* What the loader does to the read-only data of the object. The compiler must not see which. */
static void constant_set(const volatile __u32 *constant, __u32 value)
{
	unsigned long address = (unsigned long)constant;

	asm volatile("" : "+r"(address));
	if (*constant == value)
		return;
	if (mprotect((void *)(address & ~(PAGE_BYTES - 1UL)), PAGE_BYTES, PROT_READ | PROT_WRITE))
		abort();
	*(volatile __u32 *)address = value;
}

/*
 * The packet at the end of a buffer below 4 GB (addresses in a context have 32 bits), before a page
 * that cannot be read; what stands before it is poison.
 */
static __u8 *packet_place(const struct native_packet *packet)
{
	static __u8 *buffer;

	if (!buffer) {
		buffer = mmap(NULL, BUFFER_BYTES + PAGE_BYTES, PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
		if (buffer == MAP_FAILED || mprotect(buffer + BUFFER_BYTES, PAGE_BYTES, PROT_NONE))
			abort();
	}
	if (packet->length > BUFFER_BYTES)
		abort();
	ASAN_UNPOISON_MEMORY_REGION(buffer, BUFFER_BYTES);
	memcpy(buffer + BUFFER_BYTES - packet->length, packet->bytes, packet->length);
	ASAN_POISON_MEMORY_REGION(buffer, BUFFER_BYTES - packet->length);
	return buffer + BUFFER_BYTES - packet->length;
}

static int xdp_run(int (*program)(struct xdp_md *), const struct native_packet *packet)
{
	struct xdp_md ctx = {.ingress_ifindex = packet->ifindex};
	int result;

	ctx.data = (unsigned long)packet_place(packet);
	ctx.data_end = ctx.data + packet->length;
	result = program(&ctx);
	return result == XDP_PASS ? 1 : result == XDP_DROP ? 0 : -1;
}

long native_skb_load_bytes(const struct __sk_buff *skb, __u32 offset, void *to, __u32 size)
{
	if (offset > skb->len || size > skb->len - offset)
		return -1;
	memcpy(to, (const __u8 *)(unsigned long)skb->data + offset, size);
	return 0;
}

long native_skb_pull_data(struct __sk_buff *skb, __u32 size)
{
	if (size > skb->len)
		return -1;
	if (skb->data + size > skb->data_end)
		skb->data_end = skb->data + size;
	return 0;
}

/* As the kernel has it: from the Ethernet header, or the driver of an L3 device said so. */
static __u32 skb_protocol(const struct __sk_buff *skb, const struct native_packet *packet)
{
	__u16 protocol = 0;

	if (packet->l2_len)
		native_skb_load_bytes(skb, 12, &protocol, sizeof(protocol));
	else if (packet->length)
		protocol = bpf_htons(packet->bytes[0] >> 4 == 6 ? ETH_P_IPV6 : ETH_P_IP);
	return protocol;
}

static int skb_run(int (*program)(struct __sk_buff *), const struct native_packet *packet)
{
	struct bpf_sock *const sockets[] = {NULL, &established, &listening};
	struct __sk_buff ctx = {.ifindex = packet->ifindex, .len = packet->length};
	int result;

	ctx.sk = sockets[packet->socket];
	ctx.data = (unsigned long)packet_place(packet);
	ctx.data_end = ctx.data + packet->length - packet->apart;
	ctx.protocol = skb_protocol(&ctx, packet);
	ctx.vlan_present = packet->tagged;
	ctx.vlan_tci = packet->tci;
	result = program(&ctx);
	return result == TC_DROP ? 0 : result == TC_PASS ? 1 : result;
}

int native_run(const char *function, const struct native_packet *packet)
{
	const struct {
		const char *name;
		int (*xdp)(struct xdp_md *);
		int (*skb)(struct __sk_buff *);
	} programs[] = {
		{"rolewall_xdp", rolewall_xdp, NULL},
		{"rolewall_frags", rolewall_frags, NULL},
		{"rolewall_xdp_54", rolewall_xdp_54, NULL},
		{"rolewall_tc", NULL, rolewall_tc},
		{"rolewall_tc_54", NULL, rolewall_tc_54},
		{"rolewall_ingress", NULL, rolewall_ingress},
		{"rolewall_ingress_54", NULL, rolewall_ingress_54},
		{"rolewall_egress", NULL, rolewall_egress},
	};

	constant_set(&l2_len, packet->l2_len);
	for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++)
		if (strcmp(programs[i].name, function) == 0)
			return programs[i].xdp ? xdp_run(programs[i].xdp, packet)
					       : skb_run(programs[i].skb, packet);
	abort();
}

int native_bind(const char *function, const struct native_bind *bind)
{
	const struct {
		const char *name;
		int (*program)(struct bpf_sock_addr *);
	} programs[] = {
		{"rolewall_bind4", rolewall_bind4},
		{"rolewall_bind6", rolewall_bind6},
		{"rolewall_bind4_54", rolewall_bind4_54},
		{"rolewall_bind6_54", rolewall_bind6_54},
		{"rolewall_connect6", rolewall_connect6},
		{"rolewall_connect6_54", rolewall_connect6_54},
	};
	struct bpf_sock_addr ctx = {
		.user_port = bpf_htons(bind->port),
		.protocol = bind->protocol,
	};

	memcpy(&ctx.user_ip4, bind->address + 12, 4);
	memcpy(ctx.user_ip6, bind->address, 16);
	for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++)
		if (strcmp(programs[i].name, function) == 0)
			return programs[i].program(&ctx);
	abort();
}
