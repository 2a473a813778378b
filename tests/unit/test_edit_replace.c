/* SPDX-License-Identifier: GPL-2.0 */
/* A file that people edit gets new content, and nothing else of it changes. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cmocka.h>

#include "edit/replace.h"
#include "util/cleanup.h"
#include "util/file.h"

#define OWNER 12345

static char directory[64], path[128], staged[160], alias[128];

static const struct content old = {"old\n", 4}, new = {"newer", 5};

static void file_make(const char *name, const char *text)
{
	FILE *file = fopen(name, "w");

	assert_non_null(file);
	fputs(text, file);
	assert_int_equal(fclose(file), 0);
}

static int setup(void **state)
{
	snprintf(directory, sizeof(directory), "/tmp/test-replace.XXXXXX");
	assert_non_null(mkdtemp(directory));
	snprintf(path, sizeof(path), "%s/node.json", directory);
	snprintf(staged, sizeof(staged), "%s.next", path);
	snprintf(alias, sizeof(alias), "%s/alias.json", directory);
	file_make(path, old.text);
	return 0;
}

static int teardown(void **state)
{
	unlink(alias);
	unlink(path);
	return rmdir(directory);
}

static void assert_content(const char *wanted)
{
	_free_ char *text = NULL;
	size_t size;

	assert_int_equal(file_read(path, 100, &text, &size, NULL), 0);
	assert_string_equal(text, wanted);
	assert_int_not_equal(access(staged, F_OK), 0);
}

static void mode_and_owner_stay(void **state)
{
	struct stat status;

	assert_int_equal(chmod(path, 0640), 0);
	if (geteuid() == 0)
		assert_int_equal(chown(path, OWNER, OWNER + 1), 0);
	assert_int_equal(file_replace(path, &old, &new, NULL), 0);
	assert_content(new.text);
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_mode & 07777, 0640);
	assert_int_equal(status.st_uid, geteuid() == 0 ? OWNER : geteuid());
	if (geteuid() == 0)
		assert_int_equal(status.st_gid, OWNER + 1);
}

static void extended_attributes_stay(void **state)
{
	char value[8] = "";

	if (setxattr(path, "user.rolewall", "kept", 5, 0))
		skip(); /* this file system has none */
	assert_int_equal(file_replace(path, &old, &new, NULL), 0);
	assert_int_equal(getxattr(path, "user.rolewall", value, sizeof(value)), 5);
	assert_string_equal(value, "kept");
}

static void a_symbolic_link_stays_one(void **state)
{
	struct stat status;

	assert_int_equal(symlink("node.json", alias), 0);
	assert_int_equal(file_replace(alias, &old, &new, NULL), 0);
	assert_content(new.text);
	assert_int_equal(lstat(alias, &status), 0);
	assert_true(S_ISLNK(status.st_mode));
}

static void what_another_one_wrote_is_not_lost(void **state)
{
	static const char *const others[] = {"other", "old\nand more", ""};
	struct error error = {0};

	for (size_t i = 0; i < 3; i++) {
		file_make(path, others[i]);
		assert_int_equal(file_replace(path, &old, &new, &error), -ESTALE);
		assert_non_null(strstr(error.what, "changed"));
		assert_content(others[i]);
	}
}

static void a_file_that_is_not_there_is_named(void **state)
{
	struct error error = {0};

	assert_int_equal(unlink(path), 0);
	assert_int_equal(file_replace(path, &old, &new, &error), -ENOENT);
	assert_non_null(strstr(error.what, path));
	file_make(path, old.text);
}

/* Each adds one byte until it succeeds: none may be lost. */
static void of_many_at_a_time_none_is_lost(void **state)
{
	enum { PROCESSES = 8, BYTES = 10 };
	pid_t children[PROCESSES];
	_free_ char *text = NULL;
	size_t size;

	for (int i = 0; i < PROCESSES; i++) {
		children[i] = fork();
		assert_true(children[i] >= 0);
		for (int done = 0; children[i] == 0 && done < BYTES;) {
			char longer[256];
			struct content was, then;
			_free_ char *read = NULL;

			if (file_read(path, 200, &read, &was.size, NULL))
				_exit(1);
			was.text = read;
			memcpy(longer, read, was.size);
			longer[was.size] = 'x';
			then = (struct content){longer, was.size + 1};
			done += file_replace(path, &was, &then, NULL) == 0;
		}
		if (children[i] == 0)
			_exit(0);
	}
	for (int i = 0; i < PROCESSES; i++) {
		int status;

		assert_int_equal(waitpid(children[i], &status, 0), children[i]);
		assert_int_equal(status, 0);
	}
	assert_int_equal(file_read(path, 200, &text, &size, NULL), 0);
	assert_int_equal(size, old.size + PROCESSES * BYTES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(mode_and_owner_stay, setup, teardown),
		cmocka_unit_test_setup_teardown(extended_attributes_stay, setup, teardown),
		cmocka_unit_test_setup_teardown(a_symbolic_link_stays_one, setup, teardown),
		cmocka_unit_test_setup_teardown(what_another_one_wrote_is_not_lost, setup,
						teardown),
		cmocka_unit_test_setup_teardown(a_file_that_is_not_there_is_named, setup, teardown),
		cmocka_unit_test_setup_teardown(of_many_at_a_time_none_is_lost, setup, teardown),
	};

	return cmocka_run_group_tests_name("edit replace", tests, NULL, NULL);
}
