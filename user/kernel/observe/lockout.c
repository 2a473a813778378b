/* SPDX-License-Identifier: GPL-2.0 */
/* lockout.c - the kernel's sockets and routes against tables. */
#include "kernel/observe/lockout.h"

#include <errno.h>
#include <net/if.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>

#include "host/device.h"
#include "host/route.h"
#include "tables/admit.h"
#include "policy/prefixes.h"
#include "util/array.h"
#include "util/cleanup.h"

/* Where its packets come in: as a rule where the answers go out. False: never filtered. */
static bool find_interface(const uint8_t remote[16], char ret[IF_NAMESIZE])
{
	struct route route;

	strcpy(ret, "");
	/* No route now: an interface that is not listed is the strictest guess. */
	if (route_find(remote, &route, NULL))
		return true;
	if (route.ifindex == LOOPBACK_IFINDEX)
		return false;
	if (!if_indextoname(route.ifindex, ret))
		strcpy(ret, "");
	return true;
}

/* A link-local address is on each interface another one's, and says on which it is meant. */
static bool session_interface(const struct session *session, char ret[IF_NAMESIZE])
{
	if (!session->scope[0])
		return find_interface(session->client, ret);
	memcpy(ret, session->scope, sizeof(session->scope));
	return true;
}

/* A session with another network namespace is nothing that this policy could cut. */
static bool is_here(const struct session *session)
{
	struct route route;

	return route_find(session->server, &route, NULL) || route.ifindex == LOOPBACK_IFINDEX;
}

bool ssh_session_find(struct ssh_session *ret)
{
	*ret = (struct ssh_session){0};
	ret->exists = session_find(&ret->session) && is_here(&ret->session) &&
		      session_interface(&ret->session, ret->interface);
	return ret->exists;
}

static bool is_open_to_anybody(const struct tables *tables, uint16_t port)
{
	return tables->ports[((size_t)RW_L4_UDP << 16) + port].zones;
}

static bool carrier_is_open(const struct tables *tables, const struct ssh_session *own)
{
	const struct carrier *carrier = &own->carrier;
	char interface[IF_NAMESIZE];

	if (!carrier_is_known(carrier))
		return true;
	if (carrier->is_ipv6 && (tables->flags & RW_POLICY_IPV6_DROP))
		return false;
	if (carrier->protocol && tables->protocols[carrier->protocol])
		return true;
	if (!carrier->port || !carrier->has_peer)
		return carrier->port && is_open_to_anybody(tables, carrier->port);
	if (!find_interface(carrier->peer, interface))
		return true;
	/*
	 * A tunnel that is the default route as well: its own packets have a mark, and another way.
	 */
	if (!strcmp(interface, own->interface))
		return is_open_to_anybody(tables, carrier->port);
	return tables_admits(tables, &(struct admission){
					     .interface = interface,
					     .source = carrier->peer,
					     .l4 = RW_L4_UDP,
					     .port = carrier->port,
				     });
}

/* A ban that stands does not reach whom these tables never ban. */
static bool is_banned_under(const struct instance *instance, const struct tables *tables,
			    const uint8_t address[16], struct banned *ret)
{
	return !tables_never_ban(tables, address) && banned_find(instance, address, ret);
}

void ssh_session_judge(const struct instance *instance, const struct tables *tables,
		       struct ssh_session *ret)
{
	if (!ssh_session_find(ret))
		return;
	carrier_find(ret->interface, ret->session.client, &ret->carrier);
	ret->carried = carrier_is_open(tables, ret);
	ret->admitted = tables_admits(tables, &(struct admission){
						      .interface = ret->interface,
						      .source = ret->session.client,
						      .l4 = RW_L4_TCP,
						      .port = ret->session.server_port,
					      });
	ret->is_banned = is_banned_under(instance, tables, ret->session.client, &ret->banned) ||
			 (ret->carrier.has_peer &&
			  is_banned_under(instance, tables, ret->carrier.peer, &ret->banned));
}

/* Whom a connection to one of these ports belongs to came to us. */
struct listened {
	bool ports[65536];
};

static void listened_find(const struct sockets *sockets, struct listened *ret)
{
	*ret = (struct listened){0};
	for (size_t i = 0; i < sockets->count; i++)
		if (sockets->list[i].state == TCP_LISTEN)
			ret->ports[sockets->list[i].local_port] = true;
}

static int judge(const struct tables *tables, const struct socket_entry *connection,
		 struct inbound_connections *inbound_connections)
{
	struct inbound_connection *next;
	char interface[IF_NAMESIZE];

	if (!find_interface(connection->remote, interface) ||
	    tables_admits(tables, &(struct admission){
					  .interface = interface,
					  .source = connection->remote,
					  .l4 = RW_L4_TCP,
					  .port = connection->local_port,
				  }))
		return 0;
	next = array_append(&inbound_connections->list, &inbound_connections->count, sizeof(*next));
	if (!next)
		return -ENOMEM;
	next->socket = *connection;
	memcpy(next->interface, interface, sizeof(next->interface));
	return 0;
}

int inbound_connections_find(const struct tables *tables, struct inbound_connections *ret,
			     struct error *ret_error)
{
	const struct sockets_wanted wanted = {.tcp = 1 << TCP_ESTABLISHED | 1 << TCP_LISTEN};
	_cleanup_(inbound_connections_free) struct inbound_connections inbound_connections = {0};
	_cleanup_(sockets_free) struct sockets sockets = {0};
	struct listened listened;
	int r = sockets_read(&wanted, &sockets, ret_error);

	if (r)
		return r;
	listened_find(&sockets, &listened);
	for (size_t i = 0; i < sockets.count; i++) {
		const struct socket_entry *entry = &sockets.list[i];

		if (entry->state != TCP_ESTABLISHED || !listened.ports[entry->local_port])
			continue;
		if (judge(tables, entry, &inbound_connections))
			return error_set(ret_error, ENOMEM, "out of memory");
	}
	*ret = inbound_connections;
	inbound_connections = (struct inbound_connections){0};
	return 0;
}

void inbound_connections_free(struct inbound_connections *inbound_connections)
{
	free(inbound_connections->list);
	*inbound_connections = (struct inbound_connections){0};
}
