/* SPDX-License-Identifier: GPL-2.0 */
/* What a listener on the daemon's socket is told: all of it once, however much changes meanwhile. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/subscriber.h"

#define CAPACITY 4096

struct test {
	struct in_force in_force;
	struct intake intake;
	struct broadcast broadcasts[FEED_BULLETIN_COUNT];
	struct subscriber *subscriber;
	int fd;	    /* the listener's end */
	char *text; /* owned: what it has been told */
	size_t size;
	uint32_t next_source; /* of the flood */
};

static void attempt_add(struct test *test, uint32_t source, uint16_t port, uint64_t packets)
{
	const struct history_times times = {1, 2};
	struct rw_event event = {
		.type = RW_EVENT_SEEN,
		.attempt = {.port = port,
			    .l4 = 6,
			    .reason = RW_REASON_NOT_OPEN,
			    .packets = packets},
	};
	bool new;

	event.attempt.source[10] = event.attempt.source[11] = 0xff;
	for (int i = 0; i < 4; i++)
		event.attempt.source[15 - i] = source >> (8 * i);
	history_event(test->intake.history, &event, &times, &new);
}

/* Each with another source: the history is another one after it. */
static void flood(struct test *test)
{
	for (unsigned int i = 0; i < CAPACITY; i++)
		attempt_add(test, 0x0a000000 + test->next_source++, 7, 1);
}

static int setup(void **state)
{
	struct test *test = calloc(1, sizeof(*test));

	test->intake.in_force = &test->in_force;
	test->intake.history = history_new(CAPACITY);
	assert_non_null(test->intake.history);
	flood(test);
	*state = test;
	return 0;
}

static int teardown(void **state)
{
	struct test *test = *state;

	if (test->subscriber) {
		subscriber_free(test->subscriber);
		close(test->fd);
	}
	broadcast_free(&test->broadcasts[FEED_STATUS]);
	history_free(test->intake.history);
	free(test->text);
	free(test);
	return 0;
}

static void listen_with(struct test *test, const char *request)
{
	int pair[2], small = 4096;

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	assert_int_equal(fcntl(pair[0], F_SETFL, O_NONBLOCK), 0);
	assert_int_equal(fcntl(pair[1], F_SETFL, O_NONBLOCK), 0);
	assert_int_equal(setsockopt(pair[0], SOL_SOCKET, SO_SNDBUF, &small, sizeof(small)), 0);
	test->fd = pair[1];
	test->subscriber = subscriber_new(pair[0]);
	assert_non_null(test->subscriber);
	assert_true(write(test->fd, request, strlen(request)) > 0);
	assert_int_equal(subscriber_read(test->subscriber), 0);
	assert_int_equal(subscriber_begin(test->subscriber, &test->intake), 0);
}

static int tell(struct test *test)
{
	return subscriber_write(test->subscriber, &test->intake, test->broadcasts);
}

static void take(struct test *test)
{
	char buffer[8192];
	ssize_t size;

	while ((size = read(test->fd, buffer, sizeof(buffer))) > 0) {
		test->text = realloc(test->text, test->size + size + 1);
		memcpy(test->text + test->size, buffer, size);
		test->size += size;
		test->text[test->size] = '\0';
	}
}

static size_t told(const struct test *test, const char *text)
{
	size_t count = 0;

	for (const char *at = test->text; at && (at = strstr(at, text)); at++)
		count++;
	return count;
}

/* Between any two portions everything changes. The end comes all the same. */
static int listen_in_a_flood(struct test *test)
{
	int r = -EAGAIN;

	for (unsigned int i = 0; r == -EAGAIN && i < 4 * CAPACITY; i++) {
		r = tell(test);
		flood(test);
		take(test);
	}
	return r;
}

static void a_slow_listener_is_told_as_many_as_there_were_and_then_it_is_over(void **state)
{
	struct test *test = *state;

	listen_with(test, "{\"attempts\":true,\"history\":true}\n");
	assert_int_equal(listen_in_a_flood(test), -EPIPE);
	assert_int_equal(told(test, "\"type\":\"attempt\""), CAPACITY);
	assert_int_equal(told(test, "\"type\":\"ready\",\"version\":2,\"others\":0"), 1);
}

/* However slow: the daemon's news are for those who follow. */
static void who_does_not_follow_hears_nothing_after_the_end(void **state)
{
	static const char end[] = "\"others\":0}\n";
	struct test *test = *state;
	int r = -EAGAIN;

	listen_with(test, "{\"attempts\":true,\"history\":true,\"status\":true}\n");
	while (r == -EAGAIN) {
		json_t *status = json_pack("{s:s}", "type", "status");

		broadcast_tell(&test->broadcasts[FEED_STATUS], status, true);
		json_decref(status);
		r = tell(test);
		take(test);
	}
	assert_int_equal(r, -EPIPE);
	assert_true(told(test, "\"type\":\"status\"") > 1);
	assert_string_equal(test->text + test->size - strlen(end), end);
}

static void without_a_flood_each_is_told_once_and_in_the_order_of_change(void **state)
{
	struct test *test = *state;
	int r = -EAGAIN;

	attempt_add(test, 0x0a000001 + CAPACITY - 2, 7, 2); /* the last one, again */
	attempt_add(test, 0x0a000005, 7, 2);
	listen_with(test, "{\"attempts\":true,\"history\":true}\n");
	while (r == -EAGAIN) {
		r = tell(test);
		take(test);
	}
	assert_int_equal(r, -EPIPE);
	assert_int_equal(told(test, "\"type\":\"attempt\""), CAPACITY);
	for (uint32_t i = 0; i < CAPACITY; i++) {
		char source[64];

		snprintf(source, sizeof(source), "\"source\":\"10.0.%u.%u\"", i >> 8, i & 255);
		assert_int_equal(told(test, source), 1);
	}
	assert_true(strstr(strstr(test->text, "\"10.0.15.255\""), "\"10.0.0.5\"") != NULL);
}

static void only_what_matches_is_told_and_the_others_are_counted(void **state)
{
	struct test *test = *state;

	attempt_add(test, 0xcb007102, 25, 1);
	attempt_add(test, 0xcb007102, 26, 1);
	attempt_add(test, 0xcb007103, 25, 1);
	listen_with(test, "{\"attempts\":true,\"history\":true,\"filter\":{\"source\":"
			  "\"203.0.113.2\",\"port\":\"25/tcp\"}}\n");
	assert_int_equal(tell(test), -EPIPE);
	take(test);
	assert_int_equal(told(test, "\"type\":\"attempt\""), 1);
	assert_int_equal(told(test, "\"port\":25,"), 1);
	assert_int_equal(told(test, "\"others\":4095"), 1);
}

static void a_follower_with_a_filter_hears_of_nothing_else(void **state)
{
	struct test *test = *state;

	listen_with(test, "{\"attempts\":true,\"follow\":true,\"filter\":{\"source\":"
			  "\"203.0.113.0/24\"}}\n");
	assert_int_equal(tell(test), 0);
	flood(test);
	assert_int_equal(tell(test), 0);
	attempt_add(test, 0xcb007102, 25, 1);
	flood(test);
	assert_int_equal(tell(test), 0);
	take(test);
	assert_int_equal(told(test, "\"type\":\"attempt\""), 1);
	assert_int_equal(told(test, "\"source\":\"203.0.113.2\""), 1);
}

static void who_follows_hears_after_the_beginning_what_changed_since(void **state)
{
	struct test *test = *state;
	int r = -EAGAIN;

	listen_with(test, "{\"attempts\":true,\"history\":true,\"follow\":true}\n");
	assert_int_equal(tell(test), -EAGAIN);
	attempt_add(test, 0x0a000000, 7, 2); /* was among the first that were told */
	while (r == -EAGAIN) {
		r = tell(test);
		take(test);
	}
	assert_int_equal(r, 0);
	assert_non_null(strstr(strstr(test->text, "\"ready\""), "\"source\":\"10.0.0.0\""));
	assert_int_equal(told(test, "\"type\":\"attempt\""), CAPACITY + 1);
}

/* Nothing else happens in the daemon while it tells. */
static void a_listener_that_takes_all_has_only_so_much_at_once(void **state)
{
	struct test *test = *state;
	int big = 16 << 20;

	listen_with(test, "{\"attempts\":true,\"history\":true}\n");
	assert_int_equal(setsockopt(test->subscriber->watch.fd, SOL_SOCKET, SO_SNDBUFFORCE, &big,
				    sizeof(big)) &&
				 errno != EPERM,
			 0);
	assert_int_equal(tell(test), -EAGAIN);
	take(test);
	assert_true(test->size <= (size_t)FOLLOWER_PORTIONS * FOLLOWER_BUFFER);
}

static void who_is_paused_is_not_eager_and_not_stalled(void **state)
{
	struct test *test = *state;

	listen_with(test, "{\"attempts\":true,\"history\":true}\n");
	assert_true(subscriber_is_beginning(test->subscriber));
	assert_int_equal(tell(test), -EAGAIN);
	subscriber_pause(test->subscriber);
	assert_false(subscriber_is_eager(test->subscriber));
	assert_int_equal(subscriber_stalled_s(test->subscriber), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_slow_listener_is_told_as_many_as_there_were_and_then_it_is_over),
		TEST(who_does_not_follow_hears_nothing_after_the_end),
		TEST(without_a_flood_each_is_told_once_and_in_the_order_of_change),
		TEST(only_what_matches_is_told_and_the_others_are_counted),
		TEST(a_follower_with_a_filter_hears_of_nothing_else),
		TEST(who_follows_hears_after_the_beginning_what_changed_since),
		TEST(a_listener_that_takes_all_has_only_so_much_at_once),
		TEST(who_is_paused_is_not_eager_and_not_stalled),
	};

	return cmocka_run_group_tests_name("subscriber", tests, NULL, NULL);
}
