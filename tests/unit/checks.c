/* SPDX-License-Identifier: GPL-2.0 */
/* checks.c - find a check and judge it. */
#include "checks.h"

#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

const struct check *check_of(const struct checks *checks, const char *id)
{
	const struct check *found = NULL;

	for (size_t i = 0; i < checks->count; i++) {
		if (strcmp(checks->list[i].id, id) != 0)
			continue;
		assert_null(found);
		found = &checks->list[i];
	}
	if (!found)
		fail_msg("there is no check %s", id);
	return found;
}

void assert_check(const struct checks *checks, const char *id, enum check_status status)
{
	const struct check *check = check_of(checks, id);

	if (check->status != status)
		fail_msg("%s is %d, not %d: %s", id, check->status, status, check->found);
	assert_true(check->found[0] && check->wanted[0]);
	/* Who fails is told what to do; who passes is left in peace. */
	if (status == CHECK_PASS)
		assert_string_equal(check->fix, "");
	if (status == CHECK_FAIL)
		assert_string_not_equal(check->fix, "");
}
