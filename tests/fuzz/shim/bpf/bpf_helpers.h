/* SPDX-License-Identifier: GPL-2.0 */
/*
 * bpf_helpers.h - stands in for libbpf's where bpf/ is compiled for this machine: a helper is a
 * plain function of native.c or native_maps.c. Only what bpf/ uses is here.
 */
#pragma once

#include <string.h>

#include <linux/bpf.h>

#define SEC(name)
#define __uint(name, value)  int(*name)[value]
#define __type(name, value)  __typeof__(value) *name
#define __array(name, value) __typeof__(value) *name[]
#undef __always_inline
#define __always_inline inline
#define __noinline	__attribute__((noinline))

void *native_map_lookup(const void *map, const void *key);
long native_map_update(void *map, const void *key, const void *value, __u64 flags);
struct bpf_sock *native_skc_lookup_tcp(void *ctx, struct bpf_sock_tuple *tuple, __u32 size,
				       __u64 netns, __u64 flags);
void native_sk_release(struct bpf_sock *sock);
long native_skb_load_bytes(const struct __sk_buff *skb, __u32 offset, void *to, __u32 size);
long native_skb_pull_data(struct __sk_buff *skb, __u32 size);
__u64 native_ktime_get_ns(void);
long native_event_output(const void *data, __u64 size);

/* libbpf has system calls of these names, which native_maps.c has to fake as well. */
#define bpf_map_lookup_elem			    native_map_lookup
#define bpf_map_update_elem			    native_map_update
#define bpf_skc_lookup_tcp			    native_skc_lookup_tcp
#define bpf_sk_release				    native_sk_release
#define bpf_sk_fullsock(sock)			    (sock)
#define bpf_sk_storage_get(map, sock, value, flags) ((void *)NULL) /* none is foreign */
#define bpf_get_netns_cookie(ctx)		    ((__u64)1)
#define bpf_skb_load_bytes			    native_skb_load_bytes
#define bpf_skb_pull_data			    native_skb_pull_data
#define bpf_ktime_get_ns			    native_ktime_get_ns
#define bpf_ktime_get_boot_ns			    native_ktime_get_ns
/* No socket overflows: no SYN cookie is made, and nothing written. */
#define bpf_tcp_gen_syncookie(sock, ip, ip_size, tcp, size)   ((void)(sock), (__s64)-1)
#define bpf_tcp_check_syncookie(sock, ip, ip_size, tcp, size) ((void)(sock), -1L)
#define bpf_xdp_adjust_tail(ctx, delta)			      ((void)(delta), -1L)
#define bpf_skb_change_tail(skb, size, flags)		      ((void)(size), -1L)
#define bpf_skb_store_bytes(skb, offset, from, size, flags)                                        \
	((void)(from), (void)(size), (void)(flags), -1L)
#define bpf_redirect(ifindex, flags)			   0L
#define bpf_get_prandom_u32()				   ((__u32)4)
#define bpf_jiffies64()					   ((__u64)4295000000)
#define bpf_get_current_pid_tgid()			   ((__u64)42 << 32 | 42)
#define bpf_get_current_uid_gid()			   0ULL
#define bpf_get_current_comm(name, size)		   memset((name), 'x', (size))
#define bpf_xdp_get_buff_len(ctx)			   ((ctx)->data_end - (ctx)->data)
#define bpf_ringbuf_output(map, data, size, flags)	   native_event_output(data, size)
#define bpf_perf_event_output(ctx, map, flags, data, size) native_event_output(data, size)
