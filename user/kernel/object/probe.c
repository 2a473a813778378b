/* SPDX-License-Identifier: GPL-2.0 */
/* probe.c - try what matters, once. */
#include "kernel/object/probe.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/if_link.h>

#include <rolewall/abi.h>

#include "host/device.h"
#include "host/forwarding.h"
#include "kernel/object/conntrack.h"
#include "util/say.h"

#define BPF_TCX_INGRESS_     46	       /* linux/bpf.h since 6.6 */
#define BPF_F_XDP_HAS_FRAGS_ (1U << 5) /* linux/bpf.h since 5.18 */

/* r0 = 0; exit */
static const struct bpf_insn return_zero[] = {
	{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = 0},
	{.code = BPF_JMP | BPF_EXIT},
};

static int load_minimal(enum bpf_prog_type type, enum bpf_attach_type expected, __u32 flags)
{
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = expected,
		    .prog_flags = flags);

	return bpf_prog_load(type, "rw_probe", "GPL", return_zero,
			     sizeof(return_zero) / sizeof(*return_zero), &opts);
}

static bool can_load(void)
{
	int fd = load_minimal(BPF_PROG_TYPE_XDP, BPF_XDP, 0);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static bool has_frags(void)
{
	int fd = load_minimal(BPF_PROG_TYPE_XDP, BPF_XDP, BPF_F_XDP_HAS_FRAGS_);

	if (fd < 0)
		return false;
	close(fd);
	return true;
}

/*
 * Native XDP on loopback, which has none: a kernel with XDP links gets as far as the device and
 * says so, one without them does not know the attach type (EINVAL). A device that does not exist
 * would be EINVAL to both. (kernel/bpf/syscall.c, link_create; net/core/dev.c, bpf_xdp_link_attach)
 */
static bool has_links(void)
{
	LIBBPF_OPTS(bpf_link_create_opts, opts, .flags = XDP_FLAGS_DRV_MODE);
	int fd = load_minimal(BPF_PROG_TYPE_XDP, BPF_XDP, 0);
	int link;

	if (fd < 0)
		return false;
	errno = 0;
	link = bpf_link_create(fd, LOOPBACK_IFINDEX, BPF_XDP, &opts);
	close(fd);
	if (link >= 0)
		close(link);
	return link >= 0 || errno == EOPNOTSUPP || errno == EEXIST;
}

/*
 * Likewise with a device that does not exist, which here is ENODEV (kernel/bpf/tcx.c,
 * tcx_link_attach), while a kernel that does not know the attach type says EINVAL.
 */
static bool has_tcx(void)
{
	int fd = load_minimal(BPF_PROG_TYPE_SCHED_CLS, 0, 0);
	int link;

	if (fd < 0)
		return false;
	errno = 0;
	link = bpf_link_create(fd, INT_MAX, BPF_TCX_INGRESS_, NULL);
	close(fd);
	if (link >= 0)
		close(link);
	return link >= 0 || errno == ENODEV;
}

bool probe_is_off(const char *name)
{
	const char *off = getenv("ROLEWALL_PROBE_OFF");
	size_t length = strlen(name);

	while (off && *off) {
		if (strncmp(off, name, length) == 0 && (off[length] == ',' || !off[length]))
			return true;
		off = strchr(off, ',');
		off = off ? off + 1 : NULL;
	}
	return false;
}

/* Each question to the kernel goes through here, so that --verbose shows every answer. */
static bool probe(const char *name, bool (*has)(void))
{
	bool off = probe_is_off(name), found = !off && has();

	say(SAY_DEBUG, "kernel feature %s: %s", name,
	    off	    ? "switched off by ROLEWALL_PROBE_OFF"
	    : found ? "yes"
		    : "no");
	return found;
}

bool probe_loads(void)
{
	return probe("load", can_load);
}

static bool has_ringbuf(void)
{
	return libbpf_probe_bpf_map_type(BPF_MAP_TYPE_RINGBUF, NULL) == 1;
}

/*
 * May programs of this type call it? The verifier names a helper that it refuses before it looks at
 * arguments. Not libbpf_probe_bpf_helper(): libbpf 1.1 does not know the words that kernels use since
 * 6.13, and stable ones since some day, and takes them for a yes (kernel/bpf/verifier.c,
 * check_helper_call).
 */
static bool has_helper(enum bpf_prog_type type, enum bpf_func_id helper)
{
	static const char *const refusals[] = {"invalid func ", "unknown func ",
					       "cannot use helper "};
	const struct bpf_insn call[] = {
		{.code = BPF_JMP | BPF_CALL, .imm = (__s32)helper},
		return_zero[0],
		return_zero[1],
	};
	char log[4096] = "";
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .log_buf = log, .log_size = sizeof(log),
		    .log_level = 1,
		    .expected_attach_type =
			    type == BPF_PROG_TYPE_CGROUP_SOCK_ADDR ? BPF_CGROUP_INET4_BIND : 0);
	int fd = bpf_prog_load(type, "rw_probe", "GPL", call, sizeof(call) / sizeof(*call), &opts);

	if (fd >= 0) {
		close(fd);
		return true;
	}
	for (size_t i = 0; i < sizeof(refusals) / sizeof(*refusals); i++)
		if (strstr(log, refusals[i]))
			return false;
	return log[0] != '\0';
}

static bool has_cgroup_lookup(void)
{
	return has_helper(BPF_PROG_TYPE_CGROUP_SKB, BPF_FUNC_skc_lookup_tcp);
}

/* Two kinds of programs use it: ask for the one that got it last. */
static bool has_boot_clock(void)
{
	return has_helper(BPF_PROG_TYPE_CGROUP_SKB, BPF_FUNC_ktime_get_boot_ns);
}

static bool has_bind_cookie(void)
{
	return has_helper(BPF_PROG_TYPE_CGROUP_SOCK_ADDR, BPF_FUNC_get_netns_cookie);
}

static bool has_netns_cookie(void)
{
	return has_helper(BPF_PROG_TYPE_CGROUP_SKB, BPF_FUNC_get_netns_cookie);
}

static bool has_netns_mark(void)
{
	return has_helper(BPF_PROG_TYPE_CGROUP_SOCK, BPF_FUNC_get_netns_cookie) &&
	       has_helper(BPF_PROG_TYPE_CGROUP_SOCK, BPF_FUNC_sk_storage_get);
}

/* All of them were there in 5.3; a kernel may have been built without, and its helpers then fail. */
static bool has_syn_cookies(void)
{
	return has_helper(BPF_PROG_TYPE_XDP, BPF_FUNC_tcp_gen_syncookie) &&
	       has_helper(BPF_PROG_TYPE_SCHED_CLS, BPF_FUNC_tcp_gen_syncookie) &&
	       has_helper(BPF_PROG_TYPE_SCHED_CLS, BPF_FUNC_tcp_check_syncookie);
}

static enum netns_way probe_netns(void)
{
	if (probe("netns_cookie", has_netns_cookie))
		return NETNS_COOKIE;
	return probe("netns_mark", has_netns_mark) ? NETNS_MARK : NETNS_NONE;
}

/* Everything that it takes was there in 5.4; a host without flows has programs that know of none. */
static bool has_flows(void)
{
	return has_helper(BPF_PROG_TYPE_SCHED_CLS, BPF_FUNC_sk_lookup_udp);
}

static unsigned int flow_kinds(bool tunnels, bool others)
{
	if ((!tunnels && !others) || !probe("flows", has_flows))
		return 0;
	return RW_FLOW_OWN | (others ? RW_FLOW_OTHERS : 0);
}

unsigned int features_programs(const struct features *features)
{
	return (features->conntrack ? RW_KNOWS_CONNTRACK : 0) |
	       (features->flow_kinds & RW_FLOW_OWN ? RW_KNOWS_TUNNELS : 0) |
	       (features->flow_kinds & RW_FLOW_OTHERS ? RW_KNOWS_FLOWS : 0);
}

bool features_reduce(struct features *features)
{
	unsigned int kinds = features->flow_kinds;

	if (!features->conntrack && !kinds)
		return false;
	features->flow_kinds = features->conntrack ? flow_kinds(kinds, true) : 0;
	features->conntrack = false;
	return true;
}

void features_probe(struct features *ret)
{
	struct forwarding forwarding;

	ret->cgroup_lookup = probe("cgroup_lookup", has_cgroup_lookup);
	/* All of them were there in 5.8; the programs know kernels with all and with none. */
	ret->ringbuf = probe("ringbuf", has_ringbuf) && ret->cgroup_lookup &&
		       probe("boot_clock", has_boot_clock) && probe("bind_cookie", has_bind_cookie);
	ret->cookies = ret->ringbuf && probe("syn_cookies", has_syn_cookies);
	ret->netns = ret->ringbuf ? probe_netns() : NETNS_NONE;
	ret->frags = probe("frags", has_frags);
	ret->links = probe("links", has_links);
	ret->tcx = ret->links && probe("tcx", has_tcx);
	forwarding_read(&forwarding);
	ret->forwards = forwarding.routes || forwarding.translates;
	/* Only programs for kernels that have the rest as well can ask. */
	ret->conntrack = ret->forwards && forwarding.tracks && ret->ringbuf && ret->frags &&
			 probe("conntrack", conntrack_can_be_asked);
	ret->flow_kinds = flow_kinds(forwarding.tunnels, ret->forwards && !ret->conntrack);
}
