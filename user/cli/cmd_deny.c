/* SPDX-License-Identifier: GPL-2.0 */
/* cmd_deny.c - rolewall deny PORT|SERVICE: take back what allow has opened. */
#include "cli/cli.h"
#include "cli/permit.h"
#include "util/array.h"

static const struct option_spec deny_options[] = {
	[PERMIT_FROM] = {"from", 0, "SOURCE", "for whom (without it: for everybody)"},
	[PERMIT_APPLY] = {"apply", 0, NULL, "put it in force at once"},
	[PERMIT_CONFIRM] = {"confirm", 0, "[=SECONDS]",
			    "go back unless \"rolewall confirm\" comes in time (60)"},
	[PERMIT_FORCE] = {"force", 0, NULL,
			  "even if your own SSH session is cut, or could not come back; with "
			  "--confirm"},
};
_Static_assert(ARRAY_SIZE(deny_options) == PERMIT_COMMENT, "an option lacks its row");

static int deny_run(const struct settings *settings, const struct arguments *arguments)
{
	return permit_run(settings, arguments, true);
}

const struct verb verb_deny = {
	.name = "deny",
	.operands = "PORT[/PROTO]|SERVICE",
	.operands_max = PERMIT_WORDS_MAX,
	.summary = "close a port that the node file opens, and show the plan",
	.details =
		"The source goes out of the service; a service that is open to nobody goes "
		"altogether. All else\n"
		"in the file stays as it is, byte for byte. What a role opens stays open as long "
		"as this node\n"
		"plays it; --from external leaves it to the VPN alone (\"vpn_only\"). \"rolewall "
		"ban\" refuses a\n"
		"single source everything.\n"
		"Without --apply nothing is put in force: \"rolewall apply --confirm\" does that.",
	.options = deny_options,
	.option_count = PERMIT_COMMENT,
	.needs_root = true,
	.run = deny_run,
};
