#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Names in sets, asked of a real name server: what they stand for follows it; what was in force stays
# where it fails, is empty or lies; nothing is put in the place of a policy that awaits its confirmation.

# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/e2e/daemon.sh
. "$(dirname "$0")/daemon.sh"

NAMES=${NAMES:-${ROLEWALL%/*}/rolewall-names}
SERVER=$INSIDE
ONE=203.0.113.70 ONE6=2001:db8:1::70
TWO=203.0.113.80 TWO6=2001:db8:1::80

command -v unbound >/dev/null || PATH=$PATH:/usr/sbin

setup() {
	local outside=$LAB_NAME-outside address

	command -v unbound >/dev/null || lab_die "unbound is not installed; 'make deps' installs it"
	[ -x "$NAMES" ] || lab_die "$NAMES is not built; 'make' builds it"
	spawn node listeners "$PROBE" listen -t 22,25,5432,9999 -u 9999
	for address in $ONE/24 $TWO/24; do
		ip -n "$outside" address add "$address" dev eth0
	done
	for address in $ONE6/64 $TWO6/64; do
		ip -n "$outside" address add "$address" dev eth0 nodad
	done
	cat >"$LAB_DIR/unbound.conf" <<-CONF
		server:
			interface: $SERVER
			access-control: 0.0.0.0/0 allow
			do-daemonize: no
			use-syslog: no
			logfile: "$LAB_DIR/unbound.log"
			username: ""
			chroot: ""
			directory: "$LAB_DIR"
			pidfile: "$LAB_DIR/unbound.pidfile"
			module-config: "iterator"
			num-threads: 1
			include: "$LAB_DIR/records"
		remote-control:
			control-enable: no
	CONF
	echo "nameserver $SERVER" >"$LAB_DIR/resolv.conf"
	records static
	launch inside unbound unbound -d -c "$LAB_DIR/unbound.conf"
	# What systemd does for rolewall-names.socket: root's socket, a process without rights behind it.
	cat >"$LAB_DIR/names.sh" <<-SCRIPT
		mount --bind "$LAB_DIR/resolv.conf" /etc/resolv.conf && exec socat \
			"UNIX-LISTEN:$LAB_DIR/state/names.sock,fork,unlink-early,mode=0600" \
			"EXEC:setpriv --reuid nobody --regid nogroup --clear-groups --no-new-privs --bounding-set -all $(realpath "$NAMES")"
	SCRIPT
	mkdir -m 0750 "$LAB_DIR/state"
	names_start
}

names_start() {
	launch node names unshare --mount sh "$LAB_DIR/names.sh"
	wait_for 10 test -S "$LAB_DIR/state/names.sock" || lab_die "socat does not listen: $(<"$LAB_DIR/names.err")"
}

# With what it has begun for the daemon's connection.
names_stop() {
	local pid children

	pid=$(<"$LAB_DIR/names.pid")
	read -ra children <"/proc/$pid/task/$pid/children" || true
	stop names
	lab_kill "${children[@]}"
	rm -f "$LAB_DIR/state/names.sock"
}

# records static|deny [NAME=ADDRESS ...]: what example.net has from now on; "deny" answers nothing at all.
records() {
	local kind=$1 record type

	shift
	{
		echo "local-zone: \"example.net.\" $kind"
		for record in "$@"; do
			case ${record#*=} in *:*) type=AAAA ;; *.*) type=A ;; *) type=TXT ;; esac
			echo "local-data: \"${record%%=*}.example.net. 300 IN $type ${record#*=}\""
		done
	} >"$LAB_DIR/records"
	[ ! -s "$LAB_DIR/unbound.pid" ] || kill -HUP "$(<"$LAB_DIR/unbound.pid")"
}

# Each test begins with the name known, in force and confirmed.
prepare() {
	records static "backup=$ONE" "backup=$ONE6"
	node_file '.sets = { backup: ["198.51.100.7", "name:Backup.example.net"] }
		| .services = [{ name: "db", proto: ["tcp", "udp"], port: 9999, from: ["backup"] }]'
	rolewall -q down || true
	rm -f "$LAB_DIR/lib/names.json"
	assert_exit 0 rolewall apply
	daemon_start
	asked_until '.addresses == ["'$ONE'", "'$ONE6'"] and .trouble == null'
	wait_for 10 is_in_force "$ONE" || fail "not in force: $(rolewall sets backup)"
}

name_is() { # FILTER of what is known of the name
	rolewall --json sets backup | jq -e ".sets[0].hosts[0] | $1" >/dev/null
}

ask_and_look() {
	kill -USR1 "$(daemon_pid)"
	sleep 0.3
	name_is "$1"
}

asked_until() { # FILTER
	wait_for 30 ask_and_look "$1" || fail "not $1: $(rolewall --json sets backup; cat "$LAB_DIR/daemon.err")"
}

is_in_force() { # ADDRESS
	rolewall --json sets backup | jq -e --arg a "$1" 'any(.sets[0].sources[]; .source == $a and (.host // "" | ascii_downcase) == "backup.example.net")' >/dev/null
}

assert_open_to() { # ADDRESS ADDRESS6
	assert_answer open outside tcp "$NODE_EXTERNAL" 9999 -s "$1"
	assert_answer open outside tcp "$NODE6_EXTERNAL" 9999 -s "$2"
}

assert_closed_to() { # ADDRESS ADDRESS6
	assert_answer silent outside tcp "$NODE_EXTERNAL" 9999 -s "$1"
	assert_answer silent outside tcp "$NODE6_EXTERNAL" 9999 -s "$2"
}

# What was in force stays, and everybody says why.
assert_kept() { # TROUBLE
	asked_until ".addresses == [\"$ONE\", \"$ONE6\"] and (.trouble // \"\" | contains(\"$1\"))"
	assert_open_to $ONE $ONE6
	assert_closed_to $TWO $TWO6
	assert_json ".names.followed | length == 1 and (.[0].trouble | contains(\"$1\")) and .[0].age_seconds >= 0" \
		rolewall --json status
	rolewall status 2>&1 | grep -qF "name backup.example.net: " || fail "status does not tell: $(rolewall status 2>&1)"
	rolewall sets backup | grep -qF "$1" || fail "sets does not tell: $(rolewall sets backup)"
	wait_for 5 daemon_said "name backup.example.net: .*$1" || fail "the log does not tell: $(<"$LAB_DIR/daemon.err")"
	rolewall metrics | grep -qF 'rolewall_name_trouble{name="backup.example.net"} 1' || fail "metrics: $(rolewall metrics | grep name)"
}

test_a_name_opens_its_port_to_what_it_stands_for() {
	assert_open_to $ONE $ONE6
	assert_closed_to $TWO $TWO6
	assert_closed_to "$OUTSIDE" "$OUTSIDE6"
	assert_json '.sets == ["backup"] and .verdict == "pass"' rolewall --json explain $ONE 9999
	assert_json '.names == { waiting: null, followed: [.names.followed[0]] } and .names.followed[0].trouble == null
		and .names.followed[0].name == "backup.example.net" and .names.followed[0].age_seconds < 600' rolewall --json status
	rolewall metrics | grep -qF 'rolewall_name_addresses{name="backup.example.net"} 2' || fail "metrics: $(rolewall metrics | grep name)"
	rolewall metrics | grep -q 'rolewall_name_answer_age_seconds{name="backup.example.net"} [0-9]' || fail "metrics: $(rolewall metrics | grep name)"
	# What was found is what the next policy is made with.
	assert_json '.changes == false' rolewall --json plan
	assert_exit 0 rolewall check
	[[ $OUTPUT != *name-unresolved* ]] || fail "known, and warned of: $OUTPUT"
}

test_another_address_takes_the_place_of_the_first() {
	local before

	before=$(rolewall --json status | jq .generation)
	records static "backup=$TWO" "backup=$TWO6"
	asked_until ".addresses == [\"$TWO\", \"$TWO6\"]"
	wait_for 10 is_in_force $TWO || fail "not in force: $(rolewall sets backup)"
	assert_open_to $TWO $TWO6
	assert_closed_to $ONE $ONE6
	daemon_said "name backup.example.net: $ONE,$ONE6 became $TWO,$TWO6" || fail "not told: $(<"$LAB_DIR/daemon.err")"
	[ "$(rolewall --json status | jq .generation)" -gt "$before" ] || fail "no other generation"
	# A literal source of the set stays, and so do the counters.
	is_in_force $TWO6
	rolewall --json sets backup | jq -e 'any(.sets[0].sources[]; .source == "198.51.100.7" and .host == null)' >/dev/null ||
		fail "the set lost its own: $(rolewall sets backup)"
	# Asked again, with nothing new: the same generation.
	before=$(rolewall --json status | jq .generation)
	asked_until true
	sleep 1.5
	assert_equal "$before" "$(rolewall --json status | jq .generation)" "generation"
}

test_a_rollback_goes_to_the_policy_before_and_the_name_follows_there() {
	node_file '.sets = { backup: ["name:backup.example.net"] }
		| .services = [{ name: "db", proto: ["tcp", "udp"], port: 9999, from: ["backup"] }, { name: "more", proto: "tcp", port: 5433, from: ["backup"] }]'
	assert_exit 0 rolewall apply
	records static "backup=$TWO" "backup=$TWO6"
	asked_until ".addresses == [\"$TWO\", \"$TWO6\"]"
	wait_for 10 is_in_force $TWO || fail "not in force: $(rolewall sets backup)"
	assert_json 'any(.rules[]; .port == 5433)' rolewall --json show
	# Not to the same policy with the older address.
	assert_exit 0 rolewall rollback
	assert_json 'any(.rules[]; .port == 5433) | not' rolewall --json show
	wait_for 10 is_in_force $TWO || fail "the older address came back for good: $(rolewall sets backup)"
	assert_open_to $TWO $TWO6
	assert_closed_to $ONE $ONE6
}

test_no_answer_changes_nothing() {
	records deny
	assert_kept "no name server answered in time"
	records static "backup=$ONE" "backup=$ONE6"
	asked_until '.trouble == null'
	wait_for 5 daemon_said "backup.example.net: it is answered again" || fail "its end is not told: $(<"$LAB_DIR/daemon.err")"
}

test_a_name_that_is_gone_changes_nothing() {
	records static "other=$TWO"
	assert_kept "there is no such name"
}

test_an_empty_answer_changes_nothing() {
	records static "backup=text"
	assert_kept "it has no address"
}

test_a_server_that_refuses_changes_nothing() {
	records refuse
	assert_kept "no name server can be reached, or all of them refuse"
}

test_lies_are_not_taken() {
	local lie

	for lie in 0.0.0.0 127.0.0.1 $NODE_EXTERNAL 224.0.0.1 255.255.255.255 169.254.7.7 ::1 fe80::1 ff02::1 :: $NODE6_INTERNAL; do
		records static "backup=$lie"
		assert_kept "$lie is not taken"
	done
	# What is no lie beside one is taken.
	records static "backup=127.0.0.2" "backup=$TWO"
	asked_until ".addresses == [\"$TWO\"] and (.trouble | contains(\"127.0.0.2 is not taken\"))"
	wait_for 10 is_in_force $TWO || fail "not in force: $(rolewall sets backup)"
	assert_answer open outside tcp "$NODE_EXTERNAL" 9999 -s $TWO
	assert_closed_to $ONE $ONE6
}

test_a_thousand_addresses_are_none() {
	local many=() i

	for ((i = 0; i < 1000; i++)); do
		many+=("backup=203.0.$((100 + i / 250)).$((i % 250 + 1))")
	done
	records static "${many[@]}" "backup=$ONE6"
	assert_kept "more addresses than the 64"
}

test_one_family_that_fails_keeps_what_it_had() {
	records static "backup=$TWO" "backup=::ffff:203.0.113.99"
	asked_until ".addresses == [\"$TWO\", \"$ONE6\"] and (.trouble | contains(\"IPv6\"))"
	wait_for 10 is_in_force $TWO || fail "not in force: $(rolewall sets backup)"
	assert_open_to $TWO $ONE6
}

test_what_was_answered_holds_over_restarts_without_a_server() {
	records deny
	stop daemon
	daemon_start
	assert_open_to $ONE $ONE6
	asked_until '.trouble != null'
	assert_open_to $ONE $ONE6
	# And over a reboot: what was confirmed comes back with the last answers, whatever the servers do.
	records static "backup=$TWO" "backup=$TWO6"
	asked_until ".addresses == [\"$TWO\", \"$TWO6\"]"
	wait_for 10 is_in_force $TWO || fail "not in force: $(rolewall sets backup)"
	records deny
	reboot
	daemon_start
	assert_open_to $TWO $TWO6
	assert_closed_to $ONE $ONE6
	assert_json '.names.waiting == null' rolewall --json status
	! rolewall status 2>&1 | grep -q "a restart would bring back" || fail "the copy differs: $(rolewall status 2>&1)"
}

test_new_addresses_wait_for_a_confirmation() {
	assert_exit 0 rolewall apply --confirm=120
	records static "backup=$TWO" "backup=$TWO6"
	asked_until ".addresses == [\"$TWO\", \"$TWO6\"]"
	sleep 2.5
	assert_open_to $ONE $ONE6
	assert_closed_to $TWO $TWO6
	assert_json '.pending != null and (.names.waiting | contains("awaits its confirmation"))' rolewall --json status
	rolewall status 2>&1 | grep -q "not in force yet: generation" || fail "status: $(rolewall status 2>&1)"
	assert_exit 0 rolewall confirm
	wait_for 10 is_in_force $TWO || fail "not in force: $(rolewall sets backup)"
	assert_open_to $TWO $TWO6
	wait_for 5 nothing_waits || fail "it waits still: $(rolewall --json status)"
}

nothing_waits() {
	rolewall --json status | jq -e '.names.waiting == null' >/dev/null
}

test_what_goes_back_follows_its_names_as_well() {
	assert_exit 0 rolewall apply --confirm=4
	records static "backup=$TWO" "backup=$TWO6"
	asked_until ".addresses == [\"$TWO\", \"$TWO6\"]"
	wait_for 30 is_in_force $TWO || fail "not in force: $(rolewall sets backup)"
	assert_json '.pending == null and .taken_back != null' rolewall --json status
	assert_open_to $TWO $TWO6
	assert_exit 6 rolewall confirm
	[[ $OUTPUT = *"too late"* ]] || fail "not said: $OUTPUT"
}

test_never_ban_and_management_follow() {
	node_file '.sets = { backup: ["name:backup.example.net"] } | .never_ban = ["backup"] | .management = ["backup"]'
	assert_exit 0 rolewall apply
	assert_exit 1 rolewall ban $ONE
	assert_answer open outside tcp "$NODE_EXTERNAL" 22 -s $ONE
	records static "backup=$TWO"
	asked_until ".addresses == [\"$TWO\"]"
	wait_for 10 is_in_force $TWO || fail "not in force: $(rolewall sets backup)"
	assert_exit 1 rolewall ban $TWO
	assert_exit 0 rolewall ban $ONE
	assert_answer open outside tcp "$NODE_EXTERNAL" 22 -s $TWO
	assert_answer silent outside tcp "$NODE_EXTERNAL" 22 -s $ONE
	rolewall -q unban $ONE
}

test_a_daemon_without_names_asks_nobody() {
	! nobody_is_asked || fail "nobody is connected while there are names"
	node_file '.sets = { backup: ["198.51.100.7"] }'
	assert_exit 0 rolewall apply
	wait_for 10 nobody_is_asked || fail "somebody is connected"
	wait_for 10 nobody_is_followed || fail "$(rolewall --json status)"
	# One that never followed any writes nothing down.
	stop daemon
	rm -f "$LAB_DIR"/*/names.json
	daemon_start
	sleep 2.5
	assert_equal "" "$(find "$LAB_DIR/state" "$LAB_DIR/lib" -name names.json)" "what it wrote down, though there is nothing"
}

nobody_is_asked() {
	[ -z "$(node ss -xH state connected src "$LAB_DIR/state/names.sock")" ]
}

nobody_is_followed() {
	rolewall --json status | jq -e '.names == { waiting: null, followed: [] }' >/dev/null
}

test_without_its_process_what_is_known_stays() {
	names_stop
	records static "backup=$TWO"
	asked_until '.trouble != null and (.trouble | contains("rolewall-names"))'
	assert_open_to $ONE $ONE6
	asked_until '.trouble | contains("systemctl start rolewall-names.socket")'
	names_start
	# Nobody has to say that it is there again.
	wait_for 30 name_is ".addresses == [\"$TWO\"] and .trouble == null" ||
		fail "not asked again: $(rolewall --json sets backup)"
}

test_a_socket_that_is_not_roots_is_not_believed() {
	names_stop
	chmod 0777 "$LAB_DIR/state"
	chmod 0711 "$LAB_DIR"
	launch node liar setpriv --reuid nobody --regid nogroup --clear-groups socat "UNIX-LISTEN:$LAB_DIR/state/names.sock,fork,mode=0777" \
		"SYSTEM:while read -r name; do echo \"\$name ok none 300 $TWO\"; done"
	wait_for 10 test -S "$LAB_DIR/state/names.sock" || fail "$(<"$LAB_DIR/liar.err")"
	asked_until '.trouble != null and (.trouble | contains("not root"))'
	assert_open_to $ONE $ONE6
	assert_closed_to $TWO $TWO6
	stop liar
	rm -f "$LAB_DIR/state/names.sock"
	chmod 0750 "$LAB_DIR/state"
	names_start
}

test_it_does_not_run_as_root() {
	assert_exit 5 "$NAMES"
	[[ $OUTPUT = *"will not run as root"* ]] || fail "$OUTPUT"
}

run_tests "$@"
