/* SPDX-License-Identifier: GPL-2.0 */
/*
 * cli.h - what a verb is, and what every verb is given.
 *
 * A verb is one file cmd_<verb>.c that defines `const struct verb verb_<verb>`, and one line in the
 * table of main.c. Usage, help and option parsing come from what the verb says about itself.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "kernel/object/instance.h"
#include "util/error.h"

enum exit_code {
	EXIT_OK = 0,
	EXIT_FAILED = 1,
	EXIT_USAGE = 2,
	EXIT_NOT_APPLIED = 3,
	EXIT_CONFIG = 4,
	EXIT_PERMISSION = 5,
	EXIT_ROLLED_BACK = 6,
	EXIT_FINDINGS = 10,
};

enum output { OUTPUT_TABLE, OUTPUT_JSON, OUTPUT_JSONL };

/* What stdout has of a run with --json: exactly one document, if not several of one kind. */
struct outcome {
	bool printed;
	struct error error; /* the first that was reported: the document, if there is no other */
};

/* What the global options say. */
struct settings {
	const char *config;
	const char *cluster; /* NULL: what the node file says */
	const char *roles_dir;
	struct instance instance;
	enum output output;
	struct outcome *outcome; /* borrowed from main() */
	bool quiet;		 /* no warnings, notes and summaries */
	bool colour;		 /* on stdout */
	bool colour_message;	 /* on stderr */
	bool help;		 /* --help was given */
	bool version;		 /* --version was given */
};

struct option_spec {
	const char *name;
	char letter;	      /* 0 = long form only */
	const char *argument; /* what stands for it in the usage; NULL = takes none; "[=WORD]" = may
				 be left out */
	const char *about;
};

#define VERB_OPTIONS_MAX 16

/* Options and operands of one verb, as typed. */
struct arguments {
	const char *options[VERB_OPTIONS_MAX]; /* as in verb.options; NULL = not given, "" = without
						  argument */
	char **operands;
	int operand_count;
};

struct verb {
	const char *name;
	const char *operands; /* for the usage: "[FILE]"; empty if it takes none */
	int operands_max;
	const char *summary; /* one line */
	const char *details; /* what else there is to know, in lines of its own */
	const struct option_spec *options;
	size_t option_count;
	bool needs_root;
	bool changes; /* something: what was not confirmed in time goes back first */
	int (*run)(const struct settings *settings, const struct arguments *arguments);
};

/* The table of main.c, ended by NULL. */
extern const struct verb *const verb_table[];

/* Prints the error with a guess if there is no such verb, and returns NULL. */
const struct verb *verb_find(const struct settings *settings, const char *name);
