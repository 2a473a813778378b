/* SPDX-License-Identifier: GPL-2.0 */
/* filter.h - which attempts are asked for. */
#ifndef ROLEWALL_CLI_FILTER_H
#define ROLEWALL_CLI_FILTER_H

#include <stdbool.h>
#include <stdint.h>

#include "../policy/cidr.h"
#include "../util/error.h"

struct rw_attempt;

/* Zeros ask for everything. */
struct filter {
	bool has_source;
	struct cidr source;
	bool has_port;
	uint16_t port;
	uint8_t reason;	  /* RW_REASON_*; 0 = any */
	int64_t since_ns; /* since the epoch; 0 = ever */
};

/* As typed; NULL = not asked for. */
struct filter_words {
	const char *source;
	const char *port;
	const char *reason;
	const char *since;
};

/* Returns 0, or -EINVAL with `ret_error`. `now` in ns since the epoch. */
int filter_parse(const struct filter_words *words, int64_t now, struct filter *ret,
		 struct error *ret_error);

/* `last_ns` is the time of the last packet, 0 if it is not known; then `since` hides nothing. */
bool filter_matches(const struct filter *filter, const struct rw_attempt *record, int64_t last_ns);

#endif
