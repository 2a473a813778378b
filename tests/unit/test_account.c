/* SPDX-License-Identifier: GPL-2.0 */
/* What a user's beginnings may cost the daemon, and how long he waits after it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "daemon/account.h"

#define MS     1000000LL
#define SECOND (1000 * MS)

/* As if it had cost so much. */
static void charge(struct account *account, int64_t ns)
{
	account_charge(account, account_clock() - ns);
}

static void it_recovers_with_time_and_not_with_ticks(void **state)
{
	struct account account = {.uid = 1000};

	(void)state;
	charge(&account, 800 * MS);
	assert_false(account_is_solvent(&account));
	/* Many ticks at once make no user solvent ... */
	for (int i = 0; i < 100; i++)
		account_recover(&account, SECOND);
	assert_false(account_is_solvent(&account));
	/* ... and one that comes late is worth as much as those that did not come. */
	account_recover(&account, 5 * SECOND);
	assert_true(account_is_solvent(&account));
}

static void no_user_waits_longer_than_the_debt_takes(void **state)
{
	struct account account = {.uid = 1000};

	(void)state;
	charge(&account, 3600 * SECOND);
	assert_false(account_is_solvent(&account));
	account_recover(&account, ACCOUNT_DEBT_MS / ACCOUNT_A_SECOND_MS * SECOND + MS);
	assert_true(account_is_solvent(&account));
	assert_in_range(ACCOUNT_DEBT_MS / ACCOUNT_A_SECOND_MS, 1, 5);
}

static void root_never_waits(void **state)
{
	struct account account = {.uid = 0};

	(void)state;
	charge(&account, 3600 * SECOND);
	assert_true(account_is_solvent(&account));
}

static void more_than_the_burst_is_not_saved_up(void **state)
{
	struct account account = {.uid = 1000};

	(void)state;
	account_recover(&account, 3600 * SECOND);
	assert_int_equal(account.spent_ns, 0);
	charge(&account, (ACCOUNT_BURST_MS + 1) * MS);
	assert_false(account_is_solvent(&account));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_recovers_with_time_and_not_with_ticks),
		cmocka_unit_test(no_user_waits_longer_than_the_debt_takes),
		cmocka_unit_test(root_never_waits),
		cmocka_unit_test(more_than_the_burst_is_not_saved_up),
	};

	return cmocka_run_group_tests_name("account", tests, NULL, NULL);
}
