/* SPDX-License-Identifier: GPL-2.0 */
/* foreign_words.c - the words of ufw, firewalld, nft, systemctl and fail2ban. */
#include "cli/foreign_words.h"

#include <fnmatch.h>

#include "util/array.h"

/* `*` in a word stands for the rest of it. */
struct foreign {
	const char *word;
	const char *hint;
};

#define APPLY                                                                                      \
	"\"rolewall apply\" puts the node file in force; \"systemctl enable --now rolewall\" "     \
	"puts it back after a reboot"
#define DOWN  "\"rolewall down\" takes everything away: nothing is filtered then"
#define SHOW  "\"rolewall show\" lists the rules in force, \"rolewall status\" what they do"
#define WATCH "\"rolewall blocked -f\" and \"rolewall top\" show who is refused"
#define PLAN  "\"rolewall plan\" shows what apply would change, and changes nothing"
#define BAN   "\"rolewall ban ADDRESS\" refuses a source altogether"
#define FILED                                                                                      \
	"\"rolewall allow PORT --from SOURCE\" opens a port for good, \"rolewall deny\" takes it " \
	"back, \"rolewall open\" opens it for a while"

static const struct foreign verbs[] = {
	{"enable", APPLY},
	{"start", APPLY},
	{"restart", APPLY},
	{"reload", APPLY},
	{"load", APPLY},
	{"commit", APPLY},
	{"up", APPLY},
	{"on", APPLY},
	{"stop", DOWN},
	{"disable", DOWN},
	{"flush", DOWN},
	{"reset", DOWN},
	{"off", DOWN},
	{"clear", DOWN},
	{"list", SHOW},
	{"ls", SHOW},
	{"rules", SHOW},
	{"info", SHOW},
	{"state", SHOW},
	{"log", WATCH},
	{"logs", WATCH},
	{"logging", WATCH},
	{"monitor", WATCH},
	{"tail", WATCH},
	{"diff", PLAN},
	{"dry-run", PLAN},
	{"simulate", PLAN},
	{"block", BAN},
	{"drop", BAN},
	{"reject", BAN},
	{"blacklist", BAN},
	{"banip", BAN},
	{"unbanip", "\"rolewall unban ADDRESS\" takes a ban away"},
	{"unblock", "\"rolewall unban ADDRESS\" takes a ban away"},
	{"test", "\"rolewall check\" validates the node file"},
	{"validate", "\"rolewall check\" validates the node file"},
	{"lint", "\"rolewall check\" validates the node file"},
	{"undo", "\"rolewall rollback\" brings the policy before this one back"},
	{"revert", "\"rolewall rollback\" brings the policy before this one back"},
	{"why", "\"rolewall explain SOURCE PORT\" says what happens to a packet, and why"},
	{"trace", "\"rolewall explain SOURCE PORT\" says what happens to a packet, and why"},
	{"setup", "\"rolewall init\" writes a first node file"},
	{"configure", "\"rolewall init\" writes a first node file"},
	{"add", FILED},
	{"delete", FILED},
	{"remove", FILED},
	{"insert", FILED},
	{"limit", FILED},
	{"default",
	 "all that no role and no service opens is refused; \"mode\" in the node file says "
	 "whether"},
	{"version", "\"rolewall --version\" prints it"},
};

static const struct foreign options[] = {
	{"dry-run", PLAN},
	{"check", "\"rolewall check\" validates the node file; " PLAN},
	{"permanent", FILED},
	{"add-*", FILED},
	{"remove-*", FILED},
	{"runtime-to-permanent", FILED},
	{"reload", APPLY},
	{"complete-reload", APPLY},
	{"list-*", SHOW},
	{"state", SHOW},
	{"get-*", SHOW},
	{"panic-on",
	 "\"rolewall ban\" refuses a source; there is no switch that refuses everybody"},
};

static const char *hint_find(const struct foreign *list, size_t count, const char *word)
{
	for (size_t i = 0; i < count; i++)
		if (!fnmatch(list[i].word, word, FNM_CASEFOLD))
			return list[i].hint;
	return NULL;
}

const char *foreign_verb_hint(const char *verb)
{
	return hint_find(verbs, ARRAY_SIZE(verbs), verb);
}

const char *foreign_option_hint(const char *option)
{
	return hint_find(options, ARRAY_SIZE(options), option);
}
