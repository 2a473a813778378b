/* SPDX-License-Identifier: GPL-2.0 */
/* vectors.c - one cmocka test for each vector. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "../../user/util/cleanup.h"
#include "vectors.h"

const char vectors_node[] =
	"{ \"version\": 1, \"node\": \"test.example.com\", \"profile\": \"carbonio-ce-23.10\","
	"  \"roles\": [\"mta\", \"proxy\"], \"mode\": \"enforce\", \"echo_rate\": 65535,"
	"  \"interfaces\": { \"ext0\": { \"zone\": \"external\" }, \"int0\": { \"zone\": "
	"\"internal\" },"
	"                  \"vpn0\": { \"zone\": \"vpn\" } } }";

static struct harness *shared;

static void test_vector(void **state)
{
	const struct vector *vector = *state;
	_free_ struct frame *frame = frame_from_hex(vector->hex);

	harness_expect(shared, vector->entries, &on_ext0, frame, vector->expected);
}

/* The group has no state in cmocka's eyes, or it would stand in for each test's own. */
static int setup(void **state)
{
	void *harness;

	if (harness_setup(&harness))
		return -1;
	shared = harness;
	harness_apply(shared, vectors_node);
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
