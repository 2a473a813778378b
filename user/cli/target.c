/* SPDX-License-Identifier: GPL-2.0 */
/* target.c - port and protocol, or the name of a service. */
#include "cli/target.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cli/message.h"
#include "kernel/observe/snapshot.h"
#include "policy/words.h"
#include "report/words.h"
#include "util/cleanup.h"
#include "util/guess.h"

#define NAME_MAX_SHOWN 64
#define PORT_LAST      65535

/* What was typed, taken apart. */
struct typed {
	const char *text;
	char name[NAME_MAX_SHOWN + 1]; /* before the slash */
	const struct word *proto;      /* NULL: none was named */
};

static const char *proto_name(const struct typed *typed)
{
	return typed->proto ? typed->proto->word : "tcp";
}

static int typed_split(const struct settings *settings, const char *text, struct typed *ret)
{
	const char *slash = strchrnul(text, '/');
	const struct word *word = words_l4;

	*ret = (struct typed){.text = text};
	snprintf(ret->name, sizeof(ret->name), "%.*s", (int)(slash - text), text);
	if (!*slash)
		return 0;
	while (word->word && strcasecmp(word->word, slash + 1) != 0)
		word++;
	ret->proto = word;
	if (word->word)
		return 0;
	return report_failure(settings, "write it like 443, 443/tcp or 5060/udp",
			      "there is no port of the protocol \"%s\"; it can be tcp or udp",
			      slash + 1);
}

/* --- numbers ---------------------------------------------------------------------------------- */

static int number_parse(const struct settings *settings, const char *text, size_t length,
			uint16_t *ret)
{
	char digits[NAME_MAX_SHOWN + 1];
	unsigned long number;

	snprintf(digits, sizeof(digits), "%.*s", (int)length, text);
	number = strtoul(digits, NULL, 10);
	if (!number || number > PORT_LAST)
		return report_failure(settings, NULL, "\"%s\" is no port: ports go from 1 to %d",
				      digits, PORT_LAST);
	*ret = (uint16_t)number;
	return 0;
}

/* "8000-8010", as the node file and firewalld write it, or "8000:8010", as ufw does. */
static int numbers_parse(const struct settings *settings, const struct typed *typed, bool ranges,
			 struct target *ret)
{
	size_t first = strspn(typed->name, "0123456789");
	const char *rest = typed->name + first;

	if (number_parse(settings, typed->name, first, &ret->port))
		return -1;
	ret->port_end = ret->port;
	if (!*rest)
		return 0;
	if (!ranges)
		return report_failure(settings, "name one of its ports",
				      "\"%s\" is a range, not a port", typed->name);
	if (number_parse(settings, rest + 1, strlen(rest + 1), &ret->port_end))
		return -1;
	if (ret->port_end >= ret->port)
		return 0;
	return report_failure(settings, "write the lower port first",
			      "the range \"%s\" ends before it begins", typed->name);
}

/* Digits, or two of them with "-" or ":" between. */
static bool is_numeric(const char *name)
{
	size_t first = strspn(name, "0123456789");

	if (!first || !name[first])
		return first;
	return strchr("-:", name[first]) && name[first + 1] &&
	       !name[first + 1 + strspn(name + first + 1, "0123456789")];
}

/* --- names ------------------------------------------------------------------------------------ */

static bool is_meant(const struct typed *typed, const struct rule *rule)
{
	return !strcasecmp(rule->service, typed->name) &&
	       (!typed->proto || typed->proto->number == rule->l4);
}

static int report_ambiguous(const struct settings *settings, const struct typed *typed,
			    const struct snapshot *snapshot)
{
	char list[256] = "", ports[PORTS_TEXT_MAX];

	for (size_t i = 0; i < snapshot->rule_count; i++) {
		const struct rule *rule = &snapshot->rules[i].rule;
		size_t used = strlen(list);

		if (is_meant(typed, rule))
			snprintf(list + used, sizeof(list) - used, "%s%s/%s", used ? ", " : "",
				 ports_text(rule->port, rule->port_end, ports),
				 word_of(words_l4, rule->l4));
	}
	return report_failure(settings, "name one of them",
			      "the service \"%s\" has several ports: %s", typed->name, list);
}

/* 1: found; 0: no rule has the name; -1 after printing. */
static int rule_find(const struct settings *settings, const struct typed *typed, bool ranges,
		     const struct snapshot *snapshot, struct target *ret)
{
	const struct rule *found = NULL;

	for (size_t i = 0; i < snapshot->rule_count; i++) {
		const struct rule *rule = &snapshot->rules[i].rule;

		if (!is_meant(typed, rule))
			continue;
		if (found && (found->port != rule->port || found->port_end != rule->port_end ||
			      found->l4 != rule->l4))
			return report_ambiguous(settings, typed, snapshot);
		found = rule;
	}
	if (!found)
		return 0;
	if (!ranges && found->port != found->port_end)
		return report_ambiguous(settings, typed, snapshot);
	*ret = (struct target){found->port, found->port_end, found->l4};
	return 1;
}

static bool services_find(const struct typed *typed, struct target *ret)
{
	struct servent entry, *found;
	char lower[sizeof(typed->name)], buffer[1024];
	size_t i;

	for (i = 0; typed->name[i]; i++)
		lower[i] = (char)tolower((unsigned char)typed->name[i]);
	lower[i] = '\0';
	if (getservbyname_r(lower, proto_name(typed), &entry, buffer, sizeof(buffer), &found) ||
	    !found)
		return false;
	ret->port = ret->port_end = ntohs((uint16_t)found->s_port);
	return true;
}

static int name_parse(const struct settings *settings, const struct typed *typed, bool ranges,
		      struct target *ret)
{
	_cleanup_(snapshot_free) struct snapshot snapshot = {0};
	struct guess guess = guess_begin(typed->name);
	char hint[128] = "write it like 443, 443/tcp or 5060/udp; a name is a service of the "
			 "policy, or of /etc/services";
	int r;

	/* Nothing in force: then only /etc/services has names. */
	snapshot_read(&settings->instance, &snapshot, NULL);
	r = rule_find(settings, typed, ranges, &snapshot, ret);
	if (r)
		return r < 0 ? r : 0;
	if (services_find(typed, ret))
		return 0;
	for (size_t i = 0; i < snapshot.rule_count; i++)
		guess_consider(&guess, snapshot.rules[i].rule.service);
	if (guess.best)
		snprintf(hint, sizeof(hint), "did you mean \"%s\"?", guess.best);
	return report_failure(settings, hint, "\"%s\" is neither a port nor a service",
			      typed->text);
}

int target_parse(const struct settings *settings, const char *text, bool ranges, struct target *ret)
{
	struct target target = {0};
	struct typed typed;
	int r = typed_split(settings, text, &typed);

	if (r)
		return EXIT_USAGE;
	target.l4 = (uint8_t)(typed.proto ? typed.proto->number : RW_L4_TCP);
	r = is_numeric(typed.name) ? numbers_parse(settings, &typed, ranges, &target)
				   : name_parse(settings, &typed, ranges, &target);
	if (r)
		return EXIT_USAGE;
	*ret = target;
	return EXIT_OK;
}
