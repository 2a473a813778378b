/* SPDX-License-Identifier: GPL-2.0 */
/* test_live_view.c - what keys do to the view, and what its screen says then. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "live/keys.h"
#include "live/layout.h"
#include "live/question.h"

/* What was done to the node. */
struct done {
	char text[128];
};

static const char *source_text(const struct cidr *source)
{
	static char text[CIDR_TEXT_MAX];

	cidr_format(source->source, source->length, text);
	return text;
}

static struct cidr source_of(const struct row *row)
{
	struct cidr source = {.length = 128};

	memcpy(source.source, row->attempt->record.source, sizeof(source.source));
	return source;
}

static int ban(void *context, const struct row *row, const char *term, struct error *ret_error)
{
	struct cidr source = source_of(row);
	struct done *done = context;

	snprintf(done->text, sizeof(done->text), "ban %s %s", source_text(&source), term);
	return 0;
}

static int open_port(void *context, const struct row *row, const char *term,
		     struct error *ret_error)
{
	struct cidr source = source_of(row);
	struct done *done = context;

	snprintf(done->text, sizeof(done->text), "open %u %s %s", row->attempt->record.port,
		 source_text(&source), term);
	return 0;
}

static int unban(void *context, const struct cidr *source, struct error *ret_error)
{
	struct done *done = context;

	snprintf(done->text, sizeof(done->text), "unban %s", source_text(source));
	return 0;
}

static int close_opening(void *context, uint32_t id, struct error *ret_error)
{
	struct done *done = context;

	snprintf(done->text, sizeof(done->text), "close %u", id);
	return 0;
}

static int save(void *context, const char *path, const struct rows *rows, enum group group,
		struct error *ret_error)
{
	struct done *done = context;

	snprintf(done->text, sizeof(done->text), "save %zu", rows->count);
	return 0;
}

static const char *const ban_words[] = {"10m", "1h", "1d", "ever"};
static const char *const open_words[] = {"5m", "30m", "2h"};

/* A view of a node that has this to tell. */
struct scene {
	struct source source;
	struct done done;
	struct view_actions actions;
	struct view view;
	struct canvas canvas;
};

static void scene_open(struct scene *scene)
{
	*scene = (struct scene){.canvas.plain = true,
				.source.snapshot = {.generation = 1, .flags = RW_POLICY_ENFORCE}};
	scene->actions = (struct view_actions){
		.ban = ban,
		.open = open_port,
		.unban = unban,
		.close = close_opening,
		.save = save,
		.ban_terms = {ban_words, 4, 1},
		.open_terms = {open_words, 3, 1},
		.context = &scene->done,
	};
	snprintf(scene->source.names.snapshot.node, 256, "mail1");
	view_open(&scene->view, &scene->source, &scene->actions);
}

static void scene_close(struct scene *scene)
{
	view_close(&scene->view);
	book_free(&scene->source.book);
	canvas_free(&scene->canvas);
}

static void hear(struct scene *scene, const char *source, uint16_t port, uint64_t packets)
{
	struct attempt attempt = {.last_ns = 1, .first_ns = 1, .zone = RW_ZONE_EXTERNAL};
	struct cidr cidr;

	assert_int_equal(cidr_parse(source, &cidr, NULL), 0);
	memcpy(attempt.record.source, cidr.source, 16);
	attempt.record.port = port;
	attempt.record.l4 = IPPROTO_TCP;
	attempt.record.reason = RW_REASON_NOT_OPEN;
	attempt.record.packets = packets;
	snprintf(attempt.interface, sizeof(attempt.interface), "eth0");
	assert_int_equal(book_put(&scene->source.book, &attempt), 0);
}

static void hear_flood(struct scene *scene, uint16_t port, unsigned int sources)
{
	for (unsigned int i = 0; i < sources; i++) {
		char source[32];

		snprintf(source, sizeof(source), "198.18.%u.%u", i >> 8, i & 255);
		hear(scene, source, port, 1);
	}
}

static void keys(struct scene *scene, const char *text)
{
	view_refresh(&scene->view);
	for (; *text; text++)
		view_key(&scene->view, *text);
}

/* The screen of that size as one text. */
static const char *screen(struct scene *scene, int rows, int columns)
{
	static char text[60000];
	size_t length = 0;

	view_refresh(&scene->view);
	assert_int_equal(canvas_reset(&scene->canvas, rows, columns), 0);
	layout_draw(&scene->canvas, &scene->view);
	for (int row = 0; row < rows; row++) {
		char line[1024];

		canvas_text(&scene->canvas, row, line, sizeof(line));
		length += snprintf(text + length, sizeof(text) - length, "%s\n", line);
	}
	return text;
}

static void shows(struct scene *scene, int columns, const char *wanted)
{
	const char *text = screen(scene, 24, columns);

	if (!strstr(text, wanted))
		fail_msg("no \"%s\" in:\n%s", wanted, text);
}

static void hides(struct scene *scene, int columns, const char *unwanted)
{
	const char *text = screen(scene, 24, columns);

	if (strstr(text, unwanted))
		fail_msg("\"%s\" in:\n%s", unwanted, text);
}

static void a_fold_opens_and_closes_with_enter(void **state)
{
	static struct scene scene;

	scene_open(&scene);
	hear_flood(&scene, 3306, 60000);
	hear(&scene, "203.0.113.9", 25, 7);
	shows(&scene, 80, "[Blocked 60001 in 2 rows]");
	shows(&scene, 80, "+ 60000 sources 3306/tcp ");
	hides(&scene, 80, "198.18.");
	keys(&scene, "\n");
	shows(&scene, 80, "Enter close");
	shows(&scene, 80, "- 60000 sources 3306/tcp ");
	shows(&scene, 80, "  198.18.");
	keys(&scene, "\n");
	shows(&scene, 80, "Enter open");
	hides(&scene, 80, "198.18.");
	keys(&scene, "f");
	hides(&scene, 80, "in 2 rows");
	keys(&scene, "f");
	scene_close(&scene);
}

/* Whatever moves the row that was opened. */
static void who_opens_a_fold_stays_on_it(void **state)
{
	static struct scene scene;

	scene_open(&scene);
	hear_flood(&scene, 3306, 100);
	keys(&scene, "\n");
	hear(&scene, "203.0.113.9", 25, 1);
	view_refresh(&scene.view);
	assert_int_equal(view_row(&scene.view)->folded, 100);
	scene_close(&scene);
}

static void a_fold_is_no_source_to_ban_and_no_attempt_to_open(void **state)
{
	static struct scene scene;

	scene_open(&scene);
	hear_flood(&scene, 3306, 100);
	keys(&scene, "b");
	shows(&scene, 80, "many sources: choose one");
	keys(&scene, "o");
	shows(&scene, 80, "choose one attempt");
	keys(&scene, "\njby");
	assert_non_null(strstr(scene.done.text, "ban 198.18."));
	scene_close(&scene);
}

static void a_scan_is_one_source_that_can_be_banned(void **state)
{
	static struct scene scene;

	scene_open(&scene);
	for (uint16_t port = 1; port <= 1024; port++)
		hear(&scene, "203.0.113.9", port, 1);
	shows(&scene, 80, "+ 203.0.113.9 ");
	shows(&scene, 80, " 1024 ports ");
	keys(&scene, "by");
	assert_string_equal(scene.done.text, "ban 203.0.113.9 1h");
	scene_close(&scene);
}

static void what_folds_hide_is_written(void **state)
{
	static struct scene scene;

	scene_open(&scene);
	hear_flood(&scene, 3306, 100);
	keys(&scene, "w\n");
	assert_string_equal(scene.done.text, "save 100");
	scene_close(&scene);
}

static void sums_have_the_largest_first_and_rows_are_as_before(void **state)
{
	static struct scene scene;

	scene_open(&scene);
	hear(&scene, "203.0.113.9", 25, 7);
	hear(&scene, "203.0.113.8", 25, 70);
	hear(&scene, "203.0.113.7", 23, 9);
	shows(&scene, 80, "LASTv");
	keys(&scene, ">>>s");
	shows(&scene, 80, "HITSv");
	assert_int_equal(view_row(&scene.view)->packets, 70);
	keys(&scene, "d");
	shows(&scene, 80, "HITSv");
	assert_int_equal(view_row(&scene.view)->packets, 77);
	keys(&scene, "d");
	shows(&scene, 80, "SOURCE^");
	scene_close(&scene);
}

static void each_column_has_room_for_what_it_says(void **state)
{
	static struct scene scene;

	scene_open(&scene);
	hear(&scene, "203.0.113.9", 11211, 7);
	hides(&scene, 80, "RULE");
	hides(&scene, 80, "FROM");
	shows(&scene, 100, "RULE");
	shows(&scene, 120, "external eth0");
	keys(&scene, "s");
	hides(&scene, 80, "SERVICE");
	hides(&scene, 200, "RULE");
	keys(&scene, "s");
	/* Those that are not there are no columns to sort by. */
	screen(&scene, 24, 80);
	for (int i = 0; i < SORT_COUNT; i++) {
		keys(&scene, ">");
		assert_true(scene.view.shown >> scene.view.request.sort & 1);
	}
	scene_close(&scene);
}

static void how_long_is_chosen_in_the_question(void **state)
{
	static struct scene scene;

	scene_open(&scene);
	hear(&scene, "2001:db8:1111:2222:3333:4444:5555:6666", 6071, 7);
	keys(&scene, "b");
	shows(&scene, 80, "Ban 2001:db8:1111:2222:3333:4444:5555:6666 for 1h? y/n, + or -");
	shows(&scene, 120, "for 1h? y yes, n no, + longer, - shorter");
	keys(&scene, "+");
	shows(&scene, 120, "for 1d?");
	keys(&scene, "+++++y");
	assert_non_null(strstr(scene.done.text, " ever"));
	shows(&scene, 80, "banned for ever; u takes the ban away");
	keys(&scene, "b-----y");
	assert_non_null(strstr(scene.done.text, " 10m"));
	keys(&scene, "o=y");
	assert_string_equal(scene.done.text, "open 6071 2001:db8:1111:2222:3333:4444:5555:6666 2h");
	keys(&scene, "on");
	shows(&scene, 80, "nothing was changed");
	scene_close(&scene);
}

static struct timeout entry(const char *source, uint32_t id, uint16_t port)
{
	struct timeout entry = {.id = id, .port = port, .who = "root", .reason = ""};

	entry.l4 = port ? RW_L4_TCP : 0;
	assert_int_equal(cidr_parse(source, &entry.source, NULL), 0);
	return entry;
}

static void u_and_c_end_what_the_lists_or_a_row_name(void **state)
{
	static struct scene scene;
	struct timeout bans[] = {entry("203.0.113.0/24", 0, 0), entry("203.0.113.9", 0, 0)};
	struct timeout openings[] = {entry("203.0.113.9", 7, 6071)};

	scene_open(&scene);
	scene.source.bans = (struct timeout_list){.list = bans, .count = 2};
	scene.source.openings = (struct timeout_list){.list = openings, .count = 1};
	hear(&scene, "203.0.113.9", 6071, 7);
	keys(&scene, "u");
	shows(&scene, 80, "Take the ban of 203.0.113.9 away? y yes, n no");
	keys(&scene, "y");
	assert_string_equal(scene.done.text, "unban 203.0.113.9");
	shows(&scene, 80, "the ban is taken away");
	keys(&scene, "c");
	shows(&scene, 80, "Close 6071/tcp to 203.0.113.9? y yes, n no");
	keys(&scene, "y");
	assert_string_equal(scene.done.text, "close 7");
	keys(&scene, "\t\tu");
	shows(&scene, 80, "that is an opening: c ends it");
	keys(&scene, "c+");
	shows(&scene, 80, "nothing was changed");
	keys(&scene, "juy");
	assert_string_equal(scene.done.text, "unban 203.0.113.0/24");
	scene.source.bans.count = scene.source.openings.count = 0;
	keys(&scene, "u\tu");
	shows(&scene, 80, "its source is not banned");
	keys(&scene, "c");
	shows(&scene, 80, "no opening is about this attempt");
	scene_close(&scene);
}

static void totals_are_those_since_the_policy_is_there(void **state)
{
	static struct scene scene;

	scene_open(&scene);
	shows(&scene, 80, "nothing was refused so far");
	scene.source.snapshot.reasons[RW_REASON_NOT_OPEN].packets = 4321;
	scene.source.passed = 1234567;
	scene.source.dropped = 4321;
	shows(&scene, 80, " passed    1.2M     0/s\n");
	shows(&scene, 80, "refused   4321     0/s\n");
	shows(&scene, 80, "not-open  ");
	shows(&scene, 80, "   4321\n");
	hides(&scene, 80, "events lost");
	scene.source.snapshot.events.lost = 3;
	shows(&scene, 80, "events lost 3  refused   4321");
	scene_close(&scene);
}

static void what_mode_observe_let_pass_is_not_called_refused(void **state)
{
	static struct scene scene;

	scene_open(&scene);
	scene.source.snapshot.reasons[RW_REASON_NOT_OPEN].packets = 4321;
	scene.source.snapshot.reasons[RW_REASON_NOT_OPEN + RW_OBSERVED].packets = 98;
	scene.source.dropped = 4321;
	scene.source.observed = 98;
	shows(&scene, 80, "refused   4321     0/s\n");
	shows(&scene, 80, "   4321\n");
	scene.source.snapshot.flags &= ~RW_POLICY_ENFORCE;
	shows(&scene, 80, "observe     98     0/s\n");
	shows(&scene, 80, "     98\n");
	hides(&scene, 80, "4321");
	scene_close(&scene);
}

static void a_hook_that_is_off_is_seen_where_there_is_no_room(void **state)
{
	static struct scene scene;
	struct interface_state interfaces[12] = {0};

	scene_open(&scene);
	for (int i = 0; i < 12; i++) {
		snprintf(interfaces[i].name, sizeof(interfaces[i].name), "bond0.%d", i);
		interfaces[i].hook = i == 11 ? HOOK_NONE : HOOK_XDP;
	}
	scene.source.snapshot.interfaces = interfaces;
	scene.source.snapshot.interface_count = 12;
	shows(&scene, 80, "hooks cgroup:off bond0.11:off bond0.0:xdp");
	scene_close(&scene);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_fold_opens_and_closes_with_enter),
		cmocka_unit_test(who_opens_a_fold_stays_on_it),
		cmocka_unit_test(a_fold_is_no_source_to_ban_and_no_attempt_to_open),
		cmocka_unit_test(a_scan_is_one_source_that_can_be_banned),
		cmocka_unit_test(what_folds_hide_is_written),
		cmocka_unit_test(sums_have_the_largest_first_and_rows_are_as_before),
		cmocka_unit_test(each_column_has_room_for_what_it_says),
		cmocka_unit_test(how_long_is_chosen_in_the_question),
		cmocka_unit_test(u_and_c_end_what_the_lists_or_a_row_name),
		cmocka_unit_test(totals_are_those_since_the_policy_is_there),
		cmocka_unit_test(what_mode_observe_let_pass_is_not_called_refused),
		cmocka_unit_test(a_hook_that_is_off_is_seen_where_there_is_no_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
