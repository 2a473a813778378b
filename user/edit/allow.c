/* SPDX-License-Identifier: GPL-2.0 */
/* allow.c - a service is widened, or added. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "edit/services.h"
#include "edit/work.h"
#include "policy/words.h"
#include "util/cleanup.h"

/* Zones that a role opens all of these ports to. */
static uint64_t zones_of_roles(const struct work *work, const struct permit_ports *ports)
{
	uint64_t zones[] = {[RW_L4_TCP] = 0, [RW_L4_UDP] = 0}, all = RW_ZONE_ALL;

	for (size_t i = 0; i < work->merged.row_count; i++) {
		const struct row *row = &work->merged.rows[i];
		struct permit_ports open = ports_of(row->service);

		open.l4s = ports->l4s;
		if (is_role_row(row) && ports_cover(&open, ports))
			zones[row->l4] |= row->zones;
	}
	for (int l4 = RW_L4_TCP; l4 <= RW_L4_UDP; l4++)
		if (ports->l4s & (1 << l4))
			all &= zones[l4];
	return all;
}

/* The service of the node file that is of these ports; -1: none. */
static ssize_t service_find(const struct work *work, const struct permit_ports *ports)
{
	const struct node_model *node = &work->model->node;

	for (size_t i = 0; i < node->service_count; i++) {
		struct permit_ports own = ports_of(&node->services[i]);

		if (ports_are_same(&own, ports) &&
		    (!work->permit->service ||
		     !strcmp(node->services[i].name, work->permit->service)))
			return i;
	}
	return -1;
}

/* In place of "table": its zones, and the new sources. */
static int table_widen(struct work *work, size_t index, const char *const *sources, size_t count)
{
	const struct service_model *service = &work->model->node.services[index];
	_free_ const char **list = calloc(count + 3, sizeof(*list));
	size_t size = 0;

	if (!list)
		return work_no_memory(work);
	for (const struct word *word = words_zones; word->word; word++)
		if (service->table & word->number)
			list[size++] = word->word;
	for (size_t i = 0; i < count; i++)
		list[size++] = sources[i];
	return work_edited(work, service_list_sources(work->edit, index, list, size));
}

static int service_add_all(struct work *work, size_t index, const char *const *sources,
			   size_t count)
{
	const struct service_model *service = &work->model->node.services[index];
	const struct permit_ports ports = ports_of(service);
	char text[PORTS_SIZE + 2];
	int r = 0;

	if (!service->has_from && count)
		r = table_widen(work, index, sources, count);
	for (size_t i = 0; r == 0 && service->has_from && i < count; i++)
		r = work_edited(work, service_add_source(work->edit, index, sources[i]));
	for (size_t i = 0; r == 0 && i < count; i++)
		r = work_note(work, "adds %s to the service \"%s\"%s", sources[i], service->name,
			      ports_suffix(work, &ports, text));
	return r;
}

static int about_set(struct work *work, size_t index)
{
	const struct service_model *service = &work->model->node.services[index];
	const char *about = work->permit->about;
	int r;

	if (!about || (service->about && !strcmp(service->about, about)))
		return 0;
	r = work_edited(work, service_set(work->edit, index, "about", about));
	return r ? r : work_note(work, "says of the service \"%s\": %s", service->name, about);
}

/* What a role calls these ports, else what the caller does. */
static const char *name_choose(const struct work *work, const struct permit_ports *ports)
{
	if (work->permit->service)
		return work->permit->service;
	for (size_t i = 0; i < work->merged.row_count; i++) {
		const struct service_model *service = work->merged.rows[i].service;
		struct permit_ports own = ports_of(service);

		if (own.port == ports->port && own.port_end == ports->port_end)
			return service->name;
	}
	return work->permit->name;
}

static int service_new(struct work *work, const struct permit_ports *ports,
		       const char *const *sources, size_t count)
{
	struct service_text service = {
		.name = name_choose(work, ports),
		.l4s = ports->l4s,
		.port = ports->port,
		.port_end = ports->port_end,
		.sources = sources,
		.source_count = count,
		.about = work->permit->about,
	};
	char text[PORTS_SIZE + 2];
	int r = work_edited(work, services_add(work->edit, &service));

	if (r == 0)
		r = work_note(work, "adds the service \"%s\", %s", service.name,
			      ports_name(ports, text));
	for (size_t i = 0; r == 0 && i < count; i++)
		r = work_note(work, "adds %s to the service \"%s\"%s", sources[i], service.name,
			      ports_suffix(work, ports, text));
	return r;
}

/* That it is for this node alone was a decision: it is not for allow to forget it. */
static int loopback_refuse(struct work *work, size_t index)
{
	const struct service_model *service = &work->model->node.services[index];

	error_at(work->error, &service->at, "the service \"%s\" is for this node alone",
		 service->name);
	error_hint(work->error, "take \"loopback_only\" away from it first");
	return -EPERM;
}

static int ports_allow(struct work *work, const struct permit_ports *ports)
{
	const struct permit *permit = work->permit;
	_free_ const char **sources = calloc(permit->source_count, sizeof(*sources));
	uint64_t zones = zones_of_roles(work, ports);
	ssize_t index = service_find(work, ports);
	size_t count = 0;
	int r;

	if (!sources)
		return work_no_memory(work);
	for (size_t i = 0; i < permit->source_count; i++)
		if (!zones_admit(zones, permit->sources[i]) &&
		    !sources_have(sources, count, permit->sources[i]) &&
		    (index < 0 || !service_admits(work, index, permit->sources[i])))
			sources[count++] = permit->sources[i];
	if (index >= 0 && work->model->node.services[index].loopback_only)
		return loopback_refuse(work, index);
	if (index < 0)
		return count ? service_new(work, ports, sources, count) : 0;
	r = service_add_all(work, index, sources, count);
	return r ? r : about_set(work, index);
}

/* What is to be open to the zone external is not left to the VPN any more. */
static int vpn_only_release(struct work *work, const struct permit_ports *ports)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < work->merged.row_count; i++) {
		struct row *row = &work->merged.rows[i];
		struct permit_ports own = ports_of(row->service);

		if (!is_role_row(row) || !row->narrowed || !ports_cover(&own, ports))
			continue;
		if (vpn_only_has(work->edit, row->service->name)) {
			r = work_edited(work, vpn_only_remove(work->edit, row->service->name));
			if (r == 0)
				r = work_note(work, "takes \"%s\" out of \"vpn_only\"",
					      row->service->name);
			row->zones = row->service->zones;
		}
	}
	return r;
}

int permit_allow(const struct model *model, const struct permit *permit, struct edit *edit,
		 struct permit_result *ret, struct error *ret_error)
{
	struct work work = {
		.model = model, .permit = permit, .edit = edit, .result = ret, .error = ret_error};
	int r = work_begin(&work);

	for (size_t i = 0; r == 0 && i < ret->port_count; i++) {
		if (permit_has_source(permit, "external"))
			r = vpn_only_release(&work, &ret->ports[i]);
		if (r == 0)
			r = ports_allow(&work, &ret->ports[i]);
	}
	merged_free(&work.merged);
	return r;
}
