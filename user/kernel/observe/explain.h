/* SPDX-License-Identifier: GPL-2.0 */
/*
 * explain.h - what the programs would do with a packet, by letting them do it.
 *
 * An instance of the program is loaded beside the attached ones, with the slot of the interface. It
 * has the policy in force, its zones, flows, bans and openings; what it counts goes into maps of
 * its own.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "kernel/object/hooks.h"
#include "kernel/object/instance.h"
#include "policy/cidr.h"
#include "policy/tables.h"
#include "util/error.h"

struct question {
	uint8_t source[16];
	uint16_t port;	       /* host order */
	uint8_t l4;	       /* RW_L4_*: a SYN, or a datagram */
	const char *interface; /* NULL: the one with a route to the source, else an external one */
};

struct explanation {
	char interface[16];
	enum hook hook;		    /* HOOK_NONE: nothing filters there */
	uint8_t zone;		    /* one RW_ZONE_* bit; 0: loopback */
	char sets[TABLES_SETS_MAX]; /* "office,one": those that open anything to the source there */
	uint8_t reason;		    /* RW_REASON_*; RW_REASON_NONE: nothing filters there */
	bool drop;		    /* what the policy says; with `enforce`, what happens */
	bool enforce;		    /* mode */
	uint32_t generation;
	bool has_rule; /* `rule` is the one that owns the port */
	struct rule rule;
	uint32_t opening; /* id, for RW_REASON_OPENING */
	struct cidr ban;  /* for RW_REASON_BANNED */
	bool recalled;	  /* no program was asked: it is what a record of an attempt says */
	uint8_t protocol; /* IP protocol of what is recalled; 0 where it could not be read */
	char profile[TABLES_NAME_MAX];
	char roles[1024]; /* comma separated */
	char node_file[256];
};

struct explainer; /* opaque: the policy in force, and the programs that were loaded so far */

/* -ENOENT: nothing is applied. */
int explainer_open(const struct instance *instance, struct explainer **ret,
		   struct error *ret_error);
void explainer_close(struct explainer **explainer);

/*
 * -ENODEV: there is no such interface. Any number of questions, until something else is in force.
 */
int explainer_ask(struct explainer *explainer, const struct question *question,
		  struct explanation *ret, struct error *ret_error);
