/* SPDX-License-Identifier: GPL-2.0 */
/* remedy.h - what would change a verdict: commands, and words in the node file. */
#pragma once

#include "cli/cli.h"
#include "kernel/observe/explain.h"

#define REMEDIES_MAX	8
#define REMEDY_TEXT_MAX 512

struct remedies {
	char list[REMEDIES_MAX][REMEDY_TEXT_MAX];
	size_t count;
};

/* The most fitting first. Nothing fits: none. */
void remedies_find(const struct settings *settings, const struct question *question,
		   const struct explanation *explanation, struct remedies *ret);
