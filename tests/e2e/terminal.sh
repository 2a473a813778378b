# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# terminal.sh - rolewall top in a terminal of tmux, on the node. Sourced after lab.sh.

TM_NAME=0   # whose server it is
TOP_ARGUMENTS=()
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
		printf ' %q' "${LAB_INSTANCE[@]}" top "${TOP_ARGUMENTS[@]}"
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

# Colours for aha, which knows no faint text, and forgets with 39 and 49 what it was told before:
# grey for faint, and neither of the two where all has been reset.
screen_colours() {
	tm capture-pane -N -p -e | sed -E 's/\x1b\[49m//g; s/(\x1b\[0[0-9;]*m)\x1b\[39m/\1/g
		s/\x1b\[2m\x1b\[39m/\x1b[0;90m/g; s/\x1b\[(0;)?2m/\x1b[\190m/g'
}

# screen_html: the screen with its colours, as a page.
screen_html() {
	cat <<-'END'
		<!DOCTYPE html><meta charset="utf-8"><title>rolewall top</title><style>
		pre { display: inline-block; margin: 0; padding: 14px 18px; background: #16191d; color: #d6dae0;
			font: 15px/19px "DejaVu Sans Mono", monospace; }
		.bold { font-weight: bold; color: #fff; } .highlighted.dimgray { color: #7d8793; font-weight: normal; }
		.red { color: #f2736a; } .green { color: #74c686; } .yellow { color: #e3b355; }
		.bg-inverted { background: #d6dae0; color: #16191d; }
		.underline { text-decoration: underline #7d8793; text-underline-offset: 3px; }
		</style><pre>
	END
	screen_colours | aha -n -s
	echo "</pre>"
}
