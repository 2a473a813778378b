/* SPDX-License-Identifier: GPL-2.0 */
/* names.c - the public address, and what DNS says of the domain. */
#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "preflight/resolver.h"
#include "preflight/rows.h"
#include "util/array.h"

/* What all the rows look at. */
struct names {
	const struct preflight_request *request;
	struct checks *checks;
	struct resolver *resolver;
	char host[NAME_TEXT_MAX];   /* fully qualified; empty: not known */
	char domain[NAME_TEXT_MAX]; /* empty: not known */
	struct addresses publics;   /* given, or found on the interfaces */
};

/* --- the public address ----------------------------------------------------------------------- */

/*
 * Not for the Internet, RFC 6890: private, shared, loopback, link-local, documentation, multicast.
 */
static bool is_public(struct in_addr address)
{
	static const struct {
		uint32_t net, mask;
	} reserved[] = {
		{0x00000000, 0xff000000}, {0x0a000000, 0xff000000}, {0x64400000, 0xffc00000},
		{0x7f000000, 0xff000000}, {0xa9fe0000, 0xffff0000}, {0xac100000, 0xfff00000},
		{0xc0000200, 0xffffff00}, {0xc0a80000, 0xffff0000}, {0xc6120000, 0xfffe0000},
		{0xc6336400, 0xffffff00}, {0xcb007100, 0xffffff00}, {0xe0000000, 0xe0000000},
	};

	for (size_t i = 0; i < ARRAY_SIZE(reserved); i++)
		if ((ntohl(address.s_addr) & reserved[i].mask) == reserved[i].net)
			return false;
	return true;
}

static void publics_find(struct addresses *publics)
{
	struct ifaddrs *list = NULL;

	if (getifaddrs(&list) < 0)
		return;
	for (const struct ifaddrs *at = list; at; at = at->ifa_next) {
		const struct sockaddr_in *address = (const struct sockaddr_in *)at->ifa_addr;

		if (address && address->sin_family == AF_INET && is_public(address->sin_addr) &&
		    publics->count < RECORDS_MAX)
			publics->list[publics->count++] = address->sin_addr;
	}
	freeifaddrs(list);
}

static bool addresses_have(const struct addresses *addresses, struct in_addr one)
{
	for (size_t i = 0; i < addresses->count; i++)
		if (addresses->list[i].s_addr == one.s_addr)
			return true;
	return false;
}

static bool addresses_meet(const struct addresses *a, const struct addresses *b)
{
	for (size_t i = 0; i < a->count; i++)
		if (addresses_have(b, a->list[i]))
			return true;
	return false;
}

static const char *addresses_text(const struct addresses *addresses, char *ret, size_t size)
{
	ret[0] = '\0';
	for (size_t i = 0; i < addresses->count; i++) {
		size_t used = strlen(ret);
		char text[INET_ADDRSTRLEN];

		inet_ntop(AF_INET, &addresses->list[i], text, sizeof(text));
		snprintf(ret + used, size - used, "%s%s", used ? ", " : "", text);
	}
	return ret;
}

static int public_ip_check(struct names *names, struct error *ret_error)
{
	static const struct check_words words = {
		"public-ip", "at least one public IP address for the infrastructure",
		"name the public address with --public-ip, be it this node's or that of the "
		"router which hands its ports on"};
	const char *given = names->request->public_ip;
	char text[160];

	if (given && inet_pton(AF_INET, given, &names->publics.list[0]) != 1) {
		error_set(ret_error, EINVAL, "\"%.80s\" is no IPv4 address", given);
		error_hint(ret_error, "an A record holds an IPv4 address; write it like 192.0.2.7");
		return -EINVAL;
	}
	if (given)
		names->publics.count = 1;
	else if (root_is_this_system(&names->request->root))
		publics_find(&names->publics);
	if (given && !is_public(names->publics.list[0]))
		check_add(names->checks, &words, CHECK_FAIL, "%s is not a public address", given);
	else if (names->publics.count)
		check_add(names->checks, &words, CHECK_PASS, "%s",
			  addresses_text(&names->publics, text, sizeof(text)));
	else if (root_is_this_system(&names->request->root))
		check_add(names->checks, &words, CHECK_WARN, "none on an interface of this node");
	else
		check_add(names->checks, &words, CHECK_SKIP, "none was named");
	return 0;
}

/* --- A, MX, PTR ------------------------------------------------------------------------------- */

/* What is said of an answer that is none. */
static void absence_add(const struct names *names, const struct check_words *words, int result,
			const char *record, const char *name)
{
	if (result == -ENOENT)
		check_add(names->checks, words, CHECK_FAIL, "%s has no %s record", name, record);
	else
		check_add(names->checks, words, CHECK_FAIL, "no answer about %s: %s", name,
			  resolver_trouble(names->resolver));
}

static void a_check(const struct names *names)
{
	char fix[512] = "ask the administrator of the zone for an A record with the public address";
	struct check_words words = {"dns-a",
				    "an A record of the node's name that equals its "
				    "public address",
				    fix};
	struct addresses found;
	char text[160], publics[160];
	int r;

	if (!names->host[0]) {
		check_add(names->checks, &words, CHECK_SKIP,
			  "the node's name is not known: it has no domain, and --domain is not "
			  "given");
		return;
	}
	r = resolver_find_a(names->resolver, names->host, &found);
	if (r < 0) {
		absence_add(names, &words, r, "A", names->host);
		return;
	}
	addresses_text(&found, text, sizeof(text));
	addresses_text(&names->publics, publics, sizeof(publics));
	if (!names->publics.count) {
		words.fix = "name the public address with --public-ip to have it compared";
		check_add(names->checks, &words, CHECK_WARN, "%s is %s", names->host, text);
		return;
	}
	snprintf(fix, sizeof(fix), "change the A record of %s to %s", names->host, publics);
	check_add(names->checks, &words,
		  addresses_meet(&found, &names->publics) ? CHECK_PASS : CHECK_FAIL, "%s is %s",
		  names->host, text);
}

/* The first exchanger is the one that mail goes to. */
static void mx_check_host(const struct names *names, struct check_words *words, const char *host)
{
	struct addresses found;
	char text[160];
	int r = resolver_find_a(names->resolver, host, &found);

	if (r < 0) {
		words->fix = "the host of the MX record needs an A record";
		absence_add(names, words, r, "A", host);
		return;
	}
	addresses_text(&found, text, sizeof(text));
	if (!names->publics.count) {
		words->fix = "name the public address with --public-ip to have it compared";
		check_add(names->checks, words, CHECK_WARN, "%s is at %s", host, text);
		return;
	}
	words->fix = "point the MX record to a host whose A record is the public address; a wrong "
		     "one stops the installation";
	check_add(names->checks, words,
		  addresses_meet(&found, &names->publics) ? CHECK_PASS : CHECK_FAIL, "%s at %s",
		  host, text);
}

static void mx_check(const struct names *names)
{
	struct check_words words = {
		"dns-mx",
		"an MX record of the domain whose host has the public "
		"address as its A record",
		"ask the administrator of the zone for an MX record that names the "
		"mail host; without one the installation stops"};
	struct name_records found;
	int r = resolver_find_mx(names->resolver, names->domain, &found);

	if (r < 0)
		absence_add(names, &words, r, "MX", names->domain);
	else if (!found.list[0][0] || !strcmp(found.list[0], "."))
		check_add(names->checks, &words, CHECK_FAIL,
			  "%s says that it takes no mail (RFC 7505)", names->domain);
	else
		mx_check_host(names, &words, found.list[0]);
}

/* Others refuse mail from an address without a name (RFC 1912, 2.1). */
static void ptr_check(const struct names *names)
{
	static const struct check_words words = {
		"dns-ptr", "a PTR record of the public address that names the node",
		"ask the provider of the address for a PTR record with the node's name"};
	struct name_records found;
	char address[INET_ADDRSTRLEN];
	int r;

	if (!names->publics.count) {
		check_add(names->checks, &words, CHECK_SKIP, "the public address is not known");
		return;
	}
	inet_ntop(AF_INET, &names->publics.list[0], address, sizeof(address));
	r = resolver_find_ptr(names->resolver, names->publics.list[0], &found);
	if (r < 0) {
		check_add(names->checks, &words, CHECK_WARN, "%s has no PTR record%s%s", address,
			  r == -EIO ? ": " : "",
			  r == -EIO ? resolver_trouble(names->resolver) : "");
		return;
	}
	for (size_t i = 0; i < found.count; i++) {
		if (!strcasecmp(found.list[i], names->host)) {
			check_add(names->checks, &words, CHECK_PASS, "%s is %s", address,
				  found.list[i]);
			return;
		}
	}
	check_add(names->checks, &words, CHECK_WARN, "%s is %s", address, found.list[0]);
}

/* --- SPF, DKIM, DMARC ------------------------------------------------------------------------- */

/* Records that begin with `sign`, as "v=spf1", followed by nothing or by one of `behind`. */
static size_t records_find(const struct txt_records *records, const char *sign, const char *behind,
			   const char **ret_first)
{
	size_t length = strlen(sign), count = 0;

	for (size_t i = records->count; i > 0; i--) {
		const char *text = records->list[i - 1];

		if (strncasecmp(text, sign, length) != 0 || !strchr(behind, text[length]))
			continue;
		*ret_first = text;
		count++;
	}
	return count;
}

static void spf_check(const struct names *names)
{
	struct check_words words = {"dns-spf",
				    "one TXT record \"v=spf1 ...\" of the domain (RFC 7208)",
				    "publish a TXT record of the domain, like: v=spf1 mx -all"};
	struct txt_records found = {0};
	const char *text = NULL;
	size_t count;
	int r = resolver_find_txt(names->resolver, names->domain, &found);

	count = records_find(&found, "v=spf1", " ", &text);
	if (r == -EIO) {
		absence_add(names, &words, r, "TXT", names->domain);
	} else if (!count) {
		check_add(names->checks, &words, CHECK_FAIL, "%s has no SPF record", names->domain);
	} else if (count > 1) {
		words.fix =
			"keep one of them: with several, receivers see an error (RFC 7208, 4.5)";
		check_add(names->checks, &words, CHECK_FAIL, "%zu SPF records", count);
	} else {
		bool anybody = strstr(text, " +all") || strstr(text, " all");

		words.fix = "end the record with -all or ~all: as it is, anybody may send in your "
			    "name";
		check_add(names->checks, &words, anybody ? CHECK_WARN : CHECK_PASS, "%s", text);
	}
}

/* The value of "p=" in "v=DKIM1; k=rsa; p=MIIB...": NULL if the tag is not there. */
static const char *tag_find(const char *text, const char *tag)
{
	size_t length = strlen(tag);

	while (text) {
		text += strspn(text, " \t;");
		if (!strncmp(text, tag, length)) {
			const char *value = text + length + strspn(text + length, " \t");

			if (*value == '=')
				return value + 1 + strspn(value + 1, " \t");
		}
		text = strchr(text, ';');
	}
	return NULL;
}

static void dkim_check(const struct names *names)
{
	struct check_words words = {"dns-dkim",
				    "a TXT record SELECTOR._domainkey with the public "
				    "key (RFC 6376)",
				    "publish the key that the mail server signs with under the "
				    "selector's name"};
	const char *selector = names->request->dkim_selector, *key = NULL;
	struct txt_records found = {0};
	char name[2 * NAME_TEXT_MAX];
	int r;

	if (!selector) {
		check_add(names->checks, &words, CHECK_SKIP, "no --dkim-selector was given");
		return;
	}
	snprintf(name, sizeof(name), "%s._domainkey.%s", selector, names->domain);
	r = resolver_find_txt(names->resolver, name, &found);
	for (size_t i = 0; i < found.count && !key; i++)
		key = tag_find(found.list[i], "p");
	if (r < 0) {
		absence_add(names, &words, r, "TXT", name);
	} else if (!key) {
		check_add(names->checks, &words, CHECK_FAIL, "%s holds no key: %.80s", name,
			  found.list[0]);
	} else if (!*key || *key == ';') {
		words.fix = "the key is withdrawn (empty p=): publish the present one";
		check_add(names->checks, &words, CHECK_FAIL, "%s holds an empty key", name);
	} else {
		check_add(names->checks, &words, CHECK_PASS, "%s holds a key of %zu characters",
			  name, strcspn(key, "; \t"));
	}
}

static bool is_dmarc_policy(const char *value)
{
	static const char *const words[] = {"none", "quarantine", "reject"};

	for (size_t i = 0; value && i < ARRAY_SIZE(words); i++)
		if (!strncasecmp(value, words[i], strlen(words[i])) &&
		    strchr("; \t", value[strlen(words[i])]))
			return true;
	return false;
}

static void dmarc_check(const struct names *names)
{
	struct check_words words = {"dns-dmarc",
				    "one TXT record _dmarc with \"v=DMARC1; p=...\" "
				    "(RFC 7489)",
				    "publish a TXT record of _dmarc, like: v=DMARC1; p=none; "
				    "rua=mailto:postmaster@DOMAIN"};
	struct txt_records found = {0};
	char name[NAME_TEXT_MAX + 8];
	const char *text = NULL;
	size_t count;
	int r;

	snprintf(name, sizeof(name), "_dmarc.%s", names->domain);
	r = resolver_find_txt(names->resolver, name, &found);
	count = records_find(&found, "v=DMARC1", " ;", &text);
	if (r == -EIO) {
		absence_add(names, &words, r, "TXT", name);
	} else if (!count) {
		check_add(names->checks, &words, CHECK_FAIL, "%s has no DMARC record", name);
	} else if (count > 1) {
		words.fix =
			"keep one of them: with several, receivers apply none (RFC 7489, 6.6.3)";
		check_add(names->checks, &words, CHECK_FAIL, "%zu DMARC records", count);
	} else if (!is_dmarc_policy(tag_find(text, "p"))) {
		words.fix = "add a policy: p=none, p=quarantine or p=reject";
		check_add(names->checks, &words, CHECK_FAIL, "no policy in \"%s\"", text);
	} else {
		check_add(names->checks, &words, CHECK_PASS, "%s", text);
	}
}

/* --- all of them ------------------------------------------------------------------------------ */

/* "mail" and "example.com", or "mail.example.com" alone. */
static void names_find(struct names *names)
{
	char host[NAME_TEXT_MAX / 2];
	const char *dot;

	root_line(&names->request->root, "etc/hostname", host, sizeof(host));
	if (!host[0] && root_is_this_system(&names->request->root) &&
	    gethostname(host, sizeof(host) - 1) < 0)
		host[0] = '\0';
	dot = strchr(host, '.');
	if (names->request->domain)
		snprintf(names->domain, sizeof(names->domain), "%s", names->request->domain);
	else if (dot && strchr(dot + 1, '.'))
		snprintf(names->domain, sizeof(names->domain), "%s", dot + 1);
	if (dot)
		snprintf(names->host, sizeof(names->host), "%s", host);
	else if (host[0] && names->domain[0] && strlen(names->domain) < NAME_TEXT_MAX / 2)
		snprintf(names->host, sizeof(names->host), "%s.%.127s", host, names->domain);
}

static void domain_check(const struct names *names)
{
	static const struct check_words words[] = {
		{"dns-mx", "an MX record of the domain", "name the domain with --domain"},
		{"dns-spf", "a TXT record for SPF", "name the domain with --domain"},
		{"dns-dkim", "a TXT record for DKIM", "name the domain with --domain"},
		{"dns-dmarc", "a TXT record for DMARC", "name the domain with --domain"},
	};

	if (names->domain[0]) {
		mx_check(names);
		spf_check(names);
		dkim_check(names);
		dmarc_check(names);
		return;
	}
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		check_add(names->checks, &words[i], CHECK_SKIP, "the domain is not known");
}

int names_check(const struct preflight_request *request, struct checks *checks,
		struct error *ret_error)
{
	struct names names = {.request = request, .checks = checks};
	int r = public_ip_check(&names, ret_error);

	if (r == 0)
		r = resolver_open(request->dns, &names.resolver, ret_error);
	if (r < 0)
		return r;
	names_find(&names);
	a_check(&names);
	domain_check(&names);
	ptr_check(&names);
	resolver_close(&names.resolver);
	return 0;
}
