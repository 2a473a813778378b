/* SPDX-License-Identifier: GPL-2.0 */
/* message.c - errors, warnings and notes on stderr. */
#include "cli/message.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "kernel/attach/hidden.h"
#include "kernel/commit/remove.h"
#include "kernel/commit/trial.h"
#include "report/words.h"
#include "util/clock.h"
#include "util/control.h"

#define RED    "\033[31;1m"
#define YELLOW "\033[33;1m"
#define CYAN   "\033[36m"
#define PLAIN  "\033[0m"

static void put_clean(const char *text)
{
	for (size_t size; *text; text += size ? size : 1) {
		size = control_size(text, "\t");
		fputc(size ? '?' : *text, stderr);
	}
}

static void put_label(const struct settings *settings, const char *colour, const char *label)
{
	if (settings->colour_message)
		fprintf(stderr, "%s%s:%s ", colour, label, PLAIN);
	else
		fprintf(stderr, "%s: ", label);
}

/* "FILE:LINE:COLUMN: error: ...", as compilers do, so that editors can jump there. */
static void put_heading(const struct settings *settings, const char *where, const char *colour,
			const char *label)
{
	/* Where both go to one place, they stand in the order in which they were said. */
	fflush(stdout);
	put_clean(where && *where ? where : "rolewall");
	fputs(": ", stderr);
	put_label(settings, colour, label);
}

static void put_excerpt(const char *excerpt)
{
	const char *line = excerpt;

	while (*line) {
		size_t length = strcspn(line, "\n");
		char text[512];

		snprintf(text, sizeof(text), "%.*s", (int)length, line);
		fputs("    ", stderr);
		put_clean(text);
		fputc('\n', stderr);
		line += length + (line[length] == '\n');
	}
}

void report_error(const struct settings *settings, const struct error *error)
{
	if (!settings->outcome->error.what[0])
		settings->outcome->error = *error;
	settings->outcome->error.others = NULL;
	put_heading(settings, error->where, RED, "error");
	put_clean(error->what);
	if (error->path[0]) {
		fputs(" (at ", stderr);
		put_clean(error->path);
		fputc(')', stderr);
	}
	fputc('\n', stderr);
	put_excerpt(error->excerpt);
	if (!error->hint[0])
		return;
	put_label(settings, CYAN, "hint");
	put_clean(error->hint);
	fputc('\n', stderr);
}

void report_warning(const struct settings *settings, const char *where, const char *what)
{
	if (settings->quiet)
		return;
	put_heading(settings, where, YELLOW, "warning");
	put_clean(what);
	fputc('\n', stderr);
}

void report_warnings(const struct settings *settings, const struct warnings *warnings)
{
	for (size_t i = 0; i < warnings->count; i++) {
		const struct warning *warning = &warnings->list[i];
		char what[sizeof(warning->what) + WARNING_NAME_MAX];

		snprintf(what, sizeof(what), "%s [%s]", warning->what, warning_name(warning->id));
		report_warning(settings, warning->where, what);
	}
}

void report_note(const struct settings *settings, const char *format, ...)
{
	char text[1024];
	va_list args;

	if (settings->quiet)
		return;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	put_heading(settings, NULL, CYAN, "note");
	put_clean(text);
	fputc('\n', stderr);
}

int report_failure(const struct settings *settings, const char *hint, const char *format, ...)
{
	struct error error = {0};
	va_list args;

	va_start(args, format);
	vsnprintf(error.what, sizeof(error.what), format, args);
	va_end(args);
	if (hint)
		error_hint(&error, "%s", hint);
	report_error(settings, &error);
	return -1;
}

static void report_result(const struct settings *settings, int result, const struct error *error)
{
	struct error shown = *error;

	/* Nothing is ever refused without a reason. */
	if (!shown.what[0])
		snprintf(shown.what, sizeof(shown.what), "%s", strerror(-result));
	if ((result == -EPERM || result == -EACCES) && !shown.hint[0])
		error_hint(&shown, "run it as root: sudo rolewall ...");
	report_error(settings, &shown);
}

int exit_code_config(int result)
{
	switch (-result) {
	case EPERM:
	case EACCES:
		return EXIT_PERMISSION;
	case ENOMEM:
		return EXIT_FAILED;
	default:
		return EXIT_CONFIG;
	}
}

static void report_errors(const struct settings *settings, const struct errors *errors)
{
	for (size_t i = 0; i < errors->count; i++)
		report_error(settings, &errors->list[i]);
	if (errors->count >= ERRORS_MAX)
		report_note(settings, "there may be more: these are the first %zu", errors->count);
}

static bool is_missing(const char *file)
{
	return access(file, F_OK) && errno == ENOENT;
}

int report_config(const struct settings *settings, int result, const struct error *error)
{
	struct error shown = *error;
	/* What a file names is missing at a place, and that is told. */
	bool missing = result == -ENOENT && !shown.hint[0] && !shown.where[0];

	if (missing && is_missing(settings->config))
		error_hint(&shown, "\"rolewall init\" writes a first node file from what this "
				   "host looks like; --config FILE names another");
	else if (missing)
		error_hint(&shown, "--config FILE and --roles-dir DIR tell where the files are");
	if (error->others && error->others->count > 1)
		report_errors(settings, error->others);
	else
		report_result(settings, result, &shown);
	return exit_code_config(result);
}

int report_install(const struct settings *settings, int result, const struct error *error)
{
	report_result(settings, result, error);
	return result == -EPERM || result == -EACCES ? EXIT_PERMISSION : EXIT_FAILED;
}

/* The first policy of all went back: that is why nothing is applied. */
static void trial_tell(const struct rw_pending *trial, struct error *ret)
{
	char when[TIME_TEXT_MAX];

	time_text_ns(boottime_to_wall(trial->taken_back), when);
	if (!trial->missed) {
		error_set(ret, ENOENT, "nothing is applied: generation %u was rolled back at %s",
			  trial->generation, when);
		error_hint(ret, "\"rolewall apply --confirm\" tries it once more");
		return;
	}
	error_set(ret, ENOENT,
		  "nothing is applied: generation %u was not confirmed in time, and was taken "
		  "back at %s",
		  trial->generation, when);
	error_hint(ret, "\"rolewall apply --confirm=300\" tries it once more, for five minutes; "
			"\"rolewall confirm\" then keeps it");
}

int report_kernel(const struct settings *settings, int result, const struct error *error)
{
	struct rw_pending trial;
	struct error nothing;

	if (result != -ENOENT)
		return report_install(settings, result, error);
	if (hidden_check(&settings->instance, &nothing))
		return report_install(settings, -EEXIST, &nothing);
	if (remove_has_left(&settings->instance)) {
		error_set(&nothing, ENOENT,
			  "no policy is pinned, but programs of one whose pins are gone filter "
			  "still");
		error_hint(&nothing, "\"rolewall apply\" takes over from them, \"rolewall down\" "
				     "takes them away");
	} else if (!trial_read(&settings->instance, &trial)) {
		trial_tell(&trial, &nothing);
	} else {
		error_set(&nothing, ENOENT, "nothing is applied: no policy is in force");
		if (is_missing(settings->config))
			error_hint(&nothing,
				   "there is no node file yet: \"rolewall init\" writes %s, "
				   "\"rolewall apply\" then puts it in force",
				   settings->config);
		else
			error_hint(&nothing, "\"rolewall apply\" puts %s in force",
				   settings->config);
	}
	report_error(settings, &nothing);
	return EXIT_NOT_APPLIED;
}
