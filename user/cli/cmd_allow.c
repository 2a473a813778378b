/* SPDX-License-Identifier: GPL-2.0 */
/* cmd_allow.c - rolewall allow PORT|SERVICE: open a port for good. */
#include "cli/cli.h"
#include "cli/permit.h"
#include "util/array.h"

static const struct option_spec allow_options[] = {
	[PERMIT_FROM] =
		{"from", 0, "SOURCE",
		 "who may come: an address, a prefix, a zone or a set; several with commas"},
	[PERMIT_APPLY] = {"apply", 0, NULL, "put it in force at once"},
	[PERMIT_CONFIRM] = {"confirm", 0, "[=SECONDS]",
			    "go back unless \"rolewall confirm\" comes in time (60)"},
	[PERMIT_FORCE] = {"force", 0, NULL,
			  "even if your own SSH session is cut, or could not come back; with "
			  "--confirm"},
	[PERMIT_COMMENT] = {"comment", 0, "TEXT", "what it is for: \"about\" of the service"},
};
_Static_assert(ARRAY_SIZE(allow_options) == PERMIT_OPTIONS, "an option lacks its row");

static int allow_run(const struct settings *settings, const struct arguments *arguments)
{
	return permit_run(settings, arguments, false);
}

const struct verb verb_allow = {
	.name = "allow",
	.operands = "PORT[/PROTO]|SERVICE",
	.operands_max = PERMIT_WORDS_MAX,
	.summary = "open a port for good: writes it into the node file, and shows the plan",
	.details =
		"A service of the node file that is of this very port gets the source; where there "
		"is none, one\n"
		"is added. All else in the file stays as it is, byte for byte. What is to be open "
		"for a while\n"
		"only, \"rolewall open\" opens.\n"
		"Without --apply nothing is put in force: \"rolewall apply --confirm\" does that. "
		"The file keeps\n"
		"the change even if it is not confirmed; \"rolewall deny\" takes it back.",
	.options = allow_options,
	.option_count = PERMIT_OPTIONS,
	.needs_root = true,
	.run = allow_run,
};
