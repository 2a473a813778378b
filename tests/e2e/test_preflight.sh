#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What preflight says of DNS, asked of a real server: right records, wrong ones, none, and those that
# are there but worth nothing. The host is a fixture whose name is mail.example.com.

# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

# Records only: nothing is ever sent there.
PUBLIC=100.0.0.10
SERVER=$INSIDE
FIXTURE=$LAB_ROOT/tests/unit/fixtures/ubuntu-20.04

command -v nsd >/dev/null || PATH=$PATH:/usr/sbin

# dns_server NAME PORT PTR-NAME: serve example.com, its records from standard input.
dns_server() {
	local dir=$LAB_DIR/$1

	mkdir "$dir"
	{
		echo "@ 60 IN SOA ns.example.com. root.example.com. 1 60 60 60 60"
		echo "@ 60 IN NS ns.example.com."
		echo "ns 60 IN A $SERVER"
		cat
	} >"$dir/example.com"
	{
		echo "@ 60 IN SOA ns.example.com. root.example.com. 1 60 60 60 60"
		echo "@ 60 IN NS ns.example.com."
		[ -z "$3" ] || echo "10 60 IN PTR $3"
	} >"$dir/reverse"
	cat >"$dir/nsd.conf" <<-CONF
		server:
			ip-address: $SERVER@$2
			username: ""
			chroot: ""
			server-count: 1
			zonesdir: "$dir"
			database: ""
			zonelistfile: "$dir/zone.list"
			xfrdfile: "$dir/xfrd.state"
			xfrdir: "$dir"
			pidfile: "$dir/nsd.pid"
			logfile: "$dir/nsd.log"
		remote-control:
			control-enable: no
		zone:
			name: example.com
			zonefile: example.com
		zone:
			name: 0.0.100.in-addr.arpa
			zonefile: reverse
	CONF
	launch inside "$1" nsd -d -c "$dir/nsd.conf"
	wait_for 10 dns_answers "$2" || lab_die "nsd does not answer: $(cat "$dir/nsd.log")"
}

dns_answers() { # PORT
	! look "$1" | jq -e '.checks[] | select(.found | test("no answer"))' >/dev/null
}

# look PORT [OPTION...]: preflight's JSON.
look() {
	local port=$1

	shift
	node "$ROLEWALL" --json preflight --root "$FIXTURE" --domain example.com --public-ip "$PUBLIC" \
		--dns "$SERVER:$port" "$@"
}

# assert_row PORT ID STATUS WORDS-OF-FOUND [OPTION...]
assert_row() {
	local port=$1 id=$2 status=$3 words=$4 row

	shift 4
	# Exit 10 is the business of another test.
	row=$({ look "$port" "$@" || true; } | jq -r ".checks[] | select(.id == \"$id\") | \"\(.status) \(.found)\"")
	assert_equal "$status" "${row%% *}" "$id ($row)"
	[[ $row == *"$words"* ]] || fail "$id: \"$words\" is not in \"$row\""
}

KEY=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQC7

setup() {
	command -v nsd >/dev/null || lab_die "nsd is not installed; 'make deps' installs it"
	dns_server right 5301 mail.example.com. <<-ZONE
		mail 60 IN A $PUBLIC
		@ 60 IN MX 20 backup
		@ 60 IN MX 10 mail
		@ 60 IN TXT "some-verification=1"
		@ 60 IN TXT "v=spf1 mx " "-all"
		_dmarc 60 IN TXT "v=DMARC1; p=quarantine; rua=mailto:postmaster@example.com"
		key1._domainkey 60 IN TXT "v=DKIM1; k=rsa; " "p=$KEY"
	ZONE
	dns_server wrong 5302 customer-10.isp.example. <<-ZONE
		mail 60 IN A 100.0.0.99
		@ 60 IN MX 10 elsewhere
		elsewhere 60 IN A 100.0.0.98
		@ 60 IN TXT "v=spf1 +all"
		_dmarc 60 IN TXT "v=DMARC1; rua=mailto:postmaster@example.com"
		key1._domainkey 60 IN TXT "v=DKIM1; k=rsa; p="
	ZONE
	dns_server missing 5303 "" <<-ZONE
		@ 60 IN TXT "v=spf10 -all"
		_dmarc 60 IN TXT "v=DMARC10"
	ZONE
	dns_server odd 5304 "" <<-ZONE
		mail 60 IN CNAME front
		front 60 IN A 100.0.0.99
		front 60 IN A $PUBLIC
		@ 60 IN MX 0 .
		@ 60 IN TXT "v=spf1 mx -all"
		@ 60 IN TXT "v=spf1 a -all"
		_dmarc 60 IN TXT "v=DMARC1; p=none"
		_dmarc 60 IN TXT "v=DMARC1; p=reject"
		key1._domainkey 60 IN TXT "nothing here"
	ZONE
	dns_server dangling 5305 "" <<-ZONE
		mail 60 IN A $PUBLIC
		@ 60 IN MX 10 nowhere
	ZONE
}

test_right_records_pass() {
	local id

	for id in public-ip dns-a dns-mx dns-spf dns-dkim dns-dmarc dns-ptr; do
		assert_row 5301 "$id" pass "" --dkim-selector key1
	done
	assert_row 5301 dns-mx pass "mail.example.com at $PUBLIC"
	assert_row 5301 dns-spf pass "v=spf1 mx -all"
	assert_row 5301 dns-dkim pass "a key of ${#KEY} characters" --dkim-selector key1
}

test_right_records_and_a_good_host_exit_0() {
	assert_exit 0 look 5301 --dkim-selector key1
}

test_without_a_selector_dkim_is_skipped() {
	assert_row 5301 dns-dkim skip "no --dkim-selector"
}

test_without_a_public_address_records_are_shown_but_not_compared() {
	assert_json '[.checks[] | select(.id == "dns-a" or .id == "dns-mx") | .status] == ["warn", "warn"]' \
		node "$ROLEWALL" --json preflight --root "$FIXTURE" --dns "$SERVER:5301"
}

test_a_domain_is_found_in_the_hosts_name() {
	assert_json '.checks[] | select(.id == "dns-spf") | .status == "pass"' \
		node "$ROLEWALL" --json preflight --root "$FIXTURE" --dns "$SERVER:5301" \
		--public-ip "$PUBLIC"
}

test_wrong_records_fail() {
	assert_row 5302 dns-a fail 100.0.0.99
	assert_row 5302 dns-mx fail "elsewhere.example.com at 100.0.0.98"
	assert_row 5302 dns-dmarc fail "no policy"
	assert_row 5302 dns-dkim fail "empty key" --dkim-selector key1
}

test_what_works_but_invites_trouble_is_a_warning() {
	assert_row 5302 dns-spf warn "+all"
	assert_row 5302 dns-ptr warn "customer-10.isp.example"
}

test_missing_records_fail() {
	assert_row 5303 dns-a fail "mail.example.com has no A record"
	assert_row 5303 dns-mx fail "example.com has no MX record"
	assert_row 5303 dns-spf fail "no SPF record"
	assert_row 5303 dns-dkim fail "no TXT record" --dkim-selector key1
	assert_row 5303 dns-dmarc fail "no DMARC record"
	assert_row 5303 dns-ptr warn "no PTR record"
}

test_failures_exit_10() {
	assert_exit 10 look 5303
}

test_one_of_several_addresses_behind_a_cname_is_enough() {
	assert_row 5304 dns-a pass "$PUBLIC"
}

test_twins_of_spf_and_dmarc_fail() {
	assert_row 5304 dns-spf fail "2 SPF records"
	assert_row 5304 dns-dmarc fail "2 DMARC records"
}

test_a_null_mx_and_a_text_without_a_key_fail() {
	assert_row 5304 dns-mx fail "takes no mail"
	assert_row 5304 dns-dkim fail "holds no key" --dkim-selector key1
}

test_an_exchanger_without_an_address_fails() {
	assert_row 5305 dns-mx fail "nowhere.example.com has no A record"
}

test_no_server_at_all_is_no_missing_record() {
	assert_row 5399 dns-mx fail "no answer about example.com"
	assert_row 5399 dns-ptr warn ""
}

# page_status PROFILE ID: of a Debian 12 with IPv6, whose name has a loopback address.
page_status() {
	# Exit 10 is the business of another test.
	{ node "$ROLEWALL" --json --roles-dir "$ROLES_DIR" preflight --profile "$1" --dns "$SERVER:5301" \
		--root "$LAB_ROOT/tests/unit/fixtures/debian-12" || true; } |
		jq -r "[.checks[] | select(.id == \"$2\") | .status] | first // \"none\""
}

test_a_profile_is_judged_by_its_own_page() {
	assert_equal fail "$(page_status carbonio-ce-23.10 ipv6-off)" "IPv6 in 23.10"
	assert_equal fail "$(page_status carbonio-25.9 ipv6-off)" "IPv6 in 25.9"
	assert_equal skip "$(page_status carbonio-ce-26 ipv6-off)" "IPv6 in 26"
	assert_equal none "$(page_status carbonio-ce-25.9 locale)" "the locale in 25.9"
	assert_equal fail "$(page_status carbonio-26 locale)" "the locale in 26"
	assert_equal warn "$(page_status carbonio-ce-23.10 hosts-no-ipv6)" "the name in 23.10"
	assert_equal fail "$(page_status carbonio-ce-24.1 hosts-no-ipv6)" "the name in 24.1"
	assert_equal skip "$(page_status zimbra-10 page)" "the page of Zimbra"
	assert_equal none "$(page_status zimbra-10 user)" "the user zextras for Zimbra"
	assert_exit 2 node "$ROLEWALL" --roles-dir "$ROLES_DIR" preflight --profile carbonio-ce-24.12
	grep -q 'did you mean "carbonio-ce-24.1"' <<<"$OUTPUT" || fail "no guess: $OUTPUT"
}

run_tests "$@"
