# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# Completion of rolewall(8) for bash. The program itself says which verbs and options it has, so this
# never is behind it.

_rolewall_verbs() {
	rolewall help 2>/dev/null | sed -n '/^Verbs:/,/^Global/s/^  \([a-z][a-z]*\) .*/\1/p'
}

# Options, of a verb or, without one, the global ones; each on a line.
_rolewall_options() { # [VERB]
	rolewall help "$@" 2>/dev/null | sed -n 's/^  \(-[^ ]*,\{0,1\}\( -[^ ]*\)\{0,1\}\).*/\1/p' |
		tr -d ',' | tr ' ' '\n' | sed 's/\[=.*//; s/=.*//'
}

# The first word that is no option and no global option's argument.
_rolewall_verb() {
	local i word

	for ((i = 1; i < COMP_CWORD; i++)); do
		word=${COMP_WORDS[i]}
		case $word in
		--config | --cluster | --roles-dir | --state-dir | --lib-dir | --bpffs | --cgroup | -o | --output) ((i++)) ;;
		-*) ;;
		*) echo "$word"; return ;;
		esac
	done
}

_rolewall_reasons() {
	rolewall --json status 2>/dev/null | sed -n '/"drops"/,/}/s/^ *"\([a-z0-9-]*\)": [0-9].*/\1/p'
}

_rolewall_roles() {
	rolewall --json roles 2>/dev/null | sed -n 's/^ *"role": "\([^"]*\)".*/\1/p' | sort -u
}

_rolewall_words() { # VERB PREVIOUS CURRENT
	case $2 in
	-o | --output) echo table json jsonl; return ;;
	--reason) [ "$1" != blocked ] || _rolewall_reasons; return ;;
	--interface) ls /sys/class/net; return ;;
	esac
	case $3 in
	-*) _rolewall_options; [ -z "$1" ] || _rolewall_options "$1"; return ;;
	esac
	case $1 in
	'' | help) _rolewall_verbs ;;
	roles | show) _rolewall_roles ;;
	unban) rolewall --json bans 2>/dev/null | sed -n 's/^ *"source": "\([^"]*\)".*/\1/p' | head -n 200 ;;
	close) rolewall --json openings 2>/dev/null | sed -n 's/^ *"id": \([0-9]*\).*/\1/p' ;;
	esac
}

_rolewall() {
	local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}

	case $previous in
	--config | --cluster | --import | --metrics-file) mapfile -t COMPREPLY < <(compgen -f -- "$current"); return ;;
	--roles-dir | --state-dir | --lib-dir | --bpffs | --cgroup | --root)
		mapfile -t COMPREPLY < <(compgen -d -- "$current")
		return
		;;
	esac
	mapfile -t COMPREPLY < <(compgen -W "$(_rolewall_words "$(_rolewall_verb)" "$previous" "$current")" -- "$current")
}

complete -F _rolewall rolewall
