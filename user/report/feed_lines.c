/* SPDX-License-Identifier: GPL-2.0 */
/* feed_lines.c - the lines of the feed, made and read. */
#include "report/feed.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "kernel/observe/port_names.h"
#include "policy/cidr.h"
#include "report/words.h"
#include "util/array.h"
#include "util/json_clean.h"
#include "util/reason.h"
#include "util/since.h"

const char *feed_broadcast_name(enum feed_broadcast kind)
{
#define NAME(NAME, key, seconds) [FEED_##NAME] = #key,
	static const char *const names[] = {FEED_BROADCASTS(NAME)};
#undef NAME

	return names[kind];
}

/* --- an attempt ------------------------------------------------------------------------------- */

/* As JSON: a string in quotes, or null for nothing. Returns `ret`. */
struct quoted {
	char text[TABLES_NAME_MAX + 16];
};

static bool is_plain(const char *text)
{
	while (*text && *text >= ' ' && *text <= '~' && *text != '"' && *text != '\\')
		text++;
	return !*text;
}

/* Names of interfaces and processes may be any bytes; most are none that JSON would escape. */
static const char *quote(const char *text, struct quoted *ret)
{
	json_t *clean;
	size_t length;

	if (!text || !*text)
		return "null";
	if (is_plain(text)) {
		snprintf(ret->text, sizeof(ret->text), "\"%s\"", text);
		return ret->text;
	}
	clean = json_clean(text);
	length = json_dumpb(clean, ret->text, sizeof(ret->text) - 1, JSON_ENCODE_ANY);
	json_decref(clean);
	if (!length || length >= sizeof(ret->text))
		return "\"?\"";
	ret->text[length] = '\0';
	return ret->text;
}

static const char *quote_time(int64_t ns, struct quoted *ret)
{
	char text[TIME_TEXT_MAX];

	return quote(ns ? time_text_ns(ns, text) : NULL, ret);
}

static const char *quote_port(const struct rw_attempt *record, struct quoted *ret)
{
	if (!attempt_has_port(record))
		return "null";
	snprintf(ret->text, sizeof(ret->text), "%u", record->port);
	return ret->text;
}

struct quoted_list {
	char text[2 * ATTEMPT_SETS_MAX + 8];
};

/* "a,b" as a list. A set's name, or a prefix, has nothing that JSON would escape. */
static const char *quote_list(const char *names, struct quoted_list *ret)
{
	size_t used = 0;

	ret->text[used++] = '[';
	for (bool first = true; *names && used + 4 < sizeof(ret->text); first = false) {
		size_t length = strcspn(names, ",");

		used += snprintf(ret->text + used, sizeof(ret->text) - used, "%s\"%.*s\"",
				 first ? "" : ",", (int)length, names);
		names += length + (names[length] == ',');
	}
	snprintf(ret->text + used, sizeof(ret->text) - used, "]");
	return ret->text;
}

/* By hand: thousands a second, and json_pack() takes five times as long. */
size_t attempt_print(const struct attempt *attempt, const char *service, char *ret, size_t size)
{
	const struct rw_attempt *record = &attempt->record;
	struct quoted port, protocol, quoted_service, zone, interface, reason, first, last;
	char source[CIDR_TEXT_MAX], number[PROTOCOL_TEXT_MAX];
	struct quoted_list sets;
	int length;

	cidr_format(record->source, 128, source);
	length = snprintf(ret, size,
			  "\"source\":\"%s\",\"port\":%s,\"proto\":%s,\"service\":%s,\"zone\":%s,"
			  "\"sets\":%s,"
			  "\"interface\":%s,\"reason\":%s,\"packets\":%llu,\"bytes\":%llu,"
			  "\"first_seen\":%s,\"last_seen\":%s,\"observed\":%s",
			  source, quote_port(record, &port),
			  quote(protocol_text(record->l4, number), &protocol),
			  quote(service, &quoted_service), quote(zone_name(attempt->zone), &zone),
			  quote_list(attempt->sets, &sets), quote(attempt->interface, &interface),
			  quote(reason_name(record->reason), &reason), record->packets,
			  record->bytes, quote_time(attempt->first_ns, &first),
			  quote_time(attempt->last_ns, &last), record->observed ? "true" : "false");
	return length < (int)size ? length : 0;
}

size_t feed_attempt_print(const struct feed_attempt *attempt, char *ret, size_t size)
{
	static const char head[] = "{\"type\":\"attempt\",";
	const struct rw_attempt *record = &attempt->attempt.record;
	struct quoted process;
	size_t fields, length = sizeof(head) - 1;

	if (size < sizeof(head))
		return 0;
	memcpy(ret, head, sizeof(head));
	fields = attempt_print(&attempt->attempt, attempt->service, ret + length, size - length);
	if (!fields)
		return 0;
	length += fields;
	length += snprintf(ret + length, size - length,
			   ",\"l4\":%u,\"ifindex\":%u,\"settled\":%" PRIu64
			   ",\"news\":%s,\"pid\":%" PRIu32 ",\"process\":%s}",
			   record->l4, record->ifindex, attempt->evicted,
			   attempt->news ? "true" : "false", attempt->pid,
			   quote(attempt->process, &process));
	return length < size ? length : 0;
}

/* What json_unpack() leaves as it is in the object. */
struct parts {
	const char *source, *reason;
	const json_t *port, *zone, *sets, *interface, *process, *first, *last;
	json_int_t packets, bytes, evicted;
	int l4, ifindex, observed, news, pid;
};

static int parts_read(const json_t *line, struct parts *ret)
{
	json_error_t error;

	return json_unpack_ex(
		(json_t *)line, &error, 0,
		"{s:s, s:o, s:i, s:o, s?o, s:o, s:i, s:s, s:I, s:I, s:I, s:b, s:b, s:i, s:o, s:o, "
		"s:o}",
		"source", &ret->source, "port", &ret->port, "l4", &ret->l4, "zone", &ret->zone,
		"sets", &ret->sets, "interface", &ret->interface, "ifindex", &ret->ifindex,
		"reason", &ret->reason, "packets", &ret->packets, "bytes", &ret->bytes, "settled",
		&ret->evicted, "observed", &ret->observed, "news", &ret->news, "pid", &ret->pid,
		"process", &ret->process, "first_seen", &ret->first, "last_seen", &ret->last);
}

/* 0: null, or no time. */
static int64_t time_read(const json_t *value)
{
	int64_t ns = 0;

	if (json_is_string(value))
		since_parse(json_string_value(value), 0, &ns);
	return ns;
}

static void text_read(const json_t *value, char *ret, size_t size)
{
	snprintf(ret, size, "%s", json_is_string(value) ? json_string_value(value) : "");
}

/* A list of strings, comma separated; what does not fit is left out. */
static void list_read(const json_t *list, char *ret, size_t size)
{
	size_t used = 0, index;
	json_t *item;

	ret[0] = '\0';
	json_array_foreach (list, index, item) {
		const char *text = json_string_value(item);

		if (text && used + strlen(text) + 2 < size)
			used += snprintf(ret + used, size - used, "%s%s", used ? "," : "", text);
	}
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
			    .first_ns = time_read(parts.first),
			    .last_ns = time_read(parts.last),
			    .zone = json_is_string(parts.zone)
					    ? zone_from_name(json_string_value(parts.zone))
					    : 0},
		.pid = parts.pid,
		.evicted = parts.evicted,
		.news = parts.news,
	};
	memcpy(ret->attempt.record.source, source.source, sizeof(source.source));
	text_read(parts.interface, ret->attempt.interface, sizeof(ret->attempt.interface));
	text_read(parts.process, ret->process, sizeof(ret->process));
	list_read(parts.sets, ret->attempt.sets, sizeof(ret->attempt.sets));
	return 0;
}
