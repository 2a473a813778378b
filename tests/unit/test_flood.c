/* SPDX-License-Identifier: GPL-2.0 */
/* When a flood begins and when it ends, by a clock that is given. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "daemon/flood.h"

static const struct flood_limits limits = {.rate = 1000, .calm_ms = 60000};

struct course {
	struct flood flood;
	uint64_t packets;
	int64_t now_ms;
	bool shielded;
};

/* `rate` packets a second for half a second. */
static enum flood_turn half_second(struct course *course, uint64_t rate)
{
	course->packets += rate / 2;
	course->now_ms += 500;
	return flood_look(&course->flood, &limits, course->packets, course->now_ms,
			  course->shielded);
}

static struct course course_begin(bool shielded)
{
	struct course course = {.packets = 1000000, .now_ms = 7000, .shielded = shielded};

	assert_int_equal(half_second(&course, 0), FLOOD_STAYS);
	return course;
}

static void what_was_refused_before_the_first_look_is_no_flood(void **state)
{
	(void)state;
	course_begin(false);
}

static void the_rate_is_reached_within_a_second_of_its_begin(void **state)
{
	struct course course = course_begin(false);

	(void)state;
	assert_int_equal(half_second(&course, 998), FLOOD_STAYS);
	assert_int_equal(half_second(&course, 1000), FLOOD_BEGINS);
	assert_int_equal(course.flood.rate, 1000);
}

static void looks_too_near_each_other_are_one(void **state)
{
	struct course course = course_begin(false);

	(void)state;
	/* 150 packets in 50 ms are a rate of 3000, if they were looked at. */
	course.packets += 150;
	course.now_ms += 50;
	assert_int_equal(flood_look(&course.flood, &limits, course.packets, course.now_ms, false),
			 FLOOD_STAYS);
	course.now_ms += 450;
	assert_int_equal(flood_look(&course.flood, &limits, course.packets, course.now_ms, false),
			 FLOOD_STAYS);
	assert_int_equal(course.flood.rate, 300);
}

static void counters_that_began_anew_are_a_first_look(void **state)
{
	struct course course = course_begin(false);

	(void)state;
	course.packets = 5;
	assert_int_equal(half_second(&course, 100000), FLOOD_STAYS);
	assert_int_equal(half_second(&course, 100000), FLOOD_BEGINS);
}

static void it_ends_after_a_whole_minute_below_half_the_rate(void **state)
{
	struct course course = course_begin(true);

	(void)state;
	for (int i = 0; i < 119; i++)
		assert_int_equal(half_second(&course, 498), FLOOD_STAYS);
	assert_int_equal(half_second(&course, 498), FLOOD_ENDS);
}

static void half_the_rate_begins_the_minute_anew(void **state)
{
	struct course course = course_begin(true);

	(void)state;
	for (int i = 0; i < 119; i++)
		assert_int_equal(half_second(&course, 0), FLOOD_STAYS);
	assert_int_equal(half_second(&course, 500), FLOOD_STAYS);
	for (int i = 0; i < 119; i++)
		assert_int_equal(half_second(&course, 0), FLOOD_STAYS);
	assert_int_equal(half_second(&course, 0), FLOOD_ENDS);
}

/* The daemon was away: it does not know how long it has been calm. */
static void a_shield_that_is_found_has_its_minute(void **state)
{
	struct course course = course_begin(false);

	(void)state;
	for (int i = 0; i < 500; i++)
		half_second(&course, 0);
	course.shielded = true;
	for (int i = 0; i < 120; i++)
		assert_int_equal(half_second(&course, 0), FLOOD_STAYS);
	assert_int_equal(half_second(&course, 0), FLOOD_ENDS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_refused_before_the_first_look_is_no_flood),
		cmocka_unit_test(the_rate_is_reached_within_a_second_of_its_begin),
		cmocka_unit_test(looks_too_near_each_other_are_one),
		cmocka_unit_test(counters_that_began_anew_are_a_first_look),
		cmocka_unit_test(it_ends_after_a_whole_minute_below_half_the_rate),
		cmocka_unit_test(half_the_rate_begins_the_minute_anew),
		cmocka_unit_test(a_shield_that_is_found_has_its_minute),
	};

	return cmocka_run_group_tests_name("flood", tests, NULL, NULL);
}
