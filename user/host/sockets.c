/* SPDX-License-Identifier: GPL-2.0 */
/* sockets.c - dump inet_diag for each family and protocol (linux/inet_diag.h). */
#include "host/sockets.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include <linux/inet_diag.h>
#include <linux/sock_diag.h>

#include <rolewall/abi.h>

#include "host/device.h"
#include "host/netlink.h"
#include "policy/cidr.h"
#include "util/array.h"

/* What one dump is for. */
struct dump {
	struct sockets *sockets;
	size_t before; /* how many there were */
	uint8_t l4;
};

static void copy_address(uint8_t family, const __be32 from[4], uint8_t ret[16])
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

	if (family == AF_INET6) {
		memcpy(ret, from, 16);
		return;
	}
	memcpy(ret, mapped, sizeof(mapped));
	memcpy(ret + sizeof(mapped), from, 4);
}

static int socket_read(const struct nlmsghdr *message, void *context)
{
	const struct inet_diag_msg *from = mnl_nlmsg_get_payload(message);
	const struct dump *dump = context;
	struct socket_entry *entry =
		array_append(&dump->sockets->list, &dump->sockets->count, sizeof(*entry));
	const struct nlattr *attr;

	if (!entry) {
		errno = ENOMEM;
		return MNL_CB_ERROR;
	}
	copy_address(from->idiag_family, from->id.idiag_src, entry->local);
	copy_address(from->idiag_family, from->id.idiag_dst, entry->remote);
	entry->local_port = ntohs(from->id.idiag_sport);
	entry->remote_port = ntohs(from->id.idiag_dport);
	entry->l4 = dump->l4;
	entry->state = from->idiag_state;
	entry->interface = from->id.idiag_if;
	entry->uid = from->idiag_uid;
	entry->inode = from->idiag_inode;
	mnl_attr_for_each(attr, message,
			  sizeof(*from)) if (mnl_attr_get_type(attr) == INET_DIAG_SKV6ONLY)
		entry->ipv6_only = mnl_attr_get_u8(attr);
	return MNL_CB_OK;
}

static void sockets_forget(void *context)
{
	const struct dump *dump = context;

	dump->sockets->count = dump->before;
}

static int sockets_dump(uint8_t family, uint8_t protocol, uint32_t states, struct sockets *sockets)
{
	const struct inet_diag_req_v2 question = {
		.sdiag_family = family,
		.sdiag_protocol = protocol,
		.idiag_states = states,
	};
	const struct netlink_request request = {
		.family = NETLINK_SOCK_DIAG,
		.type = SOCK_DIAG_BY_FAMILY,
		.payload = &question,
		.size = sizeof(question),
	};
	struct dump dump = {
		.sockets = sockets,
		.before = sockets->count,
		.l4 = protocol == IPPROTO_TCP ? RW_L4_TCP : RW_L4_UDP,
	};

	return states ? netlink_dump(&request, socket_read, sockets_forget, &dump) : 0;
}

int sockets_read(const struct sockets_wanted *wanted, struct sockets *ret, struct error *ret_error)
{
	static const uint8_t families[] = {AF_INET, AF_INET6};
	struct sockets sockets = {0};
	int r = 0;

	for (size_t i = 0; !r && i < ARRAY_SIZE(families); i++) {
		r = sockets_dump(families[i], IPPROTO_TCP, wanted->tcp, &sockets);
		if (!r)
			r = sockets_dump(families[i], IPPROTO_UDP, wanted->udp, &sockets);
	}
	if (r) {
		sockets_free(&sockets);
		error_set(ret_error, -r, "cannot list the sockets: %s", strerror(-r));
		if (r == -ENOENT)
			error_hint(ret_error, "the kernel lacks the modules tcp_diag or udp_diag");
		return r;
	}
	*ret = sockets;
	return 0;
}

void sockets_free(struct sockets *sockets)
{
	free(sockets->list);
	*sockets = (struct sockets){0};
}

bool socket_is_loopback(const struct socket_entry *socket)
{
	static const uint8_t ipv6[16] = {[15] = 1};

	return socket->interface == LOOPBACK_IFINDEX || !memcmp(socket->local, ipv6, 16) ||
	       (cidr_is_ipv4(socket->local, 128) && socket->local[12] == 127);
}
