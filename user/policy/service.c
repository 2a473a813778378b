/* SPDX-License-Identifier: GPL-2.0 */
/* service.c - a list of services. */
#include "policy/service.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/sources.h"
#include "util/array.h"
#include "util/since.h"

#define IPV4_LEAST 8
#define BAN_BURST  5 /* who comes seldom enough to need fewer is not to be banned for it */

/* --- limits ----------------------------------------------------------------------------------- */

static int new_refuse(const struct value *value, const char *text, struct error *ret_error)
{
	error_at(ret_error, &value->at, "\"%.80s\" does not say how often", text);
	error_hint(ret_error,
		   "write connections of a time, like \"30/min\": 1 to %d, by \"s\", "
		   "\"min\" or \"h\"",
		   LIMIT_COUNT_MAX);
	return -EINVAL;
}

static int new_read(const struct value *value, void *into, struct error *ret_error)
{
	struct limit *limit = into;
	const char *text;
	unsigned long count;
	char *end;
	int r = value_get_string(value, "\"new\"", &text, ret_error);

	if (r < 0)
		return r;
	if (text[0] < '0' || text[0] > '9')
		return new_refuse(value, text, ret_error);
	count = strtoul(text, &end, 10);
	if (count < 1 || count > LIMIT_COUNT_MAX || *end != '/')
		return new_refuse(value, text, ret_error);
	if (!limit_seconds(end + 1))
		return new_refuse(value, text, ret_error);
	limit->count = count;
	limit->seconds = limit_seconds(end + 1);
	return 0;
}

static int burst_read(const struct value *value, void *into, struct error *ret_error)
{
	struct limit *limit = into;
	int burst, r = value_get_integer(value, "\"burst\"", 1, LIMIT_BURST_MAX, &burst, ret_error);

	if (r == 0)
		limit->burst = burst;
	return r;
}

/* Which family it is for shows by its length: no IPv6 source that counts is wider than /33. */
static int per_item_read(const struct value *value, void *into, struct error *ret_error)
{
	struct limit *limit = into;
	unsigned long bits = 0;
	const char *text;
	char *end = NULL;
	int r = value_get_string(value, "\"per\"", &text, ret_error);

	if (r < 0)
		return r;
	if (text[0] == '/' && text[1] >= '1' && text[1] <= '9')
		bits = strtoul(text + 1, &end, 10);
	if (!end || *end || bits < IPV4_LEAST || bits > LIMIT_IPV6_USUAL) {
		error_at(ret_error, &value->at, "\"%.80s\" makes no source of an address", text);
		error_hint(ret_error, "\"/8\" to \"/32\" is for IPv4, \"/33\" to \"/64\" for IPv6; "
				      "without it, it is /32 and /64");
		return -EINVAL;
	}
	if (bits <= LIMIT_IPV4_USUAL ? limit->ipv4_bits : limit->ipv6_bits)
		return error_at(ret_error, &value->at, "\"per\" says it twice for %s",
				bits <= LIMIT_IPV4_USUAL ? "IPv4" : "IPv6");
	if (bits <= LIMIT_IPV4_USUAL)
		limit->ipv4_bits = bits;
	else
		limit->ipv6_bits = bits;
	return 0;
}

static int per_read(const struct value *value, void *into, struct error *ret_error)
{
	if (json_is_array(value->json))
		return value_read_items(value, "\"per\"", per_item_read, into, ret_error);
	return per_item_read(value, into, ret_error);
}

static int ban_read(const struct value *value, void *into, struct error *ret_error)
{
	struct limit *limit = into;
	int64_t seconds;
	const char *text;
	int r = value_get_string(value, "\"ban\"", &text, ret_error);

	if (r < 0)
		return r;
	if (!duration_parse(text, &seconds) || seconds < 1 || seconds > LIMIT_BAN_MAX) {
		error_at(ret_error, &value->at, "\"%.80s\" is no time that a ban can last", text);
		error_hint(ret_error, "write it like 90s, 10m, 2h, 7d or 1h30m");
		return -EINVAL;
	}
	limit->ban = seconds;
	return 0;
}

static int then_read(const struct value *value, void *into, struct error *ret_error)
{
	static const struct field fields[] = {
		{"ban", ban_read, true},
		{NULL, NULL, false},
	};

	return value_read_fields(value, "\"then\"", fields, into, ret_error);
}

static const struct field limit_fields[] = {
	{"new", new_read, true},    {"burst", burst_read, false}, {"per", per_read, false},
	{"then", then_read, false}, {NULL, NULL, false},
};

static int limit_read(const struct value *value, struct limit *ret, struct error *ret_error)
{
	struct limit limit = {0};
	int r = value_read_fields(value, "a limit", limit_fields, &limit, ret_error);

	if (r < 0) {
		if (ret_error && !ret_error->hint[0])
			error_hint(ret_error, "write it like { \"new\": \"30/min\", \"burst\": 20, "
					      "\"then\": { \"ban\": \"1h\" } }; without \"then\", "
					      "nobody is banned");
		return r;
	}
	if (!limit.burst)
		limit.burst = limit.count < LIMIT_BURST_MAX ? limit.count : LIMIT_BURST_MAX;
	if (!limit.ipv4_bits)
		limit.ipv4_bits = LIMIT_IPV4_USUAL;
	if (!limit.ipv6_bits)
		limit.ipv6_bits = LIMIT_IPV6_USUAL;
	if (limit.ban && limit.burst < BAN_BURST) {
		error_at(ret_error, &value->at, "a burst of %u is too small to ban for",
			 limit.burst);
		error_hint(ret_error, "with \"then\", \"burst\" is %d at least", BAN_BURST);
		return -EINVAL;
	}
	*ret = limit;
	return 0;
}

static int limits_member_read(const char *key, const struct value *value, void *into,
			      struct error *ret_error)
{
	struct limit_list *list = into;
	struct limit_model *model = array_append(&list->list, &list->count, sizeof(*model));

	if (!model)
		return error_set(ret_error, ENOMEM, "out of memory");
	model->at = at_key(&value->at);
	snprintf(model->name, sizeof(model->name), "%s", key);
	if (json_is_string(value->json) && !strcmp(json_string_value(value->json), LIMIT_NONE))
		return 0;
	return limit_read(value, &model->limit, ret_error);
}

int limits_read(const struct value *value, struct limit_list *ret, struct error *ret_error)
{
	return value_read_members(value, "\"limits\"", limits_member_read, ret, ret_error);
}

/* --- one service ------------------------------------------------------------------------------ */

static int service_name_read(const struct value *value, void *into, struct error *ret_error)
{
	struct service_model *service = into;

	return value_get_name(value, "the name of a service", service->name, sizeof(service->name),
			      ret_error);
}

static int l4_read(const struct value *value, void *into, struct error *ret_error)
{
	struct service_model *service = into;
	int l4, r;

	r = value_get_word(value, "the protocol", words_l4, &l4, ret_error);
	if (r < 0)
		return r;
	if (service->l4s & (1 << l4))
		return error_at(ret_error, &value->at, "the protocol is listed twice");
	service->l4s |= 1 << l4;
	return 0;
}

static int proto_read(const struct value *value, void *into, struct error *ret_error)
{
	if (json_is_array(value->json))
		return value_read_items(value, "\"proto\"", l4_read, into, ret_error);
	return l4_read(value, into, ret_error);
}

static bool port_parse(const char *text, const char **ret_end, unsigned long *ret)
{
	char *end;

	if (text[0] < '0' || text[0] > '9')
		return false;
	*ret = strtoul(text, &end, 10);
	*ret_end = end;
	return true;
}

static int range_read(const struct value *value, struct service_model *service,
		      struct error *ret_error)
{
	const char *text = json_string_value(value->json), *end;
	unsigned long first, last;
	int r;

	if (!port_parse(text, &end, &first) || *end != '-' || !port_parse(end + 1, &end, &last) ||
	    *end) {
		r = error_at(ret_error, &value->at, "\"%.80s\" is no range of ports", text);
		error_hint(ret_error, "write a single port as a number, like 25, and a range like "
				      "\"20000-40000\"");
		return r;
	}
	if (first < 1 || first > 65535 || last < 1 || last > 65535)
		return error_at(ret_error, &value->at, "ports are between 1 and 65535");
	if (first > last) {
		r = error_at(ret_error, &value->at, "the range ends before it begins");
		error_hint(ret_error, "did you mean \"%lu-%lu\"?", last, first);
		return r;
	}
	service->port = first;
	service->port_end = last;
	return 0;
}

static int port_read(const struct value *value, void *into, struct error *ret_error)
{
	struct service_model *service = into;
	int port, r;

	if (json_is_string(value->json))
		return range_read(value, service, ret_error);
	r = value_get_integer(value, "the port", 1, 65535, &port, ret_error);
	if (r < 0)
		return r;
	service->port = service->port_end = port;
	return 0;
}

static int table_read(const struct value *value, void *into, struct error *ret_error)
{
	struct service_model *service = into;
	int zones, r;

	r = value_get_word(value, "the table", words_tables, &zones, ret_error);
	if (r == 0)
		service->table = zones;
	return r;
}

static int from_zone_read(const struct value *value, void *into, struct error *ret_error)
{
	struct service_model *service = into;
	int zone, r;

	r = value_get_word(value, "the zone", words_zones, &zone, ret_error);
	if (r < 0)
		return r;
	if (service->zones & zone)
		return error_at(ret_error, &value->at, "the zone is listed twice");
	service->zones |= zone;
	return 0;
}

static bool is_zone_word(const char *text)
{
	for (const struct word *zone = words_zones; zone->word; zone++)
		if (!strcmp(zone->word, text))
			return true;
	return false;
}

/* Whether there is such a set shows once the cluster has been read. */
static int from_item_read(const struct value *value, void *into, struct error *ret_error)
{
	struct service_model *service = into;
	const struct set_names names = {&service->from_sets, &service->from_set_count};
	const char *text;
	int r = value_get_string(value, "the source", &text, ret_error);

	if (r < 0)
		return r;
	if (is_zone_word(text))
		return from_zone_read(value, into, ret_error);
	if (is_set_word(text))
		return set_word_read(value, &names, ret_error);
	return source_read(value, 0, &service->from_sources, ret_error);
}

static int from_read(const struct value *value, void *into, struct error *ret_error)
{
	struct service_model *service = into;

	service->has_from = true;
	return value_read_items(value, "\"from\"", from_item_read, into, ret_error);
}

static int vpn_advised_read(const struct value *value, void *into, struct error *ret_error)
{
	struct service_model *service = into;

	return value_get_bool(value, "\"vpn_advised\"", &service->vpn_advised, ret_error);
}

static int loopback_only_read(const struct value *value, void *into, struct error *ret_error)
{
	struct service_model *service = into;

	return value_get_bool(value, "\"loopback_only\"", &service->loopback_only, ret_error);
}

static int service_limit_read(const struct value *value, void *into, struct error *ret_error)
{
	struct service_model *service = into;

	return limit_read(value, &service->limit, ret_error);
}

static int service_about_read(const struct value *value, void *into, struct error *ret_error)
{
	struct service_model *service = into;

	return value_get_string(value, "the description", &service->about, ret_error);
}

static const struct field service_fields[] = {
	{"name", service_name_read, true},
	{"proto", proto_read, true},
	{"port", port_read, true},
	{"table", table_read, false},
	{"from", from_read, false},
	{"vpn_advised", vpn_advised_read, false},
	{"loopback_only", loopback_only_read, false},
	{"limit", service_limit_read, false},
	{"about", service_about_read, false},
	{NULL, NULL, false},
};

/* Who may reach it is said once. */
static int reach_check(const struct service_model *service, struct error *ret_error)
{
	bool is_told = service->table || service->has_from;
	int r;

	if (is_told != service->loopback_only)
		return 0;
	if (is_told) {
		r = error_at(ret_error, &service->at,
			     "the service is for loopback only, and says who else may reach it");
		error_hint(ret_error, "take away \"loopback_only\", or \"table\" and \"from\"");
		return r;
	}
	r = error_at(ret_error, &service->at, "the service does not say who may reach it");
	error_hint(ret_error, "add \"table\": \"external\" or \"internal\", or \"from\" "
			      "with a list of zones");
	return r;
}

/* Only a handshake tells that a source has the address that it says. */
static int limit_check(const struct service_model *service, struct error *ret_error)
{
	if (!service->limit.count || (service->l4s & (1 << RW_L4_TCP) && !service->loopback_only))
		return 0;
	if (service->loopback_only) {
		error_at(ret_error, &service->at,
			 "the service is for loopback only, where nothing "
			 "is limited");
		error_hint(ret_error, "take away \"limit\"");
		return -EINVAL;
	}
	error_at(ret_error, &service->at,
		 "a limit counts connections of TCP, and the service has "
		 "none");
	error_hint(ret_error, "take away \"limit\"; what a datagram says of its source may be "
			      "forged, and would limit who is named there");
	return -EINVAL;
}

/* A profile knows no node's sets. */
static int sets_refuse(const struct service_model *service, struct error *ret_error)
{
	char text[CIDR_TEXT_MAX];
	const struct source_model *source = service->from_sources.list;

	if (service->from_set_count)
		return word_refuse(&service->from_sets[0].at, "the zone",
				   service->from_sets[0].name, words_zones, ret_error);
	if (!service->from_sources.count)
		return 0;
	cidr_format(source->cidr.source, source->cidr.length, text);
	return word_refuse(&source->at, "the zone", text, words_zones, ret_error);
}

static int service_read(const struct value *value, void *into, struct error *ret_error)
{
	struct service_list *services = into;
	struct service_model *service;
	int r;

	service = array_append(services->list, services->count, sizeof(*service));
	if (!service)
		return error_set(ret_error, ENOMEM, "out of memory");
	service->at = value->at;
	r = value_read_fields(value, "a service", service_fields, service, ret_error);
	if (r == 0 && !services->has_sets)
		r = sets_refuse(service, ret_error);
	if (r < 0)
		return r;
	if (!service->has_from)
		service->zones = service->table;
	r = reach_check(service, ret_error);
	return r < 0 ? r : limit_check(service, ret_error);
}

int services_read(const struct value *value, struct service_list into, struct error *ret_error)
{
	return value_read_items(value, "\"services\"", service_read, &into, ret_error);
}

void services_free(struct service_model *services, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		free(services[i].from_sets);
		free(services[i].from_sources.list);
	}
	free(services);
}
