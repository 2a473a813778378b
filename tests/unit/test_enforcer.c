/* SPDX-License-Identifier: GPL-2.0 */
/* What preflight says of a kernel, on facts about kernels that are not this one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "preflight/enforcer.h"
#include "util/array.h"
#include "checks.h"

static struct nic nic_good = {"eth0", "virtio_net", 1500, NULL};

static struct enforcer enforcer_good(void)
{
	struct enforcer enforcer = {
		.release = "5.15.0-91-generic",
		.is_root = true,
		.loads = true,
		.features = {true, true, true, true},
		.bpffs = FILESYSTEM_MOUNTED,
		.cgroup2 = FILESYSTEM_MOUNTED,
		.nics = &nic_good,
		.nic_count = 1,
	};

	return enforcer;
}

static void assert_enforcer(const struct enforcer *enforcer, const char *id,
			    enum check_status status)
{
	struct checks checks = {0};

	enforcer_judge(enforcer, &checks);
	assert_check(&checks, id, status);
	checks_free(&checks);
}

static void a_good_kernel_passes_all(void **state)
{
	static const char *const ids[] = {"kernel",	"kernel-bpf",	 "bpffs",
					  "cgroup2",	"xdp-native",	 "mtu",
					  "forwarding", "other-firewall"};
	struct enforcer enforcer = enforcer_good();

	for (size_t i = 0; i < ARRAY_SIZE(ids); i++)
		assert_enforcer(&enforcer, ids[i], CHECK_PASS);
}

static void kernels_are_judged_by_what_they_have(void **state)
{
	static const struct {
		const char *release;
		enum check_status status;
	} kernels[] = {
		{"5.4.0-169-generic", CHECK_PASS},
		{"5.3.18-150300", CHECK_FAIL},
		{"4.18.0-305.el8.x86_64", CHECK_PASS},
		{"4.18.0-240.el8.x86_64", CHECK_FAIL},
		{"4.18.0-513.5.1.el8_9.x86_64", CHECK_PASS},
		{"4.18.0-305-generic", CHECK_FAIL},
		{"6.18.0", CHECK_PASS},
		{"4.15.0-213-generic", CHECK_FAIL},
	};

	for (size_t i = 0; i < ARRAY_SIZE(kernels); i++) {
		struct enforcer enforcer = enforcer_good();

		snprintf(enforcer.release, sizeof(enforcer.release), "%s", kernels[i].release);
		assert_enforcer(&enforcer, "kernel", kernels[i].status);
	}
}

static void old_ways_are_a_warning_and_no_way_a_failure(void **state)
{
	struct enforcer enforcer = enforcer_good();

	enforcer.features.ringbuf = false;
	assert_enforcer(&enforcer, "kernel-bpf", CHECK_WARN);
	enforcer.loads = false;
	assert_enforcer(&enforcer, "kernel-bpf", CHECK_FAIL);
	enforcer.is_root = false;
	assert_enforcer(&enforcer, "kernel-bpf", CHECK_SKIP);
	assert_enforcer(&enforcer, "mtu", CHECK_SKIP);
}

static void file_systems_have_to_be_there(void **state)
{
	struct enforcer enforcer = enforcer_good();

	enforcer.bpffs = FILESYSTEM_KNOWN;
	enforcer.cgroup2 = FILESYSTEM_KNOWN;
	assert_enforcer(&enforcer, "bpffs", CHECK_FAIL);
	assert_enforcer(&enforcer, "cgroup2", CHECK_PASS);
	enforcer.cgroup2 = FILESYSTEM_ABSENT;
	assert_enforcer(&enforcer, "cgroup2", CHECK_FAIL);
}

static void interfaces_that_need_generic_xdp_are_named(void **state)
{
	struct nic nics[] = {{"eth0", "virtio_net", 1500, NULL}, {"eth1", "e1000", 9000, NULL}};
	struct enforcer enforcer = enforcer_good();

	enforcer.nics = nics;
	enforcer.nic_count = 2;
	assert_enforcer(&enforcer, "xdp-native", CHECK_WARN);
	assert_enforcer(&enforcer, "mtu", CHECK_PASS);
	enforcer.features.frags = false;
	assert_enforcer(&enforcer, "mtu", CHECK_WARN);
	enforcer.nic_count = 0;
	assert_enforcer(&enforcer, "xdp-native", CHECK_SKIP);
}

static void what_native_xdp_costs_is_told_of_who_has_it(void **state)
{
	struct nic nics[] = {{"eth0", "virtio_net", 1500, "would turn off LRO or GRO-HW"}};
	struct enforcer enforcer = enforcer_good();
	struct checks checks = {0};

	enforcer.nics = nics;
	enforcer_judge(&enforcer, &checks);
	assert_check(&checks, "xdp-native", CHECK_PASS);
	assert_string_equal(
		check_of(&checks, "xdp-native")->found,
		"eth0 (virtio_net; tc filters, for native XDP would turn off LRO or GRO-HW)");
	checks_free(&checks);
}

static void forwarding_and_other_firewalls_are_warned_of(void **state)
{
	struct enforcer enforcer = enforcer_good();

	strcpy(enforcer.others.bridges, "docker0");
	strcpy(enforcer.others.firewalls, "firewalld");
	assert_enforcer(&enforcer, "forwarding", CHECK_WARN);
	assert_enforcer(&enforcer, "other-firewall", CHECK_WARN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_good_kernel_passes_all),
		cmocka_unit_test(kernels_are_judged_by_what_they_have),
		cmocka_unit_test(old_ways_are_a_warning_and_no_way_a_failure),
		cmocka_unit_test(file_systems_have_to_be_there),
		cmocka_unit_test(interfaces_that_need_generic_xdp_are_named),
		cmocka_unit_test(what_native_xdp_costs_is_told_of_who_has_it),
		cmocka_unit_test(forwarding_and_other_firewalls_are_warned_of),
	};

	return cmocka_run_group_tests_name("enforcer", tests, NULL, NULL);
}
