/* SPDX-License-Identifier: GPL-2.0 */
/* The locks of the state directory: taken, waited for or not, and never tried for ever. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "kernel/object/lock.h"
#include "util/cleanup.h"

#define PATIENCE 10 /* seconds; then the alarm ends the test */

static char directory[] = "/tmp/rolewall-lock-XXXXXX";
static char state[64];

static int directory_make(void **context)
{
	if (!mkdtemp(directory))
		return -1;
	snprintf(state, sizeof(state), "%s/state", directory);
	alarm(PATIENCE);
	return 0;
}

static int directory_remove(void **context)
{
	alarm(0);
	return rmdir(directory);
}

static void a_state_directory_that_leads_nowhere_is_refused(void **context)
{
	const struct instance instance = {.state_dir = state};
	struct error error = {0};
	bool waited;
	int fd;

	assert_int_equal(symlink("/nonexistent/rolewall", state), 0);
	assert_int_equal(lock_take(&instance, LOCK_LISTS, &fd, &waited, &error), -ENOTDIR);
	assert_non_null(strstr(error.hint, "leads"));
	unlink(state);
}

/* The state directory may be a link, if it leads to a directory. */
static void a_link_to_a_directory_is_one(void **context)
{
	const struct instance instance = {.state_dir = state};
	char inside[80], lock[96];
	_close_ int fd = -1;
	bool waited;

	snprintf(inside, sizeof(inside), "%s/inside", directory);
	snprintf(lock, sizeof(lock), "%s/" LOCK_LISTS, inside);
	assert_int_equal(mkdir(inside, 0755), 0);
	assert_int_equal(symlink(inside, state), 0);
	assert_int_equal(lock_take(&instance, LOCK_LISTS, &fd, &waited, NULL), 0);
	unlink(lock);
	rmdir(inside);
	unlink(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_state_directory_that_leads_nowhere_is_refused),
		cmocka_unit_test(a_link_to_a_directory_is_one),
	};

	return cmocka_run_group_tests_name("lock", tests, directory_make, directory_remove);
}
