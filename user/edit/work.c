/* SPDX-License-Identifier: GPL-2.0 */
/* work.c - what allow and deny have in common. */
#include "edit/work.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "edit/services.h"
#include "policy/cidr.h"
#include "policy/set.h"
#include "policy/sources.h"
#include "policy/merge.h"
#include "policy/value.h"
#include "util/array.h"
#include "util/cleanup.h"
#include "util/control.h"

void permit_result_free(struct permit_result *result)
{
	free(result->changes);
	free(result->ports);
	*result = (struct permit_result){0};
}

int work_no_memory(struct work *work)
{
	return error_set(work->error, ENOMEM, "out of memory");
}

int work_edited(struct work *work, int r)
{
	if (r == -EINVAL)
		return error_set(work->error, EINVAL, "the text is not UTF-8");
	return r < 0 ? work_no_memory(work) : 0;
}

int work_note(struct work *work, const char *format, ...)
{
	struct permit_result *result = work->result;
	struct permit_change *change =
		array_append(&result->changes, &result->change_count, sizeof(*change));
	va_list args;

	if (!change)
		return work_no_memory(work);
	va_start(args, format);
	vsnprintf(change->text, sizeof(change->text), format, args);
	va_end(args);
	/* It quotes what the caller said. */
	controls_hide(change->text, "", '?');
	return 0;
}

const char *ports_name(const struct permit_ports *ports, char ret[PORTS_SIZE])
{
	bool tcp = ports->l4s & (1 << RW_L4_TCP), udp = ports->l4s & (1 << RW_L4_UDP);
	int size = snprintf(ret, PORTS_SIZE, "%s%s%s %u", tcp ? "tcp" : "", tcp && udp ? "," : "",
			    udp ? "udp" : "", ports->port);

	if (ports->port_end != ports->port)
		snprintf(ret + size, PORTS_SIZE - size, "-%u", ports->port_end);
	return ret;
}

const char *ports_suffix(const struct work *work, const struct permit_ports *ports,
			 char ret[PORTS_SIZE + 2])
{
	strcpy(ret, work->result->port_count > 1 ? ", " : "");
	if (*ret)
		ports_name(ports, ret + 2);
	return ret;
}

/* --- sources ---------------------------------------------------------------------------------- */

uint16_t zone_of(const char *source)
{
	for (const struct word *word = words_zones; word->word; word++)
		if (!strcmp(word->word, source))
			return word->number;
	return 0;
}

bool permit_has_source(const struct permit *permit, const char *source)
{
	for (size_t i = 0; i < permit->source_count; i++)
		if (!strcmp(permit->sources[i], source))
			return true;
	return false;
}

static int source_refuse(struct work *work, const char *source)
{
	const struct set_list *sets = &work->model->node.sets;
	struct guess guess = guess_begin(source);

	error_set(work->error, ENOENT, "there is no set \"%.80s\"", source);
	for (const struct word *word = words_zones; word->word; word++)
		guess_consider(&guess, word->word);
	for (size_t i = 0; i < sets->count; i++)
		guess_consider(&guess, sets->list[i].name);
	if (!error_hint_guess(work->error, &guess))
		error_hint(work->error, "a source is an address, a prefix, a zone (external, "
					"internal, vpn), or one of \"sets\"");
	return -ENOENT;
}

static int source_check(struct work *work, const char *source)
{
	struct cidr cidr;

	if (zone_of(source))
		return 0;
	if (!is_set_word(source))
		return cidr_parse(source, &cidr, work->error) ? -ENOENT : 0;
	return set_find(&work->model->node.sets, source) ? 0 : source_refuse(work, source);
}

static int sources_check(struct work *work)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < work->permit->source_count; i++)
		r = source_check(work, work->permit->sources[i]);
	return r;
}

/* --- ports ------------------------------------------------------------------------------------ */

struct permit_ports ports_of(const struct service_model *service)
{
	return (struct permit_ports){service->l4s, service->port, service->port_end};
}

bool ports_are_same(const struct permit_ports *a, const struct permit_ports *b)
{
	return a->l4s == b->l4s && a->port == b->port && a->port_end == b->port_end;
}

bool ports_cover(const struct permit_ports *outer, const struct permit_ports *inner)
{
	return (outer->l4s & inner->l4s) == inner->l4s && outer->port <= inner->port &&
	       inner->port_end <= outer->port_end;
}

static int ports_add(struct work *work, struct permit_ports ports)
{
	struct permit_result *result = work->result;
	struct permit_ports *next;

	for (size_t i = 0; i < result->port_count; i++)
		if (ports_are_same(&result->ports[i], &ports))
			return 0;
	next = array_append(&result->ports, &result->port_count, sizeof(*next));
	if (!next)
		return work_no_memory(work);
	*next = ports;
	return 0;
}

static int service_missing(struct work *work)
{
	struct guess guess = guess_begin(work->permit->service);

	error_set(work->error, ENOENT, "this node has no service \"%.80s\"", work->permit->service);
	for (size_t i = 0; i < work->merged.row_count; i++)
		guess_consider(&guess, work->merged.rows[i].service->name);
	if (!error_hint_guess(work->error, &guess))
		error_hint(work->error, "name a port, like 5432 or 5060/udp; \"rolewall roles\" "
					"lists the services of each role");
	return -ENOENT;
}

/* What it is about: the ports, or those of all services of the name. */
static int ports_find(struct work *work)
{
	const struct permit *permit = work->permit;
	int r = 0;

	if (!permit->service)
		return ports_add(work, (struct permit_ports){1 << permit->l4, permit->port,
							     permit->port_end});
	for (size_t i = 0; r == 0 && i < work->merged.row_count; i++)
		if (!strcmp(work->merged.rows[i].service->name, permit->service))
			r = ports_add(work, ports_of(work->merged.rows[i].service));
	return r == 0 && !work->result->port_count ? service_missing(work) : r;
}

bool is_role_row(const struct row *row)
{
	return strcmp(row->role, MERGE_NODE) != 0;
}

bool zones_admit(uint64_t zones, const char *source)
{
	uint16_t zone = zone_of(source);

	return zone ? zones & zone : (zones & RW_ZONE_ALL) == RW_ZONE_ALL;
}

bool service_admits(const struct work *work, size_t index, const char *source)
{
	const struct service_model *service = &work->model->node.services[index];

	if (service->has_from)
		return service_has_source(work->edit, index, source);
	return zones_admit(service->table, source);
}

int work_begin(struct work *work)
{
	int r = merged_build(work->model, &work->merged, work->error);

	if (r == 0)
		r = sources_check(work);
	return r ? r : ports_find(work);
}
