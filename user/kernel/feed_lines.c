/* SPDX-License-Identifier: GPL-2.0 */
/* feed_lines.c - the lines of the feed, made and read. */
#include "feed.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "../policy/cidr.h"
#include "../policy/words.h"
#include "../util/reason.h"
#include "port_names.h"

#define MS 1000000

int feed_request_parse(const char *line, struct feed_request *ret)
{
	int attempts = 0, status = 0, history = 0, follow = 0, wrong;
	json_t *object = json_loads(line, 0, NULL);

	wrong = json_unpack(object, "{s?b, s?b, s?b, s?b !}", "attempts", &attempts, "status",
			    &status, "history", &history, "follow", &follow);
	json_decref(object);
	if (wrong)
		return -EINVAL;
	*ret = (struct feed_request){attempts, status, history, follow};
	return 0;
}

static json_t *time_make(int64_t ns)
{
	return ns ? json_integer(ns / MS) : json_null();
}

/* Process and interface names may be any bytes. */
static json_t *text_make(const char *text)
{
	char clean[64];
	json_t *made = text && *text ? json_string(text) : json_null();

	if (made)
		return made;
	snprintf(clean, sizeof(clean), "%s", text);
	for (char *at = clean; *at; at++)
		if (*at & 0x80)
			*at = '?';
	return json_string(clean);
}

static json_t *protocol_make(uint8_t protocol)
{
	const char *name = word_of(words_protocols, protocol);
	char number[8];

	snprintf(number, sizeof(number), "%u", protocol);
	return text_make(name ? name : protocol ? number : NULL);
}

json_t *feed_attempt_make(const struct feed_attempt *attempt)
{
	const struct rw_attempt *record = &attempt->attempt.record;
	char source[CIDR_TEXT_MAX];
	json_t *line;

	cidr_format(record->source, 128, source);
	line = json_pack("{s:s, s:s, s:o, s:i, s:o, s:o, s:o, s:o, s:i, s:o, s:I, s:I, s:I, s:o, "
			 "s:o, s:b, s:b}",
			 "type", "attempt", "source", source, "port",
			 attempt_has_port(record) ? json_integer(record->port) : json_null(), "l4",
			 record->l4, "proto", protocol_make(record->l4), "service",
			 text_make(attempt->service), "zone",
			 text_make(word_of(words_zones, attempt->attempt.zone)), "interface",
			 text_make(attempt->attempt.interface), "ifindex", (int)record->ifindex,
			 "reason", text_make(reason_name(record->reason)), "packets",
			 (json_int_t)record->packets, "bytes", (json_int_t)record->bytes, "settled",
			 (json_int_t)attempt->settled, "first_ms",
			 time_make(attempt->attempt.first_ns), "last_ms",
			 time_make(attempt->attempt.last_ns), "observed", record->observed != 0,
			 "news", attempt->news);
	if (line && attempt->pid) {
		json_object_set_new(line, "pid", json_integer(attempt->pid));
		json_object_set_new(line, "process", text_make(attempt->process));
	}
	return line;
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
