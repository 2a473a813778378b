#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Bans and openings whose command is killed, whose disk is full, or whose file is damaged: a change is
# there or it is not, in the kernel and on disk alike. STRIDE=1 tries every system call and every byte.

# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/e2e/daemon.sh
. "$(dirname "$0")/daemon.sh"
# shellcheck source=tests/inject/safety.sh
. "$LAB_ROOT/tests/inject/safety.sh"

MANY=${MANY:-5000} # of an import: more than one piece of what the kernel is told at once

setup() {
	safety_setup
	policy_a
	seq 1 "$MANY" | awk '{ printf "100.%d.%d.%d\n", $1 % 3, $1 / 250 % 250, $1 % 250 }' >"$LAB_DIR/list"
	seq -f '101.0.%.0f.0/24' 1 100 >>"$LAB_DIR/list"
	MANY=$(sort -u "$LAB_DIR/list" | wc -l)
}

prepare() {
	rolewall -q down 2>/dev/null || true
	rm -f "$LAB_DIR"/lib/*.tsv*
	rolewall -q apply
	rolewall -q ban 198.51.100.1 --reason keep
}

bans_list() {
	rolewall -q --json bans 2>/dev/null | jq -r '.bans[].source'
}

# For the maps a `down` is what a reboot is.
reboot() {
	rolewall -q down
	rolewall -q apply
}

# --- killed ---------------------------------------------------------------------------------------

# Does the kernel refuse the sources, whatever of the filter in front of the bans was written?
are_refused() {
	local source

	for source in "$@"; do
		rolewall -q --json explain "$source" 25 | jq -e '.reason == "banned"' >/dev/null || return 1
	done
}

# killed_at_any_call KEEP BEFORE AFTER VERB...: numbers of bans. What undoes the verb is `undo`, and
# `holds` says whether what it made holds.
killed_at_any_call() {
	local keep=$1 before=$2 after=$3 at where found old=0 new=0 n=0

	shift 3
	strike_list "$keep" "$@"
	undo
	for at in "${CALLS[@]}"; do
		where="killed at $at, $(call_name "$at")"
		strike_at "$at" "$@"
		# The next to look after the list again is once `bans`, once the start of the machine.
		[ $((++n % 4)) != 1 ] || reboot
		bans_list >"$LAB_DIR/found"
		found=$(wc -l <"$LAB_DIR/found")
		case $found in
		"$before") old=$((old + 1)) ;;
		"$after") new=$((new + 1)) ;;
		*) fail "$found bans, $where" ;;
		esac
		if [ $((n % 4)) = 3 ]; then
			reboot
			bans_list | cmp - "$LAB_DIR/found" || fail "others after a reboot, $where"
		fi
		[ "$found" = "$before" ] || holds || fail "what is on the list is not banned, $where"
		[ "$found" = "$before" ] || undo
	done
	echo "${#CALLS[@]} calls of $(grep -cE '^[0-9]+ ' "$LAB_DIR/calls"): old $old, new $new"
	if [ "$old" = 0 ] || [ "$new" = 0 ]; then
		fail "the commit was not among them: old $old, new $new"
	fi
}

# long: hundreds of changes
test_a_ban_killed_at_any_call_is_there_or_not() {
	undo() { rolewall -q unban 198.51.100.2; }
	holds() { are_refused 198.51.100.2; }
	killed_at_any_call 1 1 2 ban 198.51.100.2
}

# long: hundreds of changes
test_an_unban_killed_at_any_call_is_done_or_not() {
	rolewall -q ban 198.51.100.0/28
	undo() { rolewall -q ban 198.51.100.0/28; }
	holds() { are_refused 198.51.100.1; }
	killed_at_any_call 1 2 1 unban 198.51.100.0/28
}

# long: hundreds of changes
test_an_import_killed_at_any_call_is_all_or_nothing() {
	undo() { rolewall -q unban --all && rolewall -q ban 198.51.100.1; }
	holds() { are_refused 100.1.0.1 "$(tail -n 1 "$LAB_DIR/found" | cut -d / -f 1)" 101.0.50.1; }
	killed_at_any_call 2 1 $((MANY + 1)) bans --import "$LAB_DIR/list"
}

# The first call that tells the kernel of a ban, and the one after that.
call_amid_import() {
	awk '$2 == "bpf:UPDATE_BATCH" && ++seen == 2 { print $1; exit }' "$LAB_DIR/calls"
}

in_kernel() {
	banned_in_kernel
}

one_in_kernel() {
	[ "$(in_kernel)" = 1 ]
}

test_the_daemon_takes_back_half_an_import_without_being_asked() {
	local at

	needs batch "without batches there is no such call"
	strike_list 1 bans --import "$LAB_DIR/list"
	rolewall -q unban --all
	rolewall -q ban 198.51.100.1
	at=$(call_amid_import)
	strike_at "$at" bans --import "$LAB_DIR/list"
	[ "$(in_kernel)" -gt 1 ] || fail "there is no half of it in the kernel"
	daemon_start
	wait_for 10 one_in_kernel || fail "$(in_kernel) bans are in the kernel: $(<"$LAB_DIR/daemon.err")"
	strike_at "$at" bans --import "$LAB_DIR/list"
	wait_for 10 one_in_kernel || fail "$(in_kernel) bans are in the kernel: $(<"$LAB_DIR/daemon.err")"
}

# --- disks ----------------------------------------------------------------------------------------

disk_make() {
	rolewall -q down
	mount -t tmpfs -o size=256k,mode=0750 tmpfs "$LAB_DIR/lib"
	trap 'umount "$LAB_DIR/lib"' EXIT
	rolewall -q apply
}

disk_fill() {
	head -c 1M /dev/zero >"$LAB_DIR/lib/ballast" 2>/dev/null || true
}

# The last page of the file has room for some more lines; then there is none.
test_a_full_disk_refuses_a_ban_and_changes_nothing() {
	local n refused=0 long=2001:db8:1111:2222:3333:4444:5555:0/112

	disk_make
	rolewall -q ban 198.51.100.1
	rolewall -q ban "$long"
	disk_fill
	for n in {1..20}; do # long lines, so that it does not take long
		rolewall -q ban "198.51.102.$n" --reason "$(printf '%0250d' "$n")" 2>/dev/null || break
	done
	for n in {1..30}; do
		rolewall ban "198.51.101.$n" >"$LAB_DIR/said" 2>&1 && continue
		refused=$n
		break
	done
	[ "$refused" != 0 ] || fail "the disk is not full"
	grep -q "No space left" "$LAB_DIR/said" || fail "no cause is named: $(<"$LAB_DIR/said")"
	bans_list >"$LAB_DIR/found"
	! grep -qx "198.51.101.$refused" "$LAB_DIR/found" || fail "it is banned all the same"
	assert_exit 1 rolewall unban "$long"
	bans_list | cmp - "$LAB_DIR/found" || fail "an unban that failed has changed something"
	reboot_on_full_disk
	bans_list | cmp - "$LAB_DIR/found" || fail "after a reboot there are others"
	rm "$LAB_DIR/lib/ballast"
	assert_exit 0 rolewall ban "198.51.101.$refused"
}

# `apply` would need room for its copy.
reboot_on_full_disk() {
	rolewall -q down
	rm "$LAB_DIR/lib/ballast"
	rolewall -q apply
	disk_fill
}

# --- files ----------------------------------------------------------------------------------------

# What is left of a list of which the end is missing is taken as far as it is whole, and it is said.
# long: hundreds of changes
test_a_list_cut_at_any_byte_is_reported_and_its_whole_lines_count() {
	local size n

	rolewall -q ban 198.51.100.2
	rolewall -q unban 198.51.100.2
	rolewall -q ban 192.0.2.0/28 --for 1h
	cp "$LAB_DIR/lib/bans.tsv" "$LAB_DIR/whole"
	size=$(stat -c %s "$LAB_DIR/whole")
	for ((n = 0; n < size; n += STRIDE > 1 ? 29 : 1)); do
		rolewall -q down
		head -c "$n" "$LAB_DIR/whole" >"$LAB_DIR/lib/bans.tsv"
		assert_exit 0 rolewall apply
		grep -q "warning: .*\(cut short\|heading is missing\|damaged\)" <<<"$OUTPUT" ||
			fail "cut at byte $n of $size, nothing is said: $OUTPUT"
		bans_list | grep -vxE '198.51.100.[12]|192.0.2.0/28' && fail "made up, cut at $n"
		cmp -n "$n" "$LAB_DIR/whole" "$LAB_DIR/lib/bans.tsv.damaged" || fail "not kept, cut at $n"
	done
	assert_exit 0 rolewall bans
	! grep -q warning <<<"$OUTPUT" || fail "it is not repaired: $OUTPUT"
}

# A change is never added to a file that is not whole.
test_a_ban_beside_a_cut_list_repairs_it() {
	rolewall -q ban 198.51.100.2 --reason two
	truncate -s -3 "$LAB_DIR/lib/bans.tsv"
	assert_exit 0 rolewall ban 198.51.100.3
	grep -q "cut short" <<<"$OUTPUT" || fail "nothing is said: $OUTPUT"
	reboot
	assert_equal "198.51.100.1 198.51.100.2 198.51.100.3" "$(bans_list | sort | xargs)" "bans"
	rm "$LAB_DIR/lib/bans.tsv"
	assert_exit 0 rolewall unban 198.51.100.3
	reboot
	assert_equal "198.51.100.1 198.51.100.2" "$(bans_list | sort | xargs)" "bans"
}

# Whoever could write there could open ports.
test_lists_in_somebody_elses_directory_are_not_used() {
	rolewall -q open 143 --from "$OUTSIDE" --for 1h --reason test
	rolewall -q down
	chown 65534 "$LAB_DIR/lib"
	assert_exit 1 rolewall apply
	grep -q "does not belong to root" <<<"$OUTPUT" || fail "it does not say why: $OUTPUT"
	chown 0 "$LAB_DIR/lib"
	rolewall -q apply
	assert_json '.openings | length == 1' rolewall --json openings
	rolewall -q close "$(rolewall --json openings | jq '.openings[0].id')"
}

# Changes are written behind the list until there are many; then the list is written anew.
test_a_list_with_many_changes_is_written_anew() {
	local file=$LAB_DIR/lib/bans.tsv before n

	before=$(stat -c %i "$file")
	rolewall -q ban 198.51.100.2
	assert_equal "$before" "$(stat -c %i "$file")" "number of the file after one change"
	# As if a thousand had been made: the same line over and over.
	awk -v now="$(date +%s)" 'BEGIN { for (n = 0; n < 2000; n++)
		printf "198.51.100.3\t0\troot\t%d\tagain and again\n", now }' >>"$file"
	n=$(stat -c %s "$file")
	printf '#rolewall bans 2 %012d %s' "$n" "$(head -n 1 "$file" | cut -d ' ' -f 5)" |
		dd of="$file" conv=notrunc status=none
	rolewall -q ban 198.51.100.4
	[ "$(stat -c %s "$file")" -lt 1000 ] || fail "$(stat -c %s "$file") bytes"
}

run_tests "$@"
