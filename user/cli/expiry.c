/* SPDX-License-Identifier: GPL-2.0 */
/* expiry.c - until when, why and who. */
#include "cli/expiry.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/message.h"
#include "cli/print.h"
#include "kernel/generation/generation.h"
#include "kernel/lists/restore.h"
#include "policy/words.h"
#include "util/clock.h"
#include "util/since.h"

#define SECONDS_MAX (36525LL * 24 * 60 * 60) /* in ns, it fits in a clock until 2162 */

/* The person behind sudo, else who logged in here, else whose process it is. */
static void who_find(char ret[TIMEOUT_WHO_MAX + 1])
{
	const char *sudo = getenv("SUDO_USER");
	const struct passwd *user;
	char login[TIMEOUT_WHO_MAX + 1];

	if (sudo && *sudo)
		snprintf(ret, TIMEOUT_WHO_MAX + 1, "%s", sudo);
	else if (!getlogin_r(login, sizeof(login)))
		snprintf(ret, TIMEOUT_WHO_MAX + 1, "%s", login);
	else if ((user = getpwuid(getuid())))
		snprintf(ret, TIMEOUT_WHO_MAX + 1, "%s", user->pw_name);
	else
		snprintf(ret, TIMEOUT_WHO_MAX + 1, "uid %u", getuid());
	if (timeout_text_check("the user", ret, TIMEOUT_WHO_MAX, NULL))
		snprintf(ret, TIMEOUT_WHO_MAX + 1, "uid %u", getuid());
}

int expiry_parse(const struct settings *settings, const char *duration, const char *reason,
		 struct expiry *ret)
{
	struct expiry expiry = {.reason = reason ? reason : ""};
	struct error error;

	if (duration && (!duration_parse(duration, &expiry.seconds) || !expiry.seconds ||
			 expiry.seconds > SECONDS_MAX)) {
		report_failure(
			settings,
			"write it like 90s, 10m, 2h, 7d, 1w or 1h30m; it is at most 100 years, "
			"36525d",
			"\"%s\" is no time that something can last", duration);
		return EXIT_USAGE;
	}
	if (timeout_text_check("the reason", expiry.reason, TIMEOUT_REASON_MAX, &error)) {
		report_error(settings, &error);
		return EXIT_USAGE;
	}
	who_find(expiry.who);
	*ret = expiry;
	return EXIT_OK;
}

struct timeout expiry_begin(const struct expiry *expiry)
{
	int64_t now = wall_now();

	return (struct timeout){
		.expires = expiry->seconds ? time_add(now, time_of_seconds(expiry->seconds)) : 0,
		.since = now / TIMEOUT_SECOND,
		.who = expiry->who,
		.reason = expiry->reason,
	};
}

int source_parse(const struct settings *settings, const char *text, struct cidr *ret)
{
	struct error error;

	if (!cidr_parse(text, ret, &error))
		return EXIT_OK;
	report_error(settings, &error);
	return EXIT_USAGE;
}

static void damage_report(const struct settings *settings, const struct error *damage)
{
	if (!damage->what[0])
		return;
	report_warning(settings, damage->where, damage->what);
	if (damage->hint[0])
		report_note(settings, "%s", damage->hint);
}

void store_report(const struct settings *settings, const struct store *store)
{
	if (store->waited)
		report_note(settings, "another change was running; this one waited for it");
	damage_report(settings, &store->damage);
}

void stores_restore(const struct settings *settings)
{
	struct error damage, error = {0};
	int r = restore_lists(&settings->instance, &damage, &error);

	damage_report(settings, &damage);
	if (r)
		damage_report(settings, &error);
}

void store_note_observe(const struct settings *settings, const struct store *store)
{
	struct rw_policy_header header;

	if (generation_header(&store->maps, &header) == 0 && !(header.flags & RW_POLICY_ENFORCE))
		report_note(settings, "mode is observe: it is counted, but nothing is refused");
}

const char *expires_text(int64_t expires, char *ret)
{
	return expires ? time_text(expires / TIMEOUT_SECOND, ret) : "never";
}

void timeout_print_json(const struct settings *settings, const struct timeout_list *list,
			const char *key)
{
	bool lines = settings->output == OUTPUT_JSONL;

	settings->outcome->printed = true;
	if (!lines)
		printf("{\n  \"version\": %d,\n  \"%s\": [", JSON_VERSION, key);
	for (size_t i = 0; i < list->count; i++) {
		_json_ json_t *entry = json_timeout(&list->list[i]);

		if (!lines)
			fputs(i ? ",\n    " : "\n    ", stdout);
		json_dumpf(entry, stdout, JSON_COMPACT);
		if (lines)
			putchar('\n');
	}
	if (!lines)
		puts(list->count ? "\n  ]\n}" : "]\n}");
}
