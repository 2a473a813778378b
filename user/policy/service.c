/* SPDX-License-Identifier: GPL-2.0 */
/* service.c - a list of services. */
#include "policy/service.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/sources.h"
#include "util/array.h"

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
	return reach_check(service, ret_error);
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
