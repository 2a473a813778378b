/* SPDX-License-Identifier: GPL-2.0 */
/* vectors.c - one cmocka test for each vector. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>

#include <cmocka.h>

#include "util/cleanup.h"
#include "vectors.h"

const char vectors_node[] =
	"{ \"version\": 1, \"node\": \"test.example.com\", \"profile\": \"carbonio-ce-23.10\","
	"  \"roles\": [\"mta\", \"proxy\"], \"mode\": \"enforce\", \"echo_rate\": 65535,"
	"  \"interfaces\": { \"ext0\": { \"zone\": \"external\" }, \"int0\": { \"zone\": "
	"\"internal\" },"
	"                  \"vpn0\": { \"zone\": \"vpn\" } } }";

void expect_hex(struct harness *harness, unsigned int entries, const struct arrival *arrival,
		const char *hex, const char *expected)
{
	_free_ struct frame *frame = frame_from_hex(hex);

	harness_expect(harness, entries, arrival, frame, expected);
}

int vectors_setup(void **state)
{
	if (harness_setup(state))
		return -1;
	harness_apply(*state, vectors_node);
	return 0;
}

static struct harness *shared;

static void test_vector(void **state)
{
	const struct vector *vector = *state;

	expect_hex(shared, vector->entries, &on_ext0, vector->hex, vector->expected);
}

/* The group has no state in cmocka's eyes, or it would stand in for each test's own. */
static int setup(void **state)
{
	void *harness;

	if (vectors_setup(&harness))
		return -1;
	shared = harness;
	return 0;
}

static int teardown(void **state)
{
	void *harness = shared;

	return harness_teardown(&harness);
}

int vectors_run(const char *group, const struct vector *vectors, size_t count)
{
	_free_ struct CMUnitTest *tests = calloc(count, sizeof(*tests));
	size_t i;

	if (!tests)
		return -1;
	for (i = 0; i < count; i++) {
		tests[i] = (struct CMUnitTest){
			.name = vectors[i].name,
			.test_func = test_vector,
			.initial_state = (void *)&vectors[i],
		};
	}
	return _cmocka_run_group_tests(group, tests, count, setup, teardown);
}

struct frame *frame_from_source(const char *source, const char *hex4, const char *hex6)
{
	bool ipv6 = strchr(source, ':');
	struct frame *frame = frame_from_hex(ipv6 ? hex6 : hex4);

	assert_int_equal(inet_pton(ipv6 ? AF_INET6 : AF_INET, source,
				   frame->bytes + (ipv6 ? SOURCE6_AT : SOURCE4_AT)),
			 1);
	return frame;
}
