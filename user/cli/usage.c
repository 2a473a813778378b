/* SPDX-License-Identifier: GPL-2.0 */
/* usage.c - how to use it, printed from the tables of verbs and options. */
#include "cli/usage.h"

#include "cli/options.h"

#define LEFT_WIDTH 24

static void print_row(FILE *file, const char *left, const char *right)
{
	fprintf(file, "  %-*s %s\n", LEFT_WIDTH, left, right);
}

static void print_options(FILE *file, const struct option_spec *options, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct option_spec *option = &options[i];
		char left[64];
		int length = 0;

		if (option->letter)
			length = snprintf(left, sizeof(left), "-%c, ", option->letter);
		snprintf(left + length, sizeof(left) - length, "--%s%s%s", option->name,
			 option->argument && *option->argument != '[' ? " " : "",
			 option->argument ? option->argument : "");
		print_row(file, left, option->about);
	}
}

void usage_print(FILE *file)
{
	fputs("Usage: rolewall [GLOBAL OPTION ...] VERB [OPTION ...]\n\n"
	      "The roles of a mail node, enforced in the kernel: which ports are open, and to "
	      "whom.\n\n"
	      "Verbs:\n",
	      file);
	for (const struct verb *const *verb = verb_table; *verb; verb++) {
		char left[64];

		snprintf(left, sizeof(left), "%s%s%s", (*verb)->name, *(*verb)->operands ? " " : "",
			 (*verb)->operands);
		print_row(file, left, (*verb)->summary);
	}
	fputs("\nGlobal options, before or after the verb:\n", file);
	print_options(file, global_options, global_option_count);
	fputs("\nExit codes: 0 ok, 1 failed, 2 wrong usage, 3 not applied, 4 bad configuration, "
	      "5 no permission, 6 rolled back, 10 findings.\n"
	      "\"rolewall help VERB\" says more about a verb.\n",
	      file);
}

void usage_print_verb(FILE *file, const struct verb *verb)
{
	fprintf(file, "rolewall %s - %s\n\nUsage: rolewall [GLOBAL OPTION ...] %s%s%s%s\n",
		verb->name, verb->summary, verb->name, verb->option_count ? " [OPTION ...]" : "",
		*verb->operands ? " " : "", verb->operands);
	if (verb->details)
		fprintf(file, "\n%s\n", verb->details);
	if (verb->option_count) {
		fputs("\nOptions:\n", file);
		print_options(file, verb->options, verb->option_count);
	}
	fputs("\n\"rolewall help\" lists the global options and the exit codes.\n", file);
}
