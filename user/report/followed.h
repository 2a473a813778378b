/* SPDX-License-Identifier: GPL-2.0 */
/*
 * followed.h - what the names in sets stand for, and since when: what the daemon keeps, and what
 * everybody else tells of it.
 *
 *	{ "version": 1, "waiting": null, "names": { "gw.example.net": {
 *		"addresses": ["203.0.113.7"], "answered": 1764385200, "trouble": null, "since": 0,
 *		"wanted": true } } }
 *
 * The daemon writes it twice: STATE_DIR/names.json at each change, for those who look; and
 * LIB_DIR/names.json, which survives a reboot and is what a policy is compiled with
 * (policy/resolved.h), when addresses change, and once an hour.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "host/own_addresses.h"
#include "policy/tables.h"
#include "report/name_answer.h"
#include "kernel/object/instance.h"
#include "util/error.h"

#define FOLLOWED_TTL_MIN    60	  /* seconds between two questions, whatever the TTL is */
#define FOLLOWED_TTL_MAX    3600  /* likewise */
#define FOLLOWED_STALE	    86400 /* seconds: an answer so old is an alarm */
#define FOLLOWED_REASON_MAX 240

struct followed {
	char name[ANSWER_NAME_MAX]; /* in lower case */
	uint8_t (*addresses)[16];   /* owned; sorted, each once */
	size_t count;
	int64_t answered; /* seconds since the epoch: an answer said so last; 0: never */
	char trouble[FOLLOWED_REASON_MAX]; /* of the last question; "": none */
	int64_t since;			   /* when that began, or 0 */
	bool wanted;			   /* the policy in force has it */
	bool pending; /* it was asked, and there is no answer yet; not in the file, as what follows */
	int64_t due;   /* when to ask next; ns, CLOCK_BOOTTIME */
	int64_t asked; /* likewise */
};

struct followed_list {
	struct followed *list; /* owned */
	size_t count;
	char waiting[FOLLOWED_REASON_MAX]; /* why what is in it is not in force yet; "": it is */
};

void followed_list_free(struct followed_list *names);

/* One of that name, in any case; NULL: there is none. */
struct followed *followed_find(const struct followed_list *names, const char *name);

/* The same; it is made if need be. NULL: out of memory. */
struct followed *followed_get(struct followed_list *names, const char *name);

/* Sorted and each once. 0 or -ENOMEM. */
int followed_set(struct followed *name, const uint8_t (*addresses)[16], size_t count);

/* What a policy has of the host of that number, likewise. */
int followed_from(struct followed *name, const struct set *set, size_t host);

/* They stand for the same. */
bool followed_is_same(const struct followed *a, const struct followed *b);

/*
 * Take what an answer may say: no address of `own`, none that cannot be a source (0.0.0.0/8,
 * 240.0.0.0/4, ::), none of loopback, of one link, of many hosts. A family that was not answered
 * keeps what it had, and so does a name of which nothing is left. `now` is in seconds since the
 * epoch; `ret_changed`: it stands for something else now. 0 or -ENOMEM.
 */
int followed_take(struct followed *name, const struct name_answer *answer,
		  const struct own_addresses *own, int64_t now, bool *ret_changed);

/* No answer: why. */
void followed_trouble(struct followed *name, const char *trouble, int64_t now);

/* Seconds until it is asked again. */
uint32_t followed_pause(const struct followed *name, uint32_t ttl);

/* Seconds since an answer last said so; -1: none ever did. */
int64_t followed_age(const struct followed *name, int64_t now);

/* "203.0.113.7,2001:db8::7"; "nothing"; "..." ends what does not fit. Returns `ret`. */
const char *followed_text(const uint8_t (*addresses)[16], size_t count, char *ret, size_t size);

/* -ENOENT: no name has been asked; -EINVAL: the file is damaged. */
int followed_read(const char *directory, struct followed_list *ret, struct error *ret_error);
/* Of the daemon that runs, or as the last one left it. None: an empty list. 0 or -errno. */
int followed_look(const struct instance *instance, struct followed_list *ret,
		  struct error *ret_error);

/* The daemon ends: what is told from now on is what survives a reboot. */
void followed_forget(const char *directory);
int followed_write(const char *directory, const struct followed_list *names,
		   struct error *ret_error);
