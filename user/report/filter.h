/* SPDX-License-Identifier: GPL-2.0 */
/* filter.h - which attempts are asked for. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "kernel/observe/port_names.h"
#include "policy/cidr.h"
#include "report/words.h"
#include "util/error.h"

struct rw_attempt;

/* Zeros ask for everything. */
struct filter {
	bool has_source;
	struct cidr source;
	bool has_port;
	uint16_t port;
	uint8_t l4;		       /* IPPROTO_TCP or IPPROTO_UDP, with the port; 0 = any */
	char service[TABLES_NAME_MAX]; /* of the rule that covers the port; "" = any */
	uint8_t reason;		       /* RW_REASON_*; 0 = any */
	int64_t since_ns;	       /* since the epoch; 0 = ever */
};

/* As typed; NULL = not asked for. */
struct filter_words {
	const char *source;
	const char *port;
	const char *service;
	const char *reason;
	const char *since;
};

/* The word of that name ("source" or "src", "port", "service", "reason", "since"), or NULL. */
const char **filter_word(struct filter_words *words, const char *name);

/* Returns 0, or -EINVAL with `ret_error`. `now` in ns since the epoch. */
int filter_parse(const struct filter_words *words, int64_t now, struct filter *ret,
		 struct error *ret_error);

/* Does it ask for everything? */
bool filter_is_empty(const struct filter *filter);

/*
 * The other way. What words point to is in `text`, or in the filter. filter_parse() makes the same
 * of them, but for fractions of a millisecond, with which `since` comes before its time.
 */
struct filter_text {
	char source[CIDR_TEXT_MAX];
	char port[16];
	char since[TIME_TEXT_MAX];
};
void filter_print(const struct filter *filter, struct filter_text *text, struct filter_words *ret);

/*
 * The same from one line, as typed in the terminal view: "port=6071 src=10/8 reason=zone-denied
 * service=imap since=10m", or the values alone where it is plain what they are. Changes `line`.
 */
int filter_parse_line(char *line, int64_t now, struct filter *ret, struct error *ret_error);

/*
 * -EINVAL with a guess: no rule of the policy has the service that is asked for. A word alone that
 * is no reason is taken for a service, so the guess may be a reason.
 */
int filter_check_service(const struct filter *filter, const struct port_names *names,
			 struct error *ret_error);

/* `rule` covers the port, or NULL. `last_ns` is the time of the last packet, 0 if it is not known;
 * then `since` hides nothing. */
bool filter_matches(const struct filter *filter, const struct rw_attempt *record,
		    const struct rule *rule, int64_t last_ns);
