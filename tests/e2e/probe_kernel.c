// SPDX-License-Identifier: GPL-2.0
/*
 * probe_kernel.c - single requests to the kernel: bind a port; load an XDP program of somebody
 * else's; ask what sits on a cgroup.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <linux/netlink.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "probe.h"

/* Prints "bound PORT" or "refused"; other errors end the process. */
int probe_bind(int argc, char **argv)
{
	struct endpoint local = {0};
	int fd, type;

	if (argc != 4)
		errx(2, "bind: tcp|udp ADDRESS PORT are missing");
	type = !strcmp(argv[1], "tcp") ? SOCK_STREAM : SOCK_DGRAM;
	local = endpoint_parse(argv[2], (uint16_t)number_parse(argv[3]));
	fd = socket(local.any.sa_family, type | SOCK_CLOEXEC, 0);
	if (fd < 0)
		err(1, "socket");
	if (bind(fd, &local.any, local.length) == 0) {
		if (getsockname(fd, &local.any, &local.length))
			err(1, "getsockname");
		printf("bound %u\n", endpoint_port(&local));
		return 0;
	}
	if (errno != EPERM)
		err(1, "bind %s", endpoint_text(&local));
	puts("refused");
	return 0;
}

/* A program for XDP, or a cgroup's egress, that passes everything, called "stranger" and pinned. */
int probe_stranger(int argc, char **argv)
{
	bool egress = argc == 3 && !strcmp(argv[2], "egress");
	const struct bpf_insn pass[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_K,
		 .dst_reg = BPF_REG_0,
		 .imm = egress ? 1 : XDP_PASS},
		{.code = BPF_JMP | BPF_EXIT},
	};
	union bpf_attr load, pin;
	long fd;

	if (argc != 2 && !egress)
		errx(2, "stranger: PIN is missing");
	memset(&load, 0, sizeof(load));
	load.prog_type = egress ? BPF_PROG_TYPE_CGROUP_SKB : BPF_PROG_TYPE_XDP;
	load.expected_attach_type = egress ? BPF_CGROUP_INET_EGRESS : 0;
	load.insn_cnt = sizeof(pass) / sizeof(pass[0]);
	load.insns = (uintptr_t)pass;
	load.license = (uintptr_t) "GPL";
	strcpy(load.prog_name, "stranger");
	fd = syscall(SYS_bpf, BPF_PROG_LOAD, &load, sizeof(load));
	if (fd < 0)
		err(1, "load");
	memset(&pin, 0, sizeof(pin));
	pin.pathname = (uintptr_t)argv[1];
	pin.bpf_fd = (__u32)fd;
	if (syscall(SYS_bpf, BPF_OBJ_PIN, &pin, sizeof(pin)))
		err(1, "pin %s", argv[1]);
	return 0;
}

/*
 * Which programs sit on the hooks that Rolewall uses: lines "HOOK PROGRAM-ID". (bpftool's "cgroup
 * show" asks for every hook that it knows, and gives up at one that an older kernel does not.)
 */
int probe_hooks(int argc, char **argv)
{
	static const struct {
		const char *name;
		__u32 type;
	} hooks[] = {{"ingress", BPF_CGROUP_INET_INGRESS},
		     {"egress", BPF_CGROUP_INET_EGRESS},
		     {"bind4", BPF_CGROUP_INET4_BIND},
		     {"bind6", BPF_CGROUP_INET6_BIND},
		     {"connect6", BPF_CGROUP_INET6_CONNECT}};
	__u32 ids[64];
	union bpf_attr query;
	int fd;

	if (argc != 2)
		errx(2, "hooks: CGROUP is missing");
	fd = open(argv[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		err(1, "%s", argv[1]);
	for (size_t i = 0; i < sizeof(hooks) / sizeof(*hooks); i++) {
		memset(&query, 0, sizeof(query));
		query.query.target_fd = (__u32)fd;
		query.query.attach_type = hooks[i].type;
		query.query.prog_ids = (uintptr_t)ids;
		query.query.prog_cnt = sizeof(ids) / sizeof(*ids);
		if (syscall(SYS_bpf, BPF_PROG_QUERY, &query, sizeof(query)))
			err(1, "query hook %s of %s", hooks[i].name, argv[1]);
		for (__u32 j = 0; j < query.query.prog_cnt; j++)
			printf("%s %u\n", hooks[i].name, ids[j]);
	}
	return 0;
}

/* A deletion that names no connection is one of all (net/netfilter/nf_conntrack_netlink.c). */
int probe_untrack(int argc, char **argv)
{
	struct {
		struct nlmsghdr header;
		struct nfgenmsg message;
	} request = {
		.header = {.nlmsg_len = sizeof(request),
			   .nlmsg_type = NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_DELETE,
			   .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK},
		.message = {.version = NFNETLINK_V0},
	};
	struct {
		struct nlmsghdr header;
		struct nlmsgerr error;
	} answer = {0};
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);

	(void)argc;
	(void)argv;
	if (fd < 0 || send(fd, &request, sizeof(request), 0) < 0 ||
	    recv(fd, &answer, sizeof(answer), 0) < (ssize_t)sizeof(answer))
		err(1, "netfilter");
	if (answer.error.error)
		errx(1, "netfilter: %s", strerror(-answer.error.error));
	return 0;
}
