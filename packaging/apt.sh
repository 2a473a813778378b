# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# apt.sh - an apt of our own, for packages of other releases and for sources. Sourced by those who
# fetch. Lists and packages stay in the directory $APT_CACHE, so that the machine's own sources stay as
# they are; APT_ARCHITECTURE is theirs (amd64). The mirror is the one that the machine itself uses.

APT_KEYRING=/usr/share/keyrings/debian-archive-keyring.gpg
APT_IS_FRESH=

apt_die() {
	echo "${0##*/}: $*" >&2
	exit 1
}

# apt_repository LABEL: where this machine gets the packages with that label from.
apt_repository() {
	# shellcheck disable=SC2016
	apt-get indextargets --format '$(REPO_URI) $(LABEL)' |
		awk -v label="$1" '$2 == label { print $1; exit }'
}

# apt_sources TYPE SUITE...: lines of a sources.list. A suite "X-security" has a repository of its own.
apt_sources() {
	local type=$1 suite main security

	shift
	main=$(apt_repository Debian)
	security=$(apt_repository Debian-Security)
	if [ -z "$main" ] || [ -z "$security" ]; then
		apt_die "no mirror of Debian among this machine's package sources (try apt-get update)"
	fi
	for suite in "$@"; do
		case $suite in
		*-security) echo "$type [signed-by=$APT_KEYRING] $security $suite main" ;;
		*) echo "$type [signed-by=$APT_KEYRING] $main $suite main" ;;
		esac
	done
}

apt_own() { # apt-get|apt-cache ARGUMENTS...
	local tool=$1

	shift
	"$tool" -o Dir::Etc::sourcelist="$APT_CACHE/sources.list" -o Dir::Etc::sourceparts=- \
		-o Dir::State::lists="$APT_CACHE/lists" -o Dir::Cache="$APT_CACHE" \
		-o Acquire::Languages=none -o Acquire::Retries=3 -o APT::Sandbox::User=root \
		-o APT::Architecture="${APT_ARCHITECTURE:-amd64}" "$@"
}

# apt_update LINE...: fetch the lists of these sources; once a run.
apt_update() {
	[ -z "$APT_IS_FRESH" ] || return 0
	command -v apt-get >/dev/null || apt_die "this needs the package tools of Debian"
	mkdir -p "$APT_CACHE/lists/partial" "$APT_CACHE/archives/partial"
	printf '%s\n' "$@" >"$APT_CACHE/sources.list"
	apt_own apt-get -q=2 update >&2
	APT_IS_FRESH=1
}
