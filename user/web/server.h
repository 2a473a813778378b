/* SPDX-License-Identifier: GPL-2.0 */
/*
 * server.h - the page and its stream of events over HTTP, read-only.
 *
 * Bounded: GUESTS_MAX connections at once (guests.h), each with SERVER_CONNECTION_BYTES for what it
 * asks, and of them SERVER_STREAMS that stay open, each with one portion of what it is told
 * (stream.h). One has SERVER_OF_ONE of them: beyond loopback, where one address is one host, that is
 * one address, of connections; on loopback it is one user of this host, of streams.
 */
#pragma once

#include <stdbool.h>
#include <sys/queue.h>

#include "util/error.h"
#include "util/loop.h"
#include "web/address.h"
#include "web/board.h"
#include "web/guests.h"

#define SERVER_CONNECTIONS	64 /* some are on their way out */
#define SERVER_OF_ONE		12
#define SERVER_CONNECTION_BYTES 16384
#define SERVER_STREAMS		24
#define SERVER_IDLE_S		30  /* neither reads nor asks anything for so long: is let go */
#define SERVER_PACE_MS		200 /* between two portions */

struct MHD_Daemon;
struct client;
LIST_HEAD(client_list, client);

struct server {
	const struct address *address; /* not owned, as the next two */
	struct loop *loop;
	const struct board *board;
	struct MHD_Daemon *http; /* owned, as all below */
	struct watch ready;	 /* its fd is that of `http` */
	struct guests guests;
	struct watch timeout;
	struct watch pace;
	bool pacing; /* `pace` is set */
	struct client_list clients;
	unsigned int client_count;
};

/* address, loop and board are filled in already; takes `listener`. 0 or -errno. */
int server_open(struct server *server, int listener, struct error *ret_error);
void server_close(struct server *server);

/* The board has changed. */
void server_news(struct server *server);
