#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# demo.sh - Rolewall on a mail node, before your eyes: `sudo make demo`.
#
# A node and three neighbours in network namespaces; real listeners, real attempts; the machine
# itself is not touched. Exits 1 if anything that it claims was not so. KEEP=1 (on a terminal) leaves
# everything running until Enter.
# What claim calls, nobody else does:
# shellcheck disable=SC2317

# shellcheck source=tests/e2e/lab.sh
. "$(dirname "$0")/lab.sh"
# shellcheck source=tests/e2e/daemon.sh
. "$(dirname "$0")/daemon.sh"
# shellcheck source=tests/e2e/browser.sh
. "$(dirname "$0")/browser.sh"
# shellcheck source=tests/e2e/terminal.sh
. "$(dirname "$0")/terminal.sh"

fail() { lab_die "$*"; }

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
RESULT=0

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

# claim TEXT COMMAND...: the command finds out whether it is so.
claim() {
	local text=$1

	shift
	if "$@"; then
		printf '   %sok%s  %s\n' "$GREEN" "$PLAIN" "$text"
	else
		printf '   %sNOT SO%s  %s\n' "$RED" "$PLAIN" "$text"
		RESULT=1
	fi
}

# answers open|silent HOST ADDRESS PORT
answers() {
	local wait_ms=300

	[ "$1" = silent ] || wait_ms=10000
	[ "$("$2" "$PROBE" scan -w "$wait_ms" -t "$4" "$3" | sed 's/.* //')" = "$1" ]
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
		$LAB_DIR/rolewall top                # watch what is refused, while you ...
		$LAB_DIR/outside probe scan -t 25,6071 $NODE_EXTERNAL
		$LAB_DIR/vpn probe scan -t 25,6071 $NODE_VPN
		$LAB_DIR/outside nmap -n -Pn -F $NODE_EXTERNAL
		$LAB_DIR/outside probe flood -n 100000 -c 1000000 $NODE_EXTERNAL 23
		$LAB_DIR/rolewall status             # or show, blocked, explain $OUTSIDE 6071
		$LAB_DIR/node curl -s $WEB_URL/
		\${EDITOR:-vi} $LAB_DIR/node.json && $LAB_DIR/rolewall plan && $LAB_DIR/rolewall apply
	END
	printf '\n   %sEnter (or ctrl-C) takes everything down.%s ' "$BOLD" "$PLAIN"
	# ctrl-C ends only the reading; this script goes on to clean up.
	trap ':' INT
	(trap - INT; read -r) || echo
	trap 'exit 130' INT
}

# --- the story ------------------------------------------------------------------------------------

story_before() {
	say "A mail node and three neighbours, in network namespaces of their own; no firewall yet"
	cat <<-END
		     outside $OUTSIDE ---- eth0 [ mail1 ] eth1 ---- inside peer $INSIDE
		                                    vpn0 ---- vpn client $VPN
	END
	spawn node listeners "$PROBE" listen -t "$PORTS" -u "$PORTS"
	scan_all >"$LAB_DIR/scan"
	claim "$(count_open external) ports answer the outside host: those of the requirements page, and ten others" \
		all_open external
}

all_open() { # ZONE
	! awk -v zone="$1" '$1 == zone && $5 != "open"' "$LAB_DIR/scan" | grep -q .
}

demo_file() { # ROLE...
	node_file '.roles = ("'"$*"'" | split(" ")) | .vpn_only = ("'"$VPN_ONLY"'" | split(" "))'
}

story_apply() {
	say "The node says what it is: roles mta and proxy; admin panel and IMAP only through the VPN"
	# shellcheck disable=SC2086
	demo_file $ROLES
	jq -r '"{", (to_entries | map("  \"\(.key)\": \(.value | tojson)") | join(",\n")), "}"' \
		"$LAB_DIR/node.json" | sed 's/^/   /'
	show rolewall -q apply || exit
	claim "it is in force in the kernel, on every interface" is_enforced
}

is_enforced() {
	rolewall --json status | jq -e '.mode == "enforce" and .attached and (.interfaces | length == 3)' >/dev/null
}

story_watch() {
	say "The outside host tries the admin panel, IMAP, ssh and memcached; who watches sees it at once"
	daemon_start
	web_start
	web_is_up || lab_die "no page: $(<"$LAB_DIR/web.err")"
	top_start 100 14 LC_ALL=C.UTF-8 TERM=tmux-256color
	wait_for 20 shows REASON || lab_die "no view: $(<"$LAB_DIR/top.err")"
	claim "the admin panel does not answer the outside host" answers silent outside "$NODE_EXTERNAL" 6071
	claim "it does answer the VPN client" answers open vpn "$NODE_VPN" 6071
	outside "$PROBE" scan -w 300 -t 143,22,11211 -u 11211 "$NODE_EXTERNAL" "$NODE6_EXTERNAL" >/dev/null
	claim "rolewall top shows it" wait_for 20 shows "11211/udp"
	screen | sed "s/^/   $DIM|$PLAIN /; s/ *$//"
	tm_end
	claim "the live page, rolewall-web, serves the same to a browser" page_shows 6071
}

page_shows() { # PORT
	grep -qm 1 "\"port\":$1" < <(node curl -sN -m 30 "$WEB_URL/events")
}

story_explain() {
	say "Why? The program in the kernel itself is asked, and names rule, line and remedy"
	show rolewall explain "$OUTSIDE" 6071
	claim "it is what happened to the packet" explained
}

explained() {
	rolewall --json explain "$OUTSIDE" 6071 | jq -e '.verdict == "drop" and .reason == "zone-denied"' >/dev/null
}

story_mistake() {
	say "A mistake: somebody takes the role mta away. plan says what it would shut"
	demo_file proxy
	show rolewall -q plan
	say "Applied to be confirmed; nobody confirms"
	show rolewall -q apply --confirm=8 || exit
	claim "port 25 is shut" answers silent outside "$NODE_EXTERNAL" 25
	claim "after 8 seconds it is open again, by itself" wait_for 30 answers open outside "$NODE_EXTERNAL" 25
	claim "the policy before is in force" both_roles
	# shellcheck disable=SC2086
	demo_file $ROLES
}

both_roles() {
	rolewall --json status | jq -e '.pending == null and .roles == ["every-node", "mta", "proxy"]' >/dev/null
}

story_ban() {
	say "A ban: not even open ports answer"
	show rolewall ban "$OUTSIDE" --for 1h --reason scanner
	claim "port 25 does not answer $OUTSIDE any more" answers silent outside "$NODE_EXTERNAL" 25
	show rolewall unban "$OUTSIDE"
	claim "now it does" answers open outside "$NODE_EXTERNAL" 25
}

# Packets that the sender's own cable dropped never came.
cable_losses() {
	ip -n "$LAB_NAME-outside" -s -j link show dev eth0 | jq '.[0].stats64.tx.dropped'
}

refused() {
	rolewall --json status | jq '.drops["not-open"] // 0'
}

story_flood() {
	local before lost arrived counted

	say "A flood of 100,000 SYNs, each from another source, while a mail client connects"
	before=$(refused) lost=$(cable_losses)
	outside "$PROBE" flood -n 100000 -c 100000 "$NODE_EXTERNAL" 23 >"$LAB_DIR/flood" &
	claim "the mail client is answered" answers open outside "$NODE_EXTERNAL" 25
	wait $!
	arrived=$((100000 - $(cable_losses) + lost))
	counted=$(($(refused) - before))
	claim "$arrived SYNs arrived at the node, and $counted were refused and counted: every one" \
		[ "$arrived" = "$counted" ]
}

story_matrix() {
	say "Who reaches what? Every port scanned from each zone, and compared with the requirements page"
	scan_all -w 800 >"$LAB_DIR/scan"
	matrix_print >"$LAB_DIR/matrix" || scan_all -w 10000 >"$LAB_DIR/scan" # a busy machine answers late
	matrix_print || RESULT=1
}

story_end() {
	say "Down: out of the kernel; namespaces, cgroup and mounts are removed"
	stop web
	stop daemon
	show rolewall down || RESULT=1
	claim "nothing of it is left there" nothing_left
	claim "the admin panel answers the outside host again" answers open outside "$NODE_EXTERNAL" 6071
}

nothing_left() {
	[ -z "$(find "$LAB_DIR/bpf" -mindepth 1 ! -name '*.debug'; "$PROBE" hooks "$LAB_CGROUP")" ]
}

# Short paths in what is shown.
cd "$LAB_ROOT" || exit
ROLES_DIR=roles
lab_create
trap 'tm_end; lab_remove' EXIT
PORTS=$(seed_ports | paste -sd,),$OTHER_PORTS
awk -F '\t' '!/^#/ && NF >= 5 { print $4, $3, $5 }' "$SEED" >"$LAB_DIR/services"
story_before
story_apply
story_watch
story_explain
story_mistake
story_ban
story_flood
story_matrix
if [ -n "${KEEP:-}" ] && [ -t 0 ] && [ -t 1 ]; then keep_running; fi
story_end
exit "$RESULT"
