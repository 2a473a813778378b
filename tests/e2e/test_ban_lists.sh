#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Lists of bans: an import is one step, of one line or of a million.

# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/e2e/bans.sh
. "$(dirname "$0")/bans.sh"

# --- lists ----------------------------------------------------------------------------------------

test_an_import_bans_what_the_file_lists() {
	cat >"$LAB_DIR/list" <<-END
		# a list from somewhere
		198.51.100.7

		203.0.113.64/26 ; SBL1
		  2001:db8:1::2	# spaces around
		198.51.100.7
	END
	assert_exit 0 rolewall bans --import "$LAB_DIR/list" --for 1h --reason "from a list"
	assert_json '[.[].source] == ["2001:db8:1::2", "198.51.100.7", "203.0.113.64/26"] or
		[.[].source] == ["198.51.100.7", "203.0.113.64/26", "2001:db8:1::2"]' bans
	assert_json 'all(.[]; .reason == "from a list" and .expires)' bans
	assert_answer silent outside tcp "$NODE_EXTERNAL" 25 -s "$NEIGHBOUR"
	assert_answer silent outside tcp "$NODE6_EXTERNAL" 25
	assert_exit 0 rolewall bans --import - <"$LAB_DIR/list"
	assert_json 'length == 3 and all(.[]; .expires == null)' bans
}

# Not reopened: what was read before stays read, and a socket cannot be opened at all.
test_an_import_reads_standard_input_from_where_it_stands() {
	local first

	printf '198.51.100.1\n198.51.100.2\n' >"$LAB_DIR/list"
	{
		read -r first
		assert_equal 198.51.100.1 "$first" "the line before"
		assert_exit 0 rolewall bans --import -
	} <"$LAB_DIR/list"
	assert_json '[.[].source] == ["198.51.100.2"]' bans
	python3 - "$ROLEWALL" "${LAB_INSTANCE[@]}" bans --import - <<-END
		import socket, subprocess, sys
		here, there = socket.socketpair()
		here.sendall(b"198.51.100.3\n")
		here.shutdown(socket.SHUT_WR)
		sys.exit(subprocess.call(["nsenter", "--net=/run/netns/$LAB_NAME-node", *sys.argv[1:]], stdin=there))
	END
	assert_json '[.[].source] == ["198.51.100.2", "198.51.100.3"]' bans
}

test_an_import_waits_for_who_writes_into_a_fifo() {
	printf '203.0.113.77\n198.51.100.0/24\n' >"$LAB_DIR/list"
	mkfifo "$LAB_DIR/fifo"
	launch node writer bash -c "sleep 1; cat '$LAB_DIR/list' >'$LAB_DIR/fifo'"
	assert_exit 0 rolewall bans --import "$LAB_DIR/fifo"
	assert_json '.bans | length == 2' rolewall --json bans
	rolewall -q unban --all
	assert_exit 0 rolewall bans --import <(cat "$LAB_DIR/list")
	assert_json '.bans | length == 2' rolewall --json bans
}

test_an_import_that_never_ends_is_refused() {
	assert_exit 1 rolewall bans --import /dev/zero
	grep -q "larger than 134217728 bytes" <<<"$OUTPUT" || fail "it does not say why: $OUTPUT"
	assert_exit 1 rolewall bans --import - </dev/zero
	grep -q "larger than 134217728 bytes" <<<"$OUTPUT" || fail "it does not say why: $OUTPUT"
}

assert_import_refused() { # LINE
	assert_exit 1 rolewall bans --import "$LAB_DIR/list"
	grep -q "$LAB_DIR/list:$1: error" <<<"$OUTPUT" || fail "line $1 is not named: $OUTPUT"
	assert_json '[.[].source] == ["198.51.100.200"]' bans
}

test_a_wrong_line_makes_the_whole_import_fail() {
	local line

	assert_exit 0 rolewall ban 198.51.100.200
	for line in 198.51.100.300 "198.51.100.3 198.51.100.4" 198.51.100.3/24 mail.example.com \
		::ffff:198.51.100.3 "$NODE_EXTERNAL" 127.0.0.0/24 0.0.0.0/0; do
		printf '198.51.100.1\n198.51.100.2\n%s\n198.51.100.5\n' "$line" >"$LAB_DIR/list"
		assert_import_refused 3
	done
	head -c 100 /dev/urandom >"$LAB_DIR/list"
	assert_exit 1 rolewall bans --import "$LAB_DIR/list"
	assert_exit 1 rolewall bans --import /nonexistent/list
	assert_json '[.[].source] == ["198.51.100.200"]' bans
}

# As FireHOL's level 1 does: private ranges, loopback and multicast beside what is to be banned.
test_an_import_can_leave_out_what_must_not_be_banned_and_says_what() {
	printf '%s\n' "# list" 198.51.100.1 0.0.0.0/8 127.0.0.0/8 172.16.0.0/12 224.0.0.1 198.51.100.2 \
		>"$LAB_DIR/list"
	assert_exit 1 rolewall bans --import "$LAB_DIR/list"
	assert_exit 0 rolewall bans --import "$LAB_DIR/list" --skip
	grep -q "$LAB_DIR/list:4: warning: 127.0.0.0/8 is not banned" <<<"$OUTPUT" || fail "$OUTPUT"
	grep -q "$LAB_DIR/list:5: warning: 172.16.0.0/12 is not banned" <<<"$OUTPUT" || fail "$OUTPUT"
	grep -q "3 skipped" <<<"$OUTPUT" || fail "how many is not said: $OUTPUT"
	assert_json '[.[].source] == ["0.0.0.0/8", "198.51.100.1", "198.51.100.2"]' bans
	assert_json '.kept == 3 and [.skipped[] | [.source, .line]] ==
		[["127.0.0.0/8", 4], ["172.16.0.0/12", 5], ["224.0.0.1", 6]]' \
		rolewall --json bans --import "$LAB_DIR/list" --skip
	echo 198.51.100.300 >>"$LAB_DIR/list"
	assert_exit 1 rolewall bans --import "$LAB_DIR/list" --skip
	assert_exit 2 rolewall bans --skip
}

# In the node's namespace, with a file system of its own that is full.
test_a_full_disk_makes_the_whole_import_fail() {
	mkdir -p "$LAB_DIR/full"
	mount -t tmpfs -o size=64k,mode=0750 tmpfs "$LAB_DIR/full"
	trap 'umount "$LAB_DIR/full"' EXIT
	seq -f '198.51.100.%.0f' 1 200 >"$LAB_DIR/list"
	assert_exit 0 rolewall --lib-dir "$LAB_DIR/full" ban 203.0.113.99
	head -c 1M /dev/zero >"$LAB_DIR/full/ballast" 2>/dev/null || true
	assert_exit 1 rolewall --lib-dir "$LAB_DIR/full" bans --import "$LAB_DIR/list"
	grep -q "No space left" <<<"$OUTPUT" || fail "the cause is not named: $OUTPUT"
	assert_json '[.[].source] == ["203.0.113.99"]' bans
}

# --- a million ------------------------------------------------------------------------------------

# 1,000,000 different lines: 700,000 addresses, 300,000 prefixes; 203.0.113.70 and 198.51.100.0/24
# among them.
million() {
	awk 'BEGIN {
		print "203.0.113.70"; print "198.51.100.0/24"
		for (i = 0; i < 699999; i++)
			printf "%d.%d.%d.%d\n", 20 + i % 80, i / 80 % 250, i / 20000 % 250, i % 255 + 1
		for (i = 0; i < 299999; i++)
			printf "%d.%d.%d.0/24\n", 110 + i % 16, i / 16 % 256, i / 4096 % 256
	}'
}

# A line of JSON for each map of the instance, those in its tables in pieces as well.
maps_all() {
	local pin id

	for pin in "$LAB_DIR"/bpf/rolewall/maps/* "$LAB_DIR"/bpf/rolewall/generation-*/*; do
		bpftool -j map show pinned "$pin"
		# Those of the policies are pinned by themselves.
		case ${pin##*/} in
		bans | limit_times | rule_counters | callers)
			for id in $(map_pieces "${pin##*/}"); do bpftool -j map show id "$id"; done
			;;
		esac
	done
}

bytes_of_all() { maps_all | jq -s 'map(.bytes_memlock) | add'; }

memory_of() { # MAP
	local pin=$LAB_DIR/bpf/rolewall/maps/$1

	case $1 in
	bans) bpftool -j map show id "$(map_pieces bans)" ;;
	*) bpftool -j map show pinned "$pin" ;;
	esac | jq '.bytes_memlock / 1048576 | floor'
}

# One policy; the one before it, for a rollback, takes two MiB more.
test_what_is_not_used_takes_no_memory() {
	local idle cpus

	assert_exit 0 rolewall down
	assert_exit 0 rolewall apply
	idle=$(bytes_of_all)
	if [ "$idle" -le 0 ] || [ "$idle" -gt $((16 << 20)) ]; then fail "the maps of an idle node take $idle bytes"; fi
	# What a CPU more takes.
	cpus=$(maps_all | jq -s 'map(select(.type | startswith("percpu")) | .max_entries * .bytes_value) | add')
	if [ "$cpus" -le 0 ] || [ "$cpus" -gt $((1 << 20)) ]; then fail "a CPU takes $cpus bytes"; fi
	assert_exit 0 rolewall ban "$OUTSIDE"
	[ "$(bytes_of_all)" -gt "$idle" ] || fail "a ban takes no memory"
	assert_exit 0 rolewall unban "$OUTSIDE"
	assert_equal "$idle" "$(bytes_of_all)" "bytes after the last ban"
}

# Neither the list nor its file is read or written for one more or one less.
one_beside_a_million() {
	local file start

	file=$(stat -c %i "$LAB_DIR/lib/bans.tsv")
	start=$EPOCHREALTIME
	assert_exit 0 rolewall ban "$OUTSIDE" --for 1h
	echo "# one more beside them in $(elapsed "$start")" >&3
	start=$EPOCHREALTIME
	assert_exit 0 rolewall unban "$OUTSIDE" --reason another
	echo "# and not taken away for another reason in $(elapsed "$start")" >&3
	grep -q "1000001 left" <<<"$OUTPUT" || fail "$OUTPUT"
	assert_answer silent outside tcp "$NODE_EXTERNAL" 25
	start=$EPOCHREALTIME
	assert_exit 0 rolewall unban "$OUTSIDE"
	echo "# and taken away in $(elapsed "$start")" >&3
	grep -q "1000000 left" <<<"$OUTPUT" || fail "$OUTPUT"
	assert_answer open outside tcp "$NODE_EXTERNAL" 25
	assert_equal "$file" "$(stat -c %i "$LAB_DIR/lib/bans.tsv")" "number of the file"
}

test_a_million_bans_are_enforced() {
	local start

	million >"$LAB_DIR/list"
	start=$EPOCHREALTIME
	assert_exit 0 rolewall --json bans --import "$LAB_DIR/list"
	echo "# 1,000,000 bans in $(elapsed "$start"), the durable file included; maps:" \
		"$(memory_of bans) MiB for 700,000 addresses," \
		"$(memory_of ban_prefixes) MiB for 300,000 prefixes" >&3
	assert_equal 1000000 "$(jq .added <<<"$OUTPUT")" "added"
	assert_answer silent outside tcp "$NODE_EXTERNAL" 25 -s "$NEIGHBOUR"
	assert_answer open outside tcp "$NODE_EXTERNAL" 25
	assert_answer silent far tcp "$NODE_EXTERNAL" 25
	assert_equal 1000000 "$(rolewall -o jsonl bans | wc -l)" "bans listed"
	one_beside_a_million
	# Too many: what of them was inserted before the table was full is taken away again.
	seq -f '100.%.0f' 1 450000 | awk -F. '{ printf "9.%d.%d.%d\n", $2 / 65536, $2 / 256 % 256, $2 % 256 }' >"$LAB_DIR/more"
	assert_exit 1 rolewall bans --import "$LAB_DIR/more"
	grep -q "no room" <<<"$OUTPUT" || fail "the cause is not named: $OUTPUT"
	assert_exit 0 rolewall unban "$NEIGHBOUR"
	assert_answer open outside tcp "$NODE_EXTERNAL" 25 -s "$NEIGHBOUR"
	grep -q "999999 left" <<<"$OUTPUT" || fail "not one was taken away: $OUTPUT"
	# What follows shall not have to read them.
	rolewall down
	rm "$LAB_DIR/lib/bans.tsv"
}

exec 3>&1

run_tests "$@"
