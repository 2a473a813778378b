# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# terminal.sh - rolewall top in a terminal of tmux, on the node. Sourced after lab.sh.

TM_NAME=0   # whose server it is
TM_SERVER=0 # a server that is told to end may not have done so when the next one begins

tm() { tmux -S "$LAB_DIR/tmux$TM_NAME.$TM_SERVER" -f /dev/null "$@"; }

# top_start COLUMNS ROWS [WORD=VALUE...]: the view in a terminal of that size, and its environment.
top_start() {
	local columns=$1 rows=$2

	shift 2
	{
		echo "#!/bin/bash"
		echo "echo \$\$ >'$LAB_CGROUP/cgroup.procs'"
		printf 'export TZ=UTC0 %s\n' "$*"
		printf 'nsenter --net=/run/netns/%s %s' "$LAB_NAME-node" "$ROLEWALL"
		printf ' %q' "${LAB_INSTANCE[@]}" top
		printf ' 2>%q; echo "exit $?" >%q\n' "$LAB_DIR/top.err" "$LAB_DIR/top.exit"
	} >"$LAB_DIR/top.sh"
	rm -f "$LAB_DIR/top.exit"
	tm_end
	TM_SERVER=$((TM_SERVER + 1))
	tm new-session -d -x "$columns" -y "$rows" "bash $LAB_DIR/top.sh"
}

tm_end() { tm kill-server 2>/dev/null || true; }

keys() { tm send-keys "$@"; }
screen() { tm capture-pane -p; }
shows() { screen | grep -qE -- "$1"; }
