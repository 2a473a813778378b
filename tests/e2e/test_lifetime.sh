#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What stays when processes die, when an apply fails, and when everything is taken down.

# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

setup() {
	spawn node listeners "$PROBE" listen -t 25,5432,9999 -u 9999
}

prepare() {
	node_file .
	rolewall apply
}

assert_filtering() {
	assert_answer open outside tcp "$NODE_EXTERNAL" 25
	assert_answer silent outside tcp "$NODE_EXTERNAL" 9999
	assert_answer silent outside tcp "$NODE_EXTERNAL" 5432
	assert_answer open inside tcp "$NODE_INTERNAL" 5432
}

test_status_tells_what_is_in_force() {
	assert_json '.version == 1 and .applied and .mode == "enforce" and .generation >= 1
		and .node == "mail1.example.com"
		and ([.interfaces[] | "\(.name) \(.zone) \(.hook)"] | sort)
			== ["eth0 external xdp", "eth1 internal xdp", "vpn0 vpn xdp"]
		and all(.interfaces[]; .xdp_mode == "native")
		and .totals.dropped == (.drops | add)' rolewall --json status
	assert_exit 0 rolewall status
}

test_filtering_survives_kill_9_of_every_process() {
	local generation

	generation=$(status_value .generation)
	launch node follower "$ROLEWALL" "${LAB_INSTANCE[@]}" -o jsonl blocked -f
	wait_for 10 follower_saw_an_attempt || fail "blocked -f shows nothing: $(cat "$LAB_DIR"/follower.*)"
	jq -es 'any(.[]; .port == 9999 and .reason == "not-open")' "$LAB_DIR/follower.out" >/dev/null ||
		fail "not what happened: $(<"$LAB_DIR/follower.out")"
	stop follower
	assert_filtering
	assert_json ".applied and .generation == $generation and .mode == \"enforce\"" \
		rolewall --json status
	assert_exit 0 rolewall apply
	assert_json ".generation == $generation + 1" rolewall --json status
	assert_filtering
}

follower_saw_an_attempt() {
	outside "$PROBE" scan -t 9999 -w 100 "$NODE_EXTERNAL" >/dev/null
	lab_spoke follower
}

test_a_killed_apply_does_not_hinder_the_next() {
	local delay

	for delay in 0.002 0.01 0.03 0.1; do
		launch node apply "$ROLEWALL" "${LAB_INSTANCE[@]}" apply
		sleep "$delay" # not to wait for anything: to die at different moments
		stop apply
		assert_filtering
	done
	assert_exit 0 rolewall apply
	assert_exit 0 rolewall status
}

# assert_refused CODE: apply of what is in the node file leaves the policy as it is.
assert_refused() {
	local generation

	generation=$(status_value .generation)
	assert_exit "$1" rolewall apply
	[ -n "$OUTPUT" ] || fail "no message"
	assert_json ".applied and .generation == $generation" rolewall --json status
	assert_filtering
}

test_a_bad_node_file_leaves_the_policy_in_force() {
	echo '{ "version": 1, "node": ' >"$LAB_DIR/node.json"
	assert_refused 4
	node_file '.roles = ["mtaa"]'
	assert_refused 4
	grep -q mtaa <<<"$OUTPUT" || fail "the message does not name the role: $OUTPUT"
	node_file '.interfaces.eth0.zone = "extern"'
	assert_refused 4
	rm "$LAB_DIR/node.json"
	assert_refused 4
}

test_observe_passes_and_counts() {
	node_file '.mode = "observe"'
	assert_observing
	node_file 'del(.mode)'
	assert_observing
	node_file .
	assert_observing --observe
	assert_exit 0 rolewall apply
	assert_filtering
}

assert_observing() { # APPLY-ARGUMENTS
	local before

	before=$(drops_value not-open)
	assert_exit 0 rolewall apply "$@"
	assert_json '.mode == "observe"' rolewall --json status
	assert_answer open outside tcp "$NODE_EXTERNAL" 9999
	assert_answer open outside udp "$NODE_EXTERNAL" 9999
	assert_answer open outside tcp "$NODE_EXTERNAL" 5432
	[ "$(drops_value not-open)" -gt "$before" ] || fail "what would be dropped is not counted"
	assert_books_balance
}

test_counters_survive_a_change_of_policy() {
	local passed

	assert_answer open outside tcp "$NODE_EXTERNAL" 25
	passed=$(smtp_passed)
	[ "$passed" -gt 0 ] || fail "packets to port 25 are not counted"
	node_file '.roles = ["proxy", "mta"]'
	assert_exit 0 rolewall apply
	assert_answer open outside tcp "$NODE_EXTERNAL" 25
	[ "$(smtp_passed)" -gt "$passed" ] || fail "counter: $passed, then $(smtp_passed)"
}

# A rule that goes takes no packet with it: sums never fall, and the books balance.
test_counters_of_a_rule_outlive_it() {
	local denied passed

	node_file '.services = [{ name: "own", proto: "tcp", port: 9999, table: "internal" }]'
	assert_exit 0 rolewall apply
	assert_answer silent outside tcp "$NODE_EXTERNAL" 9999
	assert_answer open inside tcp "$NODE_INTERNAL" 9999
	denied=$(drops_value zone-denied) passed=$(status_value .passes.open)
	node_file .
	assert_exit 0 rolewall apply
	[ "$(drops_value zone-denied)" -ge "$denied" ] || fail "denied: $denied, then less"
	[ "$(status_value .passes.open)" -ge "$passed" ] || fail "passed: $passed, then less"
	assert_books_balance
	# The next rule may get the same counter, and begins with zero.
	node_file '.services = [{ name: "next", proto: "tcp", port: 9998, table: "internal" }]'
	assert_exit 0 rolewall apply
	assert_json 'any(.rules[]; .port == 9998 and .passed == 0 and .dropped == 0)' rolewall --json show
	[ "$(drops_value zone-denied)" -ge "$denied" ] || fail "denied: $denied, then less"
	assert_exit 0 rolewall rollback
	[ "$(drops_value zone-denied)" -ge "$denied" ] || fail "denied: $denied, then less"
	assert_books_balance
	node_file .
	assert_exit 0 rolewall apply
}

smtp_passed() {
	rolewall --json show | jq '.rules[] | select(.port == 25 and .proto == "tcp") | .passed'
}

# --- down -----------------------------------------------------------------------------------------

# What this lab has in the kernel, "prog 12", one a line: what is attached or pinned in its bpffs, and the
# maps that its programs use. (Others have their own beside it, which come and go.)
bpf_ids() {
	local pin kind id

	{
		ip -n "$LAB_NAME-node" -j link show | jq -r '.[].xdp.prog.id // empty | "prog \(.)"'
		"$PROBE" hooks "$LAB_CGROUP" | sed -n 's/^[^ ]* /prog /p'
		while read -r pin; do
			for kind in map prog link; do
				bpftool -j $kind show pinned "$pin" 2>/dev/null |
					jq -r --arg kind $kind 'select(.id) | "\($kind) \(.id)", (.prog_id // empty | "prog \(.)")'
			done
		done < <(find "$LAB_DIR/bpf" -type f ! -name '*.debug')
	} | sort -u | while read -r kind id; do
		echo "$kind $id"
		[ "$kind" != prog ] || bpftool -j prog show id "$id" | jq -r '.map_ids[]? | "map \(.)"'
	done | sort -u
}

# Of the list, what is there now?
bpf_left() { # LIST
	local kind id

	while read -r kind id; do
		! bpftool "$kind" show id "$id" >/dev/null 2>&1 || echo "$kind $id"
	done <"$1"
}

nothing_left() {
	[ -z "$(bpf_left "$LAB_DIR/applied")" ]
}

test_down_leaves_nothing() {
	assert_exit 0 rolewall down
	assert_exit 0 rolewall apply
	bpf_ids >"$LAB_DIR/applied"
	[ "$(bpf_left "$LAB_DIR/applied" | wc -l)" -gt 20 ] || fail "nothing was loaded: $(<"$LAB_DIR/applied")"
	rolewall --json blocked >/dev/null
	assert_exit 0 rolewall down

	# The kernel frees maps and programs after a grace period.
	wait_for 5 nothing_left ||
		fail "left in the kernel: $(bpf_left "$LAB_DIR/applied")"
	assert_equal "" "$(find "$LAB_DIR/bpf" -mindepth 1 ! -name "*.debug")" "left in bpffs"
	assert_equal "" "$(find "$LAB_DIR" -path "$LAB_DIR/state/*" -o -path "$LAB_DIR/lib/*")" \
		"files left"
	assert_equal "" "$(find "$LAB_CGROUP" -mindepth 1 -type d)" "cgroups left"
	assert_equal 0 "$("$PROBE" hooks "$LAB_CGROUP" | wc -l)" "programs left on the cgroup"
	assert_json 'all(.[]; has("xdp") | not)' ip -n "$LAB_NAME-node" -d -j link show
	assert_answer open outside tcp "$NODE_EXTERNAL" 9999
}

# A host with cgroup v1 only, whose v2 hierarchy has the lab's cgroup for its root.
with_cgroup_v1() { # SHELL-COMMANDS
	local argument own=()

	for argument in "${LAB_INSTANCE[@]}"; do
		case $argument in --cgroup | "$LAB_CGROUP") ;; *) own+=("$argument") ;; esac
	done
	# shellcheck disable=SC2016
	node unshare --mount --cgroup bash -e -c '
		awk "\$3 == \"cgroup2\" { print \$2 }" /proc/self/mounts | xargs -r -n 1 umount -l
		rolewall() { '"$ROLEWALL"' "$@"; }
		mounted() { awk "\$3 == \"cgroup2\" { print \$2 }" /proc/self/mounts; }
		'"$1" bash "${own[@]}"
}

test_where_cgroup_v2_is_not_mounted_only_what_is_applied_mounts_it() {
	assert_exit 0 rolewall down
	assert_equal "" "$(with_cgroup_v1 'rolewall "$@" status >&2 || rolewall "$@" down >&2 || mounted')" \
		"mounted by who looks"
	assert_equal "$LAB_DIR/state/cgroup2" "$(with_cgroup_v1 'rolewall -q "$@" apply; mounted')" "mounted by apply"
	# In another namespace of mounts, as after the end of a service that has its own.
	with_cgroup_v1 'rolewall "$@" status' >/dev/null || fail "status finds fault"
	assert_equal 5 "$("$PROBE" hooks "$LAB_CGROUP" | wc -l)" "programs on the cgroup"
	assert_answer silent outside tcp "$NODE_EXTERNAL" 9999
	assert_equal "" "$(with_cgroup_v1 'rolewall -q "$@" apply; rolewall -q "$@" down; mounted')" "mounted after down"
	assert_answer open outside tcp "$NODE_EXTERNAL" 9999
	assert_equal 0 "$("$PROBE" hooks "$LAB_CGROUP" | wc -l)" "programs left on the cgroup"
	[ ! -e "$LAB_DIR/state/cgroup2" ] || fail "a directory is left"
}

# As after a start with rolewall=off, or when somebody has removed the pins.
test_down_forgets_what_the_next_start_would_restore_even_if_nothing_is_applied() {
	rolewall -q apply
	[ -e "$LAB_DIR/lib/confirmed.json" ] || fail "no copy"
	cp -a "$LAB_DIR/lib" "$LAB_DIR/disk"
	rolewall -q down
	rm -rf "${LAB_DIR:?}/lib"
	mv "$LAB_DIR/disk" "$LAB_DIR/lib"
	assert_exit 0 rolewall down
	[ ! -e "$LAB_DIR/lib/confirmed.json" ] || fail "it is still there"
	assert_exit 3 rolewall down
}

test_a_second_down_exits_3_and_says_so() {
	assert_exit 0 rolewall down
	assert_exit 3 rolewall down
	grep -qi "not applied\|nothing" <<<"$OUTPUT" || fail "it does not say so: $OUTPUT"
	assert_exit 3 rolewall status
	assert_exit 3 rolewall show
	assert_exit 3 rolewall blocked
}

run_tests "$@"
