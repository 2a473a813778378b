/* SPDX-License-Identifier: GPL-2.0 */
/* layouts.c - numbers and white space of a fixed sequence. */
#include "layouts.h"

#include "util/array.h"

static const char *const spaces[][4] = {
	{"", "", "", ""},
	{" ", " ", " ", " "},
	{"\n  ", "\n", "\n    ", " "},
	{"\r\n\t", "\r\n", "\r\n\t\t", " "},
	{"\n\t\t\t\t\t\t", "\n\n", " ", ""},
	{" ", "", "\r\n", "\t \n"},
};

uint32_t random_below(uint32_t end)
{
	static uint32_t state = 2463534242; /* xorshift */

	state ^= state << 13;
	state ^= state >> 17;
	state ^= state << 5;
	return state % end;
}

size_t layout_random(void)
{
	return random_below(ARRAY_SIZE(spaces));
}

const char *space_random(size_t layout)
{
	return spaces[layout][random_below(ARRAY_SIZE(spaces[layout]))];
}
