#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Upgrade: the next version, whose programs are others, takes over from this one under traffic, and
# back again. NEXT: where it is built already.
#
# long: it builds the next version

# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/e2e/daemon.sh
. "$(dirname "$0")/daemon.sh"

NEXT=${NEXT:-}
INJECT=${INJECT:-$LAB_ROOT/build/tests/inject}
UPGRADES=${UPGRADES:-30}
PACKETS=${PACKETS:-200000}

setup() {
	if [ -z "$NEXT" ]; then
		NEXT=$LAB_DIR/next/build/rolewall
		"$LAB_ROOT/tests/e2e/next_version.sh" "$LAB_DIR/next" build/rolewall >"$LAB_DIR/build.log" 2>&1 ||
			lab_die "the next version does not build: $(tail -n 5 "$LAB_DIR/build.log")"
	fi
	# Which of the two: the name of the node file says it.
	printf '#!/bin/sh\ncase " $* " in *" %s "*) exec %s "$@" ;; esac\nexec %s "$@"\n' \
		"$LAB_DIR/next.json" "$NEXT" "$ROLEWALL" >"$LAB_DIR/either"
	chmod +x "$LAB_DIR/either"
	node_file .
	spawn node listeners "$PROBE" listen -t 25
	cp "$LAB_DIR/node.json" "$LAB_DIR/next.json"
}

next_rolewall() { node "$NEXT" "${LAB_INSTANCE[@]}" "$@"; }

# What the kernel runs on eth0 and on the cgroup's hooks for packets, a line each: a number made of a
# program's instructions.
program_tags() {
	local id

	for id in $(ip -n "$LAB_NAME-node" -j link show dev eth0 | jq '.[0].xdp.prog.id') \
		$("$PROBE" hooks "$LAB_CGROUP" | sed -n 's/^[a-z]*gress //p'); do
		bpftool -j prog show id "$id" | jq -r .tag
	done
}

# All three are others than those: xdp, ingress, egress.
all_exchanged() { # TAGS
	local now

	mapfile -t now < <(program_tags)
	[ "${#now[@]}" = 3 ] || fail "${#now[@]} programs"
	! grep -qxF "$(program_tags)" <<<"$1"
}

test_the_next_version_takes_over_the_programs_and_what_was_counted() {
	local before old attempts arrived

	assert_equal "rolewall $(<"$LAB_ROOT/VERSION")-next" "$("$NEXT" --version | head -n 1)" "version"
	rolewall -q apply
	old=$(program_tags)
	rolewall -q ban 198.18.0.9 --reason before
	rolewall -q open 9999 --from 192.0.2.200 --for 1h --reason before
	flood 1000 -s 192.0.2.50 "$NODE_EXTERNAL" 7 >/dev/null
	before=$(drops_value not-open)
	attempts=$(rolewall --json blocked | jq ".attempts | length")
	assert_exit 0 next_rolewall apply
	grep -q "systemctl restart rolewall" <<<"$OUTPUT" || fail "nothing is said of a daemon: $OUTPUT"
	all_exchanged "$old" || fail "old programs run still: $old, $(program_tags)"
	assert_exit 0 next_rolewall status
	assert_equal "$before" "$(drops_value not-open)" "drops counted"
	assert_equal "$attempts" "$(next_rolewall --json blocked | jq ".attempts | length")" "attempts"
	assert_equal 1 "$(next_rolewall --json bans | jq ".bans | length")" "bans"
	assert_equal 1 "$(next_rolewall --json openings | jq ".openings | length")" "openings"
	arrived=$(flood 1000 -s 192.0.2.50 "$NODE_EXTERNAL" 7)
	assert_equal $((before + arrived)) "$(drops_value not-open)" "drops counted on"
	assert_books_balance
}

# Each of a million packets and more, on the way to ports that are open and to ports that are shut, while one
# version follows the other. The policy stays the same.
test_no_packet_has_a_verdict_of_neither_version() {
	rolewall -q apply
	node "$INJECT/packets_during_change" -r "$UPGRADES" -n "$PACKETS" \
		-c "/run/netns/$LAB_NAME-outside,eth0,eth0,$NODE_EXTERNAL,$NODE6_EXTERNAL" \
		-E 25/tcp,443/tcp -N 9999/tcp,9999/udp,7026/tcp "$LAB_DIR/node.json" "$LAB_DIR/next.json" \
		"$LAB_DIR/either" "${LAB_INSTANCE[@]}" -q
}

# A flood goes on all the while, and says in the end how much it was: every packet is counted, by one
# version or the other.
test_every_packet_is_counted_across_upgrades() {
	local before lost sent n

	rolewall -q apply
	before=$(drops_value not-open)
	lost=$(cable_losses)
	launch outside flood "$PROBE" flood -s 192.0.2.51 -c 1000000000000 "$NODE_EXTERNAL" 7
	for ((n = 0; n < (UPGRADES + 5) / 6; n++)); do
		wait_for 10 drops_beyond "$(drops_value not-open)" || fail "no flood: $(<"$LAB_DIR/flood.err")"
		next_rolewall -q apply
		rolewall -q apply
	done
	kill -TERM "$(<"$LAB_DIR/flood.pid")"
	wait_for 60 flood_over || fail "the flood does not end"
	sent=$(sed -n 's/^sent //p' "$LAB_DIR/flood.out")
	echo "# sent $sent, lost on the way $(($(cable_losses) - lost))"
	assert_equal $((before + sent - ($(cable_losses) - lost))) "$(drops_value not-open)" "drops"
	assert_books_balance
}

drops_beyond() { # NUMBER
	[ "$(drops_value not-open)" -gt "$1" ]
}

flood_over() {
	! kill -0 "$(<"$LAB_DIR/flood.pid")" 2>/dev/null
}

test_the_next_daemon_puts_its_programs_in_the_place_of_the_old() {
	local old before

	rolewall -q apply
	rolewall -q ban 198.18.0.9 --reason before
	daemon_start
	old=$(program_tags)
	flood 1000 -s 192.0.2.52 "$NODE_EXTERNAL" 7 >/dev/null
	before=$(drops_value not-open)
	stop daemon
	launch node daemon "$NEXT" "${LAB_INSTANCE[@]}" serve
	wait_for 20 daemon_said serving || fail "it does not start: $(<"$LAB_DIR/daemon.err")"
	wait_for 10 all_exchanged "$old" || fail "old programs run still: $old, $(program_tags)"
	assert_exit 0 next_rolewall status
	assert_equal "$before" "$(drops_value not-open)" "drops counted"
	assert_equal 1 "$(next_rolewall --json bans | jq ".bans | length")" "bans"
	assert_answer silent outside tcp "$NODE_EXTERNAL" 9999
}

# Nobody has restarted it yet.
test_the_old_daemon_leaves_the_programs_of_the_next_version_alone() {
	local next

	rolewall -q apply
	daemon_start
	next_rolewall -q apply
	next=$(program_tags)
	wait_for 20 daemon_said "another version of Rolewall" || fail "it does not say so: $(<"$LAB_DIR/daemon.err")"
	assert_equal "$next" "$(program_tags)" "programs"
	assert_exit 0 next_rolewall status
	next_rolewall -q apply
	sleep 1
	assert_equal "$next" "$(program_tags)" "programs after another apply"
}

# A version may find that the kernel can do more, or less, than the one before thought.
test_a_hook_has_one_program_even_if_the_next_version_attaches_in_another_way() {
	local before

	rolewall -q down || true
	for _ in 1 2; do
		ROLEWALL_PROBE_OFF='' rolewall -q apply
		ROLEWALL_PROBE_OFF=links next_rolewall -q apply
		assert_equal 5 "$("$PROBE" hooks "$LAB_CGROUP" | wc -l)" "programs, links before"
	done
	rolewall -q down
	for _ in 1 2; do
		ROLEWALL_PROBE_OFF=links rolewall -q apply
		ROLEWALL_PROBE_OFF='' next_rolewall -q apply
		assert_equal 5 "$("$PROBE" hooks "$LAB_CGROUP" | wc -l)" "programs, none before"
	done
	before=$(program_tags)
	flood 10 -s 192.0.2.53 "$NODE_EXTERNAL" 7 >/dev/null
	assert_equal "$before" "$(program_tags)" "programs"
	assert_books_balance
	rolewall down
	assert_equal 0 "$("$PROBE" hooks "$LAB_CGROUP" | wc -l)" "programs after down"
}

# The next version's program for frames in one buffer is refused where frames are larger.
test_a_program_that_the_driver_refuses_leaves_no_old_one_behind() {
	local old

	rolewall -q down || true
	ip -n "$LAB_NAME-node" link set eth0 mtu 9000
	rolewall -q apply
	old=$(program_tags)
	ROLEWALL_PROBE_OFF=frags next_rolewall -q apply
	all_exchanged "$old" || fail "old programs run still: $old, $(program_tags)"
	assert_exit 0 next_rolewall status
	assert_answer silent outside tcp "$NODE_EXTERNAL" 9999
	next_rolewall -q down
	ip -n "$LAB_NAME-node" link set eth0 mtu 1500
}

# The same, with maps and records of another layout: neither can be used by the other.
test_another_layout_gives_way_without_a_gap() {
	local other=$LAB_DIR/other/build/rolewall

	OTHER_LAYOUT=1 "$LAB_ROOT/tests/e2e/next_version.sh" "$LAB_DIR/other" build/rolewall >"$LAB_DIR/build.log" 2>&1 ||
		lab_die "it does not build: $(tail -n 5 "$LAB_DIR/build.log")"
	sed "s#$NEXT#$other#" "$LAB_DIR/either" >"$LAB_DIR/either-layout"
	chmod +x "$LAB_DIR/either-layout"
	rolewall -q apply
	rolewall -q ban 198.18.0.9 --reason before
	OUTPUT=$(node "$other" "${LAB_INSTANCE[@]}" apply 2>&1) || fail "apply: $OUTPUT"
	grep -q "another version's layout and is replaced" <<<"$OUTPUT" || fail "it says: $OUTPUT"
	assert_equal 1 "$(node "$other" "${LAB_INSTANCE[@]}" --json bans | jq ".bans | length")" "bans"
	assert_exit 1 rolewall status
	grep -q "another version of Rolewall" <<<"$OUTPUT" || fail "status says: $OUTPUT"
	rolewall -q apply
	assert_equal 1 "$(rolewall --json bans | jq ".bans | length")" "bans"
	node "$INJECT/packets_during_change" -r $((UPGRADES / 3)) -n $((PACKETS / 3)) \
		-c "/run/netns/$LAB_NAME-outside,eth0,eth0,$NODE_EXTERNAL,$NODE6_EXTERNAL" \
		-E 25/tcp,443/tcp -N 9999/tcp,9999/udp,7026/tcp "$LAB_DIR/node.json" "$LAB_DIR/next.json" \
		"$LAB_DIR/either-layout" "${LAB_INSTANCE[@]}" -q
}

# The daemon of the version that was installed meanwhile: from the copy of what was confirmed.
test_a_daemon_replaces_what_is_of_another_layout() {
	local old

	rolewall -q apply
	old=$(program_tags)
	other_layout
	daemon_start
	daemon_said "another version's layout and is replaced" || fail "it says: $(<"$LAB_DIR/daemon.err")"
	assert_exit 0 rolewall status
	assert_equal "$old" "$(program_tags)" "programs"
	assert_answer silent outside tcp "$NODE_EXTERNAL" 9999
	assert_answer open outside tcp "$NODE_EXTERNAL" 25
}

# The record of the generation in force says another layout, at the same size.
other_layout() {
	local about bytes

	about=$LAB_DIR/bpf/rolewall/generation-$(rolewall --json status | jq .generation)/about
	bytes=$(bpftool -j map lookup pinned "$about" key 0 0 0 0 | jq -r '.value | .[0] = "0xff" | join(" ")')
	# shellcheck disable=SC2086
	bpftool map update pinned "$about" key 0 0 0 0 value $bytes
}

# At the same size, what has moved would be misread.
test_records_of_another_layout_are_not_read() {
	local verb

	rolewall -q apply
	other_layout
	for verb in status show rollback "explain 192.0.2.7 25"; do
		# shellcheck disable=SC2086
		OUTPUT=$(rolewall $verb 2>&1) && fail "$verb succeeds"
		grep -q "another version of Rolewall made generation" <<<"$OUTPUT" || fail "$verb says: $OUTPUT"
		grep -q "rolewall apply" <<<"$OUTPUT" || fail "$verb gives no way out: $OUTPUT"
	done
	assert_answer silent outside tcp "$NODE_EXTERNAL" 9999
	OUTPUT=$(rolewall apply 2>&1) || fail "apply: $OUTPUT"
	grep -q "another version's layout and is replaced" <<<"$OUTPUT" || fail "it says: $OUTPUT"
	assert_exit 0 rolewall status
	assert_books_balance
}

# another_shape PIN: a map in its place with values of another size.
another_shape() {
	mv "$1" "$LAB_DIR/bpf/kept"
	bpftool map create "$1" type array key 4 value 8 entries 1 name other
}

# What a version wrote with other structs is not read. It filters until this version's takes its place.
test_what_is_of_another_shape_is_said_to_be_another_versions() {
	local pin verb

	rolewall -q apply
	for pin in maps/pending generation-N/about; do
		pin=$LAB_DIR/bpf/rolewall/${pin/N/$(rolewall --json status | jq .generation)}
		another_shape "$pin"
		for verb in status show rollback "explain 192.0.2.7 25"; do
			# shellcheck disable=SC2086
			OUTPUT=$(rolewall $verb 2>&1) && fail "$verb succeeds"
			grep -q "another version of Rolewall" <<<"$OUTPUT" || fail "$verb says: $OUTPUT"
			grep -q "rolewall apply" <<<"$OUTPUT" || fail "$verb gives no way out: $OUTPUT"
		done
		assert_answer silent outside tcp "$NODE_EXTERNAL" 9999
		assert_answer open outside tcp "$NODE_EXTERNAL" 25
		assert_exit 0 rolewall apply
		rm "$LAB_DIR/bpf/kept"
		assert_exit 0 rolewall status
		assert_answer silent outside tcp "$NODE_EXTERNAL" 9999
	done
	another_shape "$LAB_DIR/bpf/rolewall/maps/pending"
	rolewall down
	rm "$LAB_DIR/bpf/kept"
	assert_exit 0 rolewall apply
}

run_tests "$@"
