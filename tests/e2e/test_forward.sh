#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A node with containers behind a bridge: what they ask outside is answered, what is published is open
# by its outside number alone, and nobody outside makes the kernel's connection tracking open the rest.

# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/e2e/daemon.sh
. "$(dirname "$0")/daemon.sh"
# shellcheck source=tests/e2e/outside.sh
. "$(dirname "$0")/outside.sh"

MAIL=10.88.0.2
MAIL6=fd88::2
WEB=10.88.0.3
WEB6=fd88::3
KNOWN=${KNOWN:-tracked} # "learned" from what leaves, as where connection tracking cannot be asked
TRANSLATED=203.0.113.9 # what the node itself sends from, in one test

PUBLISHED='{ name: "web", proto: "tcp", port: 8080, table: "external", about: "the container web" }'
RESOLVER='{ name: "dns", proto: "udp", port: 53, table: "external", about: "a resolver" }'

mail() { (lab_exec mail "$@"); }
web() { (lab_exec web "$@"); }

setup() {
	# Where a socket is known by a mark (before 6.14), those that stood before an apply have none.
	if rolewall --verbose preflight 2>&1 | grep -q 'netns_cookie: yes'; then LAB_CONTAINERS=(mail web); fi
	bridge_create
	LACKS=$(nat_create 2>&1) || LACKS=${LACKS:-nft}
	spawn outside listeners-outside "$PROBE" listen -t 443 -u 123
	spawn far listeners-far "$PROBE" listen -t 443 -u 123
	spawn node listeners-node "$PROBE" listen -t 25,6071 -u 161
	spawn mail listeners-mail "$PROBE" listen -t 2525 -u 161
	spawn web listeners-web "$PROBE" listen -t 80 -u 161,7777
}

bridge_create() {
	ip -n "$LAB_NAME-node" link add br0 type bridge
	ip -n "$LAB_NAME-node" address add 10.88.0.1/24 dev br0
	ip -n "$LAB_NAME-node" address add fd88::1/64 dev br0 nodad
	ip -n "$LAB_NAME-node" link set br0 up
	port_create mail "$MAIL" "$MAIL6"
	port_create web "$WEB" "$WEB6"
	ip -n "$LAB_NAME-node" address add "$TRANSLATED/32" dev eth0
	forwarding 1
}

port_create() { # NAME ADDRESS ADDRESS6
	lab_netns_add "$1"
	ip -n "$LAB_NAME-node" link add "$1" type veth peer name eth0 netns "$LAB_NAME-$1"
	ip -n "$LAB_NAME-node" link set "$1" master br0 up
	ip -n "$LAB_NAME-$1" address add "$2/24" dev eth0
	ip -n "$LAB_NAME-$1" address add "$3/64" dev eth0 nodad
	ip -n "$LAB_NAME-$1" link set eth0 up
	lab_route_default "$1" 10.88.0.1 fd88::1
}

forwarding() { # 0|1
	node sh -c "echo $1 >/proc/sys/net/ipv4/ip_forward; echo $1 >/proc/sys/net/ipv6/conf/all/forwarding"
}

nat_create() {
	node nft -f - <<-RULES
		table inet nat {
			chain published {
				type nat hook prerouting priority dstnat
				iifname eth0 meta nfproto ipv4 tcp dport 25 dnat ip to $MAIL:2525
				iifname eth0 meta nfproto ipv6 tcp dport 25 dnat ip6 to [$MAIL6]:2525
				iifname eth0 meta nfproto ipv4 tcp dport 8080 dnat ip to $WEB:80
				iifname eth0 meta nfproto ipv6 tcp dport 8080 dnat ip6 to [$WEB6]:80
				iifname eth0 meta nfproto ipv4 udp dport 5353 dnat ip to $WEB:7777
			}
			chain own {
				type nat hook postrouting priority srcnat
				meta skuid 65534 oifname eth0 meta nfproto ipv4 snat ip to $TRANSLATED
				ip saddr 10.88.0.0/24 oifname eth0 masquerade
				ip6 saddr fd88::/64 oifname eth0 masquerade
			}
		}
	RULES
}

prepare() {
	[ "$KNOWN" = learned ] || needs conntrack "this kernel's connection tracking cannot be asked"
	[ -z "$LACKS" ] || skip "no addresses are translated here: $LACKS"
	stop daemon
	forwarding 1
	rolewall -q down 2>/dev/null || true
	node "$PROBE" untrack
}

forwarded() {
	status_value .passes.forwarded
}

# --- what containers ask -------------------------------------------------------------------------

containers_are_answered() {
	local before address

	assert_equal "$KNOWN" "$(status_value .forwarding)" "forwarding"
	before=$(forwarded)
	for address in "$OUTSIDE" "$OUTSIDE6" "$FAR" "$FAR6"; do
		assert_answer open mail tcp "$address" 443
		assert_answer open web udp "$address" 123
		mail ping -q -c 1 -W 15 "$address" >/dev/null || fail "no ping to $address"
	done
	[ "$(forwarded)" -ge $((before + 8)) ] || fail "forwarded: $before and then $(forwarded)"
	assert_json '.reason == "no-connection"' rolewall --json explain "$OUTSIDE" 123/udp
	assert_books_balance
}

test_containers_reach_the_outside() {
	by_each_hook containers_are_answered
}

test_a_download_is_whole() {
	only_outside auto
	spawn outside source "$PROBE" serve 8000 20000000
	assert_equal "received 20000000" "$(mail "$PROBE" get "$OUTSIDE" 8000)" "bytes"
}

# --- what is published ---------------------------------------------------------------------------

test_a_published_port_is_open_by_its_outside_number_alone() {
	by_each_hook assert_published_by_outside_number "$PUBLISHED"
}

test_container_to_container_is_untouched() {
	local dropped

	only_outside auto
	dropped=$(status_value .totals.dropped)
	assert_answer open mail tcp "$WEB" 80
	assert_answer open mail tcp "$WEB6" 80
	assert_answer open mail udp "$WEB" 7777
	mail ping -q -c 1 -W 15 "$WEB6" >/dev/null
	assert_equal "$dropped" "$(status_value .totals.dropped)" "dropped"
}

# The bridge is listed for what containers want of the node itself, at the sockets alone.
test_containers_reach_the_node_by_the_zone_of_their_bridge() {
	only_outside auto '.interfaces.br0 = { zone: "internal", hook: "cgroup" } | .roles = ["mta"]
		| .services = [{ name: "panel", proto: "tcp", port: 6071, table: "internal", about: "panel" }]'
	assert_answer open mail tcp 10.88.0.1 6071
	assert_answer open mail tcp fd88::1 6071
	assert_answer silent outside tcp "$NODE_EXTERNAL" 6071
	assert_answer open mail tcp "$OUTSIDE" 443
	assert_answer open mail udp "$OUTSIDE6" 123
	! rolewall plan | grep -q bridge-hook || fail "there is nothing to warn of: $(rolewall plan)"
	# Judged in front of the bridge, what they want of the world is a port that the node does not open.
	only_outside auto '.interfaces.br0 = { zone: "internal" }'
	grep -q 'br0 is a bridge whose guests .* write "hook": "cgroup" for it \[bridge-hook\]' <<<"$OUTPUT" ||
		fail "not warned of: $OUTPUT"
	assert_answer silent mail tcp "$OUTSIDE" 443
}

# --- what the node sends under another address ---------------------------------------------------

test_own_connections_behind_another_address_are_answered() {
	local nobody="setpriv --reuid 65534 --clear-groups"

	only_outside auto
	# shellcheck disable=SC2086
	assert_equal open "$(node $nobody "$PROBE" scan -w 15000 -t 443 "$OUTSIDE" | awk '{ print $4 }')" "tcp/443"
	[ "$(forwarded)" -ge 1 ] || fail "forwarded: $(forwarded)"
}

# --- what connection tracking loses --------------------------------------------------------------

say_and_hear() { # LINE
	echo "$1" >&"$TALK"
	wait_for 10 grep -q "$1" "$LAB_DIR/talk.out"
}

talk_start() { # HOST ADDRESS PORT
	rm -f "$LAB_DIR/talk.in"
	mkfifo "$LAB_DIR/talk.in"
	exec {TALK}<>"$LAB_DIR/talk.in"
	launch "$1" talk "$PROBE" talk "$2" "$3"
	say_and_hear hello || fail "there is no connection: $(cat "$LAB_DIR"/talk.out "$LAB_DIR"/talk.err)"
}

test_a_connection_goes_on_when_the_table_was_emptied_and_the_inside_speaks() {
	only_outside auto
	talk_start mail "$OUTSIDE" 443
	node "$PROBE" untrack
	say_and_hear again || fail "it does not go on"
}

# Entries of other zones than 0 are not found: that is written in docs/operations.md.
test_entries_of_another_conntrack_zone_are_not_asked_for() {
	[ "$KNOWN" = tracked ] || skip "what leaves has no zone"
	only_outside auto
	node nft -f - <<-RULES
		table inet zones {
			chain in { type filter hook prerouting priority raw; meta iifname { br0, eth0 } ct zone set 5; }
		}
	RULES
	assert_answer silent mail tcp "$OUTSIDE" 443
	node nft delete table inet zones
	node "$PROBE" untrack
	assert_answer open mail tcp "$OUTSIDE" 443
}

# --- the attacker ---------------------------------------------------------------------------------

node_mac() {
	ip -n "$LAB_NAME-node" -j link show dev eth0 | jq -r '.[0].address'
}

# by_hand SOURCE-PORT PORT [-a]: a segment from the outside host, whose own stack knows nothing of it.
by_hand() {
	outside "$PROBE" syn "${@:3}" -i eth0 -m "$(node_mac)" -s "$OUTSIDE" -p "$1" "$NODE_EXTERNAL" "$2"
}

# tracked PATTERN: an entry of the node's connection tracking.
tracked() {
	node grep -qE "$1" /proc/net/nf_conntrack
}

needs_table() {
	node test -r /proc/net/nf_conntrack || skip "this kernel has no /proc/net/nf_conntrack"
}

# The outside host's own stack must not answer with RST.
outside_mute() {
	outside nft -f - <<-RULES
		table inet mute {
			chain out { type filter hook output priority 0; tcp flags rst drop; }
		}
	RULES
}

refused_leaves_no_entry() {
	assert_equal silent "$(by_hand 4001 8080)" "SYN to 8080"
	assert_equal silent "$(by_hand 4001 8080 -a)" "ACK to 8080"
	assert_answer silent outside udp "$NODE_EXTERNAL" 5353
	! tracked 'dport=(8080|5353)' || fail "refused, but tracked"
}

test_what_was_refused_has_no_entry() {
	needs_table
	by_each_hook refused_leaves_no_entry
}

# Begun while the port was open: half of a connection is none, when it is shut.
half_is_none() {
	only_outside "$HOOK" ".services = [$PUBLISHED]"
	assert_equal open "$(by_hand 4002 8080)" "SYN to 8080, open"
	tracked 'sport=4002 dport=8080' || fail "not tracked"
	only_outside "$HOOK"
	assert_equal silent "$(by_hand 4002 8080 -a)" "ACK to 8080, shut"
}

test_an_unreplied_or_half_open_entry_lets_nothing_in() {
	needs_table
	outside_mute
	# Its SYN-ACK, sent again, would be taken for an answer to the ACK.
	web sh -c 'echo 0 >/proc/sys/net/ipv4/tcp_synack_retries'
	by_each_hook half_is_none
	outside nft delete table inet mute
}

# A connection that stands goes on, as those of the node's own sockets do; new ones do not.
test_a_connection_to_a_container_outlives_its_service() {
	only_outside auto ".services = [$PUBLISHED]"
	talk_start outside "$NODE_EXTERNAL" 8080
	only_outside auto
	say_and_hear again || fail "it does not go on"
	assert_answer silent outside tcp "$NODE_EXTERNAL" 8080
}

# UDP has no connection that could stand: the rule decides on each datagram that comes to it.
udp_ends_with_its_rule() {
	only_outside "$HOOK" '.services = [{ name: "mdns", proto: "udp", port: 5353, table: "external", about: "published" }]'
	assert_equal answered "$(outside "$PROBE" exchange -w 15000 -p 4003 "$NODE_EXTERNAL" 5353)" "5353, open"
	only_outside "$HOOK"
	assert_equal silent "$(outside "$PROBE" exchange -p 4003 "$NODE_EXTERNAL" 5353)" "5353, shut"
}

test_udp_to_a_container_ends_with_its_rule() {
	by_each_hook udp_ends_with_its_rule
}

# What the outside host sends by itself goes to the node, what it hands on goes to far.
outside_detour() { # add|del
	outside ip rule "$1" iif lo to "$FAR" lookup 77
	outside ip route "$1" "$FAR/32" via "$NODE_EXTERNAL" table 77
}

# A question with a container's source to an open port makes an entry, whose answers are the forger's.
forged_question() {
	only_outside "$HOOK" ".services = [$RESOLVER]"
	node "$PROBE" untrack
	outside "$PROBE" send -s "$WEB" -p 161 "$FAR" 53 forged
	wait_for 10 tracked "src=$WEB dst=$FAR sport=161 dport=53" || fail "nothing was forged"
	assert_equal silent "$(far_answers 53)" "to what a stranger asked in the name of a container"
	# The same is an answer where the container asks, by a port that no stranger can ask by.
	assert_equal answered "$(web "$PROBE" exchange -w 15000 -p 4004 "$FAR" 123)" "the container's own question"
}

# Is far heard, from that port, where the forged question was translated to?
far_answers() { # PORT
	far "$PROBE" exchange -p "$1" -s "$FAR" "$NODE_EXTERNAL" 161
}

test_a_forged_question_opens_no_way_in() {
	needs_table
	ip -n "$LAB_NAME-outside" address add "$WEB/32" dev lo
	outside_detour add
	by_each_hook forged_question
}

# --- who forwards, and who not --------------------------------------------------------------------

forwarding_is() { # WORD
	[ "$(status_value .forwarding)" = "$1" ]
}

test_the_daemon_follows_when_forwarding_begins_and_ends() {
	forwarding 0
	node nft delete table inet nat
	only_outside auto
	assert_equal null "$(status_value .forwarding)" "forwarding"
	# shellcheck disable=SC2119
	daemon_start
	forwarding 1
	wait_for 20 forwarding_is "$KNOWN" || fail "that this host forwards was not noticed"
	nat_create
	assert_answer open mail tcp "$OUTSIDE" 443
	forwarding 0
	node nft delete table inet nat
	wait_for 20 forwarding_is null || fail "that it forwards no more was not noticed"
	nat_create # who translates only, its own connections, is asked for as well
	wait_for 20 forwarding_is "$KNOWN" || fail "that this host translates was not noticed"
}

# with_probes_off NAMES WORD: what is known of whom this host forwards for, if the kernel lacks that.
with_probes_off() {
	local off=${ROLEWALL_PROBE_OFF:-}

	rolewall -q down 2>/dev/null || true
	export ROLEWALL_PROBE_OFF=$off,$1
	only_outside auto
	assert_equal "$2" "$(status_value .forwarding)" "forwarding without $1"
	export ROLEWALL_PROBE_OFF=$off
}

test_what_cannot_be_asked_is_learned() {
	with_probes_off conntrack learned
	assert_answer open mail tcp "$OUTSIDE" 443
	assert_answer open web udp "$OUTSIDE6" 123
	rolewall status | grep -q 'Forwarding .*by what leaves' || fail "$(rolewall status)"
	assert_answer silent outside tcp "$NODE_EXTERNAL" 8080
}

test_what_can_neither_be_asked_nor_learned_is_said() {
	with_probes_off conntrack,flows untracked
	rolewall status | grep -q 'Forwarding .*not asked' || fail "$(rolewall status)"
	assert_answer silent mail tcp "$OUTSIDE" 443
	assert_exit 0 rolewall apply
	assert_equal "$KNOWN" "$(status_value .forwarding)" "forwarding"
	assert_answer open mail tcp "$OUTSIDE" 443
}

# The small program that is tried first loads, the whole one does not: the host is filtered all the same.
test_programs_that_do_not_load_give_way_to_those_that_do_not_ask() {
	with_probes_off conntrack_programs learned
	assert_answer open mail tcp "$OUTSIDE" 443
	with_probes_off conntrack_programs,flows_programs untracked
	assert_answer open outside tcp "$NODE_EXTERNAL" 25
	assert_answer silent outside tcp "$NODE_EXTERNAL" 8080
}

# --- audit and init -------------------------------------------------------------------------------

audit() {
	rolewall --json audit || [ $? = 10 ]
}

# PROTO/PORT of what is published and shut, in order.
published_closed() {
	audit | jq -j '[.findings[] | select(.kind == "published-closed")
		| "\(.proto)/\(.port)" + (if .port_end > .port then "-\(.port_end)" else "" end)] | join(" ")'
}

# What a published port leads to does not listen here: its rule is in use all the same.
test_audit_lists_what_is_published_and_shut() {
	only_outside auto
	assert_equal "tcp/8080 udp/5353" "$(published_closed)" "published, shut"
	assert_json 'all(.findings[]; .kind != "open-unused" or .port != 25)' audit
	only_outside auto ".services = [$PUBLISHED]"
	assert_equal "udp/5353" "$(published_closed)" "published, shut"
	assert_json 'all(.findings[]; .kind != "open-unused" or .port != 8080)' audit
	rolewall audit | grep -q 'published-closed .*5353.* no role or service opens it' || fail "$(rolewall audit)"
}

# Before it is in force, not only when the callers ring.
test_plan_warns_of_what_is_published_and_shut_and_of_limits_in_vain() {
	only_outside auto
	assert_exit 0 rolewall plan
	grep -qF "hand on (publish) 8080/tcp, 5353/udp, which no role or service opens" <<<"$OUTPUT" ||
		fail "nothing is said: $OUTPUT"
	! grep -q limit-in-vain <<<"$OUTPUT" || fail "there is no limit: $OUTPUT"
	rolewall explain "$OUTSIDE" 8080 >"$LAB_DIR/why"
	! grep -q "nothing to do" "$LAB_DIR/why" || fail "$(<"$LAB_DIR/why")"
	only_outside auto ".services = [$PUBLISHED] | .limits.smtp = { new: \"30/min\" }"
	assert_exit 0 rolewall plan
	grep -qF "hand on (publish) 5353/udp, which" <<<"$OUTPUT" || fail "8080 is open: $OUTPUT"
	grep -q "limit of smtp has no effect: port 25 is handed on.*\[limit-in-vain\]" <<<"$OUTPUT" ||
		fail "not warned of: $OUTPUT"
}

# As people write them.
test_audit_reads_ports_in_sets_and_maps() {
	only_outside auto
	node nft -f - <<-RULES
		table ip sets {
			chain published {
				type nat hook prerouting priority dstnat
				udp dport { 100, 200-300, 65000-65535 } dnat to $WEB
				dnat to tcp dport map { 8081 : $WEB, 8444 : $MAIL }
				tcp dport != { 7, 8 } ip daddr 192.0.2.77 redirect to :50
				tcp sport { 9, 10 } dnat to $WEB
			}
		}
	RULES
	assert_equal "tcp/8080 tcp/8081 tcp/8444 udp/100 udp/200-300 udp/5353 udp/65000-65535" \
		"$(published_closed)" "in sets and maps"
	node nft delete table ip sets
}

# As docker writes them, with each of the two programs that are called iptables.
by_iptables() { # COMMAND
	node "$1" -t nat -A PREROUTING ! -i docker0 -p tcp -m tcp --dport 8443 -j DNAT --to-destination "$WEB:443"
	node "$1" -t nat -A PREROUTING -p udp --dport 500:510 -j DNAT --to-destination "$WEB"
	node "$1" -t nat -A PREROUTING -p tcp -m multiport --dports 143,9000:9010 -j DNAT --to-destination "$WEB"
	assert_equal "tcp/143 tcp/8080 tcp/8443 tcp/9000-9010 udp/500-510 udp/5353" "$(published_closed)" "by $1"
	node "$1" -t nat -F PREROUTING
}

test_audit_reads_what_iptables_publishes() {
	local name

	for name in iptables-nft iptables-legacy; do
		command -v "$name" >/dev/null || skip "$name is not installed"
	done
	only_outside auto
	by_iptables iptables-nft
	by_iptables iptables-legacy
}

# 25 is no service: the role mta, which the listener tells of, opens it.
test_init_proposes_the_bridge_and_what_is_published() {
	rolewall init --force 2>"$LAB_DIR/why" >/dev/null
	assert_json '.interfaces.br0 == { zone: "internal", hook: "cgroup" }
		and .interfaces.eth0 == { zone: "external" } and (.roles | index("mta"))
		and ([.services[] | "\(.name) \(.proto) \(.port) \(.table)"] == [
			"published-tcp-8080 tcp 8080 external", "published-udp-5353 udp 5353 external"])' \
		cat "$LAB_DIR/node.json"
	grep -q "service published-tcp-8080, because" "$LAB_DIR/why" || fail "$(<"$LAB_DIR/why")"
	rolewall -q apply
	assert_equal "" "$(published_closed)" "published, shut"
}

run_tests "$@"
