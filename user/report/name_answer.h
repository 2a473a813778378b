/* SPDX-License-Identifier: GPL-2.0 */
/*
 * name_answer.h - the lines between the daemon, which speaks to no network, and rolewall-names, which
 * asks name servers and has no rights (user/names/).
 *
 *	daemon:		NAME
 *	rolewall-names:	NAME IPV4 IPV6 TTL [ADDRESS ...]
 *
 * IPV4 and IPV6 are words of ANSWER_STATUSES; only a family that is "ok" has addresses. TTL is in
 * seconds, the shortest of all records. The daemon takes nothing else, and believes none of it: what
 * an answer may say is in followed.h.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ANSWER_NAME_MAX	     256 /* with the NUL */
#define ANSWER_ADDRESSES_MAX 64	 /* of one family; more are no address at all */
#define ANSWER_LINE_MAX	     8192

/* NAME, word, and what it means of "backup.example.net". */
#define ANSWER_STATUSES(X)                                                                         \
	X(OK, "ok", "")                                                                            \
	X(NONE, "none", "it has no address")                                                       \
	X(NO_NAME, "no-name", "there is no such name")                                             \
	X(TIMEOUT, "timeout", "no name server answered in time")                                   \
	X(UNREACHABLE, "unreachable", "no name server can be reached, or all of them refuse")      \
	X(REFUSED, "refused", "the name server refuses to answer")                                 \
	X(FAILED, "failed", "the name server could not find out")                                  \
	X(MANY, "many", "it has more addresses than the 64 that are taken")                        \
	X(BROKEN, "broken", "the answer makes no sense")

enum answer_status {
#define ANSWER_ENUM(NAME, word, meaning) ANSWER_##NAME,
	ANSWER_STATUSES(ANSWER_ENUM)
#undef ANSWER_ENUM
		ANSWER_STATUS_COUNT
};

enum answer_family { ANSWER_IPV4, ANSWER_IPV6, ANSWER_FAMILIES };

struct name_answer {
	char name[ANSWER_NAME_MAX];
	uint8_t status[ANSWER_FAMILIES];			       /* enum answer_status */
	uint32_t ttl;						       /* seconds */
	uint8_t addresses[ANSWER_FAMILIES * ANSWER_ADDRESSES_MAX][16]; /* IPv4 as ::ffff:a.b.c.d */
	size_t count;
};

const char *name_answer_meaning(enum answer_status status);

/* Without the newline. -EINVAL: it is no such line. `ret` is untouched then. */
int name_answer_parse(const char *line, struct name_answer *ret);

/* With the newline; the size of the text. */
size_t name_answer_format(const struct name_answer *answer, char ret[ANSWER_LINE_MAX]);
