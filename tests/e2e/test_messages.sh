#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What the program says where it needs a kernel to say it: each test asks, and compares commands,
# answers and exit codes with golden/messages/NAME.txt. UPDATE=1 writes those: read what `git diff`
# shows. What needs no kernel is in tests/unit/test_cli.c.

# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

prepare() {
	unset SSH_CONNECTION
	: >"$LAB_DIR/said"
	rolewall -q down >/dev/null 2>&1 || :
	rm -rf "${LAB_DIR:?}/lib" "${LAB_DIR:?}/state"
	node_file '.roles = ["mta", "proxy"]'
}

# says ARGUMENT...: what the program answers is written down.
says() {
	local status=0

	echo "\$ rolewall $*" >>"$LAB_DIR/said"
	rolewall "$@" >>"$LAB_DIR/said" 2>&1 || status=$?
	echo "--- exit $status" >>"$LAB_DIR/said"
}

# What differs from run to run and from machine to machine.
masked() {
	sed -E -e "s|$LAB_DIR|LAB|g; s|$LAB_ROOT|ROOT|g; s|$LAB_CGROUP|CGROUP|g" \
		-e 's/[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+[+-][0-9]{2}:[0-9]{2}/TIME/g' \
		-e 's/generation [0-9]+/generation N/g; s/Generation [0-9]+/Generation N/g' \
		-e 's/ +$//' "$LAB_DIR/said"
}

golden() { # NAME
	local file=$LAB_ROOT/tests/e2e/golden/messages/$1.txt

	[ -z "${UPDATE:-}" ] || masked >"$file"
	diff "$file" <(masked) || fail "it says something else: $file"
}

# --- words ----------------------------------------------------------------------------------------

test_ports_are_named_by_number_range_and_service() {
	rolewall -q apply
	says explain 203.0.113.9 80/UDP
	says explain 203.0.113.9 SMTP
	says explain 203.0.113.9 telnet
	says explain 203.0.113.9 admin-panle
	says explain 203.0.113.9 443-445
	says explain 203.0.113.9 65536
	says explain 203.0.113.9 0
	says explain 203.0.113.9 443/sctp
	says open 8000-8002/udp --from 203.0.113.9 --for 1h --reason test
	says open 9000:9001 --from 203.0.113.9 --for 1h --reason test
	says open imaps --from 203.0.113.9 --for 1h --reason test
	says open 9001-9000 --from 203.0.113.9 --for 1h --reason test
	says open 8000-8999 --from 203.0.113.9 --for 1h --reason test
	says open 443 --from 203.0.113.9 --for 1w --reason test
	golden ports
	assert_json '[.openings[] | select(.proto == "udp") | .port] == [8000, 8001, 8002]' rolewall --json openings
}

test_several_sources_are_banned_at_once() {
	rolewall -q apply
	says ban 198.51.100.7 198.51.100.8 198.51.100.0/28 --for 1w --reason scanner
	says ban 198.51.100.9 nonsense
	golden ban
	assert_json '.bans | length == 3' rolewall --json bans
}

test_a_port_is_opened_to_everybody_by_force_only() {
	rolewall -q apply
	says open 6071 --from 0.0.0.0/0 --for 1h --reason test
	says open 6071 --from ::/0 --for 1h --reason test
	says open 6071 --from 128.0.0.0/1 --for 1h --reason test
	says open 6071 --from 2000::/3 --for 1h --reason test
	assert_json '.openings | length == 0' rolewall --json openings
	says open 6071 --from 0.0.0.0/0 --for 1h --reason test --force
	says open 6072 --from 10.0.0.0/8 --for 1h --reason test
	golden open-wide
}

run_tests "$@"
