/* SPDX-License-Identifier: GPL-2.0 */
/*
 * test_cli.c - what the program answers where no kernel is needed: usage, exit codes, check.
 *
 * Runs the program that $ROLEWALL names (build/rolewall without it) from the root of the
 * repository, and compares command, output and exit code with golden/cli/NAME.txt; UPDATE=1 writes
 * those.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/cli.h"
#include "golden.h"

#define OUTPUT_MAX    16384
#define ARGUMENTS_MAX 16
#define NOBODY	      65534
#define NODE_FILE     "tests/unit/golden/cli/node.json"
#define NOWHERE                                                                                    \
	"--bpffs=/nonexistent/rolewall", "--state-dir=/nonexistent/run", "--config=" NODE_FILE

struct answer {
	char out[OUTPUT_MAX];
	char err[OUTPUT_MAX];
	int code;
};

static const char *program(void)
{
	const char *named = getenv("ROLEWALL");

	return named ? named : "build/rolewall";
}

static void output_read(FILE *file, char ret[OUTPUT_MAX])
{
	size_t length;

	rewind(file);
	length = fread(ret, 1, OUTPUT_MAX - 1, file);
	ret[length] = '\0';
	fclose(file);
}

/* In the child; 126 and 127 mean what they mean in a shell. */
static void program_become(const char *const *words, uid_t user, FILE *out, FILE *err)
{
	const char *argv[ARGUMENTS_MAX + 2] = {"rolewall"};

	for (size_t i = 0; i < ARGUMENTS_MAX && words[i]; i++)
		argv[i + 1] = words[i];
	dup2(fileno(out), STDOUT_FILENO);
	dup2(fileno(err), STDERR_FILENO);
	unsetenv("NO_COLOR");
	/* Whatever interfaces the machine has: the answer is the same. */
	if (geteuid() == 0 && unshare(CLONE_NEWNET))
		_exit(126);
	if (user && setuid(user))
		_exit(126);
	execv(program(), (char *const *)argv);
	_exit(127);
}

static void run_as(uid_t user, const char *const *words, struct answer *ret)
{
	FILE *out = tmpfile(), *err = tmpfile();
	int status;
	pid_t child;

	assert_true(out && err);
	fflush(NULL);
	child = fork();
	assert_true(child >= 0);
	if (!child)
		program_become(words, user, out, err);
	assert_int_equal(waitpid(child, &status, 0), child);
	output_read(out, ret->out);
	output_read(err, ret->err);
	ret->code = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static void words_append(char *text, const char *const *words)
{
	strcat(text, "$ rolewall");
	for (; *words; words++)
		strcat(strcat(text, " "), *words);
	strcat(text, "\n");
}

/* Command, output, messages and code in one text, as they stand in the golden file. */
static void assert_golden(const char *name, const char *const *words)
{
	static char text[3 * OUTPUT_MAX];
	struct answer answer;
	char file[128];
	size_t length;

	run_as(0, words, &answer);
	text[0] = '\0';
	words_append(text, words);
	length = strlen(text);
	snprintf(text + length, sizeof(text) - length, "%s--- stderr\n%s--- exit %d\n", answer.out,
		 answer.err, answer.code);
	snprintf(file, sizeof(file), "tests/unit/golden/cli/%s.txt", name);
	golden_compare(file, text);
}

#define GOLDEN(name, ...)                                                                          \
	static void name(void **state)                                                             \
	{                                                                                          \
		assert_golden(#name, (const char *const[]){__VA_ARGS__, NULL});                    \
	}

/* Verbs that look at the kernel ask for root before anything but their own usage. */
#define GOLDEN_ROOT(name, ...)                                                                     \
	static void name(void **state)                                                             \
	{                                                                                          \
		if (geteuid() != 0)                                                                \
			skip();                                                                    \
		assert_golden(#name, (const char *const[]){__VA_ARGS__, NULL});                    \
	}

/* --- check ------------------------------------------------------------------------------------ */

GOLDEN(check_says_what_the_node_file_amounts_to, "--roles-dir=roles", "check", NODE_FILE)
GOLDEN(check_takes_the_file_of_config, "check", "--roles-dir=roles", "--config", NODE_FILE, "-q")
GOLDEN(check_points_at_the_typo, "--roles-dir=roles", "check", "tests/unit/golden/cli/typo.json")
GOLDEN(check_points_at_the_syntax_error, "--roles-dir=roles", "check",
       "tests/unit/golden/cli/syntax.json")
GOLDEN(check_names_every_mistake, "--roles-dir=roles", "check",
       "tests/unit/golden/cli/several.json")
GOLDEN(check_names_every_name_that_means_nothing, "--roles-dir=roles", "check",
       "tests/unit/golden/cli/several-names.json")
GOLDEN(check_as_json_holds_every_mistake, "--roles-dir=roles", "-o", "jsonl", "check",
       "tests/unit/golden/cli/several-names.json")
GOLDEN(check_names_the_missing_file, "check", "/nonexistent/node.json")
GOLDEN(check_does_not_take_a_missing_list_for_the_node_file, "check",
       "tests/unit/golden/refused/set-file-missing.json")
GOLDEN(check_without_a_node_file_names_init, "--config=/nonexistent/node.json", "check")
GOLDEN_ROOT(apply_without_a_node_file_names_init, NOWHERE, "--config=/nonexistent/node.json",
	    "apply")
GOLDEN_ROOT(status_without_a_node_file_names_init, NOWHERE, "--config=/nonexistent/node.json",
	    "status")
GOLDEN(check_of_a_role_in_capitals_is_guessed, "--roles-dir=roles", "check",
       "tests/unit/golden/cli/capitals.json")
GOLDEN(init_of_an_unknown_profile_is_guessed, "--roles-dir=roles", "init", "--stdout", "--profile",
       "carbonio-ce-23")
GOLDEN(check_as_json_holds_warnings, "--roles-dir=roles", "check", NODE_FILE, "--json")
GOLDEN(check_as_json_holds_the_error, "-o", "jsonl", "--roles-dir=roles", "check",
       "tests/unit/golden/cli/typo.json")

/* --- wrong usage ------------------------------------------------------------------------------ */

GOLDEN(unknown_verb_is_guessed, "stauts")
GOLDEN(verb_like_no_other_gets_no_guess, "frobnicate")
GOLDEN(unknown_option_is_guessed, "status", "--jsno")
GOLDEN(unknown_global_option_is_guessed, "--confg", "x", "status")
GOLDEN(option_of_another_verb_names_it, "plan", "--confirm")
GOLDEN(option_of_a_verb_before_it_names_it, "--confirm=60", "apply")
GOLDEN(unknown_letter_is_refused, "status", "-z")
GOLDEN(option_without_its_argument_is_refused, "blocked", "--port")
GOLDEN(option_that_is_given_twice_is_refused, "allow", "873", "--from", "vpn", "--from", "internal")
GOLDEN(option_with_an_argument_it_does_not_take_is_refused, "--json=yes", "status")
GOLDEN(unknown_format_is_refused, "-o", "xml", "status")
GOLDEN(operand_too_many_is_refused, "check", "one.json", "two.json")
GOLDEN(verb_of_ufw_leads_on_reload, "reload")
GOLDEN(verb_of_ufw_leads_on_enable, "enable")
GOLDEN(verb_of_systemctl_leads_on_stop, "stop")
GOLDEN(verb_of_ufw_leads_on_logging, "logging", "on")
GOLDEN(verb_of_ufw_leads_on_delete, "delete", "allow", "80")
GOLDEN(option_of_ufw_leads_on, "apply", "--dry-run")
GOLDEN(option_of_firewalld_leads_on, "--permanent", "--add-port=80/tcp")
GOLDEN(argument_without_its_equals_sign_is_explained, "apply", "--confirm", "120")
GOLDEN_ROOT(unknown_reason_is_guessed, "blocked", "--reason", "zone-denid")
GOLDEN_ROOT(unknown_reason_gets_the_list, "blocked", "--reason", "weather")
GOLDEN_ROOT(prefix_with_host_bits_is_corrected, "blocked", "--source", "10.0.0.1/8")
GOLDEN(unknown_verb_of_help_is_guessed, "help", "chekc")
GOLDEN(roles_lists_those_of_a_profile, "--roles-dir=roles", "roles", "--profile", "carbonio-ce-26")
GOLDEN(roles_shows_one_of_the_node_files_profile, "--roles-dir=roles", "--config=" NODE_FILE,
       "roles", "mta")
GOLDEN(roles_as_json_says_what_a_release_changed, "--roles-dir=roles", "-o", "jsonl", "roles",
       "--diff", "carbonio-ce-23.10", "carbonio-ce-24.1")
GOLDEN(roles_says_what_a_release_changed, "--roles-dir=roles", "roles", "--diff",
       "carbonio-ce-24.1", "carbonio-ce-25.6")
GOLDEN(role_that_is_not_there_is_guessed, "--roles-dir=roles", "roles", "-p", "carbonio-ce-26",
       "mtaa")

/* --- nothing applied -------------------------------------------------------------------------- */

GOLDEN_ROOT(status_of_nothing_exits_3, NOWHERE, "status")
GOLDEN_ROOT(status_of_nothing_as_json_has_the_same_shape, NOWHERE, "status", "-o", "jsonl")
GOLDEN_ROOT(show_of_nothing_exits_3, NOWHERE, "show")
GOLDEN_ROOT(blocked_of_nothing_exits_3, NOWHERE, "blocked")
GOLDEN_ROOT(plan_with_nothing_in_force_opens_everything, NOWHERE, "--roles-dir=roles",
	    "--config=" NODE_FILE, "plan")

/* --- the rest --------------------------------------------------------------------------------- */

static void run(struct answer *ret, const char *first, const char *second)
{
	run_as(0, (const char *const[]){first, second, NULL}, ret);
}

static void usage_names_every_verb_and_goes_to_stdout_when_asked_for(void **state)
{
	static const char *const verbs[] = {"check", "roles",	"plan", "apply", "status",
					    "show",  "blocked", "down", "help"};
	struct answer answer;

	run(&answer, "help", NULL);
	assert_int_equal(answer.code, EXIT_OK);
	assert_string_equal(answer.err, "");
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		char line[32];

		snprintf(line, sizeof(line), "\n  %s ", verbs[i]);
		if (!strstr(answer.out, line))
			fail_msg("the usage does not name %s", verbs[i]);
	}
}

static void no_verb_shows_the_usage_as_an_error(void **state)
{
	struct answer answer;

	run(&answer, NULL, NULL);
	assert_int_equal(answer.code, EXIT_USAGE);
	assert_string_equal(answer.out, "");
	assert_non_null(strstr(answer.err, "Usage: rolewall"));
}

static void help_of_a_verb_is_the_same_either_way(void **state)
{
	struct answer help, option, before;

	run(&help, "help", "blocked");
	run(&option, "blocked", "--help");
	run(&before, "--help", "blocked");
	assert_int_equal(help.code, EXIT_OK);
	assert_int_equal(option.code, EXIT_OK);
	assert_non_null(strstr(help.out, "--since TIME"));
	assert_string_equal(help.out, option.out);
	assert_string_equal(help.out, before.out);
}

static void verbose_shows_what_the_kernel_can_do(void **state)
{
	struct answer quiet, verbose, from_environment;

	/* Only root may ask the kernel. */
	if (geteuid() != 0)
		skip();
	setenv("ROLEWALL_PROBE_OFF", "frags", 1);
	run(&quiet, "preflight", NULL);
	run(&verbose, "--verbose", "preflight");
	setenv("ROLEWALL_DEBUG", "1", 1);
	run(&from_environment, "preflight", NULL);
	unsetenv("ROLEWALL_DEBUG");
	unsetenv("ROLEWALL_PROBE_OFF");
	assert_null(strstr(quiet.err, "kernel feature"));
	assert_non_null(strstr(verbose.err, "kernel feature links: "));
	assert_non_null(strstr(verbose.err, "kernel feature frags: switched off"));
	assert_non_null(strstr(from_environment.err, "kernel feature frags: switched off"));
}

static void version_is_that_of_the_version_file(void **state)
{
	FILE *file = fopen("VERSION", "r");
	struct answer answer;
	char version[32] = "", line[64];

	assert_non_null(file);
	assert_non_null(fgets(version, sizeof(version), file));
	fclose(file);
	snprintf(line, sizeof(line), "rolewall %s", version);
	run(&answer, "--version", NULL);
	assert_int_equal(answer.code, EXIT_OK);
	assert_string_equal(answer.out, line);
}

static void output_that_cannot_be_written_is_a_failure(void **state)
{
	char command[512];

	snprintf(command, sizeof(command), "%s help >/dev/full 2>/dev/null", program());
	assert_int_equal(WEXITSTATUS(system(command)), EXIT_FAILED);
}

static void who_is_not_root_gets_the_next_step(void **state)
{
	struct answer answer;

	if (geteuid() == 0)
		run_as(NOBODY, (const char *const[]){"status", NULL}, &answer);
	else
		run(&answer, "status", NULL);
	/* The tree may stand where nobody may look. */
	if (answer.code == 126 || answer.code == 127)
		skip();
	assert_int_equal(answer.code, EXIT_PERMISSION);
	assert_non_null(strstr(answer.err, "sudo rolewall status"));
	assert_string_equal(answer.out, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(check_says_what_the_node_file_amounts_to),
		cmocka_unit_test(check_takes_the_file_of_config),
		cmocka_unit_test(check_points_at_the_typo),
		cmocka_unit_test(check_points_at_the_syntax_error),
		cmocka_unit_test(check_names_every_mistake),
		cmocka_unit_test(check_names_every_name_that_means_nothing),
		cmocka_unit_test(check_as_json_holds_every_mistake),
		cmocka_unit_test(check_names_the_missing_file),
		cmocka_unit_test(check_does_not_take_a_missing_list_for_the_node_file),
		cmocka_unit_test(check_as_json_holds_warnings),
		cmocka_unit_test(check_as_json_holds_the_error),
		cmocka_unit_test(unknown_verb_is_guessed),
		cmocka_unit_test(verb_like_no_other_gets_no_guess),
		cmocka_unit_test(unknown_option_is_guessed),
		cmocka_unit_test(unknown_global_option_is_guessed),
		cmocka_unit_test(option_of_another_verb_names_it),
		cmocka_unit_test(option_of_a_verb_before_it_names_it),
		cmocka_unit_test(unknown_letter_is_refused),
		cmocka_unit_test(option_without_its_argument_is_refused),
		cmocka_unit_test(option_that_is_given_twice_is_refused),
		cmocka_unit_test(option_with_an_argument_it_does_not_take_is_refused),
		cmocka_unit_test(unknown_format_is_refused),
		cmocka_unit_test(operand_too_many_is_refused),
		cmocka_unit_test(unknown_verb_of_help_is_guessed),
		cmocka_unit_test(roles_lists_those_of_a_profile),
		cmocka_unit_test(roles_shows_one_of_the_node_files_profile),
		cmocka_unit_test(roles_as_json_says_what_a_release_changed),
		cmocka_unit_test(roles_says_what_a_release_changed),
		cmocka_unit_test(role_that_is_not_there_is_guessed),
		cmocka_unit_test(usage_names_every_verb_and_goes_to_stdout_when_asked_for),
		cmocka_unit_test(no_verb_shows_the_usage_as_an_error),
		cmocka_unit_test(help_of_a_verb_is_the_same_either_way),
		cmocka_unit_test(verbose_shows_what_the_kernel_can_do),
		cmocka_unit_test(version_is_that_of_the_version_file),
		cmocka_unit_test(output_that_cannot_be_written_is_a_failure),
		cmocka_unit_test(who_is_not_root_gets_the_next_step),
		cmocka_unit_test(unknown_reason_is_guessed),
		cmocka_unit_test(unknown_reason_gets_the_list),
		cmocka_unit_test(prefix_with_host_bits_is_corrected),
		cmocka_unit_test(status_of_nothing_exits_3),
		cmocka_unit_test(status_of_nothing_as_json_has_the_same_shape),
		cmocka_unit_test(show_of_nothing_exits_3),
		cmocka_unit_test(blocked_of_nothing_exits_3),
		cmocka_unit_test(plan_with_nothing_in_force_opens_everything),
		cmocka_unit_test(check_without_a_node_file_names_init),
		cmocka_unit_test(check_of_a_role_in_capitals_is_guessed),
		cmocka_unit_test(init_of_an_unknown_profile_is_guessed),
		cmocka_unit_test(verb_of_ufw_leads_on_reload),
		cmocka_unit_test(verb_of_ufw_leads_on_enable),
		cmocka_unit_test(verb_of_systemctl_leads_on_stop),
		cmocka_unit_test(verb_of_ufw_leads_on_logging),
		cmocka_unit_test(verb_of_ufw_leads_on_delete),
		cmocka_unit_test(option_of_ufw_leads_on),
		cmocka_unit_test(option_of_firewalld_leads_on),
		cmocka_unit_test(argument_without_its_equals_sign_is_explained),
		cmocka_unit_test(apply_without_a_node_file_names_init),
		cmocka_unit_test(status_without_a_node_file_names_init),
	};

	return cmocka_run_group_tests_name("cli", tests, NULL, NULL);
}
