#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The documented clusters of four, five and six nodes, one namespace a node, flows "least": real
# connections along every flow and against every other port, between every two nodes, against flows
# typed by hand. On each node something listens on every port of the page, whatever its roles.

# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

EXAMPLES=$LAB_ROOT/docs/examples
FLOWS=$LAB_ROOT/tests/unit/flows.tsv
STRANGER=172.16.0.99

# --- the network: nodes at one switch -------------------------------------------------------------

# attach HOST ADDRESS: a namespace with eth0 at the switch.
attach() {
	lab_netns_add "$1"
	ip -n "$LAB_NAME-$1" link add eth0 type veth peer name "$1" netns "$LAB_NAME-switch"
	ip -n "$LAB_NAME-$1" address add "$2/24" dev eth0
	ip -n "$LAB_NAME-$1" link set eth0 up
	ip -n "$LAB_NAME-switch" link set "$1" master br0 up
}

# cluster_up EXAMPLE: its nodes, what listens on them, and the policy of each.
cluster_up() {
	local name address

	CLUSTER=$EXAMPLES/$1
	lab_netns_add switch
	ip -n "$LAB_NAME-switch" link add br0 type bridge
	ip -n "$LAB_NAME-switch" link set br0 up
	attach stranger "$STRANGER"
	NODES=()
	while read -r name address; do
		NODES+=("$name")
		attach "$name" "$address"
		mkdir "$LAB_CGROUP/$name" "$LAB_DIR/$name"
		cp "$CLUSTER/cluster.json" "$LAB_DIR/$name"
		jq --arg name "$name" '.node = $name' "$CLUSTER/node.json" >"$LAB_DIR/$name/node.json"
		spawn "$name" "listen-$name" "$PROBE" listen -t "$PORTS" -u "$PORTS"
		assert_exit 0 on "$name" apply
	done < <(jq -r '.nodes | to_entries[] | "\(.key) \(.value.addresses[0])"' "$CLUSTER/cluster.json")
}

# Whatever is left of a cluster, also after a test that failed: each runs in a subshell, whose list of
# namespaces nobody else knows.
cluster_remove() {
	local netns pids

	for netns in /run/netns/"$LAB_NAME"-{srv*,stranger,switch}; do
		[ -e "$netns" ] || continue
		mapfile -t pids < <(ip netns pids "${netns##*/}")
		lab_kill "${pids[@]}"
		ip netns delete "${netns##*/}"
	done
	for netns in "$LAB_CGROUP"/srv*; do
		[ -d "$netns" ] || continue
		wait_for 2 rmdir "$netns"
		rm -rf "${LAB_DIR:?}/${netns##*/}" "$LAB_DIR/bpf/${netns##*/}"
	done
}

# As in lab.sh, for more nodes than one.
lab_exec() {
	local host=$1

	shift
	case $host in
	node) echo "$BASHPID" >"$LAB_CGROUP/cgroup.procs" || exit 1 ;;
	srv*) echo "$BASHPID" >"$LAB_CGROUP/$host/cgroup.procs" || exit 1 ;;
	esac
	exec nsenter --net="/run/netns/$LAB_NAME-$host" -- "$@"
}

lab_cgroup_remove() {
	cluster_remove
	wait_for 2 rmdir "$LAB_CGROUP"
}

# on NODE ARGUMENTS...: that node's rolewall.
on() {
	local name=$1

	shift
	(lab_exec "$name" "$ROLEWALL" --config "$LAB_DIR/$name/node.json" --roles-dir "$ROLES_DIR" \
		--state-dir "$LAB_DIR/$name/state" --lib-dir "$LAB_DIR/$name/lib" \
		--bpffs "$LAB_DIR/bpf/$name" --cgroup "$LAB_CGROUP/$name" "$@")
}

# --- what has to be open --------------------------------------------------------------------------

address_of() {
	jq -r --arg name "$1" '.nodes[$name].addresses[0]' "$CLUSTER/cluster.json"
}

# "any mta proxy": the roles of a node, as the flows name them.
roles_of() {
	jq -r --arg name "$1" '(["any"] + .nodes[$name].roles) | join(" ")' "$CLUSTER/cluster.json"
}

# expected FROM-ROLES TO-ROLES: the scan's lines. The external table is open to all, but for what the
# examples keep for the VPN; the mesh's own proxies came with 24.1.
expected() {
	{
		cat "$FLOWS"
		awk -F '\t' '!/^#/ && $2 == "external" && $5 != "admin-panel" { print "any", $1, $3, $4 }' "$SEED"
		if jq -e '.profile == "carbonio-ce-24.1"' "$CLUSTER/cluster.json" >/dev/null; then
			echo "any mesh 21000 tcp"
			echo "any mesh 21255 tcp"
		fi
	} | awk -v from="$1" -v to="$2" -v ports="$PORTS" '
	BEGIN {
		split(from, list, " "); for (i in list) is_from[list[i]] = 1
		split(to, list, " "); for (i in list) is_to[list[i]] = 1
	}
	!/^#/ && ($1 in is_from) && ($2 in is_to) { is_open[$4, $3] = 1 }
	END {
		split("tcp udp", protos, " "); count = split(ports, list, ",")
		for (p = 1; p <= 2; p++) for (i = 1; i <= count; i++)
			print protos[p], "ipv4", list[i], ((protos[p], list[i]) in is_open) ? "open" : "silent"
	}' | sort
}

# scan_from_all TO: every other node and the stranger at once, into $LAB_DIR/found-FROM.
scan_from_all() {
	local from pids=()

	for from in "${NODES[@]}" stranger; do
		[ "$from" != "$1" ] || continue
		(lab_exec "$from" "$PROBE" scan -t "$PORTS" -u "$PORTS" "$(address_of "$1")") \
			>"$LAB_DIR/found-$from" &
		pids+=($!)
	done
	wait "${pids[@]}"
}

# assert_pair FROM TO FROM-ROLES
assert_pair() {
	expected "$3" "$(roles_of "$2")" >"$LAB_DIR/expected"
	sort "$LAB_DIR/found-$1" >"$LAB_DIR/found"
	diff "$LAB_DIR/expected" "$LAB_DIR/found" || fail "from $1 to $2"
	FLOWS_SEEN=$((FLOWS_SEEN + $(grep -c open "$LAB_DIR/found" || true)))
}

# assert_matrix COUNT: every two nodes, and a stranger on the same network. COUNT is how many cells of
# the matrix have to be open, added up by hand.
assert_matrix() {
	local from to

	FLOWS_SEEN=0
	for to in "${NODES[@]}"; do
		scan_from_all "$to"
		assert_stranger "$to"
		for from in "${NODES[@]}"; do
			[ "$from" = "$to" ] || assert_pair "$from" "$to" "$(roles_of "$from")"
		done
	done
	# A table that is read as empty must not pass for a cluster without flows.
	assert_equal "$1" "$FLOWS_SEEN" "connections that were made"
}

# The external table alone: no flow begins at a stranger, not even "any".
assert_stranger() {
	FLOWS=/dev/null expected "any" "$(roles_of "$1" | sed 's/ mesh//')" >"$LAB_DIR/expected"
	sort "$LAB_DIR/found-stranger" >"$LAB_DIR/found"
	diff "$LAB_DIR/expected" "$LAB_DIR/found" || fail "a stranger to $1"
}

prepare() {
	cluster_remove
}

setup() {
	PORTS=$({ seed_ports; echo 21000; echo 21255; echo 8742; } | sort -nu | paste -sd,)
}

# --- tests ----------------------------------------------------------------------------------------

test_four_nodes_connect_along_every_flow_and_no_other() {
	cluster_up four-nodes
	assert_matrix 76
	assert_refusal_is_explained
}

# Port 7072 is the proxy's alone; srv4 plays no role.
assert_refusal_is_explained() {
	on srv3 --json blocked >"$LAB_DIR/blocked.json"
	jq -e '.attempts[] | select(.source == "172.16.0.14" and .port == 7072 and .proto == "tcp")
		| .reason == "zone-denied" and .service == "nginx-lookup" and .zone == "internal"' \
		"$LAB_DIR/blocked.json"
	assert_json '.verdict == "drop" and .reason == "zone-denied"' \
		on srv3 --json explain 172.16.0.14 7072
	OUTPUT=$(on srv3 explain 172.16.0.14 7072)
	[[ $OUTPUT == *"peers(proxy)"* ]] || fail "$OUTPUT"
	assert_json '.rules[] | select(.port == 7071) | .zones == ["peers"] and .peers == "proxy,appserver"' \
		on srv3 --json show
}

test_five_nodes_connect_along_every_flow_and_no_other() {
	cluster_up five-nodes
	assert_matrix 131
}

test_six_nodes_connect_along_every_flow_and_no_other() {
	cluster_up six-nodes
	assert_matrix 173
}

run_tests "$@"
