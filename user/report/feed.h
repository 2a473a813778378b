/* SPDX-License-Identifier: GPL-2.0 */
/*
 * feed.h - what the daemon tells on STATE_DIR/rolewall.sock, and how to listen.
 *
 * A stream socket; a line is a JSON object. The listener says once what it wants; all of it may be
 * left out, and what is left out is false:
 *	{"version": 2, "attempts": true, "status": true, "rules": true, "lists": true,
 *	 "history": true, "follow": true, "filter": {"source": "198.51.100.0/24"}}
 * attempts, status, rules, lists: what to hear of; history: the attempts that are known already,
 * too; follow: go on with what happens from now on (else the daemon closes at the end); filter: of
 * the attempts only these, said as the options of `rolewall blocked` are: "source", "port",
 * "service", "reason", "since"; version: of this protocol, the daemon's own if it is left out. In a version only keys are added, so a
 * listener passes over what it does not know; one that speaks another version is let go.
 *
 * Then come lines with a "type":
 *	status	once a second what `rolewall status` tells (json_status()), with "time",
 *		"history_entries" and "forgotten": packets that the history does not remember
 *	rules	{"generation", "total", "rules": [json_rule() with "listening"]}, when that has
 *		changed, but not more often than every two seconds. At most FEED_RULES_MAX of
 *		`total`. listening: "yes", "loopback" (on loopback alone) or "no"; null: not known
 *	lists	{"bans": {"total", "entries": [json_timeout(), ...]}, "openings": {...}}, when that
 *		has changed. The FEED_LISTED_MAX that were made last, newest first
 *	attempt	who was refused, where and why: see feed_attempt_print(); told again whenever its
 *		numbers have changed
 *	ready	{"version": 2, "others": N}: what was known at the beginning has been told, but for N
 *		attempts that the filter leaves out
 * Times are RFC 3339. A listener that is slow misses numbers in between, never the latest
 * ones, and delays no other; one that does not read for a minute is let go, and one that says
 * nothing for five seconds. There is room for 64 of them, 48 of other users than root, 16 of each.
 * What is told at the beginnings of connections takes a tenth of a core for each user other than
 * root at most, in the long run: who connects again and again is told it in portions, and waits
 * for the next one, five seconds at most.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>

#include "kernel/object/instance.h"
#include "kernel/observe/attempts.h"
#include "report/filter.h"
#include "util/error.h"

#define FEED_SOCKET	 "rolewall.sock"
#define FEED_VERSION	 2
#define FEED_REQUEST_MAX 1024 /* bytes of what a listener says */
#define FEED_PATIENCE_MS 30000
#define FEED_RULES_MAX	 256
#define FEED_LISTED_MAX	 128

/*
 * What there is one of, so that the newest counts: X(NAME, its type and key, seconds between two).
 * Who reads them: daemon/serve.c, user/web/page/main.js, packaging/schema/output/feed.json.
 */
#define FEED_BROADCASTS(X)                                                                         \
	X(STATUS, status, 1)                                                                       \
	X(RULES, rules, 2)                                                                         \
	X(LISTS, lists, 1)

enum feed_broadcast {
#define FEED_ENUM(NAME, key, seconds) FEED_##NAME,
	FEED_BROADCASTS(FEED_ENUM)
#undef FEED_ENUM
		FEED_BULLETIN_COUNT
};

/* Its type. */
const char *feed_broadcast_name(enum feed_broadcast kind);

struct feed_request {
	bool attempts;
	bool history;
	bool follow;
#define FEED_WANTED(NAME, key, seconds) bool key;
	FEED_BROADCASTS(FEED_WANTED)
#undef FEED_WANTED
	struct filter filter; /* of attempts */
};

/* Does a daemon take connections? */
bool feed_is_served(const struct instance *instance);

/* As a line with its end. The length, or -ENOSPC. */
int feed_request_print(const struct feed_request *request, char *ret, size_t size);

/* -EINVAL: no JSON, a word or a filter that is not known, or another version. */
int feed_request_parse(const char *line, struct feed_request *ret);

/* An attempt, and what only the daemon knows of it. */
struct feed_attempt {
	struct attempt attempt;
	const char *service; /* borrowed; NULL: no rule covers the port */
	uint32_t pid;	     /* that bound the port; else 0 */
	char process[RW_PROCESS_NAME];
	uint64_t evicted; /* of its packets: left the kernel's table with an event */
	bool news; /* new, or its packets have doubled, since the listener last heard of it */
};

#define FEED_ATTEMPT_MAX 1280 /* bytes of its line */

/*
 * What every JSON about an attempt has, without braces; its length, or 0 if it does not fit. What
 * is not known is null.
 */
size_t attempt_print(const struct attempt *attempt, const char *service, char *ret, size_t size);

/* The line about it: the same, and what only the daemon knows. A pid that is not known is 0. */
size_t feed_attempt_print(const struct feed_attempt *attempt, char *ret, size_t size);

/* The other way, from the parsed line; `service` stays NULL. -EINVAL: it is no such object. */
int feed_attempt_read(const json_t *line, struct feed_attempt *ret);

struct feed; /* a listener; opaque */

/* -ENOENT: no daemon runs. */
int feed_open(const struct instance *instance, const struct feed_request *request,
	      struct feed **ret, struct error *ret_error);
void feed_close(struct feed *feed); /* NULL is allowed */

int feed_fd(const struct feed *feed);

/*
 * The next line that is here, without waiting: 0, -EAGAIN: none now; -EPIPE: the daemon has closed;
 * -EPROTO: that was no JSON. `ret` is the caller's to json_decref().
 */
int feed_next(struct feed *feed, json_t **ret);

/*
 * What was known at the beginning has been told. A daemon that has closed, or says nothing for
 * FEED_PATIENCE_MS, before this has not answered.
 */
bool feed_is_ready(const struct feed *feed);

/*
 * For a listener that gives up: why it was not answered, and what to do. `r` is what it met:
 * -EPIPE, -EPROTO or -ETIMEDOUT. Returns it.
 */
int feed_unanswered(const struct instance *instance, int r, struct error *ret_error);

/* STATE_DIR/rolewall.sock as an address. -ENAMETOOLONG. */
struct sockaddr_un;
int feed_address(const struct instance *instance, struct sockaddr_un *ret, struct error *ret_error);
