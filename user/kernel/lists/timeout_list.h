/* SPDX-License-Identifier: GPL-2.0 */
/*
 * timeout_list.h - what bans and openings have in common: a source, an end, and who wanted it and
 * why; in memory and as a file. No BPF in here.
 *
 * A file has a heading, the entries in their order, one a line, and then the changes that were made
 * since it was written: an entry that is new or takes the place of one before it, or, with a "-"
 * before it, one that is gone.
 *
 *	#rolewall KIND 2 SIZE BASE
 *	CIDR <TAB> EXPIRES <TAB> WHO <TAB> SINCE <TAB> REASON
 *
 * for openings with <TAB> PORT/PROTO <TAB> ID behind it. A ban's REASON may hold several
 * (reasons.h). Times are seconds since the epoch; EXPIRES 0 is never. SIZE and BASE are 12 digits,
 * so that they can be written over: the bytes of the file, by which one that was cut short is
 * recognised wherever the cut is, and the bytes without changes. What stands behind SIZE is a
 * change that was never finished.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/cidr.h"
#include "util/error.h"

#define TIMEOUT_SECOND	   1000000000LL
#define TIMEOUT_WHO_MAX	   64 /* bytes, without the NUL */
#define TIMEOUT_REASON_MAX 256

struct timeout {
	struct cidr source;
	uint8_t l4;	    /* openings: RW_L4_*; else 0 */
	uint16_t port;	    /* openings, host order; else 0 */
	bool gone;	    /* only while a file is read: it takes away the one before it */
	uint32_t id;	    /* openings; else 0 */
	int64_t expires;    /* ns since the epoch; 0 = never */
	int64_t since;	    /* seconds since the epoch; 0 = not known */
	const char *who;    /* borrowed; "" = not known */
	const char *reason; /* borrowed; "" = none given */
};

/* The end in the clock of a map, which the epoch's is `ahead` of; whatever the clocks say, an end
 * is no 0, which is never. */
uint64_t timeout_end(const struct timeout *entry, int64_t ahead);
/* And back: `end` of a map as `expires`. */
int64_t timeout_expires(uint64_t end, int64_t ahead);

struct timeout_list {
	struct timeout *list; /* owned; in the order of timeout_compare, each key once */
	size_t count;
	char *text; /* owned: what `who` and `reason` of entries from a file point into */
};

void timeout_list_free(struct timeout_list *list);
#define _timeout_list_ __attribute__((cleanup(timeout_list_free)))

/* By source, protocol and port: what makes two entries the same. */
int timeout_compare(const void *left, const void *right);

/* Sort; of entries that are the same the last is kept. 0 or -ENOMEM. Up to 2^32 entries. */
int timeout_sort(struct timeout_list *list);

struct timeout *timeout_find(const struct timeout_list *list, const struct timeout *key);

/* -EINVAL: `text` is longer than `max` bytes or has control characters; `noun` names it. */
int timeout_text_check(const char *noun, const char *text, size_t max, struct error *ret_error);

struct timeout_format {
	const char *kind; /* "bans", "openings": in the heading */
	bool has_ports;
};

/*
 * Read the file's text, which is changed and becomes the list's own, or is freed. Lines that are
 * wrong are left out: `ret_damage->what` is empty, or says what is wrong with the first of them, or
 * with the file. 0 or -ENOMEM.
 */
int timeout_parse(const struct timeout_format *format, const char *path, char *text,
		  struct timeout_list *ret, struct error *ret_damage);

/*
 * Who, since when and why, of one entry of a file without ports, whose text is changed and has to
 * outlive the entry: the text is searched, not parsed, which is fast even for a million lines.
 * False: it is not there.
 */
bool timeout_find_text(const struct timeout_format *format, char *text, struct timeout *entry);

/* The file's text; owned by the caller. 0 or -ENOMEM. */
int timeout_print(const struct timeout_format *format, const struct timeout_list *list,
		  char **ret_text, size_t *ret_size);

/* The line of a change, likewise. */
int timeout_print_change(const struct timeout_format *format, const struct timeout *entry,
			 bool gone, char **ret_text, size_t *ret_size);

struct timeout_heading {
	size_t size;
	size_t base;
};

#define TIMEOUT_HEADING_MAX 64

/* Returns the length, the new line included, as all headings of this kind have it. */
size_t timeout_heading_print(const struct timeout_format *format,
			     const struct timeout_heading *heading, char ret[TIMEOUT_HEADING_MAX]);

/* False: `text` does not begin with a heading. */
bool timeout_heading_parse(const struct timeout_format *format, const char *text,
			   struct timeout_heading *ret);
