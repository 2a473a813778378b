#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# JSON: what every verb prints with --json, and what the daemon tells, is as packaging/schema/output
# says; a run that comes to nothing prints an error, and no run prints two documents.

# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/e2e/daemon.sh
. "$(dirname "$0")/daemon.sh"

prepare() {
	/usr/bin/python3 -c 'import jsonschema' 2>/dev/null || skip "python3-jsonschema is not installed"
	rm -rf "$LAB_DIR/documents"
	mkdir "$LAB_DIR/documents"
	node_file .
	rolewall apply
}

# json EXIT VERB ARGUMENT...: one document, added to the verb's.
json() {
	local code=0 expected=$1 verb=$2

	shift
	rolewall --json "$@" >"$LAB_DIR/out" 2>"$LAB_DIR/err" </dev/null || code=$?
	assert_equal "$expected" "$code" "exit of $*: $(<"$LAB_DIR/err")"
	assert_equal 1 "$(jq -s length "$LAB_DIR/out")" "documents of $*"
	cat "$LAB_DIR/out" >>"$LAB_DIR/documents/$verb.json"
}

# error EXIT VERB ARGUMENT...: the same, and it is an error.
error() {
	json "$@"
	jq -e '.error.what' "$LAB_DIR/out" >/dev/null || fail "${*:2}: no error: $(<"$LAB_DIR/out")"
}

check_documents() {
	"$(dirname "$0")/schema.py" "$LAB_DIR"/documents/*.json
}

knock() {
	outside "$PROBE" scan -t 9999,6071 -w 50 "$NODE_EXTERNAL" >/dev/null
	outside "$PROBE" scan -u 9999 -w 50 "$NODE_EXTERNAL" >/dev/null
}

# --- every verb: documents_VERB prints each kind that it has --------------------------------------

documents_init() {
	json 0 init --stdout
	error 1 init
	error 4 init --roles-dir /nonexistent
}

documents_check() {
	json 0 check
	echo '{ "version": 1, "node": "a", "zone": 1 }' >"$LAB_DIR/wrong.json"
	error 4 check "$LAB_DIR/wrong.json"
	error 4 check /nonexistent
}

documents_roles() {
	json 0 roles
	json 0 roles mta
	json 0 roles --diff carbonio-ce-23.10 carbonio-ce-26
	error 2 roles nosuch
	error 2 roles --profile nosuch
}

documents_preflight() {
	mkdir -p "$LAB_DIR/empty"
	json 10 preflight --root "$LAB_DIR/empty" --dns 127.0.0.1:1
	error 2 preflight --root /nonexistent
}

documents_plan() {
	json 0 plan
	node_file '.roles = ["proxy", "postgres"] | .mode = "enforce" | .management = ["192.0.2.0/24"] |
		.services = [{name: "web", proto: "tcp", port: 80, table: "external"}] | del(.interfaces.vpn0)'
	SSH_CONNECTION="$OUTSIDE 50000 $NODE_EXTERNAL 22" json 0 plan
	node_file .
	error 4 plan --config /nonexistent
}

documents_allow() {
	json 0 allow 873 --from internal,vpn --comment backup
	json 0 allow 873 --from vpn
	json 0 allow 874 --from vpn,203.0.113.0/28 --apply
	rolewall apply --confirm=60
	error 1 allow 875 --from vpn --apply
	rolewall confirm
	error 2 allow 873
	error 2 allow nosuch --from vpn
	error 4 allow 873 --from vpn --config /nonexistent
}

documents_deny() {
	node_file '.services = [{name: "web", proto: ["tcp", "udp"], port: "80-81", table: "external"}]'
	json 0 deny web --from external
	json 0 deny web --apply
	json 0 deny 81
	error 1 deny 25
	error 2 deny nosuch
}

documents_apply() {
	json 0 apply
	json 0 apply --confirm=60
	rolewall confirm
	error 2 apply --confirm=x
	error 4 apply --config /nonexistent
	node_file '.mode = "enforce" | .roles = ["mta"]'
	SSH_CONNECTION="$OUTSIDE 50000 $NODE_EXTERNAL 22" error 1 apply
	node_file .
}

documents_confirm() {
	rolewall apply --confirm=60
	json 0 confirm
	error 1 confirm
}

documents_rollback() {
	rolewall apply
	json 0 rollback
	error 1 rollback
}

documents_status() {
	json 0 status
	rolewall apply --confirm=60
	json 0 status
	rolewall rollback
	json 0 status
	rolewall down
	json 3 status
}

documents_explain() {
	knock
	json 0 explain "$OUTSIDE" 25
	json 0 explain "$OUTSIDE" 9999/udp
	json 0 explain 127.0.0.1 9999
	json 0 explain --last
	error 2 explain
	error 2 explain "$OUTSIDE/24" 25
	error 1 explain "$OUTSIDE" 25 --interface nosuch
}

documents_show() {
	json 0 show
	error 2 show nosuch
}

# A line of the live list is a document as well.
documents_blocked() {
	knock
	json 0 blocked
	json 0 blocked --by source
	json 0 blocked --by port
	json 0 blocked --port 1
	error 2 blocked --reason nosuch
	error 2 blocked --by nothing
	follow blocked -f
}

documents_top() {
	follow top
	error 2 top --since nosuch
}

# follow VERB ARGUMENT...: what it prints of a knock.
follow() {
	launch node "$1" "$ROLEWALL" "${LAB_INSTANCE[@]}" --json "$@"
	wait_for 20 heard "$1" || fail "$1 tells of nothing: $(<"$LAB_DIR/$1.err")"
	stop "$1"
	cat "$LAB_DIR/$1.out" >>"$LAB_DIR/documents/$1.json"
}

heard() {
	knock
	lab_spoke "$1"
}

documents_metrics() {
	error 2 metrics
}

documents_audit() {
	launch node server socat TCP-LISTEN:9998,fork,reuseaddr -
	wait_for 10 node bash -c "</dev/tcp/127.0.0.1/9998" || fail "it does not listen"
	json 10 audit
	stop server
	error 1 audit --bpffs /nonexistent
}

documents_ban() {
	json 0 ban 192.0.2.1 --for 1h --reason test
	json 0 ban 192.0.2.1 --for 1m
	json 0 ban 192.0.2.0/24
	error 2 ban
	error 1 ban 127.0.0.1
}

documents_unban() {
	rolewall ban 192.0.2.9
	json 0 unban 192.0.2.9
	error 1 unban 192.0.2.9
	json 0 unban --all
}

documents_bans() {
	json 0 bans
	printf '192.0.2.%s\n' 1 2 3 >"$LAB_DIR/list"
	json 0 bans --import "$LAB_DIR/list" --for 1h
	json 0 bans
	echo "not an address" >"$LAB_DIR/list"
	error 1 bans --import "$LAB_DIR/list"
	rolewall unban --all
}

documents_open() {
	json 0 open 9999 --from "$OUTSIDE" --for 1h --reason test
	error 2 open 9999
}

documents_openings() {
	json 0 openings
	rolewall open 9998/udp --from "$OUTSIDE" --for 1h --reason test
	json 0 openings
}

documents_close() {
	rolewall open 9997/tcp --from "$OUTSIDE" --for 1h --reason test
	json 0 close "$(rolewall --json openings | jq '.openings[0].id')"
	error 1 close 999999
}

documents_sets() {
	json 0 sets
	error 2 sets nowhere
	node_file '.sets = { office: ["192.0.2.0/24", "name:gw.example.net"], backup: { sources: [], on: ["eth1"] } }
		| .services = [{ name: "db", proto: "tcp", port: 5433, from: ["office", "198.51.100.1"] }]'
	json 0 plan
	json 0 apply
	json 0 sets
	json 0 sets office
}

documents_conversations() {
	json 0 conversations
	node "$PROBE" send -p 9996 "$OUTSIDE" 53 question
	json 0 conversations
	json 0 conversations --flush
}

documents_serve() {
	daemon_start
	error 1 serve
}

documents_down() {
	json 0 down
	json 3 down
	error 3 show
}

documents_help() {
	json 0 help
	json 0 help ban
	error 2 help nosuch
}

verbs() {
	rolewall --json help | jq -r '.verbs[].name'
}

test_every_verb_prints_what_its_schema_says() {
	local verb

	for verb in $(verbs); do
		[ "$(type -t "documents_$verb")" = function ] ||
			fail "$verb: add what it prints to this file (documents_$verb), and packaging/schema/output/$verb.json"
		echo "# $verb"
		"documents_$verb"
		error 2 "$verb" --no-such-option
		rolewall -q apply
	done
	check_documents
}

test_every_line_of_the_feed_is_as_its_schema_says() {
	daemon_start
	rolewall ban 192.0.2.1 --for 1h --reason test
	rolewall open 9999/tcp --from 192.0.2.1 --for 1h --reason test
	knock
	wait_for 10 feed_holds 9999 || fail "the knock is not told: $(ask '{"attempts":true,"history":true}')"
	ask '{"attempts":true,"history":true,"status":true,"rules":true,"lists":true}' >"$LAB_DIR/documents/feed.json"
	assert_equal "attempt lists ready rules status" \
		"$(jq -rs 'map(.type) | unique | join(" ")' "$LAB_DIR/documents/feed.json")" "kinds of lines"
	rolewall down
	ask '{"status":true}' >"$LAB_DIR/documents/feed.down.json"
	check_documents
}

feed_holds() {
	ask '{"attempts":true,"history":true}' | jq -es --argjson port "$1" 'any(.[]; .port == $port)' >/dev/null
}

test_what_is_printed_before_there_is_a_verb_is_an_error_too() {
	local word

	rolewall status --nosuch --json >"$LAB_DIR/out" 2>/dev/null || assert_equal 2 $? "exit"
	jq -e '.error.what' "$LAB_DIR/out" >/dev/null || fail "--json behind it: $(<"$LAB_DIR/out")"
	for word in "" nosuch --nosuch; do
		rolewall --json ${word:+"$word"} >"$LAB_DIR/out" 2>/dev/null || assert_equal 2 $? "exit of '$word'"
		jq -e '.version == 1 and .error.what' "$LAB_DIR/out" >/dev/null || fail "'$word': $(<"$LAB_DIR/out")"
	done
}

run_tests "$@"
