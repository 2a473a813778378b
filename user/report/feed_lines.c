/* SPDX-License-Identifier: GPL-2.0 */
/* feed_lines.c - the lines of the feed, made and read. */
#include "report/feed.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "kernel/observe/port_names.h"
#include "policy/cidr.h"
#include "policy/words.h"
#include "util/reason.h"

#define MS 1000000

int feed_request_parse(const char *line, struct feed_request *ret)
{
	int version = FEED_VERSION, attempts = 0, status = 0, rules = 0, lists = 0, history = 0,
	    follow = 0, wrong;
	json_t *object = json_loads(line, 0, NULL);

	wrong = json_unpack(object, "{s?i, s?b, s?b, s?b, s?b, s?b, s?b !}", "version", &version,
			    "attempts", &attempts, "status", &status, "rules", &rules, "lists",
			    &lists, "history", &history, "follow", &follow);
	json_decref(object);
	if (wrong || version != FEED_VERSION)
		return -EINVAL;
	*ret = (struct feed_request){attempts, status, rules, lists, history, follow};
	return 0;
}

/* JSON as a quoted string, or null for nothing. Names of interfaces and processes may be any bytes.
 */
struct quoted {
	char text[72];
};

static const char *quote(const char *text, struct quoted *ret)
{
	if (!text || !*text)
		return "null";
	snprintf(ret->text, sizeof(ret->text) - 1, "\"%s", text);
	for (char *at = ret->text + 1; *at; at++)
		if (*at == '"' || *at == '\\' || *at < ' ' || *at > '~')
			*at = '?';
	return strcat(ret->text, "\"");
}

static const char *time_text(int64_t ns, struct quoted *ret)
{
	if (!ns)
		return "null";
	snprintf(ret->text, sizeof(ret->text), "%" PRId64, ns / MS);
	return ret->text;
}

static const char *port_text(const struct rw_attempt *record, struct quoted *ret)
{
	if (!attempt_has_port(record))
		return "null";
	snprintf(ret->text, sizeof(ret->text), "%u", record->port);
	return ret->text;
}

static const char *protocol_text(uint8_t protocol, struct quoted *ret)
{
	const char *name = word_of(words_protocols, protocol);

	if (name || !protocol)
		return quote(name, ret);
	snprintf(ret->text, sizeof(ret->text), "\"%u\"", protocol);
	return ret->text;
}

/* By hand: thousands a second, and json_pack() takes five times as long. */
size_t feed_attempt_print(const struct feed_attempt *attempt, char *ret, size_t size)
{
	const struct rw_attempt *record = &attempt->attempt.record;
	struct quoted port, protocol, service, zone, interface, reason, first, last, process;
	char source[CIDR_TEXT_MAX];
	int length;

	cidr_format(record->source, 128, source);
	length = snprintf(
		ret, size,
		"{\"type\":\"attempt\",\"source\":\"%s\",\"port\":%s,\"l4\":%u,\"proto\":%s,"
		"\"service\":%s,\"zone\":%s,\"interface\":%s,\"ifindex\":%u,\"reason\":%s,"
		"\"packets\":%llu,\"bytes\":%llu,\"settled\":%" PRIu64 ",\"first_ms\":%s,"
		"\"last_ms\":%s,\"observed\":%s,\"news\":%s,\"pid\":%" PRIu32 ",\"process\":%s}",
		source, port_text(record, &port), record->l4, protocol_text(record->l4, &protocol),
		quote(attempt->service, &service),
		quote(word_of(words_zones, attempt->attempt.zone), &zone),
		quote(attempt->attempt.interface, &interface), record->ifindex,
		quote(reason_name(record->reason), &reason), record->packets, record->bytes,
		attempt->settled, time_text(attempt->attempt.first_ns, &first),
		time_text(attempt->attempt.last_ns, &last), record->observed ? "true" : "false",
		attempt->news ? "true" : "false", attempt->pid, quote(attempt->process, &process));
	return length < (int)size ? length : 0;
}

/* What json_unpack() leaves as it is in the object. */
struct parts {
	const char *source, *reason;
	const json_t *port, *zone, *interface, *process;
	json_int_t packets, bytes, settled, first, last;
	int l4, ifindex, observed, news, pid;
};

static json_int_t time_read(const json_t *line, const char *key)
{
	return json_integer_value(json_object_get(line, key)) * MS;
}

static int parts_read(const json_t *line, struct parts *ret)
{
	json_error_t error;

	/* "first_ms" and "last_ms" may be null, which no format of json_unpack() takes. */
	return json_unpack_ex(
		(json_t *)line, &error, 0,
		"{s:s, s:o, s:i, s:o, s:o, s:i, s:s, s:I, s:I, s:I, s:b, s:b, s?i, s?o}", "source",
		&ret->source, "port", &ret->port, "l4", &ret->l4, "zone", &ret->zone, "interface",
		&ret->interface, "ifindex", &ret->ifindex, "reason", &ret->reason, "packets",
		&ret->packets, "bytes", &ret->bytes, "settled", &ret->settled, "observed",
		&ret->observed, "news", &ret->news, "pid", &ret->pid, "process", &ret->process);
}

static uint8_t zone_read(const json_t *value)
{
	const char *name = json_string_value(value);

	for (const struct word *word = words_zones; name && word->word; word++)
		if (!strcmp(word->word, name))
			return word->number;
	return 0;
}

static void text_read(const json_t *value, char *ret, size_t size)
{
	snprintf(ret, size, "%s", json_is_string(value) ? json_string_value(value) : "");
}

int feed_attempt_read(const json_t *line, struct feed_attempt *ret)
{
	struct parts parts = {0};
	struct cidr source;

	if (parts_read(line, &parts) || cidr_parse(parts.source, &source, NULL))
		return -EINVAL;
	*ret = (struct feed_attempt){
		.attempt = {.record = {.ifindex = parts.ifindex,
				       .port = json_integer_value(parts.port),
				       .l4 = parts.l4,
				       .reason = reason_from_name(parts.reason),
				       .observed = parts.observed,
				       .packets = parts.packets,
				       .bytes = parts.bytes},
			    .first_ns = time_read(line, "first_ms"),
			    .last_ns = time_read(line, "last_ms"),
			    .zone = zone_read(parts.zone)},
		.pid = parts.pid,
		.settled = parts.settled,
		.news = parts.news,
	};
	memcpy(ret->attempt.record.source, source.source, sizeof(source.source));
	text_read(parts.interface, ret->attempt.interface, sizeof(ret->attempt.interface));
	text_read(parts.process, ret->process, sizeof(ret->process));
	return 0;
}
