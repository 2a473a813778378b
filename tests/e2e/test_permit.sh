#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# allow and deny: one command writes the node file, another takes it back, and nothing else of the
# file changes.

# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

setup() {
	spawn node listeners "$PROBE" listen -t 22,25,873,5432
}

# A file as people write it: not as jq would.
prepare() {
	rolewall down >/dev/null 2>&1 || true
	file_write
	rolewall apply -q
}

file_write() {
	printf '{ "version": 1, "node": "mail1.example.com",\r\n\t"profile": "carbonio-ce-23.10",\r\n' >"$LAB_DIR/node.json"
	printf '\t"roles": ["mta", "postgres"],\r\n\t"interfaces": { "eth0": { "zone": "external" },' >>"$LAB_DIR/node.json"
	printf '   "eth1":{"zone":"internal"}, "vpn0": {"zone" : "vpn"} },\r\n\t"mode": "enforce"}' >>"$LAB_DIR/node.json"
	cp -a "$LAB_DIR/node.json" "$LAB_DIR/before.json"
}

assert_port() { # ANSWER HOST PORT
	local address

	case $2 in
	outside | far) address=$NODE_EXTERNAL ;;
	inside) address=$NODE_INTERNAL ;;
	vpn) address=$NODE_VPN ;;
	esac
	assert_answer "$1" "$2" tcp "$address" "$3"
}

assert_untouched() {
	cmp "$LAB_DIR/before.json" "$LAB_DIR/node.json" || fail "the node file is not as it was"
}

test_a_port_is_opened_by_one_command_and_closed_by_another() {
	assert_port silent inside 873
	assert_exit 0 rolewall allow 873 --from internal --comment backup
	grep -q 'rolewall apply' <<<"$OUTPUT" || fail "it does not say how to apply: $OUTPUT"
	grep -Eq 'opens +tcp +873 +internal' <<<"$OUTPUT" || fail "no plan: $OUTPUT"
	assert_port silent inside 873
	rolewall check -q
	assert_exit 0 rolewall apply
	assert_port open inside 873
	assert_port silent vpn 873

	assert_exit 0 rolewall deny 873 --apply
	assert_port silent inside 873
	assert_untouched
}

test_one_address_is_let_in_for_good_and_kept_out_again() {
	assert_port silent outside 5432
	assert_exit 0 rolewall allow 5432 --from "$OUTSIDE" --apply --confirm=600
	rolewall confirm
	assert_port open outside 5432
	assert_port silent far 5432
	assert_port open inside 5432
	assert_exit 0 rolewall allow 5432 --from "$OUTSIDE6" --apply
	assert_answer open outside tcp "$NODE6_EXTERNAL" 5432
	assert_exit 0 rolewall deny 5432 --from "$OUTSIDE6"
	assert_exit 0 rolewall deny 5432 --from "$OUTSIDE" --apply
	assert_port silent outside 5432
	assert_answer silent outside tcp "$NODE6_EXTERNAL" 5432
	assert_untouched
}

test_a_set_is_let_in_by_its_name() {
	sed -i "s,\"mode\",\"sets\": { \"office\": [\"$OUTSIDE\"] }\, \"mode\"," "$LAB_DIR/node.json"
	cp "$LAB_DIR/node.json" "$LAB_DIR/before.json"
	assert_exit 2 rolewall allow 873 --from offise
	grep -q 'did you mean "office"' <<<"$OUTPUT" || fail "no guess: $OUTPUT"
	assert_exit 0 rolewall allow 873 --from office,vpn --apply
	assert_port open outside 873
	assert_port open vpn 873
	assert_port silent far 873
	assert_exit 0 rolewall deny 873 --apply
	assert_port silent outside 873
	assert_untouched
}

# What the file says and what is in force are two things.
test_what_the_file_says_already_is_put_in_force() {
	local command

	rolewall allow 873 --from "$OUTSIDE" --apply -q
	assert_exit 0 rolewall deny 873
	assert_port open outside 873
	assert_exit 0 rolewall deny 873
	grep -q 'is open\b' <<<"$OUTPUT" && fail "it claims what is in force: $OUTPUT"
	grep -q "^Generation $(status_value .generation), which is in force, differs" <<<"$OUTPUT" ||
		fail "it does not say what is in force: $OUTPUT"
	grep -q 'rolewall apply --confirm' <<<"$OUTPUT" || fail "no way on: $OUTPUT"
	assert_json '.changed == false and .plan.changes and .apply == null' rolewall --json deny 873
	assert_port open outside 873

	assert_exit 0 rolewall deny 873 --apply --confirm=600
	grep -q '^The file says so already' <<<"$OUTPUT" || fail "it does not say so: $OUTPUT"
	assert_port silent outside 873
	assert_exit 0 rolewall deny 873
	grep -q 'rolewall confirm' <<<"$OUTPUT" || fail "it does not say that it goes back: $OUTPUT"
	assert_exit 0 rolewall rollback
	assert_port open outside 873
	assert_json '.changed == false and .apply.applied' rolewall --json deny 873 --apply
	assert_port silent outside 873
	assert_port open inside 5432
	assert_untouched
	for command in "deny 873 --from $OUTSIDE" "allow 25 --from internal"; do
		# shellcheck disable=SC2086
		assert_json '.changed == false and .plan == null and .apply == null' rolewall --json $command --apply
	done
}

test_what_went_back_is_put_in_force_again() {
	assert_exit 0 rolewall allow 873 --from internal --apply --confirm=600
	assert_exit 0 rolewall rollback
	assert_port silent inside 873
	assert_exit 0 rolewall allow 873 --from internal --apply --confirm=600
	grep -q '^The file says so already' <<<"$OUTPUT" || fail "it does not say so: $OUTPUT"
	assert_port open inside 873
	assert_exit 0 rolewall rollback
	rolewall down
	assert_exit 0 rolewall allow 873 --from internal
	grep -q '^Nothing is in force' <<<"$OUTPUT" || fail "it does not say so: $OUTPUT"
	assert_exit 0 rolewall allow 873 --from internal --apply
	assert_port silent vpn 873
	assert_port open inside 873
}

# The file is in force nowhere, and is not taken back for that.
test_what_the_file_says_already_locks_nobody_out() {
	rolewall allow 22 --from external --apply -q
	rolewall deny 22 --from external -q
	SSH_CONNECTION="$OUTSIDE 50000 $NODE_EXTERNAL 22" assert_exit 1 rolewall deny 22 --from external --apply
	grep -q 'your own SSH session' <<<"$OUTPUT" || fail "the session is not named: $OUTPUT"
	assert_port open outside 22
	assert_untouched
}

test_an_opening_outlives_deny() {
	local id

	rolewall open 873 --from "$OUTSIDE" --for 10m --reason upgrade -q
	id=$(rolewall --json openings | jq '.openings[0].id')
	assert_exit 0 rolewall deny 873 --from "$FAR"
	grep -q 'rolewall close' <<<"$OUTPUT" && fail "it is about another: $OUTPUT"
	assert_exit 0 rolewall deny 873
	grep -q "note: .*$OUTSIDE.*rolewall close $id\"" <<<"$OUTPUT" || fail "the opening is not named: $OUTPUT"
	rolewall allow 873 --from internal -q
	assert_exit 0 rolewall deny 873
	grep -q "note: .*$OUTSIDE.*rolewall close $id\"" <<<"$OUTPUT" || fail "the opening is not named: $OUTPUT"
	rolewall close "$id" -q
	assert_untouched
}

test_mode_owner_and_link_of_the_file_stay() {
	mv "$LAB_DIR/node.json" "$LAB_DIR/real.json"
	ln -s real.json "$LAB_DIR/node.json"
	chmod 0640 "$LAB_DIR/real.json"
	chown 1:2 "$LAB_DIR/real.json"
	assert_exit 0 rolewall allow 873 --from internal
	assert_equal "symbolic link" "$(stat -c %F "$LAB_DIR/node.json")" "the node file"
	assert_equal "640 1 2" "$(stat -c '%a %u %g' "$LAB_DIR/real.json")" "mode and owner"
	grep -q 873 "$LAB_DIR/real.json"
	rm "$LAB_DIR/node.json" "$LAB_DIR/real.json"
}

test_what_cannot_be_done_changes_nothing() {
	local arguments

	while read -r code arguments; do
		# shellcheck disable=SC2086
		assert_exit "$code" rolewall $arguments
		assert_untouched
	done <<-'END'
		2 allow
		2 allow 873
		2 allow 873 --from nowhere
		2 allow 873 --from 203.0.113.9/28
		2 allow 0 --from internal
		2 allow 99999 --from internal
		2 allow 873/icmp --from internal
		2 allow 880-873 --from internal
		2 allow nosuch --from internal
		2 allow 873 --from internal --confirm
		2 deny
		2 deny nosuch
		1 deny 25
		1 deny 5432
		1 deny 5432 --from internal
		0 deny 873
		0 allow 25 --from external
		0 allow 25 --from 203.0.113.9
		0 allow postgres --from internal
	END
}

test_a_sentence_of_ufw_is_answered_with_the_command() {
	assert_exit 2 rolewall allow proto tcp from 203.0.113.9 to any port 5432
	grep -q 'hint: .*rolewall allow 5432/tcp --from 203.0.113.9$' <<<"$OUTPUT" || fail "$OUTPUT"
	assert_exit 2 rolewall deny 5432 from 203.0.113.9
	grep -q 'hint: .*rolewall deny 5432 --from 203.0.113.9$' <<<"$OUTPUT" || fail "$OUTPUT"
	assert_exit 2 rolewall deny from 203.0.113.9
	grep -q 'hint: .*rolewall ban 203.0.113.9$' <<<"$OUTPUT" || fail "$OUTPUT"
	assert_untouched
}

test_a_port_that_is_open_anyway_is_said_to_be() {
	assert_exit 0 rolewall allow 25 --from vpn
	grep -q 'it opens tcp 25 to external,internal,vpn (mta/smtp, .*mta.json:[0-9]*)' <<<"$OUTPUT" ||
		fail "it does not say who opens it: $OUTPUT"
	assert_exit 0 rolewall allow 5432 --from vpn
	grep -q 'note: tcp 5432 is open to internal (postgres/postgres, ' <<<"$OUTPUT" ||
		fail "it does not say that postgres opens it: $OUTPUT"
	assert_exit 0 rolewall deny postgres --from vpn
	grep -q 'note: tcp 5432 stays open to internal (postgres/postgres, ' <<<"$OUTPUT" ||
		fail "it does not say that postgres opens it: $OUTPUT"
	assert_untouched
}

test_a_role_is_narrowed_to_the_vpn_and_widened_again() {
	assert_exit 0 rolewall deny smtp --from external --apply
	assert_port silent outside 25
	assert_port open vpn 25
	assert_exit 0 rolewall allow smtp --from external --apply
	assert_port open outside 25
	assert_untouched
}

# What is left to the VPN is closed to the inside, too, unless an internal table opens it.
test_what_else_the_vpn_alone_closes_is_said() {
	assert_exit 0 rolewall deny smtp --from external
	grep -q 'to internal, too' <<<"$OUTPUT" && fail "it stays open to internal: $OUTPUT"
	file_write
	sed -i 's/"roles": \[/"roles": ["proxy", /' "$LAB_DIR/node.json"
	rolewall apply -q
	assert_exit 0 rolewall deny imap --from external
	grep -q 'note: .*tcp 143 to internal, too: "rolewall allow imap --from internal" keeps' <<<"$OUTPUT" ||
		fail "it does not say so: $OUTPUT"
	assert_exit 0 rolewall allow imap --from internal
	grep -Eq 'closes +tcp +143 +external ' <<<"$OUTPUT" || fail "that does not keep it: $OUTPUT"
}

# "@advised" holds by name, and so it does for a service that has just been added.
test_what_would_have_no_effect_is_refused() {
	sed -i 's/"mode"/"vpn_only": ["@advised"], "mode"/' "$LAB_DIR/node.json"
	cp "$LAB_DIR/node.json" "$LAB_DIR/before.json"
	assert_exit 1 rolewall allow 25 --from external
	grep -q '"@advised"' <<<"$OUTPUT" || fail "the reason is not named: $OUTPUT"
	assert_untouched
}

test_a_file_that_is_wrong_is_not_touched() {
	sed -i 's/"roles"/"rolls"/' "$LAB_DIR/node.json"
	cp "$LAB_DIR/node.json" "$LAB_DIR/before.json"
	assert_exit 4 rolewall allow 873 --from internal
	grep -q 'rolls' <<<"$OUTPUT" || fail "the mistake is not named: $OUTPUT"
	assert_untouched
}

test_a_change_that_locks_its_author_out_is_refused() {
	assert_exit 0 rolewall allow 22 --from external --apply
	cp "$LAB_DIR/node.json" "$LAB_DIR/before.json"
	SSH_CONNECTION="$OUTSIDE 50000 $NODE_EXTERNAL 22" assert_exit 1 rolewall deny 22 --from external --apply
	grep -q 'your own SSH session' <<<"$OUTPUT" || fail "the session is not named: $OUTPUT"
	assert_untouched
	assert_port open outside 22
	SSH_CONNECTION="$OUTSIDE 50000 $NODE_EXTERNAL 22" assert_exit 1 \
		rolewall deny 22 --from external --apply --force
	grep -q 'force alone is not enough' <<<"$OUTPUT" || fail "the way back is not asked for: $OUTPUT"
	assert_untouched
	assert_port open outside 22
	SSH_CONNECTION="$OUTSIDE 50000 $NODE_EXTERNAL 22" assert_exit 0 \
		rolewall deny 22 --from external --apply --force --confirm=600
	assert_port silent outside 22
	rolewall confirm
}

test_what_cannot_be_applied_is_not_written() {
	assert_exit 0 rolewall apply --confirm=600
	assert_exit 1 rolewall allow 873 --from internal --apply
	grep -q 'is as it was' <<<"$OUTPUT" || fail "it does not say that: $OUTPUT"
	assert_untouched
	rolewall confirm
}

# The disk is gone with the namespace of its mount.
test_a_full_disk_leaves_the_file_as_it_was() {
	mkdir -p "$LAB_DIR/disk"
	# shellcheck disable=SC2016
	assert_exit 1 node unshare --mount sh -c '
		before=$1
		shift
		mount -t tmpfs -o size=16k tmpfs "${before%/*}/disk"
		cd "${before%/*}/disk"
		cp "$before" node.json
		dd if=/dev/zero of=full bs=4096 count=99 2>/dev/null
		"$@" --config node.json allow 873 --from internal
		code=$?
		cmp node.json "$before" && [ ! -e node.json.next ] || exit 99
		exit $code' - "$LAB_DIR/before.json" "$ROLEWALL" "${LAB_INSTANCE[@]}"
	grep -q 'No space left' <<<"$OUTPUT" || fail "the cause is not named: $OUTPUT"
}

test_what_is_not_confirmed_goes_back() {
	assert_exit 0 rolewall allow 873 --from internal --apply --confirm=600
	assert_port open inside 873
	assert_exit 0 rolewall rollback
	assert_port silent inside 873
	assert_exit 0 rolewall deny 873
	assert_untouched
}

run_tests "$@"
