/* SPDX-License-Identifier: GPL-2.0 */
/*
 * generation.h - what one generation of the policy consists of, pinned in generation-N/.
 *
 *	policy	the array that the programs read (abi.h), frozen
 *	zones	its zone prefixes
 *	rules	array of struct rule_record: for people and for the next generation
 *	about	one struct about_record, which says whether this version can read all of them
 *	text    the policy as a text (tables/compiled.h), with the node file it was made
 *		from, in elements of TEXT_PIECE bytes
 *
 * A generation is complete and frozen before it is committed, and never changes afterwards. The
 * shapes of the last three are in records.h.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <rolewall/abi.h>

#include "kernel/generation/records.h"
#include "kernel/object/instance.h"
#include "kernel/object/maps.h"
#include "host/lifeline.h"
#include "policy/tables.h"
#include "util/error.h"

/* Owning. */
struct generation {
	uint32_t number;    /* 0: none */
	uint32_t policy_id; /* map id of the policy array */
	struct rw_policy_header header;
	int policy_fd, zones_fd, rules_fd, about_fd, text_fd;
	struct about *about;
	struct numbered_rule *rules; /* about->rule_count of them */
};

#define GENERATION_NONE                                                                            \
	{                                                                                          \
		.policy_fd = -1, .zones_fd = -1, .rules_fd = -1, .about_fd = -1, .text_fd = -1     \
	}
#define _generation_ __attribute__((cleanup(generation_close)))

void generation_close(struct generation *generation);

/* The generation in force. -ENOENT: none; -ESTALE: its pins are lost; -EPROTO: another version made
 * it, with records of another layout. */
int generation_current(const struct instance *instance, const struct maps *maps,
		       struct generation *ret, struct error *ret_error);

/* A pinned generation by its number. -ENOENT, -EPROTO. */
int generation_open(const struct instance *instance, uint32_t number, struct generation *ret,
		    struct error *ret_error);

/* The same without its rules, of which there may be many: `rules` is NULL. */
int generation_current_bare(const struct instance *instance, const struct maps *maps,
			    struct generation *ret, struct error *ret_error);
int generation_open_bare(const struct instance *instance, uint32_t number, struct generation *ret,
			 struct error *ret_error);

/* Could it be put in force again? Every pin of it is there and can be read. */
bool generation_is_kept(const struct instance *instance, uint32_t number);

/*
 * Build and pin generation `number` from tables, beside the one in force (`current`, may be
 * GENERATION_NONE), whose slots and counters it keeps where interface and rule are the same.
 * On failure nothing of it is left.
 */
struct generation_request {
	const struct tables *tables;
	const struct generation *current;
	const char *node_file;
	const struct maps *maps; /* the counters of new rules are there */
	uint32_t number;
	uint32_t previous;		   /* to which a rollback of it goes; 0: none */
	const struct lifelines *lifelines; /* never banned either; NULL: none */
	uint8_t flags;			   /* RW_POLICY_* */
	uint8_t side;
};
int generation_build(const struct instance *instance, const struct generation_request *request,
		     struct generation *ret, struct error *ret_error);

/* I1: the commit. When it returns, no program uses the old policy any more. */
int generation_commit(const struct maps *maps, const struct generation *generation,
		      struct error *ret_error);

/* Header of the policy in force, even where its pins are lost. -ENOENT: there is none. */
int generation_header(const struct maps *maps, struct rw_policy_header *ret);

/* The highest number that is pinned, whatever became of it; 0: none. */
uint32_t generation_highest(const struct instance *instance);

/* The policy as a text that needs no other file (tables/compiled.h); owned by the caller, ends in a
 * NUL that is not counted. */
int generation_text(const struct generation *generation, char **ret_text, size_t *ret_size);

/* Unpin one; nothing there is no error. */
int generation_remove(const struct instance *instance, uint32_t number);

/* Unpin every generation but these two (0: none). Returns 0 or the first -errno. */
int generation_keep(const struct instance *instance, uint32_t one, uint32_t other);
