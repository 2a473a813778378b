#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# wire.sh BUILD - what packets cost on a wire. Runs inside of room.sh, whose network namespace is the
# sender; every subject is a receiver in a namespace of its own, set up once and alike but for its
# filter, so that rounds can alternate between them. Prints samples (bench.h).
set -eu

build=$1
bench=$build/tests/bench/bench
probe=$build/tests/e2e/probe
here=$(dirname "$0")

FLOOD_ROUNDS=${FLOOD_ROUNDS:-8}
FLOOD_PACKETS=${FLOOD_PACKETS:-500000}
FLOOD_MPPS=${FLOOD_MPPS:-1.488} # under which legitimate clients have to live: a line of 1 Gbit/s, full
LEGIT_ROUNDS=${LEGIT_ROUNDS:-3}
STREAM_ROUNDS=${STREAM_ROUNDS:-16}
STREAM_MS=${STREAM_MS:-200}
PARTS=${PARTS:-flood scale stream legit open_port apply}
CLOSED=7
SUBJECTS=(floor floor-two rolewall rolewall-two rolewall-tc rolewall-cgroup rolewall-generic rolewall-events xdp-filter nftables nftables-linear iptables synproxy none pass)

pids=()
finish() {
	local pid

	for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
	wait
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# End what was started last.
last_stop() {
	kill "${pids[-1]}"
	wait "${pids[-1]}" 2>/dev/null || true
	unset 'pids[-1]'
}

say() { echo "bench: $*" >&2; }

# --- receivers ------------------------------------------------------------------------------------

number_of() { # SUBJECT
	local i

	for i in "${!SUBJECTS[@]}"; do if [ "${SUBJECTS[i]}" = "$1" ]; then echo "$i"; fi; done
}

# Become the command in a receiver's namespace: for the background, so that $! is its number.
at_exec() { # SUBJECT COMMAND...
	local subject=$1

	shift
	# What a node runs is in the cgroup that its filter is at.
	if [ -d "$ROOM_CGROUP/$subject" ]; then echo "$BASHPID" >"$ROOM_CGROUP/$subject/cgroup.procs"; fi
	exec nsenter --net="/run/netns/$subject" -- "$@"
}

at() { (at_exec "$@"); }

address_of() { echo "198.51.100.$(($(number_of "$1") * 4 + 1))"; }

# The wire s<n> - r<n>. Neighbours are fixed: two of the peers do not let ARP in.
receiver_add() { # SUBJECT
	local n near

	n=$(number_of "$1")
	near=198.51.100.$((n * 4 + 2))
	ip netns add "$1"
	ip link add "s$n" address 02:00:00:00:00:01 type veth peer name "r$n" netns "$1"
	ip -n "$1" link set lo up
	ip -n "$1" link set "r$n" address 02:00:00:00:00:02
	sysctl -qw "net.ipv6.conf.s$n.disable_ipv6=1"
	at "$1" sysctl -qw "net.ipv6.conf.r$n.disable_ipv6=1"
	ip address add "$near/30" dev "s$n"
	ip -n "$1" address add "$(address_of "$1")/30" dev "r$n"
	ip -n "$1" address add 203.0.113.1/32 dev "r$n"
	ip link set "s$n" up
	ip -n "$1" link set "r$n" up
	ip neigh replace "$(address_of "$1")" lladdr 02:00:00:00:00:02 dev "s$n"
	ip -n "$1" neigh replace "$near" lladdr 02:00:00:00:00:01 dev "r$n"
	ip -n "$1" route add 10.0.0.0/12 via "$near" dev "r$n"
	# Redirected frames need it, or native XDP, on the receiving side: the same for all.
	at "$1" ethtool -K "r$n" gro on
	# And on the sending side, or no SYN cookie of XDP's comes back.
	ethtool -K "s$n" gro on
}

# A second wire t<n> - u<n> beside the first.
receiver_widen() { # SUBJECT
	local n

	n=$(number_of "$1")
	ip link add "t$n" address 02:00:00:00:00:01 type veth peer name "u$n" netns "$1"
	ip -n "$1" link set "u$n" address 02:00:00:00:00:02
	sysctl -qw "net.ipv6.conf.t$n.disable_ipv6=1"
	at "$1" sysctl -qw "net.ipv6.conf.u$n.disable_ipv6=1"
	ip link set "t$n" up
	ip -n "$1" link set "u$n" up
	at "$1" ethtool -K "u$n" gro on
	ethtool -K "t$n" gro on
}

# --- their filters: the same ports ----------------------------------------------------------------

rolewall_exec() { # SUBJECT ARGUMENT...
	local subject=$1

	shift
	at_exec "$subject" "$build/rolewall" --config "$ROOM/$subject.json" --roles-dir "$here/../../roles" \
		--state-dir "$ROOM/state-$subject" --lib-dir "$ROOM/lib-$subject" \
		--bpffs "$ROOM/bpf/$subject" --cgroup "$ROOM_CGROUP/$subject" "$@"
}

rolewall_at() { (rolewall_exec "$@"); }

# The hook that the subject is named for; the others ask for XDP.
hook_of() { # SUBJECT
	case $1 in
	rolewall-tc) echo tc ;;
	rolewall-cgroup) echo cgroup ;;
	*) echo xdp ;;
	esac
}

node_write() { # SUBJECT: all roles, as they are seen from inside
	local two=

	case $1 in *-two) two=u$(number_of "$1") ;; esac
	jq -n --arg hook "$(hook_of "$1")" --arg iface "r$(number_of "$1")" --arg two "$two" '{version: 1, node: "bench", profile: "carbonio-ce-23.10",
		roles: ["mta", "proxy", "postgres", "directory-server", "appserver", "videoserver", "mesh"],
		interfaces: {($iface): {zone: "internal", hook: $hook}}, mode: "enforce"}
		| if $two == "" then . else .interfaces[$two] = .interfaces[$iface] end' >"$ROOM/$1.json"
}

rolewall_up() { # SUBJECT
	mkdir "$ROOM_CGROUP/$1"
	node_write "$1"
	rolewall_at "$1" -q apply >&2
}

# A veth has native XDP: the program is put on the generic hook in place of the link that held it.
rolewall_generic_up() { # SUBJECT
	local device pin=$ROOM/bpf/$1-program

	device=r$(number_of "$1")
	rolewall_up "$1"
	bpftool prog pin id "$(ip -n "$1" -j link show dev "$device" | jq '.[0].xdp.prog.id')" "$pin"
	rm "$ROOM/bpf/$1/links/xdp-"*
	until at "$1" ip link set dev "$device" xdpgeneric pinned "$pin" 2>/dev/null; do sleep 0.05; done
}

ports_of() { # PROTO SEPARATOR: "25", "20000-40000"
	rolewall_at rolewall --json show | jq -r --arg proto "$1" --arg separator "$2" '
		[.rules[] | select(.proto == $proto) | "\(.port)" +
			(if .port_end != .port then "-\(.port_end)" else "" end)]
		| unique | join($separator)'
}

nft_rules() { # set|linear
	local proto port

	echo "table inet bench {"
	for proto in tcp udp; do
		echo "set ports_$proto { type inet_service; elements = { $(ports_of $proto ', ') } }"
	done
	echo "chain input { type filter hook input priority 0; policy drop; iif lo accept"
	echo "ct state established,related accept"
	for proto in tcp udp; do
		if [ "$1" = set ]; then
			echo "$proto dport @ports_$proto accept"
		else
			for port in $(ports_of $proto ' '); do echo "$proto dport $port accept"; done
		fi
	done
	echo "ip protocol icmp accept"
	printf 'counter drop\n}\n}\n'
}

iptables_up() { # SUBJECT
	local proto port

	at "$1" iptables-legacy -A INPUT -i lo -j ACCEPT
	at "$1" iptables-legacy -A INPUT -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT
	for proto in tcp udp; do
		for port in $(ports_of $proto ' '); do
			at "$1" iptables-legacy -A INPUT -p $proto --dport "${port/-/:}" -j ACCEPT
		done
	done
	at "$1" iptables-legacy -A INPUT -p icmp -j ACCEPT
	at "$1" iptables-legacy -P INPUT DROP
}

xdp_filter_ports() {
	local proto port

	for proto in tcp udp; do
		for port in $(ports_of $proto ' '); do
			seq -f "%.0f/$proto" "${port%-*}" "${port#*-}"
		done
	done
}

filters_up() {
	rolewall_up rolewall
	rolewall_up rolewall-events
	receiver_widen rolewall-two
	rolewall_up rolewall-two
	receiver_widen floor-two
	at floor-two "$bench" attach floor "r$(number_of floor-two)"
	at floor-two "$bench" attach floor "u$(number_of floor-two)"
	rolewall_up rolewall-tc
	rolewall_up rolewall-cgroup
	rolewall_generic_up rolewall-generic
	at floor "$bench" attach floor "r$(number_of floor)"
	at pass "$bench" attach pass "r$(number_of pass)"
	# shellcheck disable=SC2046
	at xdp-filter "$bench" attach xdp-filter "r$(number_of xdp-filter)" $(xdp_filter_ports)
	nft_rules set | at nftables nft -f -
	nft_rules linear | at nftables-linear nft -f -
	iptables_up iptables
}

# "25 open", "7 filtered", ...: what answers behind a filter if something listens on every port.
answers_of() { # SUBJECT
	local ports="$CLOSED,22,25,80,389,443,3306,5432,7026,8080,9999,50000"

	at_exec "$1" "$probe" listen -t "$ports" >"$ROOM/listen-$1" &
	pids+=($!)
	until [ -s "$ROOM/listen-$1" ]; do sleep 0.05; done
	"$probe" scan -t "$ports" -w 500 "$(address_of "$1")" | awk '{ print $3, $4 }' | sort -n >"$ROOM/answers-$1"
	last_stop
}

# The same ports answer, or they do not do the same job. That this can be seen is tried as well.
filters_check() {
	local subject

	for subject in rolewall rolewall-{tc,cgroup,generic,events} xdp-filter nftables nftables-linear iptables; do
		answers_of "$subject"
		cmp -s "$ROOM/answers-rolewall" "$ROOM/answers-$subject" ||
			{ say "$subject does another job than rolewall:"; diff "$ROOM/answers-rolewall" "$ROOM/answers-$subject" >&2; exit 1; }
	done
	at nftables nft delete element inet bench ports_tcp '{ 25 }'
	answers_of nftables
	! cmp -s "$ROOM/answers-rolewall" "$ROOM/answers-nftables" ||
		{ say "a port was closed, and the check of what answers does not see it"; exit 1; }
	at nftables nft add element inet bench ports_tcp '{ 25 }'
	say "the same ports answer behind all filters: $(awk '$2 == "open" { printf "%s ", $1 }' "$ROOM/answers-rolewall")"
}

# --- floods ---------------------------------------------------------------------------------------

dropped_by() { # SUBJECT: packets, by its own count
	local device

	device=r$(number_of "$1")
	case $1 in
	floor | xdp-filter) at "$1" ethtool -S "$device" | awk '/xdp_drops:/ { sum += $2 } END { print sum + 0 }' ;;
	rolewall*) rolewall_at "$1" --json status | jq '.drops["not-open"]' ;;
	nftables*) at "$1" nft -j list chain inet bench input |
		jq '[.nftables[].rule.expr? // [] | .[].counter? // empty | .packets] | add' ;;
	iptables) at "$1" iptables-legacy -vxnL INPUT | awk 'NR == 1 { print $5 }' ;;
	esac
}

flood_measure() {
	local targets=() subject sent before=()

	for subject in floor rolewall rolewall-{tc,cgroup,generic,events} xdp-filter nftables nftables-linear iptables; do
		targets+=("$subject:s$(number_of "$subject")")
		before+=("$(dropped_by "$subject")")
	done
	rolewall_exec rolewall-events serve >/dev/null &
	pids+=($!)
	until [ -S "$ROOM/state-rolewall-events/rolewall.sock" ]; do sleep 0.05; done
	"$bench" flood "$FLOOD_ROUNDS" "$FLOOD_PACKETS" $CLOSED "${targets[@]}" >"$ROOM/flood"
	last_stop
	grep -v '^sent' "$ROOM/flood"
	for subject in "${targets[@]%%:*}"; do
		sent=$(awk -F '\t' -v subject="$subject" '$1 == "sent" && $2 == subject { print int($4) }' "$ROOM/flood")
		printf 'flood-lost\t%s\tpackets\t%d\n' "$subject" \
			$((sent - $(dropped_by "$subject") + before[0]))
		before=("${before[@]:1}")
	done
}

# One instance whose two interfaces are flooded at once, a generator and a receiver on each CPU: what the
# CPUs share is seen in what two of them do together.
scale_measure() {
	local subject n

	if [ "$(nproc)" -lt 2 ]; then
		say "one CPU: nothing to scale to"
		return
	fi
	for subject in floor-two rolewall-two; do
		n=$(number_of "$subject")
		"$bench" scale "$FLOOD_ROUNDS" "$FLOOD_PACKETS" $CLOSED "${subject%-two}" "s$n" "t$n"
	done
}

# --- legitimate traffic ---------------------------------------------------------------------------

server_start() { # SUBJECT
	at_exec "$1" "$bench" serve 25 &
	pids+=($!)
	until at "$1" ss -Hltn 'sport = :25' | grep -q .; do sleep 0.05; done
}

# In turns, forwards and backwards: what drifts hits all of them alike.
stream_measure() {
	local round subject subjects

	for ((round = 0; round < STREAM_ROUNDS; round++)); do
		subjects=(none pass rolewall rolewall-{tc,cgroup,generic} nftables)
		if ((round % 2)); then subjects=(nftables rolewall-{generic,cgroup,tc} rolewall pass none); fi
		for subject in "${subjects[@]}"; do
			"$bench" stream "$subject" "$(address_of "$subject")" 25 "$STREAM_MS"
			"$bench" transact "$subject" "$(address_of "$subject")" 25 1 0 "$STREAM_MS" KEEP
		done
	done >"$ROOM/stream"
	cat "$ROOM/stream"
	cost_print goodput rolewall pass
	cost_print rr rolewall pass
	for subject in rolewall rolewall-{tc,cgroup,generic}; do
		cost_print goodput "$subject" none
		cost_print rr "$subject" none
	done
}

# By how much worse each sample of a subject is than the sample of another one in the same round: the
# median of pairs tells a small cost from noise that is larger than it.
cost_print() { # BENCH SUBJECT BESIDE
	awk -F '\t' -v bench="$1" -v subject="$2" -v beside="$3" '
		$1 == bench && $2 == subject { have[++n] = $4 }
		$1 == bench && $2 == beside { other[++m] = $4 }
		END {
			for (i = 1; i <= n; i++)
				printf "%s-cost\t%s-beside-%s\t%%\t%.4f\n", bench, subject, beside,
					(bench == "goodput" ? 1 - have[i] / other[i] : have[i] / other[i] - 1) * 100
		}' "$ROOM/stream"
}

# The host under attack is one CPU: the receiver's side of the wire is worked on by a thread there,
# beside the server and its clients. It comes before them, as a softirq does: else it would wait its
# turn for milliseconds while the queue of 256 frames overflows, whatever the filter. The generator
# has the other CPU for itself (nice would not do: where sessions are groups for the scheduler, it
# only counts within its own). What the filter costs is taken from the server; what it does not get
# done overflows the queue, with honest packets among it.
receiver_thread() { # SUBJECT
	local device pid

	device=r$(number_of "$1")
	# Else the sender's TCP goes around the queue, unless the receiver has XDP.
	ethtool -K "s$(number_of "$1")" tso off
	ip netns exec "$1" sh -c "echo 1 >/sys/class/net/$device/threaded"
	for pid in $(pgrep "^napi/$device-"); do
		taskset -pc 1 "$pid" >/dev/null
		chrt -f -p 1 "$pid"
	done
}

# legit_sample NAME SUBJECT MPPS [PORT]: the clients are there before the flood, and it outlasts them. (Who comes
# later may come when it is over: on a CPU that has nothing left, a process takes seconds to start.)
legit_sample() {
	local clients

	"$bench" transact "$1" "$(address_of "$2")" 25 8 1000 2000 NEW &
	clients=$!
	sleep 0.3
	echo 0 >"$ROOM/pace"
	if [ "$3" != 0 ]; then
		chrt -f 1 "$bench" pace "s$(number_of "$2")" "${4:-$CLOSED}" "$3" 3500 2>"$ROOM/pace"
	fi
	wait $clients
	printf 'legit-flood-mpps\t%s\tMpps\t%s\n' "$1" "$(<"$ROOM/pace")"
}

legit_measure() {
	local round subject mpps

	for subject in none rolewall rolewall-{tc,cgroup} nftables xdp-filter; do receiver_thread "$subject"; done
	for ((round = 0; round < LEGIT_ROUNDS; round++)); do
		for subject in none rolewall rolewall-{tc,cgroup} nftables xdp-filter; do
			legit_sample "$subject" "$subject" "$FLOOD_MPPS"
		done
	done
	for mpps in 0 0.5 1; do
		for subject in rolewall nftables; do
			legit_sample "$subject-at-$mpps-mpps" "$subject" "$mpps"
		done
	done
}

# synproxy takes the SYNs out of connection tracking, and answers in the input chain.
synproxy_up() { # SUBJECT
	nft_rules set | sed '/policy drop/s/$/\ntcp dport 25 ct state invalid,untracked synproxy mss 1460 wscale 7 timestamp sack-perm/
		$s/}$/chain raw { type filter hook prerouting priority raw; policy accept;\ntcp dport 25 tcp flags syn notrack\n}\n}/' |
		at "$1" nft -f - 2>/dev/null || return
	at "$1" sysctl -qw net.netfilter.nf_conntrack_tcp_loose=0
}

# The same with the flood on the port of those clients.
open_port_measure() {
	local round subject mpps subjects=(none rolewall rolewall-tc nftables)

	if synproxy_up synproxy; then subjects+=(synproxy); else say "this kernel has no synproxy"; fi
	for subject in "${subjects[@]}"; do receiver_thread "$subject"; done
	for mpps in 0.1 0.3 1 "$FLOOD_MPPS"; do
		for ((round = 0; round < LEGIT_ROUNDS; round++)); do
			for subject in "${subjects[@]}"; do
				legit_sample "$subject-at-$mpps-mpps" "$subject" "$mpps" 25
			done
		done
	done | sed 's/^legit-under-flood/legit-open-port/; s/^legit-flood-mpps/legit-open-port-mpps/'
}

# --- the cost of a change -------------------------------------------------------------------------

apply_time() { # SUBJECT-OF-SAMPLE
	local start=$EPOCHREALTIME

	rolewall_at none -q apply >&2
	printf 'apply-ms\t%s\tms\t%s\n' "$1" \
		"$(awk -v a="$start" -v b="$EPOCHREALTIME" 'BEGIN { print (b - a) * 1000 }')"
}

verb_time() { # SUBJECT-OF-SAMPLE VERB...
	local subject=$1 start=$EPOCHREALTIME

	shift
	rolewall_at none -q "$@" >"$ROOM/printed" 2>&1
	printf 'verb-ms\t%s\tms\t%s\n' "$subject" \
		"$(awk -v a="$start" -v b="$EPOCHREALTIME" 'BEGIN { print (b - a) * 1000 }')"
}

memory_print() { # SUBJECT-OF-SAMPLE
	local map id

	for map in "$ROOM"/bpf/none/maps/* "$ROOM"/bpf/none/generation-*/*; do
		bpftool -j map show pinned "$map" | jq .bytes_memlock
	done >"$ROOM/memory"
	# And those that are pinned in no other way than in a table of pieces.
	for map in bans limit_times rule_counters callers; do
		for id in $(bpftool map dump pinned "$ROOM/bpf/none/maps/$map" |
			sed -n 's/.*value: \(..\) \(..\) \(..\) \(..\).*/0x\4\3\2\1/p'); do
			bpftool -j map show id "$id" | jq .bytes_memlock
		done
	done >>"$ROOM/memory"
	awk -v subject="$1" '{ sum += $1 } END { printf "memory\t%s\tMiB\t%.2f\n", subject, sum / 1048576 }' "$ROOM/memory"
}

program_print() {
	local id

	id=$(ip -n none -j link show dev "r$(number_of none)" | jq '.[0].xdp.prog.id')
	bpftool -j prog show id "$id" | jq -r '"program-size\txdp-xlated\tbytes\t\(.bytes_xlated)",
		"program-size\txdp-jited\tbytes\t\(.bytes_jited)"'
}

apply_measure() {
	local round

	mkdir "$ROOM_CGROUP/none"
	node_write none
	apply_time first
	for ((round = 0; round < 5; round++)); do apply_time all-roles; done
	memory_print all-roles
	program_print
	# 10.0.0.0 and the 999,999 addresses after it.
	seq 0 999999 | awk '{ printf "10.%d.%d.%d\n", $1 / 65536, $1 / 256 % 256, $1 % 256 }' >"$ROOM/bans"
	verb_time import bans --import "$ROOM/bans"
	for ((round = 0; round < 3; round++)); do verb_time bans bans; done
	for ((round = 0; round < 5; round++)); do apply_time 1000000-bans; done
	memory_print 1000000-bans
	jq '.services = [range(10000) | {name: "own-\(.)", proto: "tcp", port: (. + 10000), table: "external"}]' \
		"$ROOM/none.json" >"$ROOM/none.new" && mv "$ROOM/none.new" "$ROOM/none.json"
	for ((round = 0; round < 5; round++)); do apply_time 10000-rules; done
	jq '.services = [range(64000) | {name: "o\(.)", proto: "tcp", port: (. + 1000), table: "external"}]' \
		-c "$ROOM/none.json" >"$ROOM/none.new" && mv "$ROOM/none.new" "$ROOM/none.json"
	rolewall_at none -q apply >&2
	for ((round = 0; round < 3; round++)); do
		verb_time status-of-64000-rules status
		verb_time show-json-of-64000-rules --json show
	done
	rolewall_at none -q down >&2
}

mount -t tmpfs tmpfs /run/netns 2>/dev/null || { mkdir -p /run/netns && mount -t tmpfs tmpfs /run/netns; }
for subject in "${SUBJECTS[@]}"; do receiver_add "$subject"; done
filters_up
filters_check
for subject in none pass rolewall rolewall-{tc,cgroup,generic} nftables xdp-filter synproxy; do server_start "$subject"; done
for part in $PARTS; do
	say "$part"
	"${part}_measure"
done
for subject in rolewall rolewall-{tc,cgroup,generic,events,two}; do
	rolewall_at "$subject" -q down >&2 # room.sh takes their cgroups away, once nothing is left there
done
