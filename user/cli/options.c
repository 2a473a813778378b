/* SPDX-License-Identifier: GPL-2.0 */
/* options.c - getopt_long over the tables that also make the usage. */
#include "cli/options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/foreign_words.h"
#include "cli/message.h"
#include "util/array.h"
#include "util/guess.h"
#include "util/say.h"

#ifndef ROLEWALL_ROLES_DIR
#define ROLEWALL_ROLES_DIR "/usr/share/rolewall/roles"
#endif

enum global {
	GLOBAL_CONFIG,
	GLOBAL_CLUSTER,
	GLOBAL_ROLES_DIR,
	GLOBAL_STATE_DIR,
	GLOBAL_LIB_DIR,
	GLOBAL_BPFFS,
	GLOBAL_CGROUP,
	GLOBAL_OUTPUT,
	GLOBAL_JSON,
	GLOBAL_QUIET,
	GLOBAL_VERBOSE,
	GLOBAL_NO_COLOR,
	GLOBAL_HELP,
	GLOBAL_VERSION,
	GLOBAL_COUNT,
};

const struct option_spec global_options[] = {
	[GLOBAL_CONFIG] = {"config", 0, "FILE", "node file (/etc/rolewall/node.json)"},
	[GLOBAL_CLUSTER] = {"cluster", 0, "FILE", "cluster file (what the node file says)"},
	[GLOBAL_ROLES_DIR] = {"roles-dir", 0, "DIR", "profiles of roles (" ROLEWALL_ROLES_DIR ")"},
	[GLOBAL_STATE_DIR] = {"state-dir", 0, "DIR", "lock and state (/run/rolewall)"},
	[GLOBAL_LIB_DIR] = {"lib-dir", 0, "DIR", "what survives a reboot (/var/lib/rolewall)"},
	[GLOBAL_BPFFS] = {"bpffs", 0, "DIR", "where programs are pinned (/sys/fs/bpf/rolewall)"},
	[GLOBAL_CGROUP] = {"cgroup", 0, "DIR", "cgroup v2 to guard (its root)"},
	[GLOBAL_OUTPUT] = {"output", 'o', "FORMAT", "table, json or jsonl (table)"},
	[GLOBAL_JSON] = {"json", 0, NULL, "the same as -o json"},
	[GLOBAL_QUIET] = {"quiet", 'q', NULL, "no warnings, notes and summaries"},
	[GLOBAL_VERBOSE] = {"verbose", 'v', NULL, "what the kernel can do, and what libbpf says"},
	[GLOBAL_NO_COLOR] = {"no-color", 0, NULL,
			     "no colours; so does NO_COLOR in the environment"},
	[GLOBAL_HELP] = {"help", 'h', NULL, "how to use it, or the verb before it"},
	[GLOBAL_VERSION] = {"version", 'V', NULL, "print the version"},
};
const size_t global_option_count = ARRAY_SIZE(global_options);

_Static_assert(ARRAY_SIZE(global_options) == GLOBAL_COUNT, "an option lacks its row");

/* getopt_long answers with the place in the tables, out of reach of any letter. */
#define GLOBAL_BASE 0x100
#define VERB_BASE   0x200

struct parser {
	struct settings *settings;
	const struct verb *verb; /* NULL: before the verb */
	struct arguments *arguments;
	struct option longs[GLOBAL_COUNT + VERB_OPTIONS_MAX + 1];
	size_t long_count;
	char letters[2 + 2 * (GLOBAL_COUNT + VERB_OPTIONS_MAX) + 1];
};

void settings_init(struct settings *settings)
{
	const char *no_color = getenv("NO_COLOR");
	bool colour = !(no_color && *no_color);

	*settings = (struct settings){
		.config = "/etc/rolewall/node.json",
		.roles_dir = ROLEWALL_ROLES_DIR,
		.instance = {.bpffs_dir = "/sys/fs/bpf/rolewall",
			     .state_dir = "/run/rolewall",
			     .lib_dir = "/var/lib/rolewall"},
		.output = OUTPUT_TABLE,
		.colour = colour && isatty(STDOUT_FILENO),
		.colour_message = colour && isatty(STDERR_FILENO),
	};
}

static int output_parse(struct settings *settings, const char *text)
{
	static const char *const names[] = {"table", "json", "jsonl"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (!strcmp(names[i], text)) {
			settings->output = (enum output)i;
			return 0;
		}
	return report_failure(settings, "use table, json or jsonl",
			      "there is no output format \"%s\"", text);
}

static int global_apply(struct settings *settings, int option, const char *value)
{
	switch ((enum global)option) {
	case GLOBAL_CONFIG:
		settings->config = value;
		break;
	case GLOBAL_CLUSTER:
		settings->cluster = value;
		break;
	case GLOBAL_ROLES_DIR:
		settings->roles_dir = value;
		break;
	case GLOBAL_STATE_DIR:
		settings->instance.state_dir = value;
		break;
	case GLOBAL_LIB_DIR:
		settings->instance.lib_dir = value;
		break;
	case GLOBAL_BPFFS:
		settings->instance.bpffs_dir = value;
		break;
	case GLOBAL_CGROUP:
		settings->instance.cgroup_dir = value;
		break;
	case GLOBAL_OUTPUT:
		return output_parse(settings, value);
	case GLOBAL_JSON:
		settings->output = OUTPUT_JSON;
		break;
	case GLOBAL_QUIET:
		settings->quiet = true;
		break;
	case GLOBAL_VERBOSE:
		say_verbose();
		break;
	case GLOBAL_NO_COLOR:
		settings->colour = settings->colour_message = false;
		break;
	case GLOBAL_HELP:
		settings->help = true;
		break;
	case GLOBAL_VERSION:
		settings->version = true;
		break;
	case GLOBAL_COUNT:
		break;
	}
	return 0;
}

static void parser_add(struct parser *parser, const struct option_spec *specs, size_t count,
		       int base)
{
	char *end = parser->letters + strlen(parser->letters);

	for (size_t i = 0; i < count; i++) {
		parser->longs[parser->long_count++] = (struct option){
			.name = specs[i].name,
			.has_arg = !specs[i].argument	       ? no_argument
				   : *specs[i].argument == '[' ? optional_argument
							       : required_argument,
			.val = base + (int)i,
		};
		if (!specs[i].letter)
			continue;
		*end++ = specs[i].letter;
		if (specs[i].argument)
			*end++ = ':';
	}
	*end = '\0';
}

static void parser_init(struct parser *parser)
{
	/* "+": stop at the verb. ":": we report what is wrong ourselves. */
	strcpy(parser->letters, parser->verb ? ":" : "+:");
	parser_add(parser, global_options, global_option_count, GLOBAL_BASE);
	if (parser->verb)
		parser_add(parser, parser->verb->options, parser->verb->option_count, VERB_BASE);
}

static int letter_find(const struct option_spec *specs, size_t count, int letter)
{
	for (size_t i = 0; i < count; i++)
		if (specs[i].letter && specs[i].letter == letter)
			return (int)i;
	return -1;
}

/* A letter into the place of its row. */
static int option_place(const struct parser *parser, int option)
{
	int row;

	if (option >= GLOBAL_BASE)
		return option;
	if (parser->verb) {
		row = letter_find(parser->verb->options, parser->verb->option_count, option);
		if (row >= 0)
			return VERB_BASE + row;
	}
	return GLOBAL_BASE + letter_find(global_options, global_option_count, option);
}

/* The second of two would silently take the place of the first. */
static int verb_option_apply(struct parser *parser, int row)
{
	const struct option_spec *spec = &parser->verb->options[row];
	const char **value = &parser->arguments->options[row];

	if (*value && spec->argument)
		return report_failure(parser->settings,
				      "give it once, with commas where it takes several",
				      "--%s is given twice", spec->name);
	*value = optarg ? optarg : "";
	return 0;
}

static int option_apply(struct parser *parser, int option)
{
	option = option_place(parser, option);
	if (option < VERB_BASE)
		return global_apply(parser->settings, option - GLOBAL_BASE, optarg);
	return verb_option_apply(parser, option - VERB_BASE);
}

static bool has_option(const struct verb *verb, const char *word)
{
	for (size_t i = 0; i < verb->option_count; i++)
		if (!strcmp(verb->options[i].name, word))
			return true;
	return false;
}

/* "--confirm is an option of apply, allow, deny"; false: no verb has it. */
static bool owners_hint(const char *word, char *ret, size_t size)
{
	bool found = false;

	for (const struct verb *const *verb = verb_table; *verb; verb++) {
		size_t used = found ? strlen(ret) : 0;

		if (!has_option(*verb, word))
			continue;
		if (found)
			snprintf(ret + used, size - used, ", %s", (*verb)->name);
		else
			snprintf(ret, size, "--%s is an option of %s", word, (*verb)->name);
		found = true;
	}
	return found;
}

static void unknown_hint(const struct parser *parser, const char *word, char *ret, size_t size)
{
	const char *foreign = foreign_option_hint(word);
	struct guess guess = guess_begin(word);

	for (size_t i = 0; i < parser->long_count; i++)
		guess_consider(&guess, parser->longs[i].name);
	if (foreign)
		snprintf(ret, size, "%s", foreign);
	else if (owners_hint(word, ret, size))
		return; /* a word of ours in the wrong place */
	else if (guess.best)
		snprintf(ret, size, "did you mean --%s?", guess.best);
	else
		snprintf(ret, size, "\"rolewall help%s%s\" lists the options",
			 parser->verb ? " " : "", parser->verb ? parser->verb->name : "");
}

static int report_unknown(const struct parser *parser, const char *typed)
{
	size_t length = strcspn(typed, "=");
	char word[GUESS_LENGTH_MAX + 1];
	char hint[256];

	snprintf(word, sizeof(word), "%.*s", (int)length, typed);
	unknown_hint(parser, word, hint, sizeof(hint));
	return report_failure(parser->settings, hint, "there is no option --%s", word);
}

/*
 * optopt is a row for a long option that exists, a letter for a short one, 0 for an unknown word.
 */
static int report_option(const struct parser *parser, int result, const char *typed)
{
	const struct settings *settings = parser->settings;
	const char *name = NULL;

	for (size_t i = 0; i < parser->long_count; i++)
		if (parser->longs[i].val == optopt)
			name = parser->longs[i].name;
	if (result == ':')
		return name ? report_failure(settings, NULL, "--%s needs an argument", name)
			    : report_failure(settings, NULL, "-%c needs an argument", optopt);
	if (name)
		return report_failure(settings, NULL, "--%s takes no argument", name);
	if (optopt)
		return report_failure(settings, "\"rolewall help\" lists the options",
				      "there is no option -%c", optopt);
	return report_unknown(parser, typed + strspn(typed, "-"));
}

static int parser_run(struct parser *parser, int argc, char **argv)
{
	int option, r = 0;

	parser_init(parser);
	opterr = 0;
	optind = 0; /* glibc: start afresh */
	while ((option = getopt_long(argc, argv, parser->letters, parser->longs, NULL)) != -1) {
		bool wrong = option == '?' || option == ':';

		/* Go on: --json may come behind it, and the error is a document then. */
		if (wrong && !r)
			r = report_option(parser, option, argv[optind - 1]);
		else if (!wrong && option_apply(parser, option))
			r = -1;
	}
	return r;
}

int options_parse_global(struct settings *settings, int argc, char **argv)
{
	struct parser parser = {.settings = settings};

	return parser_run(&parser, argc, argv) ? -1 : optind;
}

/* An option whose argument may be left out, and was: the operand was meant for it. */
static const char *option_before(const struct verb *verb, const struct arguments *arguments)
{
	for (size_t i = 0; i < verb->option_count; i++) {
		const struct option_spec *spec = &verb->options[i];

		if (spec->argument && spec->argument[0] == '[' && arguments->options[i] &&
		    !arguments->options[i][0])
			return spec->name;
	}
	return NULL;
}

int options_parse_verb(struct settings *settings, const struct verb *verb, int argc, char **argv,
		       struct arguments *ret)
{
	struct arguments arguments = {0};
	struct parser parser = {.settings = settings, .verb = verb, .arguments = &arguments};
	char hint[128];
	const char *option;

	if (parser_run(&parser, argc, argv))
		return -1;
	arguments.operands = argv + optind;
	arguments.operand_count = argc - optind;
	if (arguments.operand_count > verb->operands_max && !settings->help) {
		option = option_before(verb, &arguments);
		if (option)
			snprintf(hint, sizeof(hint), "write it with an equals sign: --%s=%s",
				 option, arguments.operands[verb->operands_max]);
		else
			snprintf(hint, sizeof(hint), "\"rolewall help %s\" shows how it is used",
				 verb->name);
		report_failure(settings, hint, "%s does not take \"%s\"", verb->name,
			       arguments.operands[verb->operands_max]);
		return -1;
	}
	*ret = arguments;
	return 0;
}
