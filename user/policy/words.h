/* SPDX-License-Identifier: GPL-2.0 */
/*
 * words.h - the words of role and node files, and the numbers they stand for.
 *
 * A list of words ends with a word that is NULL.
 */
#pragma once

#include <stdbool.h>

struct word {
	const char *word;
	int number;
};

extern const struct word words_zones[];	  /* RW_ZONE_*, without management */
extern const struct word words_hooks[];	  /* enum hook_choice */
extern const struct word words_shields[]; /* enum shield_choice */
extern const struct word words_tables[];  /* the zones that a table of the seed page means */
extern const struct word words_l4[];	  /* RW_L4_* */
extern const struct word words_modes[];	  /* RW_POLICY_* flags, as all below */
extern const struct word words_ipv6[];
extern const struct word words_fragments[];
extern const struct word words_syn_cookies[];
extern const struct word words_bind_guard[];
extern const struct word words_protocols[]; /* IP protocol numbers, RFC 5237 */

/* The first word for `number`, or NULL. */
const char *word_of(const struct word *words, int number);

/* The node file may not list it: the verdict handles this protocol itself (docs/verdict.md). */
bool is_protocol_reserved(int number);
