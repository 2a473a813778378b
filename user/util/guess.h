/* SPDX-License-Identifier: GPL-2.0 */
/*
 * guess.h - which of the words that exist was meant by one that does not?
 *
 *	struct guess guess = guess_begin("externl");
 *	guess_consider(&guess, "external");	(for each word that exists)
 *	if (guess.best) ... did you mean guess.best?
 */
#pragma once

#define GUESS_LENGTH_MAX 64 /* longer words are never near anything */

struct guess {
	const char *word;      /* borrowed */
	const char *best;      /* borrowed; NULL: nothing is near enough to be a typo */
	unsigned int distance; /* of `best`, or the first that is too far */
};

struct guess guess_begin(const char *word);
void guess_consider(struct guess *guess, const char *candidate);

/*
 * Edit distance with insertion, deletion, substitution and transposition of neighbours (optimal
 * string alignment), ASCII case ignored. GUESS_LENGTH_MAX + 1 if either is longer than that.
 */
unsigned int string_distance(const char *a, const char *b);
