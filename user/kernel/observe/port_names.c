/* SPDX-License-Identifier: GPL-2.0 */
/* port_names.c - the owner of each port, from the rules of a snapshot. */
#include "kernel/observe/port_names.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>

#include "kernel/observe/attempts.h"
#include "policy/tables.h"

static int read_names(const struct instance *instance, struct port_names *names,
		      struct error *ret_error)
{
	int r = snapshot_read(instance, &names->snapshot, ret_error);

	if (r)
		return r;
	names->rules = calloc(names->snapshot.rule_count + 1, sizeof(*names->rules));
	if (!names->rules)
		return error_set(ret_error, ENOMEM, "out of memory");
	for (size_t i = 0; i < names->snapshot.rule_count; i++)
		names->rules[i] = &names->snapshot.rules[i].rule;
	names->owners = owners_new(names->rules, names->snapshot.rule_count);
	return names->owners ? 0 : error_set(ret_error, ENOMEM, "out of memory");
}

int port_names_read(const struct instance *instance, struct port_names *ret,
		    struct error *ret_error)
{
	struct port_names names = {0};
	int r = read_names(instance, &names, ret_error);

	if (r)
		port_names_free(&names);
	else
		*ret = names;
	return r;
}

void port_names_free(struct port_names *names)
{
	free(names->owners);
	free(names->rules);
	snapshot_free(&names->snapshot);
	*names = (struct port_names){0};
}

const struct rule *service_of(const struct port_names *names, const struct rw_attempt *record)
{
	unsigned int l4 = record->l4 == IPPROTO_TCP ? RW_L4_TCP : RW_L4_UDP;

	if (!attempt_has_port(record) || !names->owners)
		return NULL;
	return names->owners[owner_index(l4, record->port)].rule;
}
