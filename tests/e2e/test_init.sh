#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# init: a first node file from what the host looks like.

# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

# The node of the lab, but eth1 without a public IPv6 address, and with a tunnel and a container's
# device. What is installed is what a dpkg-query of ours says.
setup() {
	local name

	ip -n "$LAB_NAME-node" -6 address flush dev eth1 scope global
	ip -n "$LAB_NAME-node" tuntap add tun7 mode tun
	ip -n "$LAB_NAME-node" link add docker0 type veth peer name veth9
	mkdir "$LAB_DIR/bin"
	printf '#!/bin/sh\ncat "%s/packages"\n' "$LAB_DIR" >"$LAB_DIR/bin/dpkg-query"
	for name in rpm docker podman; do
		printf '#!/bin/sh\n' >"$LAB_DIR/bin/$name"
	done
	chmod +x "$LAB_DIR/bin"/*
}

prepare() {
	PATH=$LAB_DIR/bin:$PATH
	unset SSH_CONNECTION
	rm -f "$LAB_DIR/node.json"
	packages
}

packages() { # NAME...
	printf 'installed %s\n' libc6 bash "$@" >"$LAB_DIR/packages"
}

init_json() {
	rolewall --json -q init --force "$@"
}

test_interfaces_get_the_zones_that_routes_and_addresses_tell() {
	assert_json '.interfaces.eth0.zone == "external" and .interfaces.eth1.zone == "internal"
		and .interfaces.tun7.zone == "vpn" and (.interfaces | has("lo") | not)
		and (.interfaces | has("docker0") | not) and (.interfaces | has("veth9") | not)' init_json
}

test_a_second_interface_with_a_public_address_is_external() {
	ip -n "$LAB_NAME-node" address add 198.18.7.1/24 dev eth1
	assert_json '.interfaces.eth1.zone == "external"' init_json
	ip -n "$LAB_NAME-node" address delete 198.18.7.1/24 dev eth1
}

test_roles_come_from_packages() {
	packages carbonio-mta carbonio-mta-ui carbonio-proxy carbonio-directory-server \
		service-discover-server postgresql-client-15 postgresql-16 carbonio-videoserver
	assert_json '(.roles | sort) ==
		["directory-server", "mesh", "mta", "postgres", "proxy", "videoserver"]' init_json
	packages carbonio-files-db
	assert_json '.roles == ["postgres"]' init_json
	echo "config-files carbonio-mta" >"$LAB_DIR/packages"
	assert_json '.roles == []' init_json
}

test_a_role_that_a_profile_has_from_its_base_is_found() {
	packages carbonio-mta carbonio-directory-server
	assert_json '.profile == "carbonio-ce-25.9" and (.roles | sort) == ["directory-server", "mta"]' init_json
	assert_exit 0 rolewall check
}

# with_release RELEASE COMMAND...: the node has an /opt of its own, with that release of Carbonio.
with_release() {
	# shellcheck disable=SC2016
	node unshare --mount sh -c 'mount -t tmpfs none /opt && mkdir /opt/zextras &&
		echo "$1" >/opt/zextras/.version && shift && exec "$@"' sh "$@"
}

release_json() { # RELEASE
	with_release "$1" "$ROLEWALL" "${LAB_INSTANCE[@]}" --json -q init --stdout
}

test_the_profile_is_that_of_the_installed_release() {
	packages carbonio-mta carbonio-proxy carbonio-appserver
	assert_json '.profile == "carbonio-ce-23.10"' release_json 23.11.0
	assert_json '.profile == "carbonio-ce-24.1"' release_json 24.12.0
	assert_json '.profile == "carbonio-ce-25.6"' release_json 25.6.1
	assert_json '.profile == "carbonio-ce-25.9"' release_json 25.12.0
	assert_json '.profile == "carbonio-ce-26"' release_json 26.6.0
	packages carbonio-mta carbonio-advanced
	assert_json '.profile == "carbonio-24.9"' release_json 25.3.0
	assert_exit 0 with_release 25.12.0 "$ROLEWALL" "${LAB_INSTANCE[@]}" init --stdout
	grep -q "release 25.12.0 (/opt/zextras/.version says so) has the ports of that one" <<<"$OUTPUT" ||
		fail "it does not say which release: $OUTPUT"
}

test_check_names_the_profile_of_the_installed_release() {
	packages carbonio-mta
	rolewall -q init --force --profile carbonio-ce-25.6
	assert_json '.warnings | map(.what) | any(test("release 25.12.0 is installed.*carbonio-ce-25.9, not of carbonio-ce-25.6"))' \
		with_release 25.12.0 "$ROLEWALL" "${LAB_INSTANCE[@]}" --json check
	assert_json '.warnings | map(.what) | any(test("is installed")) | not' \
		with_release 25.7.0 "$ROLEWALL" "${LAB_INSTANCE[@]}" --json check
	assert_exit 0 with_release 25.7.0 "$ROLEWALL" "${LAB_INSTANCE[@]}" check
	grep -q "profile carbonio-ce-25.6 has the ports of the installed release, 25.7.0" <<<"$OUTPUT" ||
		fail "it does not say which release: $OUTPUT"
	assert_json '.warnings | map(.what) | any(test("is installed")) | not' rolewall --json check
}

test_what_it_writes_passes_check_and_can_be_applied() {
	packages carbonio-mta carbonio-appserver
	assert_exit 0 rolewall init
	assert_exit 0 rolewall check
	assert_json '.mode == "observe" and .version == 1 and (.node | length) > 0' cat "$LAB_DIR/node.json"
	assert_exit 0 rolewall apply
	assert_json '.mode == "observe"' rolewall --json status
	rolewall -q down
}

test_it_says_why_on_stderr() {
	packages carbonio-mta
	rolewall init 2>"$LAB_DIR/why" >/dev/null
	grep -q "eth0 is external: the default route leads there" "$LAB_DIR/why" || fail "$(<"$LAB_DIR/why")"
	grep -q "role mta, because the package carbonio-mta" "$LAB_DIR/why" || fail "$(<"$LAB_DIR/why")"
	grep -q "profile carbonio-ce-25.9, because the package carbonio-mta is installed" "$LAB_DIR/why" ||
		fail "$(<"$LAB_DIR/why")"
	grep -q "docker0 is left out" "$LAB_DIR/why" || fail "$(<"$LAB_DIR/why")"
}

test_a_node_file_that_is_there_is_not_touched() {
	echo mine >"$LAB_DIR/node.json"
	assert_exit 1 rolewall init
	grep -q -e --force <<<"$OUTPUT" || fail "the way out is not named: $OUTPUT"
	assert_equal mine "$(<"$LAB_DIR/node.json")" "the node file"
	assert_exit 0 rolewall init --stdout
	assert_equal mine "$(<"$LAB_DIR/node.json")" "the node file"
	assert_exit 0 rolewall init --force
	assert_exit 0 rolewall check
}

test_whoever_is_connected_from_outside_can_come_again() {
	export SSH_CONNECTION="$OUTSIDE 50000 $NODE_EXTERNAL 22"
	assert_json ".management == [\"$OUTSIDE\"]" init_json
	export SSH_CONNECTION="$INSIDE 50000 $NODE_INTERNAL 22"
	assert_json 'has("management") | not' init_json
}

test_the_profile_can_be_chosen() {
	assert_json '.profile == "carbonio-ce-23.10"' init_json --profile carbonio-ce-23.10
	assert_exit 4 rolewall init --force --profile no-such-profile
	assert_exit 4 rolewall init --force --profile carbonio-ce-24.12
	grep -q "did you mean" <<<"$OUTPUT" || fail "no guess: $OUTPUT"
}

test_without_a_default_route_private_networks_are_internal_still() {
	ip -n "$LAB_NAME-node" route delete default
	ip -n "$LAB_NAME-node" -6 route delete default
	assert_json '.interfaces.eth1.zone == "internal" and .interfaces.eth0.zone == "external"' init_json
	lab_route_default node "$OUTSIDE" "$OUTSIDE6"
}

run_tests "$@"
