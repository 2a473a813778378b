/* SPDX-License-Identifier: GPL-2.0 */
/* Lists, bursts, guesses, files. */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "util/array.h"
#include "util/burst.h"
#include "util/file.h"
#include "util/guess.h"

static char directory[] = "/tmp/rolewall-util-XXXXXX";
static char file[64];

static int directory_make(void **state)
{
	if (!mkdtemp(directory))
		return -1;
	snprintf(file, sizeof(file), "%s/file", directory);
	return 0;
}

static int entry_remove(const char *path, const struct stat *status, int type, struct FTW *ftw)
{
	return remove(path);
}

static int directory_remove(void **state)
{
	return nftw(directory, entry_remove, 8, FTW_DEPTH | FTW_PHYS);
}

static int entry_count;

static int entry_add(const char *path, const struct stat *status, int type, struct FTW *ftw)
{
	entry_count += type == FTW_F || type == FTW_SL;
	return 0;
}

static int directory_count(void)
{
	entry_count = 0;
	assert_int_equal(nftw(directory, entry_add, 8, FTW_PHYS), 0);
	return entry_count;
}

static void an_array_keeps_its_elements_and_zeroes_new_ones(void **state)
{
	uint64_t *list = NULL;
	size_t count = 0;

	for (uint64_t i = 0; i < 1000; i++) {
		uint64_t *element = array_append(&list, &count, sizeof(*element));

		assert_non_null(element);
		assert_int_equal(*element, 0);
		*element = i + 1;
	}
	assert_int_equal(count, 1000);
	for (uint64_t i = 0; i < 1000; i++)
		assert_int_equal(list[i], i + 1);
	free(list);
}

static void an_array_that_cannot_grow_is_left_alone(void **state)
{
	char *list = NULL;
	size_t count = 4;

	assert_null(array_append(&list, &count, SIZE_MAX / 4));
	assert_int_equal(count, 4);
	assert_null(list);
}

static void distance_counts_edits(void **state)
{
	assert_int_equal(string_distance("", ""), 0);
	assert_int_equal(string_distance("", "abc"), 3);
	assert_int_equal(string_distance("kitten", "sitting"), 3);
	assert_int_equal(string_distance("proxy", "porxy"), 1);
	assert_int_equal(string_distance("mta", "MTA"), 0);
	assert_int_equal(string_distance("saturday", "sunday"), 3);
	assert_int_equal(string_distance("internal", "interal"), 1);
}

static void a_word_that_is_too_long_is_far(void **state)
{
	char word[200];

	memset(word, 'a', sizeof(word) - 1);
	word[sizeof(word) - 1] = '\0';
	assert_int_equal(string_distance(word, word), GUESS_LENGTH_MAX + 1);
	word[GUESS_LENGTH_MAX] = '\0';
	assert_int_equal(string_distance(word, word), 0);
}

static const char *guess_among(const char *word, const char *a, const char *b)
{
	struct guess guess = guess_begin(word);

	guess_consider(&guess, a);
	guess_consider(&guess, b);
	return guess.best;
}

static void the_nearest_word_is_guessed_or_none(void **state)
{
	assert_string_equal(guess_among("externl", "internal", "external"), "external");
	assert_string_equal(guess_among("tpc", "udp", "tcp"), "tcp");
	assert_string_equal(guess_among("Proxy", "mta", "proxy"), "proxy");
	assert_null(guess_among("dmz", "vpn", "internal"));
	assert_null(guess_among("rtp", "smtp", "ftps"));
	assert_null(guess_among("x", "y", "z"));
	assert_null(guess_among("", "a", "b"));
}

static void content_check(const char *wanted)
{
	char *text = NULL;
	size_t size;

	assert_int_equal(file_read(file, 1 << 20, &text, &size, NULL), 0);
	assert_int_equal(size, strlen(wanted));
	assert_string_equal(text, wanted);
	free(text);
}

static void a_written_file_is_whole_and_alone(void **state)
{
	struct stat status;

	assert_int_equal(file_write_durably(file, "one", 3, 0640, NULL), 0);
	content_check("one");
	assert_int_equal(file_write_durably(file, "another", 7, 0600, NULL), 0);
	content_check("another");
	assert_int_equal(stat(file, &status), 0);
	assert_int_equal(status.st_mode & 07777, 0600);
	assert_int_equal(directory_count(), 1);
}

static void a_symbolic_link_is_replaced_not_followed(void **state)
{
	char target[80];

	snprintf(target, sizeof(target), "%s/target", directory);
	assert_int_equal(file_write_durably(target, "kept", 4, 0600, NULL), 0);
	unlink(file);
	assert_int_equal(symlink(target, file), 0);
	assert_int_equal(file_write_durably(file, "new", 3, 0600, NULL), 0);
	content_check("new");
	snprintf(file, sizeof(file), "%s/target", directory);
	content_check("kept");
	snprintf(file, sizeof(file), "%s/file", directory);
	assert_int_equal(unlink(target), 0);
}

/* A process that was killed half way: what it staged is not used, nor followed, nor kept. */
static void what_a_killed_process_left_staged_goes(void **state)
{
	char staged[80], target[80];
	struct stat status;

	snprintf(staged, sizeof(staged), "%s.next", file);
	snprintf(target, sizeof(target), "%s/target", directory);
	assert_int_equal(file_stage(file, "half", 4, 0600, NULL), 0);
	assert_int_equal(file_stage(file, "x", 1, 0600, NULL), 0);
	assert_int_equal(file_write_durably(file, "new", 3, 0600, NULL), 0);
	content_check("new");
	assert_int_equal(file_write_durably(target, "kept", 4, 0600, NULL), 0);
	assert_int_equal(symlink(target, staged), 0);
	assert_int_equal(file_write_durably(file, "newer", 5, 0600, NULL), 0);
	content_check("newer");
	assert_int_equal(stat(target, &status), 0);
	assert_int_equal(status.st_size, 4);
	assert_int_equal(unlink(target), 0);
	assert_int_equal(directory_count(), 1);
}

static void what_is_staged_can_be_discarded(void **state)
{
	char other[80];

	snprintf(other, sizeof(other), "%s/other", directory);
	file_discard(file);
	assert_int_equal(file_stage(file, "1", 1, 0600, NULL), 0);
	assert_int_equal(file_stage(other, "2", 1, 0600, NULL), 0);
	file_discard(file);
	assert_int_equal(directory_count(), 2);
	assert_int_equal(file_stage(file, "1", 1, 0600, NULL), 0);
	file_discard_all(directory);
	assert_int_equal(directory_count(), 1);
	content_check("newer");
	file_discard_all("/nowhere");
}

static void a_failed_write_leaves_the_old_file(void **state)
{
	struct error error = {0};
	char inside[80];

	snprintf(inside, sizeof(inside), "%s/taken", directory);
	assert_int_equal(mkdir(inside, 0700), 0);
	/* A directory cannot be replaced by a file: the rename fails, after everything else. */
	assert_true(file_write_durably(inside, "x", 1, 0600, &error) < 0);
	assert_non_null(strstr(error.what, inside));
	assert_int_equal(rmdir(inside), 0);
	assert_int_equal(file_write_durably("/nowhere/file", "x", 1, 0600, &error), -ENOENT);
	assert_int_equal(directory_count(), 1);
}

static void a_fifo_that_nobody_writes_to_is_empty(void **state)
{
	char *text;
	size_t size;

	unlink(file);
	assert_int_equal(mkfifo(file, 0600), 0);
	assert_int_equal(file_read(file, 10, &text, &size, NULL), 0);
	assert_int_equal(size, 0);
	free(text);
	unlink(file);
}

static void reading_stops_at_the_limit(void **state)
{
	char *text = NULL;
	size_t size;

	assert_int_equal(file_write_durably(file, "12345", 5, 0600, NULL), 0);
	assert_int_equal(file_read(file, 4, &text, &size, NULL), -EFBIG);
	assert_null(text);
	assert_int_equal(file_read(file, 5, &text, &size, NULL), 0);
	assert_int_equal(size, 5);
	free(text);
	text = NULL;
	assert_int_equal(file_read("/dev/zero", 100000, &text, &size, NULL), -EFBIG);
	assert_null(text);
}

static void a_burst_is_over_when_it_is_quiet(void **state)
{
	struct burst burst = {.quiet = 20, .longest = 200};

	assert_int_equal(burst_wait(&burst, 1000), 20);
	assert_int_equal(burst_wait(&burst, 1015), 20);
	burst_end(&burst);
	assert_int_equal(burst_wait(&burst, 5000), 20);
}

/* 1,500 news 5 ms apart put the work off by 15 s once. */
static void a_burst_that_does_not_end_is_not_waited_for(void **state)
{
	struct burst burst = {.quiet = 20, .longest = 200};
	int64_t now, due = 0;

	for (now = 1000; due == 0 || now < due; now += 5)
		due = now + burst_wait(&burst, now);
	assert_int_equal(due, 1200);
	/* Late: at once. */
	assert_int_equal(burst_wait(&burst, 9000), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_array_keeps_its_elements_and_zeroes_new_ones),
		cmocka_unit_test(an_array_that_cannot_grow_is_left_alone),
		cmocka_unit_test(a_burst_is_over_when_it_is_quiet),
		cmocka_unit_test(a_burst_that_does_not_end_is_not_waited_for),
		cmocka_unit_test(distance_counts_edits),
		cmocka_unit_test(a_word_that_is_too_long_is_far),
		cmocka_unit_test(the_nearest_word_is_guessed_or_none),
		cmocka_unit_test(a_written_file_is_whole_and_alone),
		cmocka_unit_test(a_symbolic_link_is_replaced_not_followed),
		cmocka_unit_test(what_a_killed_process_left_staged_goes),
		cmocka_unit_test(what_is_staged_can_be_discarded),
		cmocka_unit_test(a_failed_write_leaves_the_old_file),
		cmocka_unit_test(a_fifo_that_nobody_writes_to_is_empty),
		cmocka_unit_test(reading_stops_at_the_limit),
	};

	return cmocka_run_group_tests_name("util", tests, directory_make, directory_remove);
}
