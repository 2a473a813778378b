/* SPDX-License-Identifier: GPL-2.0 */
/* Ports out of sshd_config(5). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "host/sshd.h"
#include "util/array.h"

static void assert_ports(const char *text, const uint16_t *ports, size_t count)
{
	struct sshd_ports found = {0};

	sshd_config_read(text, &found);
	assert_int_equal(found.count, count);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(found.list[i], ports[i]);
}

#define ASSERT_PORTS(text, ...)                                                                    \
	assert_ports(text, (const uint16_t[]){__VA_ARGS__},                                        \
		     ARRAY_SIZE(((const uint16_t[]){__VA_ARGS__})))

static void port_lines_are_found_once_and_in_order(void **state)
{
	ASSERT_PORTS("# Port 1\nPort 2222\n\tport 22\nPort=\"2022\"\nPort 22\n", 22, 2022, 2222);
	ASSERT_PORTS("PermitRootLogin no\r\nPort 2222\r\n", 2222);
}

static void an_address_to_listen_on_may_name_a_port(void **state)
{
	ASSERT_PORTS("ListenAddress 0.0.0.0:2222\nListenAddress [::]:2223\n", 2222, 2223);
	assert_ports("ListenAddress 192.0.2.1\nListenAddress 2001:db8::1\n", NULL, 0);
}

static void nonsense_names_no_port(void **state)
{
	assert_ports("", NULL, 0);
	assert_ports("Port\nPort x\nPort 0\nPort 65536\nPortable 5\nListenAddress :\n", NULL, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(port_lines_are_found_once_and_in_order),
		cmocka_unit_test(an_address_to_listen_on_may_name_a_port),
		cmocka_unit_test(nonsense_names_no_port),
	};

	return cmocka_run_group_tests_name("sshd", tests, NULL, NULL);
}
