#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A scanner that knows the tricks: nmap from the outside host against a node with MTA and proxy,
# admin panel and IMAP behind the VPN. Something listens on every port that is asked for, so that what
# is silent is silent because of the policy.

# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

ROLES="mta proxy"
VPN_ONLY="admin-panel imap"

# Every port of the page, and 50 others from one end of the range to the other.
scanned_ports() {
	{
		seed_ports
		echo 1 7 21 23 53 111 123 161 445 1194 1433 3306 3389 5060 6379 9200 11210 11212 27017 65535 |
			tr ' ' '\n'
		seq 2000 2113 65000 | head -n 30
	} | sort -nu | paste -sd,
}

setup() {
	command -v nmap >/dev/null || return 0
	PORTS=$(scanned_ports)
	spawn node listeners "$PROBE" listen -t "$PORTS" -u "$PORTS"
	node_file '.roles = ("'"$ROLES"'" | split(" ")) | .vpn_only = ("'"$VPN_ONLY"'" | split(" "))'
	# nmap sends its first frames before it has heard an answer.
	outside ping -q -c 1 "$NODE_EXTERNAL" >/dev/null
	outside ping -q -c 1 "$NODE6_EXTERNAL" >/dev/null
}

prepare() {
	command -v nmap >/dev/null || skip "nmap is not installed"
	[ -e "$LAB_DIR/bpf/rolewall" ] || rolewall apply
}

# What the page opens to the world: "25,80,443,..." of tcp or udp.
open_to_the_world() { # PROTO
	seed_open "$ROLES" "$VPN_ONLY" | awk -v proto="$1" '$1 == proto && $3 ~ /external/ { print $2 }' |
		sort -n | paste -sd,
}

# A high rate: no time is spent on being polite to a cable of our own.
FAST=(-T5 --min-rate 2000 --max-retries 2 --max-rtt-timeout 150ms)
# A busy machine answers late.
SLOW=(-T4 --min-rate 200 --max-retries 5 --initial-rtt-timeout 1s --max-rtt-timeout 2s)

# nmap_scan NMAP-OPTION... ADDRESS: lines "PROTO PORT STATE" of every port that was asked for.
nmap_scan() {
	outside nmap -n -Pn --host-timeout 300s -oX "$LAB_DIR/nmap.xml" "$@" >"$LAB_DIR/nmap.out" || fail "nmap $*: $(<"$LAB_DIR/nmap.out")"
	nmap_ports <"$LAB_DIR/nmap.xml"
}

# Ports of one state that are many are summed up, with their list: "2000-2002,7".
nmap_ports() {
	tr '<' '\n' | awk '
	function value(name,  text) {
		text = $0
		if (!sub(".*[ ]" name "=\"", "", text)) return ""
		sub("\".*", "", text)
		return text
	}
	/^port / { proto = value("protocol"); port = value("portid") }
	/^state / { print proto, port, value("state") }
	/^extraports / { state = value("state") }
	/^extrareasons / {
		count = split(value("ports"), list, ",")
		for (i = 1; i <= count; i++) {
			split(list[i], ends, "-")
			for (port = ends[1]; port <= (ends[2] ? ends[2] : ends[1]); port++)
				print value("proto"), port, state
		}
	}'
}

ports_in_state() {
	awk -v state="$1" '$3 == state { print $2 }' "$LAB_DIR/states" | sort -n | paste -sd,
}

# assert_states "STATE=PORTS" OTHERS NMAP-OPTION...: these ports have this state, all others that.
assert_states() {
	local state=${1%%=*} ports=${1#*=} others=$2 found

	shift 2
	nmap_scan "${FAST[@]}" "$@" >"$LAB_DIR/states"
	# What is shut stays shut; what did not answer in time answers a second time.
	[ "$ports" = "$(ports_in_state "$state")" ] || nmap_scan "${SLOW[@]}" "$@" >"$LAB_DIR/states"
	[ "$(wc -l <"$LAB_DIR/states")" -ge 80 ] || fail "nmap $*: too few ports: $(<"$LAB_DIR/nmap.out")"
	found=$(ports_in_state "$state")
	assert_equal "$ports" "$found" "$state to nmap $*"
	found=$(awk -v a="$state" -v b="$others" '$3 != a && $3 != b' "$LAB_DIR/states")
	assert_equal "" "$found" "neither $state nor $others to nmap $*"
}

# --- both families --------------------------------------------------------------------------------

both_families() { # STATE=PORTS OTHERS NMAP-OPTION...
	assert_states "$@" -p "$PORTS" "$NODE_EXTERNAL"
	assert_states "$@" -p "$PORTS" -6 "$NODE6_EXTERNAL"
}

test_observed_every_port_is_open() {
	rolewall apply --observe
	assert_states "open=$PORTS" filtered -sS -p "$PORTS" "$NODE_EXTERNAL"
	assert_states "open=$PORTS" filtered -sS -f -p "$PORTS" "$NODE_EXTERNAL"
	assert_states "open=$PORTS" filtered -sS -p "$PORTS" -6 "$NODE6_EXTERNAL"
	rolewall apply
}

test_syn_scan_finds_what_the_page_opens() {
	both_families "open=$(open_to_the_world tcp)" filtered -sS
}

test_syn_scan_of_every_port_there_is() {
	assert_states "open=$(open_to_the_world tcp)" filtered -sS -p 1-65535 --min-rate 20000 \
		--max-retries 1 "$NODE_EXTERNAL"
	assert_equal 65535 "$(wc -l <"$LAB_DIR/states")" "ports scanned"
}

test_udp_scan_finds_nothing() {
	assert_equal "" "$(open_to_the_world udp)" "UDP that the page opens to the world"
	both_families "open=" "open|filtered" -sU
}

# Neither a closed port nor an open one answers to flags that nobody sends.
test_null_fin_and_xmas_scans_find_nothing() {
	both_families "open=" "open|filtered" -sN
	both_families "open=" "open|filtered" -sF
	both_families "open=" "open|filtered" -sX
}

# A stray ACK reaches open ports alone, where the host's own stack refuses it.
test_ack_scan_finds_what_the_page_opens() {
	both_families "unfiltered=$(open_to_the_world tcp)" filtered -sA
}

# Fragments too short for a TCP header are refused, on open ports as well.
test_fragments_of_8_bytes_find_nothing() {
	assert_states "open=" filtered -sS -f -p "$PORTS" "$NODE_EXTERNAL"
	assert_states "open=" filtered -sS --mtu 8 -p "$PORTS" "$NODE_EXTERNAL"
	assert_states "open=" filtered -sS --mtu 16 -p "$PORTS" "$NODE_EXTERNAL"
}

test_fragments_with_a_whole_header_find_what_the_page_opens() {
	assert_states "open=$(open_to_the_world tcp)" filtered -sS --mtu 24 --data-length 100 \
		-p "$PORTS" "$NODE_EXTERNAL"
}

# "From the DNS server" and "from a mail server" is no reason to let anything in.
test_source_ports_open_nothing() {
	local port

	for port in 53 25; do
		both_families "open=$(open_to_the_world tcp)" filtered -sS --source-port "$port"
		both_families "open=" "open|filtered" -sU --source-port "$port"
	done
}

run_tests "$@"
