#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# mailnode.sh - a node with real servers: postfix, dovecot, nginx, postgresql, slapd, memcached and
# the Prometheus node exporter, from Debian's packages, and real clients from outside, inside and the
# VPN. "make mailnode" installs what is missing and runs it.
#
# Every server is started by hand in the node's namespace, with its configuration and data below the
# lab's directory; nothing of the machine's own servers is read or written.
#
# long: the servers are 400 MB of packages

# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

PATH=$PATH:/usr/sbin
MAIL=        # where all of it lives
USER_MAIL=user@example.com
PASSWORD=secret
VPN_ONLY='["imap", "imaps", "pop3", "pop3s", "admin-panel"]'

# --- servers --------------------------------------------------------------------------------------

# server LABEL PORT COMMAND...: in the node's namespace, until it listens.
server() {
	local label=$1 port=$2

	shift 2
	launch node "$label" "$@"
	wait_for 30 listens "$port" || lab_die "$label does not listen on port $port:
$(tail -n 20 "$LAB_DIR/$label.out" "$LAB_DIR/$label.err" "$MAIL/$label"/*.log 2>/dev/null)"
}

listens() { # PORT
	node bash -c ": </dev/tcp/127.0.0.1/$1" 2>/dev/null
}

as() { # USER COMMAND...
	local user=$1

	shift
	setpriv --reuid "$user" --regid "$(id -g "$user")" --init-groups -- "$@"
}

certificate() {
	openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=mail1.example.com \
		-keyout "$MAIL/key.pem" -out "$MAIL/cert.pem" 2>/dev/null
	chmod 0644 "$MAIL/key.pem"
}

start_dovecot() {
	mkdir -p "$MAIL"/dovecot/{run,state} "$MAIL/boxes"
	chown nobody: "$MAIL/boxes"
	cat >"$MAIL/dovecot/dovecot.conf" <<-CONF
		base_dir = $MAIL/dovecot/run
		state_dir = $MAIL/dovecot/state
		log_path = $MAIL/dovecot/dovecot.log
		protocols = imap pop3 lmtp
		listen = *, ::
		ssl_cert = <$MAIL/cert.pem
		ssl_key = <$MAIL/key.pem
		disable_plaintext_auth = no
		first_valid_uid = 1
		mail_location = maildir:$MAIL/boxes/%n
		passdb {
		  driver = static
		  args = password=$PASSWORD
		}
		userdb {
		  driver = static
		  args = uid=nobody gid=nogroup home=$MAIL/boxes/%n
		}
		service lmtp {
		  inet_listener lmtp {
		    port = 7025
		  }
		}
		service auth {
		  unix_listener $MAIL/postfix/spool/private/auth {
		    mode = 0660
		    user = postfix
		    group = postfix
		  }
		}
	CONF
	server dovecot 143 dovecot -F -c "$MAIL/dovecot/dovecot.conf"
}

# The services of Debian's master.cf that take part in receiving, and none in a chroot.
postfix_master() {
	cat <<-MASTER
		smtp inet n - n - - smtpd
		submission inet n - n - - smtpd -o smtpd_sasl_auth_enable=yes
		smtps inet n - n - - smtpd -o smtpd_tls_wrappermode=yes -o smtpd_sasl_auth_enable=yes
		cleanup unix n - n - 0 cleanup
		qmgr unix n - n 300 1 qmgr
		tlsmgr unix - - n 1000? 1 tlsmgr
		rewrite unix - - n - - trivial-rewrite
		bounce unix - - n - 0 bounce
		defer unix - - n - 0 bounce
		trace unix - - n - 0 bounce
		verify unix - - n - 1 verify
		proxymap unix - - n - - proxymap
		error unix - - n - - error
		retry unix - - n - - error
		discard unix - - n - - discard
		lmtp unix - - n - - lmtp
		anvil unix - - n - 1 anvil
		postlog unix-dgram n - n - 1 postlogd
	MASTER
}

prepare_postfix() {
	mkdir -p "$MAIL"/postfix/{data,spool/private}
	postfix_master >"$MAIL/postfix/master.cf"
	cat >"$MAIL/postfix/main.cf" <<-CONF
		compatibility_level = 3.6
		queue_directory = $MAIL/postfix/spool
		data_directory = $MAIL/postfix/data
		maillog_file = $MAIL/postfix/postfix.log
		maillog_file_prefixes = $MAIL
		myhostname = mail1.example.com
		mydestination =
		inet_interfaces = all
		alias_maps =
		virtual_mailbox_domains = example.com
		virtual_mailbox_maps = inline:{ { $USER_MAIL = user } }
		virtual_transport = lmtp:inet:127.0.0.1:7025
		disable_dns_lookups = yes
		smtpd_peername_lookup = no
		smtpd_relay_restrictions = permit_sasl_authenticated, reject_unauth_destination
		smtpd_sasl_type = dovecot
		smtpd_sasl_path = private/auth
		smtpd_tls_cert_file = $MAIL/cert.pem
		smtpd_tls_key_file = $MAIL/key.pem
		smtpd_tls_security_level = may
	CONF
	chown postfix "$MAIL/postfix/data" "$MAIL/postfix/spool/private"
}

# It listens before it knows that it can stay.
is_postfix_up() {
	grep -q "daemon started" "$MAIL/postfix/postfix.log"
}

start_postfix() {
	server postfix 25 postfix -c "$MAIL/postfix" start-fg
	wait_for 10 is_postfix_up || lab_die "postfix does not stay: $(tail -n 5 "$MAIL/postfix/postfix.log")"
}

start_nginx() {
	mkdir -p "$MAIL/nginx"
	echo "web client" >"$MAIL/nginx/index.html"
	cat >"$MAIL/nginx/nginx.conf" <<-CONF
		daemon off;
		pid $MAIL/nginx/nginx.pid;
		error_log $MAIL/nginx/nginx.log;
		events {}
		http {
			access_log off;
			client_body_temp_path $MAIL/nginx/body;
			proxy_temp_path $MAIL/nginx/proxy;
			fastcgi_temp_path $MAIL/nginx/fastcgi;
			uwsgi_temp_path $MAIL/nginx/uwsgi;
			scgi_temp_path $MAIL/nginx/scgi;
			ssl_certificate $MAIL/cert.pem;
			ssl_certificate_key $MAIL/key.pem;
			server {
				listen 80;
				listen 443 ssl;
				listen 6071 ssl;
				root $MAIL/nginx;
			}
		}
	CONF
	server nginx 6071 nginx -e "$MAIL/nginx/nginx.log" -c "$MAIL/nginx/nginx.conf"
}

start_postgres() {
	local bin

	bin=$(find /usr/lib/postgresql -maxdepth 2 -name bin | sort -V | tail -n 1)
	mkdir "$MAIL/postgres"
	chown postgres "$MAIL/postgres"
	as postgres "$bin/initdb" -D "$MAIL/postgres/data" -A trust --no-sync >"$LAB_DIR/initdb.log"
	echo "host all all 172.16.0.0/24 trust" >>"$MAIL/postgres/data/pg_hba.conf"
	server postgres 5432 setpriv --reuid postgres --regid "$(id -g postgres)" --init-groups -- \
		"$bin/postgres" -D "$MAIL/postgres/data" -c "listen_addresses=*" -c fsync=off \
		-c "unix_socket_directories=$MAIL/postgres"
}

start_slapd() {
	mkdir -p "$MAIL/slapd/data"
	cat >"$MAIL/slapd/slapd.conf" <<-CONF
		include /etc/ldap/schema/core.schema
		pidfile $MAIL/slapd/slapd.pid
		modulepath /usr/lib/ldap
		moduleload back_mdb
		TLSCertificateFile $MAIL/cert.pem
		TLSCertificateKeyFile $MAIL/key.pem
		database mdb
		suffix "dc=example,dc=com"
		directory $MAIL/slapd/data
	CONF
	slapadd -f "$MAIL/slapd/slapd.conf" <<-LDIF
		dn: dc=example,dc=com
		objectClass: dcObject
		objectClass: organization
		dc: example
		o: the mail node
	LDIF
	server slapd 389 slapd -d 0 -f "$MAIL/slapd/slapd.conf" \
		-h "ldap://0.0.0.0:389 ldaps://0.0.0.0:636"
}

start_others() {
	server memcached 11211 memcached -u memcache -l 0.0.0.0 -p 11211 -U 11211
	server exporter 9100 prometheus-node-exporter --web.listen-address=:9100
}

setup() {
	local tool

	for tool in postfix dovecot nginx slapd ldapsearch memcached prometheus-node-exporter psql curl openssl; do
		command -v "$tool" >/dev/null || lab_die "$tool is not installed; 'make mailnode' installs it"
	done
	chmod 0711 "$LAB_DIR"
	MAIL=$LAB_DIR/mail
	mkdir "$MAIL"
	certificate
	prepare_postfix
	start_dovecot
	start_postfix
	start_nginx
	start_postgres
	start_slapd
	start_others
	node_file ".vpn_only = $VPN_ONLY"' | .bind_guard = "observe"'
	assert_exit 0 rolewall apply
}

# --- clients --------------------------------------------------------------------------------------

CURL=(curl -sSk --connect-timeout 5 --max-time 20)

# refused HOST URL [OPTION...]: no answer at all, which is what a dropped SYN looks like.
refused() {
	local status=0

	"$1" curl -sk --connect-timeout 1 "${@:3}" "$2" >/dev/null || status=$?
	# 28: operation timed out
	assert_equal 28 "$status" "curl from $1 to $2"
}

mail_text() { # SUBJECT
	printf 'From: sender@example.net\r\nTo: %s\r\nSubject: %s\r\n\r\nHello.\r\n' "$USER_MAIL" "$1"
}

# send HOST URL SUBJECT [OPTION...]
send() {
	mail_text "$3" >"$LAB_DIR/mail.txt"
	"$1" "${CURL[@]}" "$2" --mail-from sender@example.net --mail-rcpt "$USER_MAIL" \
		-T "$LAB_DIR/mail.txt" "${@:4}"
}

# mailbox HOST URL SUBJECT: the number of mails with that subject.
mailbox_has() {
	"$1" "${CURL[@]}" -u "user:$PASSWORD" "$2/INBOX" -X "SEARCH SUBJECT $3" | grep -q 'SEARCH [0-9]'
}

blocked_has() { # SOURCE PORT PROTO
	rolewall --json blocked >"$LAB_DIR/blocked.json"
	jq -e --arg source "$1" --argjson port "$2" --arg proto "$3" \
		'any(.attempts[]; .source == $source and .port == $port and .proto == $proto and .packets > 0)' \
		"$LAB_DIR/blocked.json"
}

# --- tests ----------------------------------------------------------------------------------------

test_mail_from_outside_arrives_and_is_read_through_the_vpn() {
	send outside "smtp://$NODE_EXTERNAL:25" from-outside
	wait_for 15 mailbox_has vpn "imap://$NODE_VPN:143" from-outside
	wait_for 5 mailbox_has vpn "imaps://$NODE_VPN:993" from-outside
}

test_the_same_imap_from_outside_is_refused_and_seen() {
	refused outside "imap://$NODE_EXTERNAL:143/INBOX" -u "user:$PASSWORD"
	refused outside "imaps://$NODE_EXTERNAL:993/INBOX" -u "user:$PASSWORD"
	blocked_has "$OUTSIDE" 143 tcp
	blocked_has "$OUTSIDE" 993 tcp
	jq -e 'any(.attempts[]; .port == 143 and .reason == "zone-denied" and .service == "imap"
		and .zone == "external")' "$LAB_DIR/blocked.json"
}

test_pop3_is_for_the_vpn_as_well() {
	send outside "smtp://$NODE_EXTERNAL:25" for-pop3
	wait_for 15 mailbox_has vpn "imap://$NODE_VPN:143" for-pop3
	vpn "${CURL[@]}" -u "user:$PASSWORD" "pop3s://$NODE_VPN:995/1" | grep -q "To: $USER_MAIL"
	refused outside "pop3s://$NODE_EXTERNAL:995/1" -u "user:$PASSWORD"
}

test_submission_with_a_password_from_outside() {
	send outside "smtp://$NODE_EXTERNAL:587" submitted -u "user:$PASSWORD" --ssl-reqd
	send outside "smtps://$NODE_EXTERNAL:465" over-tls -u "user:$PASSWORD"
	wait_for 15 mailbox_has vpn "imap://$NODE_VPN:143" submitted
	wait_for 15 mailbox_has vpn "imap://$NODE_VPN:143" over-tls
}

test_nobody_relays_from_outside() {
	mail_text relayed >"$LAB_DIR/mail.txt"
	assert_exit 55 outside "${CURL[@]}" "smtp://$NODE_EXTERNAL:25" --mail-from a@example.net \
		--mail-rcpt b@example.org -T "$LAB_DIR/mail.txt"
}

test_the_web_is_open_and_the_admin_panel_is_for_the_vpn() {
	outside "${CURL[@]}" "http://$NODE_EXTERNAL/" | grep -q "web client"
	outside "${CURL[@]}" "https://$NODE_EXTERNAL/" | grep -q "web client"
	vpn "${CURL[@]}" "https://$NODE_VPN:6071/" | grep -q "web client"
	refused outside "https://$NODE_EXTERNAL:6071/"
}

test_the_database_answers_inside_only() {
	inside psql -h "$NODE_INTERNAL" -U postgres -Atc "select 6 * 7" | grep -qx 42
	assert_answer silent outside tcp "$NODE_EXTERNAL" 5432
	assert_answer silent vpn tcp "$NODE_VPN" 5432
	blocked_has "$OUTSIDE" 5432 tcp
}

test_the_directory_answers_inside_only() {
	inside ldapsearch -x -LLL -H "ldap://$NODE_INTERNAL" -b dc=example,dc=com o |
		grep -qx "o: the mail node"
	inside env LDAPTLS_REQCERT=never ldapsearch -x -LLL -H "ldaps://$NODE_INTERNAL" \
		-b dc=example,dc=com o | grep -qx "o: the mail node"
	assert_answer silent outside tcp "$NODE_EXTERNAL" 389
}

test_metrics_are_read_inside_only() {
	inside "${CURL[@]}" "http://$NODE_INTERNAL:9100/metrics" | grep -q '^node_load1 '
	refused outside "http://$NODE_EXTERNAL:9100/metrics"
}

test_lmtp_takes_mail_inside_only() {
	inside bash -c "exec 3<>/dev/tcp/$NODE_INTERNAL/7025; read -r line <&3; echo \"\$line\"" |
		grep -q '^220 '
	assert_answer silent outside tcp "$NODE_EXTERNAL" 7025
}

# The frame header of memcached's UDP protocol, then the command.
MEMCACHED_UDP='\x00\x01\x00\x00\x00\x01\x00\x00version\r\n'

memcached_udp() { # HOST ADDRESS
	"$1" bash -c "exec 3<>/dev/udp/$2/11211; printf '$MEMCACHED_UDP' >&3
		timeout 1 head -c 15 <&3 | tr -d '\0'" | grep -q VERSION
}

test_memcached_from_outside_is_refused_over_tcp_and_udp() {
	# It is there, over both.
	node bash -c "exec 3<>/dev/tcp/127.0.0.1/11211; printf 'version\r\n' >&3; head -n 1 <&3" |
		grep -q VERSION
	memcached_udp node 127.0.0.1
	assert_answer silent outside tcp "$NODE_EXTERNAL" 11211
	if memcached_udp outside "$NODE_EXTERNAL"; then
		fail "memcached answers outside over UDP"
	fi
	blocked_has "$OUTSIDE" 11211 tcp
	blocked_has "$OUTSIDE" 11211 udp
	# UDP stands in no table: not even inside.
	if memcached_udp inside "$NODE_INTERNAL"; then
		fail "memcached answers inside over UDP"
	fi
	assert_answer open inside tcp "$NODE_INTERNAL" 11211
}

# Of all these servers only memcached listens where no table knows of it.
test_audit_finds_memcached_over_udp_and_no_other_server_on_a_closed_port() {
	rolewall --json audit >"$LAB_DIR/audit.json" || assert_equal 10 "$?" "exit of audit"
	assert_equal "udp 11211 memcached" \
		"$(jq -r '.findings[] | select(.kind == "listening-closed") | "\(.proto) \(.port) \(.process)"' \
			"$LAB_DIR/audit.json" | sort -u)" "servers on closed ports"
}

test_books_balance_after_all_of_it() {
	assert_books_balance
}

run_tests "$@"
