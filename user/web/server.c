/* SPDX-License-Identifier: GPL-2.0 */
/* server.c - libmicrohttpd in our loop. */
#include "web/server.h"

#include <errno.h>
#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "util/array.h"
#include "web/peer.h"
#include "web/request.h"
#include "web/stream.h"

#define READ_BYTES 32768 /* of the stream, at once */

/* A page that is open somewhere. */
struct client {
	struct server *owner; /* not owned */
	LIST_ENTRY(client) siblings;
	struct MHD_Connection *connection; /* not owned */
	struct stream stream;
	uid_t uid;	  /* on loopback: of the user at the other end, or PEER_UNKNOWN */
	bool catching_up; /* has not been told yet what there was when it came */
	bool turn;	  /* may have a portion */
	bool asleep;	  /* its connection is suspended */
};

/* The page loads and runs only what comes from here. No other site may frame it or learn of it. */
static const struct {
	const char *name;
	const char *value;
} headers[] = {
	{"Content-Security-Policy",
	 "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
	 "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
	 "require-trusted-types-for 'script'; trusted-types 'none'"},
	{"X-Content-Type-Options", "nosniff"},
	{"Referrer-Policy", "no-referrer"},
	{"Cross-Origin-Opener-Policy", "same-origin"},
	{"Cross-Origin-Resource-Policy", "same-origin"},
	{"X-Frame-Options", "DENY"},
	{"Cache-Control", "no-store"},
};

/* --- the loop --------------------------------------------------------------------------------- */

static void run(struct server *server)
{
	MHD_UNSIGNED_LONG_LONG ms;

	MHD_run(server->http);
	timer_set(&server->timeout,
		  MHD_get_timeout(server->http, &ms) == MHD_YES ? (int64_t)ms : -1);
}

static void http_ready(void *context, uint32_t events)
{
	(void)events;
	run(context);
}

static void timeout_over(void *context, uint32_t events)
{
	struct server *server = context;

	(void)events;
	timer_take(&server->timeout);
	run(server);
}

void server_news(struct server *server)
{
	if (server->pacing || !server->client_count)
		return;
	server->pacing = true;
	timer_set(&server->pace, SERVER_PACE_MS);
}

static void client_wake(struct client *client)
{
	client->turn = true;
	client->asleep = false;
	MHD_resume_connection(client->connection);
}

static bool client_waits(const struct client *client)
{
	return client->asleep && stream_has_news(&client->stream, client->owner->board);
}

static void pace_over(void *context, uint32_t events)
{
	struct server *server = context;
	struct client *client;
	bool more = false;

	(void)events;
	timer_take(&server->pace);
	server->pacing = false;
	for (client = LIST_FIRST(&server->clients); client; client = LIST_NEXT(client, siblings))
		if (client_waits(client))
			client_wake(client);
	run(server);
	/* One portion at a time: for some there may be more. */
	for (client = LIST_FIRST(&server->clients); client; client = LIST_NEXT(client, siblings))
		more |= client_waits(client);
	if (more)
		server_news(server);
}

/* --- connections ------------------------------------------------------------------------------ */

static void connection_changed(void *context, struct MHD_Connection *connection,
			       void **socket_context, enum MHD_ConnectionNotificationCode code)
{
	struct server *server = context;
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);

	if (code == MHD_CONNECTION_NOTIFY_STARTED && info)
		*socket_context = guest_come(&server->guests, info->connect_fd);
	else if (code == MHD_CONNECTION_NOTIFY_CLOSED)
		guest_leave(&server->guests, *socket_context);
}

static struct guest *guest_of(struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

	return info ? info->socket_context : NULL;
}

static void request_over(void *context, struct MHD_Connection *connection, void **state,
			 enum MHD_RequestTerminationCode code)
{
	struct server *server = context;

	(void)state;
	if (code == MHD_REQUEST_TERMINATED_COMPLETED_OK)
		guest_asks(&server->guests, guest_of(connection));
}

/* --- one client ------------------------------------------------------------------------------- */

static ssize_t client_read(void *context, uint64_t position, char *ret, size_t size)
{
	struct client *client = context;
	const struct board *board = client->owner->board;
	size_t count = stream_read(&client->stream, ret, size);

	(void)position;
	if (count)
		return (ssize_t)count;
	if (client->turn) {
		stream_compose(&client->stream, board);
		client->catching_up &= stream_has_news(&client->stream, board);
		client->turn = client->catching_up;
		count = stream_read(&client->stream, ret, size);
	}
	if (!count) {
		client->asleep = true;
		MHD_suspend_connection(client->connection);
	}
	return (ssize_t)count;
}

static void client_free(void *context)
{
	struct client *client = context;

	LIST_REMOVE(client, siblings);
	client->owner->client_count--;
	stream_close(&client->stream);
	free(client);
}

static struct client *client_new(struct server *server, struct MHD_Connection *connection,
				 uid_t uid)
{
	struct client *client = calloc(1, sizeof(*client));

	if (!client)
		return NULL;
	*client = (struct client){.owner = server,
				  .connection = connection,
				  .uid = uid,
				  .catching_up = true,
				  .turn = true};
	LIST_INSERT_HEAD(&server->clients, client, siblings);
	server->client_count++;
	return client;
}

/* --- answers ---------------------------------------------------------------------------------- */

static enum MHD_Result send_answer(struct MHD_Connection *connection, unsigned int status,
				   const char *type, struct MHD_Response *response)
{
	enum MHD_Result result;

	if (!response)
		return MHD_NO;
	MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
	for (size_t i = 0; i < ARRAY_SIZE(headers); i++)
		MHD_add_response_header(response, headers[i].name, headers[i].value);
	if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
		MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
	if (status != MHD_HTTP_OK)
		MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
	result = MHD_queue_response(connection, status, response);
	MHD_destroy_response(response);
	return result;
}

static enum MHD_Result send_text(struct MHD_Connection *connection, unsigned int status,
				 const char *text)
{
	return send_answer(connection, status, "text/plain; charset=utf-8",
			   MHD_create_response_from_buffer(strlen(text), (void *)text,
							   MHD_RESPMEM_PERSISTENT));
}

static enum MHD_Result send_file(struct MHD_Connection *connection, const struct page_file *file)
{
	return send_answer(connection, MHD_HTTP_OK, file->type,
			   MHD_create_response_from_buffer(file->end - file->begin,
							   (void *)file->begin,
							   MHD_RESPMEM_PERSISTENT));
}

static uid_t uid_of(const struct server *server, struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);

	return server->address->loopback && info ? peer_uid(info->connect_fd) : PEER_UNKNOWN;
}

/* Room for one more stream, of that user's? */
static bool has_room(const struct server *server, uid_t uid)
{
	const struct client *client;
	unsigned int of_one = 0;

	if (server->client_count >= SERVER_STREAMS)
		return false;
	LIST_FOREACH (client, &server->clients, siblings)
		of_one += client->uid == uid;
	return !server->address->loopback || of_one < SERVER_OF_ONE;
}

static enum MHD_Result send_events(struct server *server, struct MHD_Connection *connection,
				   bool head)
{
	struct MHD_Response *response;
	struct client *client;
	uid_t uid;

	if (head)
		return send_answer(connection, MHD_HTTP_OK, "text/event-stream",
				   MHD_create_response_from_buffer(0, "", MHD_RESPMEM_PERSISTENT));
	uid = uid_of(server, connection);
	if (!has_room(server, uid))
		return send_text(connection, MHD_HTTP_SERVICE_UNAVAILABLE,
				 "Too many pages are open.\n");
	client = client_new(server, connection, uid);
	if (!client)
		return MHD_NO;
	response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, READ_BYTES, client_read,
						     client, client_free);
	if (!response)
		client_free(client);
	return send_answer(connection, MHD_HTTP_OK, "text/event-stream", response);
}

static const char *header_of(struct MHD_Connection *connection, const char *name)
{
	return MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
}

static bool has_body(struct MHD_Connection *connection)
{
	const char *length = header_of(connection, MHD_HTTP_HEADER_CONTENT_LENGTH);

	return (length && strcmp(length, "0") != 0) ||
	       header_of(connection, MHD_HTTP_HEADER_TRANSFER_ENCODING);
}

/* Called when the headers are here: nothing that comes after them is read. */
static enum MHD_Result answer(void *context, struct MHD_Connection *connection, const char *path,
			      const char *method, const char *version, const char *data,
			      size_t *data_size, void **state)
{
	struct server *server = context;
	const struct request request = {
		.method = method,
		.path = path,
		.host = header_of(connection, MHD_HTTP_HEADER_HOST),
		.site = header_of(connection, "Sec-Fetch-Site"),
		.body = has_body(connection),
	};
	const struct answer found = request_answer(server->address, &request);

	(void)version, (void)data, (void)data_size, (void)state;
	guest_answered(&server->guests, guest_of(connection), found.events);
	if (found.file)
		return send_file(connection, found.file);
	if (found.events)
		return send_events(server, connection, !strcmp(method, MHD_HTTP_METHOD_HEAD));
	return send_text(connection, found.status, found.text);
}

/* --- start and stop --------------------------------------------------------------------------- */

static int server_start(struct server *server, int listener)
{
	const unsigned int of_one = server->address->loopback ? 0 : SERVER_OF_ONE; /* 0: no limit */
	const union MHD_DaemonInfo *info;

	server->http = MHD_start_daemon(
		MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, answer, server,
		MHD_OPTION_LISTEN_SOCKET, listener, MHD_OPTION_CONNECTION_LIMIT, SERVER_CONNECTIONS,
		MHD_OPTION_PER_IP_CONNECTION_LIMIT, of_one, MHD_OPTION_NOTIFY_CONNECTION,
		connection_changed, server, MHD_OPTION_NOTIFY_COMPLETED, request_over, server,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)SERVER_CONNECTION_BYTES,
		MHD_OPTION_CONNECTION_TIMEOUT, SERVER_IDLE_S, MHD_OPTION_STRICT_FOR_CLIENT, 1,
		MHD_OPTION_END);
	if (!server->http) {
		close(listener);
		return -EIO;
	}
	info = MHD_get_daemon_info(server->http, MHD_DAEMON_INFO_EPOLL_FD);
	if (!info || info->epoll_fd < 0)
		return -ENOTSUP;
	server->ready = (struct watch){info->epoll_fd, http_ready, server};
	return loop_add(server->loop, &server->ready, EPOLLIN);
}

int server_open(struct server *server, int listener, struct error *ret_error)
{
	int r;

	LIST_INIT(&server->clients);
	server->ready.fd = -1;
	server->timeout = (struct watch){-1, timeout_over, server};
	server->pace = (struct watch){-1, pace_over, server};
	r = guests_open(&server->guests, server->loop);
	if (r)
		close(listener);
	else
		r = server_start(server, listener);
	if (!r)
		r = timer_add(server->loop, &server->timeout);
	if (!r)
		r = timer_add(server->loop, &server->pace);
	return r ? error_set(ret_error, -r, "cannot serve: %s", strerror(-r)) : 0;
}

void server_close(struct server *server)
{
	struct client *client;

	for (client = LIST_FIRST(&server->clients); client; client = LIST_NEXT(client, siblings))
		if (client->asleep)
			client_wake(client);
	if (server->ready.fd >= 0)
		loop_remove(server->loop, &server->ready);
	if (server->http)
		MHD_stop_daemon(server->http);
	guests_close(&server->guests);
	watch_close(server->loop, &server->timeout);
	watch_close(server->loop, &server->pace);
}
