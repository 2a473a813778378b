/* SPDX-License-Identifier: GPL-2.0 */
/* guess.c - edit distance, and the nearest word. */
#include "util/guess.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

static unsigned int smaller(unsigned int a, unsigned int b)
{
	return a < b ? a : b;
}

static bool chars_match(char a, char b)
{
	return tolower((unsigned char)a) == tolower((unsigned char)b);
}

unsigned int string_distance(const char *a, const char *b)
{
	/* The row in the making and the two above it: a transposition looks two rows up. */
	unsigned int rows[3][GUESS_LENGTH_MAX + 1];
	size_t a_length = strlen(a), b_length = strlen(b);

	if (a_length > GUESS_LENGTH_MAX || b_length > GUESS_LENGTH_MAX)
		return GUESS_LENGTH_MAX + 1;
	for (size_t j = 0; j <= b_length; j++)
		rows[0][j] = j;
	for (size_t i = 1; i <= a_length; i++) {
		unsigned int *row = rows[i % 3];
		const unsigned int *above = rows[(i - 1) % 3];

		row[0] = i;
		for (size_t j = 1; j <= b_length; j++) {
			row[j] = above[j - 1] + !chars_match(a[i - 1], b[j - 1]);
			row[j] = smaller(row[j], smaller(above[j], row[j - 1]) + 1);
			if (i > 1 && j > 1 && chars_match(a[i - 1], b[j - 2]) &&
			    chars_match(a[i - 2], b[j - 1]))
				row[j] = smaller(row[j], rows[(i - 2) % 3][j - 2] + 1);
		}
	}
	return rows[a_length % 3][b_length];
}

struct guess guess_begin(const char *word)
{
	size_t length = strlen(word);

	/* Up to a third of the word may be wrong, and one letter always. */
	return (struct guess){.word = word, .distance = length < 3 ? 2 : length / 3 + 1};
}

void guess_consider(struct guess *guess, const char *candidate)
{
	unsigned int distance = string_distance(guess->word, candidate);

	/* A word with no letter in common with the other is no typo of it. */
	if (distance >= guess->distance || distance >= strlen(candidate))
		return;
	guess->distance = distance;
	guess->best = candidate;
}
