/* SPDX-License-Identifier: GPL-2.0 */
/* flows.c - the flows of a profile: who connects to whom. */
#include "policy/flows.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/names.h"
#include "util/array.h"

/* --- reading ---------------------------------------------------------------------------------- */

static int initiator_add(struct flows_model *flows, const struct name_model *role,
			 struct error *ret_error)
{
	struct name_model *initiator;

	if (flows_peer_bit(flows, role->name))
		return 0;
	if (flows->initiator_count >= RW_PEER_ROLES)
		return error_at(
			ret_error, &role->at,
			"more than %d roles connect to others; rolewall cannot distinguish so many",
			RW_PEER_ROLES);
	initiator = array_append(&flows->initiators, &flows->initiator_count, sizeof(*initiator));
	if (!initiator)
		return error_set(ret_error, ENOMEM, "out of memory");
	*initiator = *role;
	return 0;
}

static int from_read(const struct value *value, void *into, struct error *ret_error)
{
	static const struct word any[] = {{"any", 1}, {NULL, 0}};
	struct flow_model *flow = into;
	int number, r;

	if (json_is_array(value->json))
		return names_read(value, &words_of_roles, &flow->from, &flow->from_count,
				  ret_error);
	r = value_get_word(value, "\"from\"", any, &number, ret_error);
	if (r == 0)
		flow->any = true;
	return r;
}

static int to_read(const struct value *value, void *into, struct error *ret_error)
{
	struct flow_model *flow = into;

	return value_get_name(value, "the role", flow->to, sizeof(flow->to), ret_error);
}

static int services_names_read(const struct value *value, void *into, struct error *ret_error)
{
	struct flow_model *flow = into;

	return names_read(value, &words_of_services, &flow->services, &flow->service_count,
			  ret_error);
}

static int about_read(const struct value *value, void *into, struct error *ret_error)
{
	const char *text;

	return value_get_string(value, "the description", &text, ret_error);
}

static const struct field flow_fields[] = {
	{"from", from_read, true},
	{"to", to_read, true},
	{"services", services_names_read, true},
	{"about", about_read, false},
	{NULL, NULL, false},
};

static int flow_read(const struct value *value, void *into, struct error *ret_error)
{
	struct flows_model *flows = into;
	struct flow_model *flow;
	int r;

	flow = array_append(&flows->list, &flows->count, sizeof(*flow));
	if (!flow)
		return error_set(ret_error, ENOMEM, "out of memory");
	flow->at = value->at;
	r = value_read_fields(value, "a flow", flow_fields, flow, ret_error);
	for (size_t i = 0; r == 0 && i < flow->from_count; i++)
		r = initiator_add(flows, &flow->from[i], ret_error);
	return r;
}

static int list_read(const struct value *value, void *into, struct error *ret_error)
{
	return value_read_items(value, "\"flows\"", flow_read, into, ret_error);
}

static const struct field flows_fields[] = {
	{"version", version_read, true},
	{"about", about_read, false},
	{"flows", list_read, true},
	{NULL, NULL, false},
};

int flows_read(const char *file, struct flows_model *ret, struct error *ret_error)
{
	struct value root;
	int r = document_read(file, &ret->document, ret_error);

	if (r < 0)
		return r;
	root = value_root(ret->document);
	return value_read_fields(&root, "a flows file", flows_fields, ret, ret_error);
}

void flows_free(struct flows_model *flows)
{
	for (size_t i = 0; i < flows->count; i++) {
		free(flows->list[i].from);
		free(flows->list[i].services);
	}
	free(flows->list);
	free(flows->initiators);
	document_free(flows->document);
	*flows = (struct flows_model){0};
}

/* --- bits ------------------------------------------------------------------------------------- */

uint16_t flows_peer_bit(const struct flows_model *flows, const char *role)
{
	for (size_t i = 0; i < flows->initiator_count; i++)
		if (!strcmp(flows->initiators[i].name, role))
			return RW_ZONE_PEER(i);
	return 0;
}

uint16_t flows_bits_of(const struct flows_model *flows, const struct peer_model *peer)
{
	uint16_t bits = RW_ZONE_INTERNAL;

	for (size_t i = 0; i < peer->role_count; i++)
		bits |= flows_peer_bit(flows, peer->roles[i].name);
	return bits;
}

static bool is_to(const struct flow_model *flow, const char *role, const char *service)
{
	if (strcmp(flow->to, role) != 0)
		return false;
	for (size_t i = 0; i < flow->service_count; i++)
		if (!strcmp(flow->services[i].name, service))
			return true;
	return false;
}

uint16_t flows_to(const struct flows_model *flows, const char *role, const char *service)
{
	uint64_t zones = 0;

	for (size_t i = 0; i < flows->count; i++) {
		const struct flow_model *flow = &flows->list[i];

		if (!is_to(flow, role, service))
			continue;
		if (flow->any)
			return RW_ZONE_INTERNAL;
		for (size_t k = 0; k < flow->from_count; k++)
			zones |= flows_peer_bit(flows, flow->from[k].name);
	}
	return zones ? zones : RW_ZONE_NOBODY;
}

const char *flows_names(const struct flows_model *flows, uint64_t zones, char *ret, size_t size)
{
	size_t used = 0;

	ret[0] = '\0';
	for (size_t i = 0; i < flows->initiator_count && used < size; i++)
		if (zones & RW_ZONE_PEER(i))
			used += snprintf(ret + used, size - used, "%s%s", used ? "," : "",
					 flows->initiators[i].name);
	return ret;
}
