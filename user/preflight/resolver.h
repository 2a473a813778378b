/* SPDX-License-Identifier: GPL-2.0 */
/*
 * resolver.h - DNS records of a name, asked of one server or of the system's, through c-ares.
 *
 * Every resolver_find_*() returns 0 with at least one record, -ENOENT if there is none (or no such
 * name), or -EIO if no server gave an answer: resolver_trouble() says why.
 */
#pragma once

#include <netinet/in.h>
#include <stddef.h>

#include "util/error.h"

#define RECORDS_MAX   8 /* more are not looked at */
#define NAME_TEXT_MAX 256
#define TXT_TEXT_MAX  1024

struct resolver;

struct addresses {
	struct in_addr list[RECORDS_MAX];
	size_t count;
};

struct name_records { /* mail exchangers by preference, or what PTR records name */
	char list[RECORDS_MAX][NAME_TEXT_MAX];
	size_t count;
};

struct txt_records { /* each with its strings joined */
	char list[RECORDS_MAX][TXT_TEXT_MAX];
	size_t count;
};

/* `server` is "ADDRESS" or "ADDRESS:PORT"; NULL: the system's. -EINVAL: it is neither. */
int resolver_open(const char *server, struct resolver **ret, struct error *ret_error);
void resolver_close(struct resolver **resolver);

int resolver_find_a(struct resolver *resolver, const char *name, struct addresses *ret);
int resolver_find_mx(struct resolver *resolver, const char *domain, struct name_records *ret);
int resolver_find_txt(struct resolver *resolver, const char *name, struct txt_records *ret);
int resolver_find_ptr(struct resolver *resolver, struct in_addr address, struct name_records *ret);

const char *resolver_trouble(const struct resolver *resolver);
