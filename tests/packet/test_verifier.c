/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the kernel's verifier has to look at before a program of ours is there. That is most of the
 * time of a first apply, and doubles with a branch in the wrong place: docs/decisions/0092.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <bpf/bpf.h>
#include <linux/bpf.h>

#include "kernel/object/conntrack.h"
#include "kernel/object/load.h"
#include "util/cleanup.h"
#include "vectors.h"

/* Instructions; the most is about 146,000, where flows are asked for. The kernel ends at a million. */
#define VERIFIED_MAX 150000

static void verified_check(int program)
{
	struct bpf_prog_info info = {0};
	uint32_t size = sizeof(info);

	assert_int_equal(bpf_obj_get_info_by_fd(program, &info, &size), 0);
	if (!info.verified_insns) {
		print_message("SKIP: this kernel does not say how much it verified\n");
		skip();
	}
	print_message("%s: %u instructions\n", info.name, info.verified_insns);
	assert_in_range(info.verified_insns, 1, VERIFIED_MAX);
}

static void programs_are_verified_without_going_every_way_to_the_end(void **state)
{
	struct harness *harness = *state;
	_free_ struct frame *frame =
		frame_from_hex(ETH4 IP4("00 28", "00 00", "06") TCP(SMTP, SYN));
	size_t i;

	/* A program is loaded when it is first asked for. */
	harness_apply(harness, vectors_node);
	harness_expect(harness, FOR_ALL, &on_ext0, frame, "pass open");
	for (i = 0; i < harness->loaded_count; i++)
		verified_check(harness->loaded[i].program);
}

static void frames_check(struct harness *harness, const struct features *features)
{
	static const struct frames kinds[] = {
		{.hook = HOOK_XDP, .l2_length = 14},
		{.hook = HOOK_TC, .l2_length = 14},
		{.hook = HOOK_TC, .l2_length = 14, .leave = true},
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		struct rolewall_bpf *object = NULL;
		struct error error = {0};
		int program;

		if (kinds[i].leave && !features->flow_kinds)
			continue;
		if (load_frames(&harness->instance, features, &kinds[i], &object, &program, &error))
			fail_msg("%s", error.what);
		verified_check(program);
		object_free(&object);
	}
}

/* Of hosts that forward, or have tunnels. */
static void so_are_those_that_ask_more(void **state)
{
	struct features features;

	features_probe(&features);
	features.flow_kinds = RW_FLOW_OWN | RW_FLOW_OTHERS;
	features.conntrack = false;
	frames_check(*state, &features);
	features.flow_kinds = RW_FLOW_OWN;
	features.conntrack = conntrack_can_be_asked();
	frames_check(*state, &features);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(programs_are_verified_without_going_every_way_to_the_end),
		cmocka_unit_test(so_are_those_that_ask_more),
	};

	return cmocka_run_group_tests_name("verifier", tests, harness_setup, harness_teardown);
}
