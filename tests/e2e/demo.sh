#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# demo.sh - Rolewall on a mail node, before your eyes: `sudo make demo`.
#
# A node and three neighbours in network namespaces; real listeners, real attempts; the machine
# itself is not touched. Exits 1 if what the neighbours can reach is not what the requirements page
# says. KEEP=1 (on a terminal) leaves everything running until Enter.

# shellcheck source=tests/e2e/lab.sh
. "$(dirname "$0")/lab.sh"

ROLES="mta proxy"
VPN_ONLY="admin-panel imap"
# Nobody's ports, to show that "not on the page" means shut: telnet, DNS, SMB, MySQL, Redis, ...
OTHER_PORTS=23,53,111,445,3306,3389,6379,9200,27017,65535

if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then
	BOLD=$'\e[1m' GREEN=$'\e[32m' RED=$'\e[31m' DIM=$'\e[2m' PLAIN=$'\e[0m'
else
	BOLD='' GREEN='' RED='' DIM='' PLAIN=''
fi

STEP=0

say() { # TEXT
	STEP=$((STEP + 1))
	printf '\n%s%d. %s%s\n' "$BOLD" "$STEP" "$1" "$PLAIN"
}

# show COMMAND...: as it would be typed, then what it prints.
show() {
	printf '%s   $ %s%s\n' "$DIM" "$*" "$PLAIN"
	"$@" 2>&1 | sed 's/^/   /'
	return "${PIPESTATUS[0]}"
}

# --- the verdict matrix ---------------------------------------------------------------------------

# scan_all [PROBE-OPTION...]: every port from every zone, lines "ZONE PROTO FAMILY PORT ANSWER".
scan_all() {
	local options=(-t "$PORTS" -u "$PORTS" "$@") pids=()

	outside "$PROBE" scan "${options[@]}" "$NODE_EXTERNAL" "$NODE6_EXTERNAL" >"$LAB_DIR/external" &
	pids+=($!)
	inside "$PROBE" scan "${options[@]}" "$NODE_INTERNAL" "$NODE6_INTERNAL" >"$LAB_DIR/internal" &
	pids+=($!)
	vpn "$PROBE" scan "${options[@]}" "$NODE_VPN" "$NODE6_VPN" >"$LAB_DIR/vpn" &
	pids+=($!)
	wait "${pids[@]}"
	for zone in external internal vpn; do
		sed "s/^/$zone /" "$LAB_DIR/$zone"
	done
}

# Compares $LAB_DIR/scan with the page; prints the ports of the node's roles, and sums up the rest.
matrix_print() {
	seed_open "$ROLES" "$VPN_ONLY" >"$LAB_DIR/seed"
	awk -v green="$GREEN" -v red="$RED" -v plain="$PLAIN" -v bold="$BOLD" '
	FILENAME ~ /seed$/ { page[$1 " " $2] = $3; order[++rows] = $1 " " $2; next }
	FILENAME ~ /services$/ { if (!($1 " " $2 in name)) name[$1 " " $2] = $3; next }
	{
		key = $2 " " $4; all[key] = 1
		answers[key, $1] = answers[key, $1] == "" || answers[key, $1] == $5 ? $5 : "mixed"
	}
	function cell(key, zone,  wanted, found) {
		wanted = ("," page[key] ",") ~ ("," zone ",") ? "open" : "silent"
		found = answers[key, zone]
		if (found != wanted) { wrong++; row_wrong = 1 }
		cells++
		return (found == "open" ? green : red) sprintf("%-9s", found == "silent" ? "-" : found) plain
	}
	END {
		printf "   %s%-10s %-17s %-9s%-9s%-9s %s%s\n", bold, "port", "service", "outside",
			"inside", "vpn", "the page says", plain
		for (i = 1; i <= rows; i++) {
			key = order[i]; split(key, part, " "); row_wrong = 0
			line = cell(key, "external") cell(key, "internal") cell(key, "vpn")
			printf "   %-10s %-17s %s %s%s\n", part[2] "/" part[1], name[key], line, page[key],
				row_wrong ? red "  DISAGREES" plain : ""
		}
		for (key in all) if (!(key in page)) {
			row_wrong = 0
			cell(key, "external"); cell(key, "internal"); cell(key, "vpn"); others++
			if (row_wrong) { reachable++; list = list " " key }
		}
		print "   (ssh through the VPN is the profile\047s addition to the page)"
		printf "   The %d other ports (TCP and UDP): ", others
		if (reachable) printf "%s%d answer:%s%s\n", red, reachable, list, plain
		else print "no answer to anybody"
		if (wrong) {
			printf "\n   %s%d of %d verdicts disagree with the page%s\n", red, wrong, cells, plain
			exit 1
		}
		printf "\n   %sAll %d verdicts (IPv4 and IPv6) agree with the requirements page.%s\n", green,
			cells, plain
	}' "$LAB_DIR/seed" "$LAB_DIR/services" "$LAB_DIR/scan"
}

count_open() { # ZONE
	awk -v zone="$1" '$1 == zone && $5 == "open" { n++ } $1 == zone { all++ }
		END { printf "%d of %d", n, all }' "$LAB_DIR/scan"
}

# --- left running ---------------------------------------------------------------------------------

# One small script a host, so that another terminal can play along.
hosts_write() {
	local host

	for host in node outside inside vpn; do
		cat >"$LAB_DIR/$host" <<-END
			#!/bin/bash
			[ $host != node ] || echo \$\$ >"$LAB_CGROUP/cgroup.procs"
			PATH=$(dirname "$PROBE"):\$PATH exec nsenter --net=/run/netns/$LAB_NAME-$host -- "\$@"
		END
	done
	cat >"$LAB_DIR/rolewall" <<-END
		#!/bin/sh
		cd $LAB_ROOT && exec $LAB_DIR/node $ROLEWALL ${LAB_INSTANCE[*]} "\$@"
	END
	chmod +x "$LAB_DIR"/{node,outside,inside,vpn,rolewall}
}

keep_running() {
	hosts_write
	say "The lab is yours. In another terminal, as root:"
	sed 's/^/   /' <<-END
		$LAB_DIR/rolewall blocked -f         # follow what is refused, while you ...
		$LAB_DIR/outside probe scan -t 25,6071 $NODE_EXTERNAL
		$LAB_DIR/vpn probe scan -t 25,6071 $NODE_VPN
		$LAB_DIR/outside nmap -n -Pn -F $NODE_EXTERNAL
		$LAB_DIR/outside probe flood -n 100000 -c 1000000 $NODE_EXTERNAL 23
		$LAB_DIR/rolewall status
		\${EDITOR:-vi} $LAB_DIR/node.json && $LAB_DIR/rolewall plan && $LAB_DIR/rolewall apply
	END
	printf '\n   %sEnter (or ctrl-C) takes everything down.%s ' "$BOLD" "$PLAIN"
	# ctrl-C ends only the reading; this script goes on to clean up.
	trap ':' INT
	(trap - INT; read -r) || echo
	trap 'exit 130' INT
}

# --- the story ------------------------------------------------------------------------------------

# Short paths in what is shown.
cd "$LAB_ROOT" || exit
ROLES_DIR=roles
lab_create
PORTS=$(seed_ports | paste -sd,),$OTHER_PORTS
awk -F '\t' '!/^#/ && NF >= 5 { print $4, $3, $5 }' "$SEED" >"$LAB_DIR/services"

say "A mail node and three neighbours, in network namespaces of their own"
cat <<END
     outside $OUTSIDE ---- eth0 [ mail1 ] eth1 ---- inside peer $INSIDE
                                    vpn0 ---- vpn client $VPN
END

say "On the node something listens on every port of the requirements page, and on ten others"
spawn node listeners "$PROBE" listen -t "$PORTS" -u "$PORTS"
scan_all >"$LAB_DIR/scan"
echo "   Without a firewall the outside host reaches $(count_open external) (TCP and UDP, IPv4 and IPv6)."

say "The node says what it is: roles mta and proxy; admin panel and IMAP only through the VPN"
node_file '.roles = ("'"$ROLES"'" | split(" ")) | .vpn_only = ("'"$VPN_ONLY"'" | split(" "))'
jq -r '"{", (to_entries | map("  \"\(.key)\": \(.value | tojson)") | join(",\n")), "}"' \
	"$LAB_DIR/node.json" | sed 's/^/   /'

say "Rolewall compiles that and puts it in force, in the kernel, with one system call"
show rolewall apply || exit

say "The compiled policy, each rule with the line it comes from"
show rolewall show || exit

say "The outside host tries the admin panel, IMAP, and memcached over TCP and UDP"
outside "$PROBE" scan -w 300 -t 6071,143,11211 -u 11211 "$NODE_EXTERNAL" | sed 's/^/   /'
show rolewall blocked || exit

say "It does not give up; the VPN client tries memcached, too. Every packet is counted"
outside "$PROBE" scan -w 300 -t 6071,22,3306 "$NODE_EXTERNAL" "$NODE6_EXTERNAL" >"$LAB_DIR/again"
vpn "$PROBE" scan -w 300 -t 6071,11211 "$NODE_VPN" | sed 's/^/   vpn client: /'
show rolewall blocked || exit

say "A flood of 100,000 SYNs from as many sources, while a mail client outside connects"
outside "$PROBE" flood -n 100000 -c 100000 "$NODE_EXTERNAL" 23 >"$LAB_DIR/flood" &
FLOOD=$!
outside "$PROBE" scan -t 25 "$NODE_EXTERNAL" | sed 's/^/   mail client: /'
wait "$FLOOD"
show rolewall status || exit

say "Who reaches what? Scanned from each zone, compared with the page"
scan_all -w 800 >"$LAB_DIR/scan"
matrix_print
RESULT=$?

if [ -n "${KEEP:-}" ] && [ -t 0 ] && [ -t 1 ]; then keep_running; fi

say "Down: detached and unpinned; namespaces, cgroup and mounts are removed"
show rolewall down || RESULT=1
exit "$RESULT"
