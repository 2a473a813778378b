/* SPDX-License-Identifier: GPL-2.0 */
/* deny.c - a service is narrowed, or goes. */
#include <errno.h>
#include <string.h>

#include "edit/services.h"
#include "edit/work.h"
#include "policy/cidr.h"
#include "policy/words.h"

static int source_refuse(struct work *work, size_t index, const char *source)
{
	const struct service_model *service = &work->model->node.services[index];

	error_at(work->error, &service->at, "the service \"%s\" does not name %s", service->name,
		 source);
	error_hint(work->error,
		   "\"rolewall deny %s\" closes it to all; what it is open to, it says "
		   "here",
		   service->name);
	return -EPERM;
}

/* The zones of "table" but for those of the permit: they are listed from now on. */
static int table_narrow(struct work *work, size_t index)
{
	const struct service_model *service = &work->model->node.services[index];
	const char *list[3];
	size_t size = 0;

	for (const struct word *word = words_zones; word->word; word++)
		if ((service->table & word->number) && !permit_has_source(work->permit, word->word))
			list[size++] = word->word;
	if (size)
		return work_edited(work, service_list_sources(work->edit, index, list, size));
	return work_edited(work, services_remove(work->edit, index));
}

static int from_narrow(struct work *work, size_t index)
{
	const struct permit *permit = work->permit;
	int r = 0;

	/* A file may name it twice. */
	for (size_t i = 0; r == 0 && i < permit->source_count; i++)
		while (r == 0 && service_has_source(work->edit, index, permit->sources[i]))
			r = work_edited(
				work, service_remove_source(work->edit, index, permit->sources[i]));
	if (r == 0 && !service_source_count(work->edit, index))
		r = work_edited(work, services_remove(work->edit, index));
	return r;
}

static bool set_covers(const struct set_model *set, const struct cidr *cidr)
{
	for (size_t i = 0; i < set->sources.count; i++)
		if (cidr_covers(&set->sources.list[i].cidr, cidr))
			return true;
	return false;
}

/* Is it in something wider, which "from" names in its place? */
static bool is_covered(const struct work *work, size_t index, const char *source)
{
	const struct service_model *service = &work->model->node.services[index];
	const struct set_list *sets = &work->model->node.sets;
	struct cidr cidr;

	if (zone_of(source) || service_has_source(work->edit, index, source))
		return false;
	if (service->zones & RW_ZONE_EXTERNAL)
		return true;
	for (size_t i = 0; i < sets->count; i++)
		if ((service->sets & RW_ZONE_SET(i)) && !cidr_parse(source, &cidr, NULL) &&
		    set_covers(&sets->list[i], &cidr))
			return true;
	return false;
}

static int service_narrow(struct work *work, size_t index)
{
	const struct service_model *service = &work->model->node.services[index];
	const struct permit *permit = work->permit;
	const struct permit_ports ports = ports_of(service);
	char text[PORTS_SIZE + 2];
	bool found = false;
	int r = 0;

	for (size_t i = 0; r == 0 && i < permit->source_count; i++) {
		const char *source = permit->sources[i];

		if (is_covered(work, index, source))
			return source_refuse(work, index, source);
		if (!service_admits(work, index, source))
			continue;
		found = true;
		r = work_note(work, "takes %s out of the service \"%s\"%s", source, service->name,
			      ports_suffix(work, &ports, text));
	}
	if (r || !found)
		return r;
	return service->has_from ? from_narrow(work, index) : table_narrow(work, index);
}

static int service_take_out(struct work *work, size_t index)
{
	const struct service_model *service = &work->model->node.services[index];
	struct permit_ports ports = ports_of(service);
	char text[PORTS_SIZE];
	int r;

	r = work_edited(work, services_remove(work->edit, index));
	return r ? r
		 : work_note(work, "takes out the service \"%s\", %s", service->name,
			     ports_name(&ports, text));
}

/* The ports are some of those of a service. */
static int part_refuse(struct work *work, const struct permit_ports *part, size_t index)
{
	const struct service_model *service = &work->model->node.services[index];
	struct permit_ports own = ports_of(service);
	char text[PORTS_SIZE], part_text[PORTS_SIZE];

	error_at(work->error, &service->at, "%s is only a part of the service \"%s\", which is %s",
		 ports_name(part, part_text), service->name, ports_name(&own, text));
	error_hint(work->error,
		   "\"rolewall deny %s\" is about all of it; a part of it is for an "
		   "editor",
		   service->name);
	return -EPERM;
}

/* One of the two protocols of a service, to all. */
static int protocol_take_out(struct work *work, size_t index)
{
	const struct service_model *service = &work->model->node.services[index];
	uint8_t left = work->permit->l4 == RW_L4_TCP ? RW_L4_UDP : RW_L4_TCP;
	int r;

	r = work_edited(work, service_set(work->edit, index, "proto", word_of(words_l4, left)));
	return r ? r
		 : work_note(work, "leaves %s alone to the service \"%s\"", word_of(words_l4, left),
			     service->name);
}

/* What is for this node alone is open to nobody. */
static bool is_of_service(const struct work *work, size_t index)
{
	const struct service_model *service = &work->model->node.services[index];
	struct permit_ports own = ports_of(service);

	if (service->loopback_only)
		return false;
	if (work->permit->service)
		return !strcmp(service->name, work->permit->service);
	return ports_cover(&own, &work->result->ports[0]);
}

/* Does it let any of the permit's sources in? */
static bool is_concerned(const struct work *work, size_t index)
{
	const struct permit *permit = work->permit;

	for (size_t i = 0; i < permit->source_count; i++)
		if (service_admits(work, index, permit->sources[i]) ||
		    is_covered(work, index, permit->sources[i]))
			return true;
	return !permit->source_count;
}

static int service_deny(struct work *work, size_t index)
{
	const struct service_model *service = &work->model->node.services[index];
	const struct permit_ports *ports = work->result->ports;
	struct permit_ports own = ports_of(service);

	if (work->permit->service || ports_are_same(&own, ports)) {
		if (!work->permit->source_count)
			return service_take_out(work, index);
		return service_narrow(work, index);
	}
	if (!is_concerned(work, index))
		return 0;
	if (own.port != ports->port || own.port_end != ports->port_end ||
	    work->permit->source_count)
		return part_refuse(work, ports, index);
	return protocol_take_out(work, index);
}

/* The last first: places behind a service that goes are others'. */
static int services_deny(struct work *work)
{
	int r = 0;

	for (size_t i = work->model->node.service_count; r == 0 && i-- > 0;)
		if (is_of_service(work, i))
			r = service_deny(work, i);
	return r;
}

static bool is_of_row(const struct work *work, const struct row *row)
{
	struct permit_ports own = ports_of(row->service);

	if (!is_role_row(row))
		return false;
	if (work->permit->service)
		return !strcmp(row->service->name, work->permit->service);
	return ports_cover(&own, &work->result->ports[0]);
}

static void zones_list(uint64_t zones, char ret[64])
{
	ret[0] = '\0';
	for (const struct word *word = words_zones; word->word; word++)
		if (zones & word->number) {
			strcat(ret, *ret ? "," : "");
			strcat(ret, word->word);
		}
}

static int role_refuse(struct work *work, const struct row *row)
{
	const struct service_model *service = row->service;
	char zones[64];

	zones_list(row->zones, zones);
	error_at(work->error, &service->at, "the role %s opens \"%s\" to %s", row->role,
		 service->name, *zones ? zones : "other nodes");
	if (row->zones & RW_ZONE_EXTERNAL)
		error_hint(work->error,
			   "\"rolewall deny %s --from external\" leaves it to the VPN alone; "
			   "\"rolewall ban\" keeps a single source out",
			   service->name);
	else
		error_hint(work->error,
			   "it stays open as long as this node plays the role: see \"roles\"; "
			   "\"rolewall ban\" keeps a single source out of everything");
	return -EPERM;
}

/* What a role opens to the world is left to the VPN. */
static int role_deny(struct work *work, const struct row *row)
{
	const char *name = row->service->name;
	int r;

	if (work->permit->source_count != 1 || !permit_has_source(work->permit, "external") ||
	    !(row->zones & RW_ZONE_EXTERNAL))
		return role_refuse(work, row);
	if (vpn_only_has(work->edit, name))
		return 0;
	r = work_edited(work, vpn_only_add(work->edit, name));
	return r ? r : work_note(work, "adds \"%s\" to \"vpn_only\": open to the VPN alone", name);
}

static bool is_row_open(const struct work *work, const struct row *row)
{
	const struct permit *permit = work->permit;

	if (!permit->source_count)
		return row->zones;
	for (size_t i = 0; i < permit->source_count; i++)
		if (zones_admit(row->zones, permit->sources[i]))
			return true;
	return false;
}

static int roles_deny(struct work *work)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < work->merged.row_count; i++)
		if (is_of_row(work, &work->merged.rows[i]) &&
		    is_row_open(work, &work->merged.rows[i]))
			r = role_deny(work, &work->merged.rows[i]);
	return r;
}

int permit_deny(const struct model *model, const struct permit *permit, struct edit *edit,
		struct permit_result *ret, struct error *ret_error)
{
	struct work work = {
		.model = model, .permit = permit, .edit = edit, .result = ret, .error = ret_error};
	int r = work_begin(&work);

	if (r == 0)
		r = services_deny(&work);
	if (r == 0 && !ret->change_count)
		r = roles_deny(&work);
	merged_free(&work.merged);
	return r;
}
