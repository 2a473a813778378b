/* SPDX-License-Identifier: GPL-2.0 */
/* main.c - rolewall-web: a live page for a browser, read-only and without privileges. */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "util/cleanup.h"
#include "web/address.h"
#include "web/listener.h"
#include "web/server.h"
#include "web/source.h"

#define STATUS_WAIT_MS 10000

enum exit_code { OK = 0, FAILED = 1, USAGE = 2, PERMISSION = 5 }; /* as rolewall has them */

struct web {
	struct instance instance;
	struct address address;
	char interface[IF_NAMESIZE]; /* "": loopback */
	struct loop loop;
	struct board *board;
	struct source source;
	struct server server;
	struct watch signals;
	struct error refused; /* its `what` is not empty: the address may not be listened on any
				 more */
};

static const char usage[] =
	"rolewall-web [--listen ADDRESS[:PORT]] [--state-dir DIR]\n\n"
	"A live page of what is refused, who listens, bans and openings, for a browser. It "
	"changes\n"
	"nothing, and runs as anybody who may read the daemon's socket (group rolewall), but not "
	"as\n"
	"root. Everybody who can reach the address can see the page: it listens on loopback, or on "
	"an "
	"address\n"
	"of an interface whose zone is vpn.\n\n"
	"  --listen ADDRESS[:PORT]  default 127.0.0.1:7373\n"
	"  --state-dir DIR          where the daemon's socket is; default /run/rolewall\n"
	"  --help, --version\n";

static void complain(const struct error *error)
{
	fprintf(stderr, "rolewall-web: %s%s%s\n", error->what, *error->where ? ": " : "",
		error->where);
	if (*error->hint)
		fprintf(stderr, "  hint: %s\n", error->hint);
}

/* --- what happens ----------------------------------------------------------------------------- */

/* Another policy may see the interface in another zone. */
static void line_came(void *context, const json_t *line)
{
	struct web *web = context;
	const char *type = json_string_value(json_object_get(line, "type"));

	if (web->address.loopback || !type || strcmp(type, "status") != 0)
		return;
	/* While nothing is applied nothing is filtered either: it may be a moment only. */
	if (!json_is_true(json_object_get(line, "applied")))
		return;
	if (address_admit(&web->address, web->interface, line, &web->refused))
		web->loop.stop = true;
}

static void board_changed(void *context)
{
	struct web *web = context;

	server_news(&web->server);
}

static void signal_came(void *context, uint32_t events)
{
	struct web *web = context;

	(void)events;
	web->loop.stop = true;
}

/* --- start and stop --------------------------------------------------------------------------- */

/* May we listen there, and by which interface? */
static int admit(struct web *web, struct error *ret_error)
{
	json_t *status;
	int r;

	if (web->address.loopback)
		return 0;
	r = listener_interface(&web->address, web->interface);
	if (r)
		return error_set(ret_error, -r, "cannot list the interfaces: %s", strerror(-r));
	status = source_ask_status(&web->instance, STATUS_WAIT_MS, ret_error);
	r = address_admit(&web->address, *web->interface ? web->interface : NULL, status,
			  ret_error);
	json_decref(status);
	return r;
}

static int signals_open(struct web *web)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	signal(SIGPIPE, SIG_IGN);
	if (sigprocmask(SIG_BLOCK, &set, NULL))
		return -errno;
	web->signals =
		(struct watch){signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK), signal_came, web};
	return web->signals.fd < 0 ? -errno : loop_add(&web->loop, &web->signals, EPOLLIN);
}

static int open_base(struct web *web, struct error *ret_error)
{
	int r = loop_open(&web->loop);

	if (!r)
		r = signals_open(web);
	web->board = board_new(BOARD_ATTEMPTS);
	if (!r && !web->board)
		r = -ENOMEM;
	return r ? error_set(ret_error, -r, "cannot start: %s", strerror(-r)) : 0;
}

static int open_all(struct web *web, struct error *ret_error)
{
	int listener, r = admit(web, ret_error);

	if (!r)
		r = open_base(web, ret_error);
	if (!r)
		r = listener_open(&web->address, web->interface, &listener, ret_error);
	if (r)
		return r;
	web->server =
		(struct server){.address = &web->address, .loop = &web->loop, .board = web->board};
	r = server_open(&web->server, listener, ret_error);
	if (r)
		return r;
	web->source = (struct source){.instance = &web->instance,
				      .loop = &web->loop,
				      .board = web->board,
				      .line = line_came,
				      .news = board_changed,
				      .context = web};
	r = source_open(&web->source);
	return r ? error_set(ret_error, -r, "cannot wait for the daemon: %s", strerror(-r)) : 0;
}

static void close_all(struct web *web)
{
	if (web->source.loop)
		source_close(&web->source);
	if (web->server.loop)
		server_close(&web->server);
	board_free(web->board);
	watch_close(&web->loop, &web->signals);
	loop_close(&web->loop);
}

static int web_run(struct web *web)
{
	struct error error = {0};
	const bool ipv6 = web->address.socket.ss_family == AF_INET6;
	int r = open_all(web, &error);

	if (!r) {
		printf("rolewall-web: http://%s%s%s:%u/\n", ipv6 ? "[" : "", web->address.text,
		       ipv6 ? "]" : "", web->address.port);
		fflush(stdout);
		r = loop_run(&web->loop);
		if (r)
			error_set(&error, -r, "cannot wait any more: %s", strerror(-r));
	}
	close_all(web);
	if (*web->refused.what)
		error = web->refused;
	if (!*error.what)
		return OK;
	complain(&error);
	return FAILED;
}

/* --- the command line ------------------------------------------------------------------------- */

static int wrong_usage(void)
{
	fputs("rolewall-web: see rolewall-web --help\n", stderr);
	return USAGE;
}

/* Returns an exit code, or -1: go on. */
static int options_read(int argc, char **argv, struct web *web)
{
	static const struct option options[] = {{"listen", required_argument, NULL, 'l'},
						{"state-dir", required_argument, NULL, 's'},
						{"help", no_argument, NULL, 'h'},
						{"version", no_argument, NULL, 'V'},
						{NULL, 0, NULL, 0}};
	const char *listen = "127.0.0.1";
	struct error error = {0};
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) >= 0) {
		switch (option) {
		case 'l':
			listen = optarg;
			break;
		case 's':
			web->instance.state_dir = optarg;
			break;
		case 'h':
			fputs(usage, stdout);
			return OK;
		case 'V':
			puts("rolewall-web " ROLEWALL_VERSION);
			return OK;
		default:
			return wrong_usage();
		}
	}
	if (optind < argc)
		return wrong_usage();
	if (address_parse(listen, &web->address, &error) == 0)
		return -1;
	complain(&error);
	return USAGE;
}

/* It reads HTTP from anyone, so it must not be able to reach anything of value. */
static int privileges_check(void)
{
	static const struct error root = {
		.what = "will not run as root: it needs no more than to read the daemon's socket",
		.hint = "systemctl start rolewall-web, or: setpriv --reuid nobody --regid rolewall "
			"--clear-groups rolewall-web"};

	if (getuid() == 0 || geteuid() == 0) {
		complain(&root);
		return PERMISSION;
	}
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	return OK;
}

int main(int argc, char **argv)
{
	struct web web = {
		.instance = {.state_dir = "/run/rolewall"},
		.loop = {.epoll = -1},
		.signals = {.fd = -1},
	};
	int code = options_read(argc, argv, &web);

	if (code >= 0)
		return code;
	code = privileges_check();
	return code == OK ? web_run(&web) : code;
}
