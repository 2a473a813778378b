#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What happens to pins, files and devices behind our back: each time it is said what then is in force,
# what status answers, and what the next apply makes of it. Foreign XDP programs: test_hooks.sh; full
# disks: test_safety_inject.sh.

# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/inject/safety.sh
. "$LAB_ROOT/tests/inject/safety.sh"

setup() {
	safety_setup
}

prepare() {
	rm -rf "${LAB_DIR:?}/bpf/rolewall" "${LAB_DIR:?}/lib"
	rolewall down >/dev/null 2>&1 || true
	policy_b
	rolewall -q apply
	policy_a
	rolewall -q apply
}

pins() {
	(cd "$LAB_DIR/bpf/rolewall" && find . -type f | sort)
}

repaired() { # WHERE
	assert_exit 0 rolewall -q apply
	policy_is A "after apply, $1"
	assert_exit 0 rolewall status
}

# Removing the pin of a link detaches a program; any other leaves the filter as it is.
expected_without() { # PIN
	case $1 in
	./links/xdp-*) echo "A 1" ;;		  # the cgroup hook judges, and is weaker
	./links/cgroup-bind*) echo "A 1" ;;	  # the guard of binds is off
	./links/cgroup-sock-ops) echo "A 0" ;; # counts what limits need, and there are none
	./links/cgroup-connect6) echo "A 0" ;; # IPv6 is not dropped
	./links/cgroup-*) echo "A 1" ;;		  # XDP judges still
	./maps/events_perf | ./maps/events) echo "A 0" ;; # one of the two is never there
	./generation-"$GENERATION"/*) echo "A 1" ;;
	./generation-*) echo "A 0" ;; # the one before: no way back, that is all
	*) echo "A 1" ;;
	esac
}

# long: each pin of forty
test_each_pin_removed_is_noticed_and_repaired() {
	local pin policy code

	for pin in $(pins); do
		GENERATION=$(status_value .generation)
		read -r policy code <<<"$(expected_without "$pin")"
		[ -e "$LAB_DIR/bpf/rolewall/$pin" ] || continue # of a generation that is gone by now
		rm "$LAB_DIR/bpf/rolewall/$pin"
		assert_equal "$policy" "$(policy_settle "$policy")" "without $pin"
		assert_exit "$code" rolewall status
		[ "$code" = 0 ] || grep -q apply <<<"$OUTPUT" || fail "no way out, without $pin: $OUTPUT"
		repaired "without $pin"
	done
}

test_a_way_back_that_is_lost_is_noted() {
	local before

	before=$(($(status_value .generation) - 1))
	rm "$LAB_DIR/bpf/rolewall/generation-$before/about"
	assert_exit 0 rolewall status
	grep -q "note: the pins of generation $before.*nowhere to go" <<<"$OUTPUT" || fail "$OUTPUT"
	assert_json .previous_lost rolewall --json status
	assert_exit 1 rolewall rollback
	repaired "without a way back"
	assert_exit 0 rolewall rollback
	assert_exit 0 rolewall status
	! grep -q "nowhere to go" <<<"$OUTPUT" || fail "after a rollback nothing is lost: $OUTPUT"
}

with_links() { # THERE WITHOUT
	case ,${ROLEWALL_PROBE_OFF:-}, in *,links,*) echo "$2" ;; *) echo "$1" ;; esac
}

test_all_map_pins_removed_the_filter_goes_on_and_apply_repairs() {
	rm "$LAB_DIR"/bpf/rolewall/maps/*
	policy_found_is A "without maps"
	# Where a program is attached by itself, the pins alone say that something is applied.
	assert_exit "$(with_links 1 3)" rolewall status
	assert_exit "$(with_links 1 3)" rolewall rollback
	repaired "without maps"
}

policy_found_is() {
	assert_equal "$1" "$(policy_settle "$1")" "policy $2"
}

# With its pins everything is gone, as after `down`.
test_the_whole_directory_removed_nothing_filters_and_status_says_so() {
	rm -rf "${LAB_DIR:?}/bpf/rolewall"
	policy_found_is "$(with_links nothing A)" "without the directory"
	assert_exit 3 rolewall status
	repaired "without the directory"
}

# On kernels without links nothing goes with its pin.
without_links() {
	export ROLEWALL_PROBE_OFF=links
	rolewall -q down
	assert_exit 0 rolewall -q apply
	policy_is A "without links"
	rm -rf "${LAB_DIR:?}/bpf/rolewall"
	policy_found_is A "without pins"
	assert_exit 3 rolewall status
	grep -q "filter still" <<<"$OUTPUT" || fail "status does not say that something filters: $OUTPUT"
}

test_programs_without_links_whose_pins_are_gone_are_taken_over_by_apply() {
	without_links
	policy_b
	assert_exit 0 rolewall -q apply
	policy_is B "after apply"
	assert_exit 0 rolewall status
	assert_exit 0 rolewall down
	policy_found_is nothing "after down"
}

test_programs_without_links_whose_pins_are_gone_are_taken_away_by_down() {
	without_links
	assert_exit 1 rolewall --cgroup "$LAB_DIR/nowhere" down
	grep -q "nowhere" <<<"$OUTPUT" || fail "the cgroup is not named: $OUTPUT"
	assert_exit 0 rolewall down
	policy_found_is nothing "after down"
	assert_exit 3 rolewall down
	unset ROLEWALL_PROBE_OFF
	assert_exit 0 rolewall -q apply
	policy_is A "with links again"
}

test_programs_on_the_cgroup_alone_are_taken_away_by_down() {
	local device

	without_links
	for device in lo eth0 eth1 vpn0; do
		ip -n "$LAB_NAME-node" link set "$device" xdp off
	done
	assert_equal "" "$(ip -n "$LAB_NAME-node" link show | grep xdp || true)" "devices with XDP"
	policy_found_is A "without XDP"
	assert_exit 3 rolewall status
	grep -q "filter still" <<<"$OUTPUT" || fail "status does not say that something filters: $OUTPUT"
	assert_exit 0 rolewall down
	policy_found_is nothing "after down"
	assert_exit 3 rolewall down
}

test_the_lock_and_its_directory_removed_changes_nothing() {
	rm -rf "${LAB_DIR:?}/state"
	assert_exit 0 rolewall status
	repaired "without the state directory"
}

# --- whose directory ---------------------------------------------------------------------------------

refused_everywhere() { # PATTERN
	local verb

	for verb in apply status rollback confirm down "explain $OUTSIDE 25"; do
		# shellcheck disable=SC2086
		assert_exit 1 rolewall $verb
		grep -q "$1" <<<"$OUTPUT" || fail "$verb does not say why: $OUTPUT"
	done
}

test_a_directory_of_pins_that_others_could_write_is_not_trusted() {
	local directory=$LAB_DIR/bpf/rolewall

	chown 65534 "$directory"
	refused_everywhere "does not belong to root"
	chown 0 "$directory"
	chmod 0770 "$directory"
	refused_everywhere "others may write"
	chmod 0757 "$directory"
	refused_everywhere "others may write"
	chmod 0750 "$directory"
	policy_is A "all the while"
	repaired "with its owner back"

	mv "$directory" "$LAB_DIR/bpf/elsewhere"
	ln -s "$LAB_DIR/bpf/elsewhere" "$directory"
	assert_exit 1 rolewall apply
	rm "$directory"
	mv "$LAB_DIR/bpf/elsewhere" "$directory"
	repaired "with the directory back"
}

test_a_directory_for_the_next_boot_that_others_could_write_is_not_used() {
	chown 65534 "$LAB_DIR/lib"
	policy_b
	assert_exit 1 rolewall apply
	grep -q "does not belong to root" <<<"$OUTPUT" || fail "$OUTPUT"
	policy_is A "with somebody else's directory"
	chown 0 "$LAB_DIR/lib"
	assert_exit 0 rolewall apply
}

test_pins_elsewhere_than_on_bpffs_are_refused_with_the_way_out() {
	mkdir "$LAB_DIR/plain"
	assert_exit 1 rolewall --bpffs "$LAB_DIR/plain/rolewall" apply
	grep -q "mount -t bpf" <<<"$OUTPUT" || fail "$OUTPUT"
	assert_exit 1 rolewall --bpffs "$LAB_DIR/nowhere/rolewall" apply
	grep -q "mount -t bpf" <<<"$OUTPUT" || fail "$OUTPUT"
	rm -rf "${LAB_DIR:?}/plain"
	policy_is A "all the while"
}

# --- what is hidden -------------------------------------------------------------------------------

test_a_second_bpf_file_system_over_the_first_is_said() {
	local verb

	needs links "without links nothing but the pins says whose a program is"
	mount -t bpf bpf "$LAB_DIR/bpf"
	trap 'umount "$LAB_DIR/bpf"' EXIT # of this test's subshell
	for verb in status down apply show rollback; do
		assert_exit 1 rolewall $verb
		grep -q "whose pins are not in .*mounted over it" <<<"$OUTPUT" || fail "$verb says: $OUTPUT"
		assert_answer silent outside tcp "$NODE_EXTERNAL" 9999
	done
	is_confirmed "$LAB_DIR/node.json" || fail "the copy for the next boot is gone"
	assert_equal "" "$(find "$LAB_DIR/bpf" -mindepth 1 ! -name '*.debug')" "pinned in the second"
	umount "$LAB_DIR/bpf"
	trap - EXIT
	assert_exit 0 rolewall status
	assert_exit 0 rolewall down
	assert_exit 3 rolewall status
	assert_exit 0 rolewall apply
}

# --- files ----------------------------------------------------------------------------------------

# Every byte of it: tests/unit/test_policy_compiled.c; what comes into force then: test_daemon.sh.
test_a_copy_that_was_cut_is_written_anew_by_the_next_apply() {
	truncate -s 300 "$LAB_DIR/lib/confirmed.json"
	assert_exit 0 rolewall status
	grep -qE "^Confirmed +a restart cannot use it: .*; 'rolewall apply' writes it anew" <<<"$OUTPUT" ||
		fail "nobody says that it is damaged: $OUTPUT"
	repaired "with the copy cut"
	is_confirmed "$LAB_DIR/node.json" || fail "the copy stays cut"
}

test_what_a_dead_process_left_beside_the_copy_goes() {
	: >"$LAB_DIR/lib/confirmed.json.next"
	repaired "with a staged copy"
	assert_equal confirmed.json "$(ls "$LAB_DIR/lib")" "after apply"
	touch "$LAB_DIR"/lib/{confirmed.json,bans.tsv,openings.tsv}.next
	assert_exit 0 rolewall down
	[ ! -e "$LAB_DIR/lib" ] || fail "left by down: $(ls "$LAB_DIR/lib")"
	assert_exit 0 rolewall apply
}

refused_node_file() { # WHAT
	assert_exit 4 timeout 60 "$ROLEWALL" "${LAB_INSTANCE[@]}" check
	assert_exit 4 rolewall apply
	[ -n "$OUTPUT" ] || fail "nothing is said of $1"
	rm -rf "${LAB_DIR:?}/node.json"
}

test_a_node_file_that_is_none_is_refused_and_changes_nothing() {
	local file=$LAB_DIR/node.json

	mv "$file" "$LAB_DIR/good.json"
	mkfifo "$file"
	refused_node_file "a FIFO"
	mkdir "$file"
	refused_node_file "a directory"
	ln -s /dev/zero "$file"
	refused_node_file "an endless file"
	head -c 100M /dev/zero >"$file"
	refused_node_file "100 MB"
	ln -s node.json "$file"
	refused_node_file "a link to itself"
	sed 's/mta/m\x00ta/' "$LAB_DIR/good.json" >"$file"
	refused_node_file "a NUL"
	: >"$file"
	refused_node_file "an empty file"
	policy_is A "all the while"
	ln -s good.json "$file"
	assert_exit 0 rolewall apply
	rm "$file"
}

# --- devices --------------------------------------------------------------------------------------

test_a_node_file_that_others_may_write_is_applied_with_a_warning() {
	chmod 0666 "$LAB_DIR/node.json"
	assert_exit 0 rolewall apply
	grep -q "others may write" <<<"$OUTPUT" || fail "$OUTPUT"
	chmod 0600 "$LAB_DIR/node.json"
	chown 1 "$LAB_DIR/node.json"
	assert_exit 0 rolewall apply
	grep -q "does not belong to root" <<<"$OUTPUT" || fail "$OUTPUT"
	chown 0 "$LAB_DIR/node.json"
	assert_exit 0 rolewall apply
	! grep -qE "others|belong" <<<"$OUTPUT" || fail "$OUTPUT"
}

test_a_link_that_goes_down_and_up_is_filtered_as_before() {
	ip -n "$LAB_NAME-node" link set eth0 down
	assert_exit 0 rolewall status
	ip -n "$LAB_NAME-node" link set eth0 up
	ip -n "$LAB_NAME-node" address add "$NODE6_EXTERNAL/64" dev eth0 nodad 2>/dev/null || true
	ip -n "$LAB_NAME-node" route replace default via "$GATEWAY"
	ip -n "$LAB_NAME-node" -6 route replace default via "$GATEWAY6"
	policy_is A "after down and up"
	assert_json '.interfaces[] | select(.name == "eth0") | .hook == "xdp"' rolewall --json status
}

# The new device of that name is a stranger until apply (or the daemon) has seen it.
test_a_device_deleted_and_made_again_is_external_until_apply() {
	ip -n "$LAB_NAME-node" link delete eth0
	assert_exit 0 rolewall status
	assert_json '.interfaces[] | select(.name == "eth0") | .present == false and .hook == "none"' \
		rolewall --json status
	device_make
	policy_found_is A "with a new device"
	assert_json '.interfaces[] | select(.name == "eth0") | .present and .hook == "cgroup"
		and (.note | test("apply"))' status_json
	repaired "with a new device"
	assert_json '.interfaces[] | select(.name == "eth0") | .hook == "xdp"' rolewall --json status
}

device_make() {
	lab_link node eth0 outside eth0 203.0.113. 2001:db8:1::
	lab_route_default node "$OUTSIDE" "$OUTSIDE6"
	lab_route_default outside "$NODE_EXTERNAL" "$NODE6_EXTERNAL"
}

# The number of a device says nothing: the new one may have that of the old.
test_a_device_with_the_number_of_a_deleted_one_is_filtered() {
	local number

	number=$(ip -n "$LAB_NAME-node" -j link show eth0 | jq '.[0].ifindex')
	ip -n "$LAB_NAME-node" link delete eth0
	ip -n "$LAB_NAME-node" link add eth0 index "$number" type veth peer name eth0 \
		netns "$LAB_NAME-outside"
	ip -n "$LAB_NAME-node" address add "$NODE_EXTERNAL/24" dev eth0
	ip -n "$LAB_NAME-outside" address add "$OUTSIDE/24" dev eth0
	ip -n "$LAB_NAME-node" link set eth0 up
	ip -n "$LAB_NAME-outside" link set eth0 up
	policy_found_is A "with the number of the old one"
	ip -n "$LAB_NAME-node" link delete eth0
	device_make
	repaired "with a device again"
}

# Links die with the devices of a namespace; the pins are of no use to another one, and no hindrance.
test_pins_of_a_deleted_namespace_do_not_hinder_another() {
	stop listeners
	ip netns delete "$LAB_NAME-node"
	ip netns add "$LAB_NAME-node"
	ip -n "$LAB_NAME-node" link set lo up
	wait_for 5 no_peer || fail "the cables stay"
	device_make
	lab_link node eth1 inside eth0 172.16.0. 2001:db8:2::
	lab_link node vpn0 vpn eth0 10.8.0. 2001:db8:3::
	safety_setup
	# It is another namespace, whatever it is called: not judged before the next apply.
	policy_found_is nothing "in a new namespace"
	repaired "in a new namespace"
	assert_json 'all(.interfaces[] | select(.listed); .hook == "xdp")' rolewall --json status
}

no_peer() {
	! ip -n "$LAB_NAME-outside" link show eth0 >/dev/null 2>&1
}

run_tests "$@"
