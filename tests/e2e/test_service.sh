#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The systemd unit: well formed, hardened, and no tighter than what the daemon needs.

# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/e2e/daemon.sh
. "$(dirname "$0")/daemon.sh"

UNIT=$LAB_ROOT/packaging/systemd/rolewall.service
EXPOSURE_MAX=3.0
WEB_EXPOSURE_MAX=1.5
NAMES_EXPOSURE_MAX=1.8

prepare() {
	command -v systemd-analyze >/dev/null || skip "systemd-analyze is not installed"
}

unit_value() { # KEY
	sed -n "s/^$1=//p" "$UNIT"
}

test_the_unit_is_well_formed() {
	mkdir "$LAB_DIR/unit"
	sed "s,/usr/sbin/rolewall,$ROLEWALL,; /^Documentation/d" "$UNIT" >"$LAB_DIR/unit/rolewall.service"
	OUTPUT=$(systemd-analyze verify --man=no "$LAB_DIR/unit/rolewall.service" 2>&1) ||
		fail "systemd-analyze verify: $OUTPUT"
	assert_equal "" "$(grep rolewall <<<"$OUTPUT" || true)" "what systemd says of it"
}

test_the_pages_unit_is_well_formed_and_hardened() {
	local unit=$LAB_ROOT/packaging/systemd/rolewall-web.service exposure

	mkdir -p "$LAB_DIR/unit"
	sed "s,/usr/bin/rolewall-web,$(dirname "$ROLEWALL")/rolewall-web,; s/rolewall.service //
		/^Documentation/d; /^Wants/d" "$unit" >"$LAB_DIR/unit/rolewall-web.service"
	OUTPUT=$(systemd-analyze verify --man=no "$LAB_DIR/unit/rolewall-web.service" 2>&1) ||
		fail "systemd-analyze verify: $OUTPUT"
	assert_equal "" "$(grep rolewall-web <<<"$OUTPUT" || true)" "what systemd says of it"
	exposure=$(systemd-analyze security --no-pager --offline=true "$unit" |
		sed -n 's/.*Overall exposure level for rolewall-web.service: \([0-9.]*\).*/\1/p')
	echo "# exposure: $exposure"
	awk -v found="$exposure" -v max=$WEB_EXPOSURE_MAX 'BEGIN { exit !(found > 0 && found <= max) }' ||
		fail "exposure is $exposure, more than $WEB_EXPOSURE_MAX"
}

test_the_units_of_the_names_are_well_formed_and_hardened() {
	local directory=$LAB_ROOT/packaging/systemd exposure

	mkdir "$LAB_DIR/names"
	sed "s,/usr/libexec/rolewall/rolewall-names,$(dirname "$ROLEWALL")/rolewall-names,; /^Documentation/d" \
		"$directory/rolewall-names@.service" >"$LAB_DIR/names/rolewall-names@.service"
	sed "/^Documentation/d; /^PartOf/d" "$directory/rolewall-names.socket" >"$LAB_DIR/names/rolewall-names.socket"
	OUTPUT=$(SYSTEMD_UNIT_PATH=$LAB_DIR/names: systemd-analyze verify --man=no "$LAB_DIR/names/rolewall-names.socket" \
		"$LAB_DIR/names/rolewall-names@0.service" 2>&1) || fail "systemd-analyze verify: $OUTPUT"
	assert_equal "" "$(grep rolewall-names <<<"$OUTPUT" || true)" "what systemd says of it"
	exposure=$(systemd-analyze security --no-pager --offline=true "$LAB_DIR/names/rolewall-names@.service" |
		sed -n 's/.*Overall exposure level for [^:]*: \([0-9.]*\).*/\1/p')
	echo "# exposure: $exposure"
	awk -v found="$exposure" -v max=$NAMES_EXPOSURE_MAX 'BEGIN { exit !(found > 0 && found <= max) }' ||
		fail "exposure is $exposure, more than $NAMES_EXPOSURE_MAX"
	# Root alone may connect, and the daemon brings it.
	grep -qx SocketMode=0600 "$directory/rolewall-names.socket"
	grep -qx Wants=rolewall-names.socket "$UNIT"
}

test_the_unit_is_hardened() {
	local exposure

	exposure=$(systemd-analyze security --no-pager --offline=true "$UNIT" |
		sed -n 's/.*Overall exposure level for rolewall.service: \([0-9.]*\).*/\1/p')
	echo "# exposure: $exposure"
	awk -v found="$exposure" -v max=$EXPOSURE_MAX 'BEGIN { exit !(found > 0 && found <= max) }' ||
		fail "exposure is $exposure, more than $EXPOSURE_MAX"
}

test_the_filter_comes_before_the_network() {
	unit_value Before | grep -q '\bnetwork-pre.target\b' || fail "not before network-pre.target"
	assert_equal no "$(unit_value DefaultDependencies)" DefaultDependencies
}

# What a boot finds: a policy that was confirmed, and none in force.
confirmed_before() {
	node_file .
	rolewall -q apply
	reboot
}

# Everything that the daemon does in its life, under strace.
daemon_live_traced() {
	SOCKET=$LAB_DIR/state/rolewall.sock
	launch node daemon strace -f -o "$LAB_DIR/trace" "$ROLEWALL" "${LAB_INSTANCE[@]}" serve \
		--metrics-file "$LAB_DIR/rolewall.prom" --log-file "$LAB_DIR/attempts.jsonl"
	wait_for 60 daemon_said serving || fail "it does not start: $(<"$LAB_DIR/daemon.err")"
	ask '{"attempts":true,"status":true,"history":true}' | grep -q ready || fail "it does not answer"
	outside "$PROBE" scan -t 4001 -w 10 "$NODE_EXTERNAL" >/dev/null
	rolewall ban 192.0.2.1 --for 1s --reason test
	kill -HUP "$(daemon_traced_pid)"
	wait_for 60 daemon_said "is in force, from" || fail "no reload: $(<"$LAB_DIR/daemon.err")"
	ip -n "$LAB_NAME-node" link set eth1 down
	ip -n "$LAB_NAME-node" link set eth1 up
	wait_for 60 [ -s "$LAB_DIR/rolewall.prom" ] || fail "no metrics"
	sleep 3 # ticks, the end of the ban among them
	kill -TERM "$(daemon_traced_pid)"
	wait_for 60 daemon_said stopped || fail "it does not stop"
}

daemon_traced_pid() {
	cat "/proc/$(daemon_pid)/task/$(daemon_pid)/children"
}

# The names of system calls that a filter allows, one a line.
filter_expand() { # NAME-OR-@GROUP...
	local name
	local -a group

	for name in "$@"; do
		case $name in
		@*)
			mapfile -t group < <(systemd-analyze syscall-filter --no-pager "$name" |
				sed -n 's/^ \{1,\}\([@a-z0-9_-]*\)$/\1/p')
			filter_expand "${group[@]}"
			;;
		*) echo "$name" ;;
		esac
	done
}

# Paths that it opened for writing, made, or removed.
paths_written() {
	sed -n 's/^[0-9]* *//; /= -1 /d
		/O_WRONLY\|O_RDWR\|O_CREAT/s/^openat([^"]*"\([^"]*\)".*/\1/p
		s/^\(unlink\|mkdir\|rmdir\|rename\|chmod\|chown\)("\([^"]*\)".*/\2/p' "$LAB_DIR/trace" | sort -u
}

test_the_daemon_lives_within_what_the_unit_allows() {
	local -a allowed
	local path

	command -v strace >/dev/null || skip "strace is not installed"
	confirmed_before
	daemon_live_traced
	read -ra allowed <<<"$(unit_value SystemCallFilter)"
	filter_expand "${allowed[@]}" | sort -u >"$LAB_DIR/allowed"
	sed -n 's/^[0-9]* *\([a-z0-9_]*\)(.*/\1/p' "$LAB_DIR/trace" | sort -u >"$LAB_DIR/used"
	grep -qx bpf "$LAB_DIR/used" || fail "the trace is empty"
	# execve is the service manager's.
	assert_equal "" "$(comm -23 "$LAB_DIR/used" "$LAB_DIR/allowed" | grep -vx execve || true)" \
		"system calls that the unit forbids"
	while read -r path; do
		case $path in
		"$LAB_DIR"/*) ;;
		*) fail "it writes to $path, which the unit makes read-only" ;;
		esac
	done < <(paths_written)
	assert_equal "" "$(families_forbidden "$UNIT" "$LAB_DIR/trace")" "address families that the unit forbids"
}

test_the_daemon_starts_with_the_units_capabilities() {
	local set

	set=$(unit_value CapabilityBoundingSet | sed 's/CAP_/+/g; s/ /,/g' | tr '[:upper:]' '[:lower:]')
	# What this machine does not have cannot be kept.
	set=$(capabilities_here "$set")
	confirmed_before
	SOCKET=$LAB_DIR/state/rolewall.sock
	launch node daemon setpriv --bounding-set "-all,$set" "$ROLEWALL" "${LAB_INSTANCE[@]}" serve
	wait_for 20 daemon_said serving || fail "it does not start: $(<"$LAB_DIR/daemon.err")"
	assert_json '.applied and .attached' rolewall --json status
}

# systemd itself reads the condition, on a command line that we make up.
test_a_boot_parameter_keeps_the_unit_from_starting() {
	local condition

	condition="ConditionKernelCommandLine=$(unit_value ConditionKernelCommandLine)"
	SYSTEMD_PROC_CMDLINE="root=/dev/vda1 quiet" systemd-analyze condition "$condition" ||
		fail "it does not start without the parameter"
	! SYSTEMD_PROC_CMDLINE="root=/dev/vda1 quiet rolewall=off" systemd-analyze condition "$condition" ||
		fail "it starts in spite of the parameter"
}

capabilities_here() { # +ONE,+TWO...
	local have name kept=

	have=$(setpriv --dump | sed -n 's/^Capability bounding set: //p')
	for name in ${1//,/ }; do
		[[ ,$have, == *,${name#+},* ]] && kept+=${kept:+,}$name
	done
	echo "$kept"
}

run_tests "$@"
