/* SPDX-License-Identifier: GPL-2.0 */
/* filter.c - which attempts are asked for. */
#include "report/filter.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rolewall/abi.h>

#include "util/array.h"
#include "util/guess.h"
#include "util/reason.h"
#include "util/since.h"

/* "10/8" is what people write for 10.0.0.0/8. */
static void prefix_complete(const char *text, char *ret, size_t size)
{
	const char *slash = strchr(text, '/');
	int dots = 0;

	snprintf(ret, size, "%s", text);
	if (!slash || strspn(text, "0123456789.") != (size_t)(slash - text))
		return;
	for (const char *at = text; at < slash; at++)
		dots += *at == '.';
	if (dots < 3)
		snprintf(ret, size, "%.*s%s%s", (int)(slash - text), text,
			 dots == 0   ? ".0.0.0"
			 : dots == 1 ? ".0.0"
				     : ".0",
			 slash);
}

static int source_parse(const char *text, struct filter *filter, struct error *ret_error)
{
	char complete[CIDR_TEXT_MAX + 8];

	filter->has_source = true;
	prefix_complete(text, complete, sizeof(complete));
	return cidr_parse(complete, &filter->source, ret_error);
}

/* "6071", "6071/tcp", "53/udp"; its number is not looked at. */
static bool port_is_like(const char *text, uint8_t *ret_l4)
{
	size_t digits = strspn(text, "0123456789");
	const char *protocol = text + digits;

	*ret_l4 = !strcmp(protocol, "/tcp")   ? IPPROTO_TCP
		  : !strcmp(protocol, "/udp") ? IPPROTO_UDP
					      : 0;
	return digits && (!*protocol || *ret_l4);
}

static int port_parse(const char *text, struct filter *filter, struct error *ret_error)
{
	unsigned long port = strtoul(text, NULL, 10);

	if (!port_is_like(text, &filter->l4) || port > 65535)
		return error_set(ret_error, EINVAL, "\"%s\" is no port: 0 to 65535 is", text);
	filter->has_port = true;
	filter->port = (uint16_t)port;
	return 0;
}

static void reasons_list(char *ret, size_t size)
{
	size_t length = 0;

	ret[0] = '\0';
	for (unsigned int reason = 1; reason < RW_REASON_COUNT; reason++)
		if (reason_is_drop(reason) && length < size)
			length += snprintf(ret + length, size - length, "%s%s", length ? ", " : "",
					   reason_name(reason));
}

static void reasons_consider(struct guess *guess)
{
	for (unsigned int reason = 1; reason < RW_REASON_COUNT; reason++)
		if (reason_is_drop(reason))
			guess_consider(guess, reason_name(reason));
}

static int reason_parse(const char *text, struct filter *filter, struct error *ret_error)
{
	unsigned int number = reason_from_name(text);
	struct guess guess = guess_begin(text);
	char list[384];

	if (reason_is_drop(number)) {
		filter->reason = (uint8_t)number;
		return 0;
	}
	reasons_consider(&guess);
	reasons_list(list, sizeof(list));
	error_set(ret_error, EINVAL, "there is no reason \"%s\"", text);
	if (guess.best)
		error_hint(ret_error, "did you mean \"%s\"? The reasons are: %s", guess.best, list);
	else
		error_hint(ret_error, "the reasons are: %s", list);
	return -EINVAL;
}

static int since_word_parse(const char *text, int64_t now, struct filter *filter,
			    struct error *ret_error)
{
	if (since_parse(text, now, &filter->since_ns))
		return 0;
	error_set(ret_error, EINVAL, "\"%s\" is no time", text);
	error_hint(ret_error, "use a time back from now such as 10m, 2h, 1d, or "
			      "2026-01-31T13:00:00+07:00");
	return -EINVAL;
}

int filter_parse(const struct filter_words *words, int64_t now, struct filter *ret,
		 struct error *ret_error)
{
	struct filter filter = {0};
	int r = 0;

	if (words->source)
		r = source_parse(words->source, &filter, ret_error);
	if (!r && words->port)
		r = port_parse(words->port, &filter, ret_error);
	if (words->service)
		snprintf(filter.service, sizeof(filter.service), "%s", words->service);
	if (!r && words->reason)
		r = reason_parse(words->reason, &filter, ret_error);
	if (!r && words->since)
		r = since_word_parse(words->since, now, &filter, ret_error);
	if (!r)
		*ret = filter;
	return r;
}

bool filter_is_empty(const struct filter *filter)
{
	return !filter->has_source && !filter->has_port && !filter->l4 && !filter->service[0] &&
	       !filter->reason && !filter->since_ns;
}

void filter_print(const struct filter *filter, struct filter_text *text, struct filter_words *ret)
{
	*ret = (struct filter_words){0};
	if (filter->has_source) {
		cidr_format(filter->source.source, filter->source.length, text->source);
		ret->source = text->source;
	}
	if (filter->has_port) {
		snprintf(text->port, sizeof(text->port), "%u%s", filter->port,
			 filter->l4 == IPPROTO_TCP   ? "/tcp"
			 : filter->l4 == IPPROTO_UDP ? "/udp"
						     : "");
		ret->port = text->port;
	}
	if (filter->service[0])
		ret->service = filter->service;
	if (filter->reason)
		ret->reason = reason_name(filter->reason);
	if (filter->since_ns)
		ret->since = time_text_ns(filter->since_ns, text->since);
}

/* A value alone: what can it be? */
static const char **word_guess(struct filter_words *words, const char *value)
{
	uint8_t l4;

	if (port_is_like(value, &l4))
		return &words->port;
	if (strpbrk(value, ":/") || (strchr(value, '.') && value[0] >= '0' && value[0] <= '9'))
		return &words->source;
	return reason_from_name(value) ? &words->reason : &words->service;
}

const char **filter_word(struct filter_words *words, const char *name)
{
	const struct {
		const char *name;
		const char **word;
	} known[] = {
		{"src", &words->source},      {"source", &words->source}, {"port", &words->port},
		{"service", &words->service}, {"reason", &words->reason}, {"since", &words->since},
	};

	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		if (!strcmp(known[i].name, name))
			return known[i].word;
	return NULL;
}

int filter_parse_line(char *line, int64_t now, struct filter *ret, struct error *ret_error)
{
	struct filter_words words = {0};
	char *rest;

	for (char *word = strtok_r(line, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
		char *equals = strchr(word, '=');
		const char **place;

		if (equals)
			*equals = '\0';
		place = equals ? filter_word(&words, word) : word_guess(&words, word);
		if (!place)
			return error_set(ret_error, EINVAL,
					 "\"%s\"? src, port, service, reason and since are known",
					 word);
		*place = equals ? equals + 1 : word;
	}
	return filter_parse(&words, now, ret, ret_error);
}

int filter_check_service(const struct filter *filter, const struct port_names *names,
			 struct error *ret_error)
{
	struct guess guess = guess_begin(filter->service);

	if (!filter->service[0] || !names->rules)
		return 0;
	for (size_t i = 0; i < names->snapshot.rule_count; i++) {
		if (!strcmp(names->rules[i]->service, filter->service))
			return 0;
		guess_consider(&guess, names->rules[i]->service);
	}
	reasons_consider(&guess);
	error_set(ret_error, EINVAL, "no rule has service \"%s\"", filter->service);
	if (guess.best)
		error_hint(ret_error, "did you mean \"%s\"?", guess.best);
	else
		error_hint(ret_error, "\"rolewall show\" lists those there are");
	return -EINVAL;
}

static bool source_matches(const struct filter *filter, const struct rw_attempt *record)
{
	struct cidr host = {.length = 128};

	memcpy(host.source, record->source, sizeof(host.source));
	/* As bytes, ::/0 covers every IPv4 address, too. */
	return cidr_is_ipv4(host.source, host.length) ==
		       cidr_is_ipv4(filter->source.source, filter->source.length) &&
	       cidr_covers(&filter->source, &host);
}

bool filter_matches(const struct filter *filter, const struct rw_attempt *record,
		    const struct rule *rule, int64_t last_ns)
{
	if (filter->has_source && !source_matches(filter, record))
		return false;
	if (filter->has_port && filter->port != record->port)
		return false;
	if (filter->l4 && filter->l4 != record->l4)
		return false;
	if (filter->service[0] && (!rule || strcmp(rule->service, filter->service) != 0))
		return false;
	if (filter->reason && filter->reason != record->reason)
		return false;
	return !last_ns || last_ns >= filter->since_ns;
}
