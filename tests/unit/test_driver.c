/* SPDX-License-Identifier: GPL-2.0 */
/* What native XDP costs, and what its drivers do: the decisions that "auto" and the shield hang on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "host/driver.h"

static void who_copies_each_packet_is_left_to_tc(void **state)
{
	(void)state;
	assert_string_equal(driver_price_of("veth", false), "would copy each packet");
	assert_string_equal(driver_price_of("hv_netvsc", false), "would copy each packet");
	assert_non_null(driver_price_of("vif", false));
}

static void whose_card_merges_is_left_to_tc(void **state)
{
	static const char *const drivers[] = {"virtio_net", "vmxnet3", "bnxt_en", "ixgbe", "new"};

	(void)state;
	for (size_t i = 0; i < sizeof(drivers) / sizeof(*drivers); i++) {
		assert_null(driver_price_of(drivers[i], false));
		assert_string_equal(driver_price_of(drivers[i], true),
				    "would turn off LRO or GRO-HW");
	}
}

/* What is not known may reset. */
static void only_who_keeps_its_queues_has_a_shield_by_itself(void **state)
{
	(void)state;
	assert_true(driver_keeps_queues("veth"));
	assert_true(driver_keeps_queues("tun"));
	assert_true(driver_keeps_queues("virtio_net"));
	assert_true(driver_keeps_queues("hv_netvsc"));
	assert_false(driver_keeps_queues("vif"));
	assert_false(driver_keeps_queues("vmxnet3"));
	assert_false(driver_keeps_queues("ena"));
	assert_false(driver_keeps_queues("new"));
	assert_false(driver_keeps_queues(""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_copies_each_packet_is_left_to_tc),
		cmocka_unit_test(whose_card_merges_is_left_to_tc),
		cmocka_unit_test(only_who_keeps_its_queues_has_a_shield_by_itself),
	};

	return cmocka_run_group_tests_name("driver", tests, NULL, NULL);
}
