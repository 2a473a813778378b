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

# Of `words`, the first that is no option and no global option's argument.
_rolewall_verb() {
	local i

	for ((i = 1; i < ${#words[@]} - 1; i++)); do
		case ${words[i]} in
		--config | --cluster | --roles-dir | --state-dir | --lib-dir | --bpffs | --cgroup | -o | --output) ((i++)) ;;
		-*) ;;
		*) echo "${words[i]}"; return ;;
		esac
	done
}

_rolewall_reasons() {
	rolewall --json status 2>/dev/null | sed -n '/"drops"/,/}/s/^ *"\([a-z0-9-]*\)": [0-9].*/\1/p'
}

_rolewall_roles() {
	rolewall --json roles 2>/dev/null | sed -n 's/^ *"role": "\([^"]*\)".*/\1/p' | sort -u
}

_rolewall_profiles() {
	rolewall --json roles 2>/dev/null | sed -n 's/^ *"profile": "\([^"]*\)".*/\1/p'
}

# Of the policy in force.
_rolewall_services() {
	rolewall --json show 2>/dev/null | sed -n 's/^ *"service": "\([^"]*\)".*/\1/p' | sort -u
}

_rolewall_sets() {
	rolewall -o jsonl sets 2>/dev/null | sed -n 's/^{"name":"\([^"]*\)".*/\1/p'
}

# Words for the argument of an option; fails where the option before has none, or none that is known.
_rolewall_argument() { # VERB OPTION
	case $1:$2 in
	*:-o | *:--output) echo table json jsonl ;;
	blocked:--reason | top:--reason) _rolewall_reasons ;;
	blocked:--by) echo source port ;;
	allow:--from | deny:--from) echo external internal vpn; _rolewall_sets ;;
	*:--interface) ls /sys/class/net ;;
	*:--profile | roles:-p | preflight:-p | roles:-d | roles:--diff | roles:--diff=*) _rolewall_profiles ;;
	*) return 1 ;;
	esac
}

_rolewall_words() { # VERB PREVIOUS CURRENT
	! _rolewall_argument "$1" "$2" || return 0
	case $3 in
	-*) _rolewall_options; [ -z "$1" ] || _rolewall_options "$1"; return ;;
	esac
	case $1 in
	'' | help) _rolewall_verbs ;;
	roles)
		case ${words[-3]} in
		-d | --diff) _rolewall_profiles ;;
		*) _rolewall_roles ;;
		esac
		;;
	show) _rolewall_roles ;;
	sets) _rolewall_sets ;;
	allow | deny) _rolewall_services ;;
	unban) rolewall -o jsonl bans 2>/dev/null | sed -n 's/^{"source":"\([^"]*\)".*/\1/p' | head -n 200 ;;
	close) rolewall -o jsonl openings 2>/dev/null | sed -n 's/.*"id":\([0-9]*\).*/\1/p' ;;
	esac
}

# -f or -d where a file or directory is wanted.
_rolewall_path() { # VERB PREVIOUS CURRENT
	case $1:$2:$3 in
	*:--config:* | *:--cluster:* | bans:--import:* | serve:--metrics-file:* | serve:--log-file:*) echo -f ;;
	*:--roles-dir:* | *:--state-dir:* | *:--lib-dir:* | *:--bpffs:* | *:--cgroup:* | preflight:--root:*) echo -d ;;
	check:-o:* | check:--output:* | check:*:-*) ;;
	check:*) echo -f ;;
	esac
}

# COMP_WORDS is split at = and : as well, and so tells neither which word is the verb after
# --config=FILE, nor how an IPv6 address begins; the words are taken from the line itself.
_rolewall() {
	local line=${COMP_LINE:0:COMP_POINT} words current previous verb path

	read -ra words <<<"$line"
	[[ $line != *[[:blank:]] ]] || words+=("")
	current=${words[-1]} previous=${words[-2]} verb=$(_rolewall_verb)
	case $current in
	--*=*) previous=${current%%=*} current=${current#*=} ;;
	esac
	path=$(_rolewall_path "$verb" "$previous" "$current")
	if [ -n "$path" ]; then
		compopt -o filenames 2>/dev/null
		mapfile -t COMPREPLY < <(compgen "$path" -- "$current")
	else
		mapfile -t COMPREPLY < <(compgen -W "$(_rolewall_words "$verb" "$previous" "$current")" -- "$current")
	fi
	# Only what follows the last colon is replaced.
	if [[ $current == *:* && $COMP_WORDBREAKS == *:* ]]; then
		COMPREPLY=("${COMPREPLY[@]#"${current%"${current##*:}"}"}")
	fi
}

complete -F _rolewall rolewall
