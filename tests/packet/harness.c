/* SPDX-License-Identifier: GPL-2.0 */
/* harness.c - load, apply, run, read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ctype.h>
#include <errno.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <rolewall.skel.h>

#include "host/device.h"
#include "kernel/generation/assign.h"
#include "kernel/generation/rule_counters.h"
#include "kernel/object/load.h"
#include "kernel/object/pieces.h"
#include "policy/compile.h"
#include "util/cleanup.h"
#include "util/reason.h"
#include "../test_run.h"
#include "harness.h"

#define TC_PASS	    ((uint32_t)-1) /* as in bpf/tc.bpf.h */
#define TC_DROP	    2
#define TC_REDIRECT 7
#define BPFFS	    "/sys/fs/bpf" /* mounted in this process's namespace only */

const struct arrival on_ext0 = {HARNESS_EXT0, 1};
const struct arrival on_int0 = {HARNESS_INT0, 2};
const struct arrival on_vpn0 = {HARNESS_VPN0, 3};

/*
 * What a kernel has to be thought to lack for an entry to be chosen. What this one really lacks it
 * lacks for all of them: without a ring buffer xdp and frags are what is loaded in their place,
 * xdp_54.
 */
static const struct {
	const char *name;
	struct features features;
	unsigned int l2_length;
} entries[ENTRIES] = {
	[ENTRY_XDP] = {"xdp", {.ringbuf = true, .cgroup_lookup = true}, ETHERNET_BYTES},
	[ENTRY_FRAGS] = {"frags", {true, true, .frags = true}, ETHERNET_BYTES},
	[ENTRY_XDP_54] = {"xdp_54", {.ringbuf = false}, ETHERNET_BYTES},
	[ENTRY_BARE] = {"bare", {true, true, .frags = true}, 0},
	[ENTRY_TC] = {"tc", {.ringbuf = true, .cgroup_lookup = true}, ETHERNET_BYTES},
	[ENTRY_TC_54] = {"tc_54", {.ringbuf = false}, ETHERNET_BYTES},
	[ENTRY_TC_BARE] = {"tc_bare", {.ringbuf = true, .cgroup_lookup = true}, 0},
	[ENTRY_INGRESS] = {"ingress", {true, true, .netns = NETNS_COOKIE}, 0},
	[ENTRY_INGRESS_MARK] = {"ingress_mark", {true, true, .netns = NETNS_MARK}, 0},
	[ENTRY_INGRESS_58] = {"ingress_58", {true, true, .netns = NETNS_NONE}, 0},
	[ENTRY_INGRESS_54] = {"ingress_54", {.ringbuf = false}, 0},
};

const char *entry_name(enum entry entry)
{
	return entries[entry].name;
}

static bool is_cgroup(enum entry entry)
{
	return 1u << entry & FOR_CGROUP;
}

static bool is_tc(enum entry entry)
{
	return 1u << entry & FOR_TC;
}

/* --- a world of its own ---------------------------------------------------------------------- */

static int stay_on_cpu(void)
{
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(sched_getcpu(), &cpus);
	return sched_setaffinity(0, sizeof(cpus), &cpus);
}

static int make_devices(void)
{
	FILE *ip = popen("ip -batch -", "w");

	if (!ip)
		return -1;
	fprintf(ip, "link set lo up\n"
		    "link add ext0 index 101 type veth peer name ext0-peer index 102\n"
		    "link add int0 index 103 type veth peer name int0-peer index 104\n"
		    "link add vpn0 index 105 type veth peer name vpn0-peer index 106\n"
		    "address add 198.51.100.1/24 dev lo\n"
		    "address add 192.0.2.9/24 dev lo\n"
		    "address add 2001:db8::1/64 dev lo nodad\n"
		    "address add 2001:db8::9/64 dev lo nodad\n");
	return pclose(ip);
}

static int make_world(void)
{
	if (unshare(CLONE_NEWNET | CLONE_NEWNS) ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("bpf", BPFFS, "bpf", 0, NULL)) {
		print_error("cannot make namespaces with a BPF file system: %s (run as root)\n",
			    strerror(errno));
		return -1;
	}
	return stay_on_cpu() || make_devices() ? -1 : 0;
}

static struct loaded *load_entry(struct harness *harness, enum entry entry)
{
	struct loaded *loaded = &harness->loaded[harness->loaded_count];
	const struct frames frames = {.hook = is_tc(entry) ? HOOK_TC : HOOK_XDP,
				      .l2_length = entries[entry].l2_length};
	struct features features = entries[entry].features;
	struct error error = {0};
	int failed;

	features.ringbuf &= harness->has_ringbuf;
	features.cgroup_lookup &= harness->has_ringbuf;
	features.frags &= harness->has_frags;
	features.cookies = harness->has_cookies;
	if (features.netns > harness->netns)
		features.netns = harness->netns;
	assert_true(harness->loaded_count < HARNESS_OBJECTS);
	if (is_cgroup(entry))
		failed = load_cgroup(&harness->instance, &features, &loaded->object, &error);
	else
		failed = load_frames(&harness->instance, &features, &frames, &loaded->object,
				     &loaded->program, &error);
	if (failed)
		fail_msg("%s: %s", entries[entry].name, error.what);
	if (is_cgroup(entry)) {
		loaded->program =
			bpf_program__fd(cgroup_program(loaded->object, &features, CGROUP_INGRESS));
		loaded->egress =
			bpf_program__fd(cgroup_program(loaded->object, &features, CGROUP_EGRESS));
	}
	loaded->entry = entry;
	harness->loaded_count++;
	return loaded;
}

static struct loaded *find_entry(struct harness *harness, enum entry entry)
{
	size_t i;

	for (i = 0; i < harness->loaded_count; i++)
		if (harness->loaded[i].entry == entry)
			return &harness->loaded[i];
	return load_entry(harness, entry);
}

int harness_setup(void **state)
{
	struct harness *harness = calloc(1, sizeof(*harness));
	struct features features;
	struct error error = {0};

	if (!harness || make_world())
		return -1;
	harness->instance.bpffs_dir = BPFFS "/rolewall";
	harness->maps = (struct maps)MAPS_NONE;
	harness->generation = (struct generation)GENERATION_NONE;
	features_probe(&features);
	harness->has_ringbuf = features.ringbuf;
	harness->has_frags = features.frags;
	harness->has_cookies = features.cookies;
	harness->netns = features.netns;
	harness->knows_device = test_run_knows_device();
	harness->shows_cgroup = test_run_shows_cgroup();
	load_entry(harness, ENTRY_INGRESS); /* the first load makes the maps */
	if (maps_open(&harness->instance, &harness->maps, &error)) {
		print_error("%s\n", error.what);
		return -1;
	}
	*state = harness;
	return 0;
}

int harness_teardown(void **state)
{
	struct harness *harness = *state;
	size_t i;

	if (!harness)
		return 0;
	for (i = 0; i < harness->loaded_count; i++)
		object_free(&harness->loaded[i].object);
	tables_free(&harness->tables);
	generation_close(&harness->generation);
	maps_close(&harness->maps);
	free(harness);
	return 0;
}

/* --- policies -------------------------------------------------------------------------------- */

static void compile(const char *node, struct tables *ret)
{
	_close_ int fd = memfd_create("node.json", MFD_CLOEXEC);
	struct error error = {0};
	char path[64];

	assert_true(fd >= 0);
	assert_int_equal(write(fd, node, strlen(node)), strlen(node));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (policy_compile(path, "roles", ret, NULL, &error))
		fail_msg("%s: %s\n%s\n%s", error.where, error.what, error.excerpt, error.hint);
}

static void put_interfaces(const struct harness *harness)
{
	size_t i;

	for (i = 0; i < harness->tables.interface_count; i++) {
		const char *name = harness->tables.interfaces[i].name;
		struct rw_interface_key key = {.ifindex = if_nametoindex(name)};
		struct rw_interface value = {.slot = slot_by_name(harness->generation.about, name)};

		assert_int_not_equal(key.ifindex, 0);
		assert_int_equal(value.slot, i + 1);
		harness_put(harness, MAP_INTERFACES, &key, &value);
	}
}

void harness_apply(struct harness *harness, const char *node)
{
	struct generation none = GENERATION_NONE;
	struct generation_request request = {.current = &none, .node_file = "node.json"};
	struct error error = {0};

	tables_free(&harness->tables);
	memset(&harness->tables, 0, sizeof(harness->tables));
	compile(node, &harness->tables);
	request.tables = &harness->tables;
	request.maps = &harness->maps;
	request.number = harness->generation.number + 1;
	request.flags = harness->tables.flags;
	request.side = request.number & 1;
	generation_close(&harness->generation);
	harness->generation = (struct generation)GENERATION_NONE;
	if (generation_build(&harness->instance, &request, &harness->generation, &error) ||
	    generation_commit(&harness->maps, &harness->generation, &error))
		fail_msg("%s", error.what);
	generation_keep(&harness->instance, harness->generation.number, 0);
	put_interfaces(harness);
}

void harness_put(const struct harness *harness, enum map_id map, const void *key, const void *value)
{
	assert_int_equal(bpf_map_update_elem(harness->maps.fd[map], key, value, BPF_ANY), 0);
}

/* Of a table in pieces: made if it is not there. */
static int first_piece(const struct harness *harness, enum map_id map)
{
	int outer = harness->maps.fd[map], fd = -1;
	const uint32_t zero = 0;

	assert_int_equal(pieces_make(outer, map, &zero, 1), 0);
	assert_int_equal(piece_open(outer, zero, &fd), 0);
	return fd;
}

void harness_put_in(const struct harness *harness, enum map_id map, const void *key,
		    const void *value)
{
	_close_ int fd = first_piece(harness, map);

	assert_int_equal(bpf_map_update_elem(fd, key, value, BPF_ANY), 0);
}

void harness_delete_in(const struct harness *harness, enum map_id map, const void *key)
{
	_close_ int fd = first_piece(harness, map);

	assert_int_equal(bpf_map_delete_elem(fd, key), 0);
}

/* --- packets --------------------------------------------------------------------------------- */

struct run {
	int program;
	bool skb;	  /* not XDP */
	uint32_t ifindex; /* 0: the kernel cannot be told */
	uint32_t repeat;
};

static uint32_t run(const struct run *run, const struct frame *frame, struct frame *ret)
{
	struct xdp_md xdp = {.ingress_ifindex = run->ifindex, .data_end = frame->length};
	struct __sk_buff skb = {.ifindex = run->ifindex};
	LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = frame->bytes,
		    .data_size_in = frame->length, .repeat = run->repeat);

	if (run->ifindex) {
		options.ctx_in = run->skb ? (void *)&skb : (void *)&xdp;
		options.ctx_size_in = run->skb ? sizeof(skb) : sizeof(xdp);
	}
	if (ret) {
		options.data_out = ret->bytes;
		options.data_size_out = sizeof(ret->bytes);
	}
	if (bpf_prog_test_run_opts(run->program, &options))
		fail_msg("BPF_PROG_TEST_RUN of %zu bytes: %s", frame->length, strerror(errno));
	if (ret)
		ret->length = options.data_size_out;
	return options.retval;
}

void harness_need_device(const struct harness *harness)
{
	if (harness->knows_device)
		return;
	print_message("SKIP: this kernel's BPF_PROG_TEST_RUN knows one device for XDP\n");
	skip();
}

void harness_need_ring(const struct harness *harness)
{
	if (harness->has_ringbuf)
		return;
	print_message("SKIP: this kernel has no ring buffer, so that programs make no events\n");
	skip();
}

void harness_need_cgroup(const struct harness *harness)
{
	if (harness->shows_cgroup)
		return;
	print_message("SKIP: this kernel's BPF_PROG_TEST_RUN shows cgroup programs no packet\n");
	skip();
}

/* Where the kernel cannot be told, packets arrive on the loopback interface. */
static void put_place(const struct harness *harness, const struct arrival *arrival)
{
	struct rw_interface_key key = {.ifindex = LOOPBACK_IFINDEX};
	struct rw_interface value = {.slot = arrival->slot};

	harness_put(harness, MAP_INTERFACES, &key, &value);
}

/* The kernel takes the Ethernet header off for cgroup programs; for L3 devices nobody does. */
static uint32_t run_entry(struct harness *harness, enum entry entry, const struct arrival *arrival,
			  const struct frame *frame, uint32_t repeat, struct frame *ret)
{
	struct run how = {
		.program = find_entry(harness, entry)->program,
		.skb = is_cgroup(entry) || is_tc(entry),
		.ifindex = arrival->ifindex,
		.repeat = repeat,
	};
	_free_ struct frame *bare = NULL;

	if (is_cgroup(entry))
		harness_need_cgroup(harness);
	if (!how.skb && !harness->knows_device) {
		how.ifindex = 0;
		put_place(harness, arrival);
	}
	if (!(1u << entry & FOR_BARE))
		return run(&how, frame, ret);
	bare = calloc(1, sizeof(*bare));
	assert_non_null(bare);
	bare->length = frame->length - ETHERNET_BYTES;
	memcpy(bare->bytes, frame->bytes + ETHERNET_BYTES, bare->length);
	return run(&how, bare, ret);
}

bool harness_run(struct harness *harness, enum entry entry, const struct arrival *arrival,
		 const struct frame *frame)
{
	uint32_t result = run_entry(harness, entry, arrival, frame, 1, NULL);

	if (is_cgroup(entry)) {
		assert_in_range(result, 0, 1);
		return result == 1;
	}
	if (is_tc(entry)) {
		assert_true(result == TC_DROP || result == TC_PASS);
		return result == TC_PASS;
	}
	assert_in_range(result, XDP_DROP, XDP_PASS);
	return result == XDP_PASS;
}

void harness_repeat(struct harness *harness, enum entry entry, const struct arrival *arrival,
		    const struct frame *frame, uint32_t count)
{
	run_entry(harness, entry, arrival, frame, count, NULL);
}

bool harness_answer(struct harness *harness, enum entry entry, const struct arrival *arrival,
		    const struct frame *frame, struct frame *ret)
{
	uint32_t result = run_entry(harness, entry, arrival, frame, 1, ret);

	return is_tc(entry) ? result == TC_REDIRECT : result == XDP_TX || result == XDP_REDIRECT;
}

bool harness_sends(struct harness *harness, uint32_t ifindex, const struct frame *frame)
{
	struct run how = {
		.program = find_entry(harness, ENTRY_INGRESS)->egress,
		.skb = true,
		.ifindex = ifindex,
		.repeat = 1,
	};

	harness_need_cgroup(harness);
	return run(&how, frame, NULL) == 1;
}

void harness_send(struct harness *harness, uint32_t ifindex, const struct frame *frame)
{
	assert_true(harness_sends(harness, ifindex, frame));
}

struct frame *frame_from_hex(const char *hex)
{
	struct frame *frame = calloc(1, sizeof(*frame));
	unsigned int byte;

	assert_non_null(frame);
	for (; *hex; hex++) {
		if (isspace((unsigned char)*hex))
			continue;
		assert_int_equal(sscanf(hex, "%2x", &byte), 1);
		assert_true(isxdigit((unsigned char)hex[1]) && frame->length < FRAME_MAX);
		frame->bytes[frame->length++] = byte;
		hex++;
	}
	return frame;
}

/* --- what was counted ------------------------------------------------------------------------ */

static void count_reasons(const struct harness *harness, struct counts *ret)
{
	unsigned long long sum[2];
	unsigned int reason;

	for (reason = 0; reason < RW_REASON_COUNTERS; reason++) {
		memset(sum, 0, sizeof(sum));
		assert_int_equal(
			map_sum(harness->maps.fd[MAP_REASON_COUNTERS], reason, sizeof(sum), sum),
			0);
		/* What is observed is of the same reason. */
		ret->reasons[reason % RW_OBSERVED] += sum[0];
	}
}

static void count_rules(const struct harness *harness, struct counts *ret)
{
	static struct rw_rule_counter sums[RW_RULES];
	uint32_t most = 0;

	for (size_t i = 0; i < harness->tables.rule_count; i++)
		if (most <= harness->generation.rules[i].index)
			most = harness->generation.rules[i].index + 1;
	assert_int_equal(rule_counters_read(harness->maps.fd[MAP_RULE_COUNTERS], most, sums), 0);
	for (size_t i = 0; i < harness->tables.rule_count; i++) {
		const struct rw_rule_counter *sum = &sums[harness->generation.rules[i].index];

		ret->reasons[RW_REASON_OPEN] += sum->passed.packets;
		ret->reasons[RW_REASON_ZONE_DENIED] += sum->dropped.packets + sum->observed.packets;
	}
}

void counts_read(const struct harness *harness, struct counts *ret)
{
	unsigned int reason;

	memset(ret, 0, sizeof(*ret));
	count_reasons(harness, ret);
	count_rules(harness, ret);
	for (reason = 0; reason < RW_REASON_COUNT; reason++) {
		ret->all += ret->reasons[reason];
		if (reason < RW_REASON_PASS_FIRST)
			ret->dropped += ret->reasons[reason];
	}
}

static const char *name_counted(const struct counts *before, const struct counts *after)
{
	unsigned int reason;

	if (after->all == before->all)
		return "uncounted";
	if (after->all != before->all + 1)
		return "counted more than once";
	for (reason = 0; reason < RW_REASON_COUNT; reason++)
		if (after->reasons[reason] != before->reasons[reason])
			return reason_name(reason) ? reason_name(reason) : "no reason";
	return "counted nowhere";
}

const char *harness_judge(struct harness *harness, enum entry entry, const struct arrival *arrival,
			  const struct frame *frame)
{
	static char text[64];
	struct counts before, after;
	bool passed;

	counts_read(harness, &before);
	passed = harness_run(harness, entry, arrival, frame);
	counts_read(harness, &after);
	snprintf(text, sizeof(text), "%s %s", passed ? "pass" : "drop",
		 name_counted(&before, &after));
	return text;
}

/* Not all that cannot be loaded has something that stands for it. */
static bool is_there(const struct harness *harness, enum entry entry)
{
	if (entry == ENTRY_INGRESS && !harness->has_ringbuf)
		return false;
	return !is_cgroup(entry) || harness->shows_cgroup;
}

void harness_expect(struct harness *harness, unsigned int mask, const struct arrival *arrival,
		    const struct frame *frame, const char *expected)
{
	const char *judged;
	unsigned int entry;

	for (entry = 0; entry < ENTRIES; entry++) {
		if (!(mask & 1u << entry) || !is_there(harness, entry))
			continue;
		judged = harness_judge(harness, entry, arrival, frame);
		if (strcmp(judged, expected))
			fail_msg("%s: \"%s\", not \"%s\"", entry_name(entry), judged, expected);
	}
}
