/* SPDX-License-Identifier: GPL-2.0 */
/*
 * options.h - the command line into struct settings and struct arguments.
 *
 * Global options may stand before the verb and after it. A wrong one is printed, with a guess at
 * what was meant.
 */
#pragma once

#include "cli/cli.h"

extern const struct option_spec global_options[];
extern const size_t global_option_count;

/* Defaults, and what the environment says about colours. */
void settings_init(struct settings *settings);

/* Options before the verb. Returns the index of the verb in argv (argc if there is none), or -1. */
int options_parse_global(struct settings *settings, int argc, char **argv);

/* argv[0] is the verb. Returns 0, or -1 after printing what is wrong. */
int options_parse_verb(struct settings *settings, const struct verb *verb, int argc, char **argv,
		       struct arguments *ret);
