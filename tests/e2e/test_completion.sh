#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Completion for bash: what a TAB offers after a line. Needs no root and no lab.

# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=packaging/completion/rolewall.bash
. "$LAB_ROOT/packaging/completion/rolewall.bash"

lab_create() {
	LAB_DIR=$(mktemp -d)
	trap 'rm -rf "$LAB_DIR"' EXIT
}

prepare() {
	rm -rf "$LAB_DIR/files"
	mkdir -p "$LAB_DIR/files/directory"
	touch "$LAB_DIR/files/node.json"
}

# The program, with bans of a host that has none.
rolewall() {
	case "$*" in
	"-o jsonl sets") printf '{"name":%s,"on":null}\n' '"office"' null '"backup"' ;;
	"--json show") printf '  "service": "%s",\n' smtp ssh ssh ;;
	"-o jsonl bans") printf '{"source":"%s","expires":null}\n' 192.0.2.1 2001:db8::1 2001:db8::/48 2001:db9::1 ;;
	*) "$ROLEWALL" --roles-dir "$ROLES_DIR" --bpffs "$LAB_DIR/none" --state-dir "$LAB_DIR" "$@" ;;
	esac
}

# What TAB offers at the end of LINE, on one line. COMP_WORDS as bash splits them, at = and : too.
offered() { # LINE
	local line=$1 rest=$1 COMP_WORDS=() COMP_CWORD COMPREPLY=() COMP_LINE=$1 COMP_POINT=${#1}

	while [[ $rest =~ ^\ *([=:]+|[^\ =:]+)(.*)$ ]]; do
		COMP_WORDS+=("${BASH_REMATCH[1]}") rest=${BASH_REMATCH[2]}
	done
	[[ $line != *\  ]] || COMP_WORDS+=("")
	COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
	# An interactive shell goes on after a command that fails.
	trap - ERR
	set +e
	_rolewall
	echo "${COMPREPLY[*]}"
}

assert_offered() { # EXPECTED LINE
	assert_equal "$1" "$(offered "$2")" "after \"$2\""
}

test_verbs_are_the_programs() {
	assert_offered "$(rolewall help | sed -n '/^Verbs:/,/^Global/s/^  \([a-z][a-z]*\) .*/\1/p' | paste -sd ' ')" "rolewall "
	assert_offered "roles rollback" "rolewall ro"
	assert_offered "--output --observe" "rolewall apply --o"
}

test_files_where_files_are_wanted() {
	local here=$LAB_DIR/files line

	for line in "check " "serve --log-file " "serve --log-file=" "serve --metrics-file " "bans --import " \
		"--config " "--config=" "status --cluster "; do
		assert_offered "$here/node.json" "rolewall $line$here/n"
	done
	assert_offered "$here/directory" "rolewall --roles-dir=$here/"
	assert_offered "$here/directory" "rolewall preflight --root $here/"
}

test_the_verb_is_found_behind_global_options() {
	local options

	for options in "" "--config=/x " "--config /x " "--config=/x --cgroup=/y -o json "; do
		assert_offered "--bpffs --by" "rolewall ${options}blocked --b"
	done
}

test_words_of_options() {
	local profiles line

	profiles=$(cd "$ROLES_DIR" && printf '%s\n' */ | sed 's,/,,' | paste -sd ' ')
	assert_offered "source port" "rolewall blocked --by "
	assert_offered "port" "rolewall blocked --by=p"
	assert_offered "table json jsonl" "rolewall check -o "
	for line in "roles --diff " "roles -d " "roles --diff=" "roles --diff ${profiles%% *} " \
		"roles --diff=${profiles%% *} " "roles -p " "init --profile " "init --profile=" "preflight --profile "; do
		assert_offered "$profiles" "rolewall $line"
	done
	assert_offered "mta" "rolewall roles --diff ${profiles%% *} ${profiles##* } mt"
	assert_offered "zone-denied" "rolewall blocked --reason zo"
	assert_offered "zone-denied" "rolewall top --reason=zo"
	assert_offered "" "rolewall ban 192.0.2.1 --reason zo"
	assert_offered "external internal vpn office backup" "rolewall allow 873 --from "
	assert_offered "vpn" "rolewall deny 873 --from=v"
	assert_offered "office" "rolewall sets o"
}

test_services_are_those_in_force() {
	assert_offered "smtp ssh" "rolewall allow "
	assert_offered "ssh" "rolewall deny ss"
}

# bash replaces only what follows the last colon.
test_ipv6_bans_are_found_behind_colons() {
	assert_offered "192.0.2.1" "rolewall unban 1"
	assert_offered "2001:db8::1 2001:db8::/48 2001:db9::1" "rolewall unban 2"
	assert_offered "db8::1 db8::/48 db9::1" "rolewall unban 2001:"
	assert_offered "db9::1" "rolewall unban 2001:db9"
	assert_offered "1 /48" "rolewall --config=/x unban 2001:db8::"
	COMP_WORDBREAKS=${COMP_WORDBREAKS//:/}
	assert_offered "2001:db9::1" "rolewall unban 2001:db9"
}

run_tests "$@"
