/* SPDX-License-Identifier: GPL-2.0 */
/* main.c - the table of verbs, and the way to them. */
#include <errno.h>
#include <nss.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/foreign_words.h"
#include "cli/message.h"
#include "cli/options.h"
#include "cli/print.h"
#include "cli/usage.h"
#include "kernel/commit/rollback.h"
#include "kernel/object/load.h"
#include "kernel/object/lock.h"
#include "util/guess.h"

/* Every verb, in the order in which the usage shows it. */
#define VERBS(X)                                                                                   \
	X(init)                                                                                    \
	X(check)                                                                                   \
	X(roles)                                                                                   \
	X(preflight)                                                                               \
	X(plan)                                                                                    \
	X(allow)                                                                                   \
	X(deny)                                                                                    \
	X(apply)                                                                                   \
	X(confirm)                                                                                 \
	X(rollback)                                                                                \
	X(status)                                                                                  \
	X(explain)                                                                                 \
	X(show)                                                                                    \
	X(sets)                                                                                    \
	X(blocked)                                                                                 \
	X(top)                                                                                     \
	X(metrics)                                                                                 \
	X(audit)                                                                                   \
	X(ban)                                                                                     \
	X(unban)                                                                                   \
	X(bans)                                                                                    \
	X(open)                                                                                    \
	X(close)                                                                                   \
	X(openings)                                                                                \
	X(conversations)                                                                           \
	X(serve)                                                                                   \
	X(down)                                                                                    \
	X(help)

#define VERB_DECLARE(name) extern const struct verb verb_##name;
#define VERB_ROW(name)	   &verb_##name,

VERBS(VERB_DECLARE)
const struct verb *const verb_table[] = {VERBS(VERB_ROW) NULL};

const struct verb *verb_find(const struct settings *settings, const char *name)
{
	struct guess guess = guess_begin(name);
	const char *foreign = foreign_verb_hint(name);
	char hint[256] = "\"rolewall help\" lists the verbs";

	for (const struct verb *const *verb = verb_table; *verb; verb++) {
		if (!strcmp((*verb)->name, name))
			return *verb;
		guess_consider(&guess, (*verb)->name);
	}
	if (foreign)
		snprintf(hint, sizeof(hint), "%s", foreign);
	else if (guess.best)
		snprintf(hint, sizeof(hint), "did you mean \"%s\"?", guess.best);
	report_failure(settings, hint, "there is no verb \"%s\"", name);
	return NULL;
}

/* Where neither the rollback timer nor the daemon is alive, the next change does it. */
static int take_back_expired(const struct settings *settings)
{
	struct rollback_result rolled = {0};
	struct error error = {0};
	int r = rollback_expired(&settings->instance, NULL, &rolled, &error);

	/* Lost pins are for the verb to tell; a way back that is lost hinders nothing else. */
	if (r && r != -ESTALE && r != -ENODATA)
		return report_install(settings, r, &error);
	if (rolled.from)
		report_note(
			settings,
			"generation %u had not been confirmed in time and was rolled back first",
			rolled.from);
	if (rolled.warning.what[0])
		report_warning(settings, rolled.warning.where, rolled.warning.what);
	return EXIT_OK;
}

static int verb_run(const struct settings *settings, const struct verb *verb,
		    const struct arguments *arguments)
{
	char hint[128];
	int code;

	if (verb->needs_root && geteuid() != 0) {
		snprintf(hint, sizeof(hint), "run it with sudo: sudo rolewall %s ...", verb->name);
		report_failure(settings, hint,
			       "%s needs root, because it asks the kernel for BPF programs",
			       verb->name);
		return EXIT_PERMISSION;
	}
	code = verb->changes ? take_back_expired(settings) : EXIT_OK;
	return code == EXIT_OK ? verb->run(settings, arguments) : code;
}

static int version_print(void)
{
	printf("rolewall %s\n", ROLEWALL_VERSION);
	return EXIT_OK;
}

static int dispatch(struct settings *settings, int argc, char **argv)
{
	struct arguments arguments;
	const struct verb *verb;
	int first = options_parse_global(settings, argc, argv);

	if (first < 0)
		return EXIT_USAGE;
	if (settings->version)
		return version_print();
	if (first == argc) {
		error_set(&settings->outcome->error, EINVAL, "there is no verb");
		usage_print(settings->help ? stdout : stderr);
		return settings->help ? EXIT_OK : EXIT_USAGE;
	}
	verb = verb_find(settings, argv[first]);
	if (!verb || options_parse_verb(settings, verb, argc - first, argv + first, &arguments))
		return EXIT_USAGE;
	if (settings->version)
		return version_print();
	if (settings->help) {
		usage_print_verb(stdout, verb);
		return EXIT_OK;
	}
	return verb_run(settings, verb, &arguments);
}

/* With --json stdout has a document, whatever comes of it. */
static void print_error(const struct settings *settings, int code)
{
	const struct outcome *outcome = settings->outcome;

	if (settings->output != OUTPUT_TABLE && code != EXIT_OK && !outcome->printed)
		print_json(settings, json_make("{s:o}", "error", json_error(&outcome->error)));
}

/* Data that did not reach its reader (a full disk) must not look like success. */
static int output_close(const struct settings *settings, int code)
{
	bool failed = ferror(stdout);

	errno = 0;
	if (!fflush(stdout) && !failed)
		return code;
	/* The reader closed the pipe, and wants no more. */
	if (errno == EPIPE)
		return code;
	report_failure(settings, NULL, "cannot write to standard output: %s",
		       strerror(errno ? errno : EIO));
	return code == EXIT_OK ? EXIT_FAILED : code;
}

/*
 * The static binary runs beside any C library, and must not load that library's modules into itself
 * (nss_sss, nss_systemd): names come from files and DNS alone, which it has built in.
 */
static void names_keep_static(void)
{
#ifdef ROLEWALL_STATIC
	__nss_configure_lookup("passwd", "files");
	__nss_configure_lookup("group", "files");
	__nss_configure_lookup("hosts", "files dns");
	__nss_configure_lookup("services", "files");
#endif
}

/* Tell a user who waits what for. */
static void tell_wait(const void *context, const char *lock)
{
	const struct settings *settings = context;

	if (settings->output == OUTPUT_TABLE)
		report_note(settings, "waiting for another change of the %s to end",
			    strcmp(lock, LOCK_POLICY) ? "bans or openings" : "policy");
}

int main(int argc, char **argv)
{
	struct outcome outcome = {0};
	struct settings settings;
	int code;

	/* A message is one write: several processes may speak to one terminal. */
	setvbuf(stderr, NULL, _IOLBF, 0);
	libbpf_hush();
	names_keep_static();
	settings_init(&settings);
	settings.instance.on_wait = tell_wait;
	settings.instance.context = &settings;
	settings.outcome = &outcome;
	code = dispatch(&settings, argc, argv);
	print_error(&settings, code);
	return output_close(&settings, code);
}
