/* SPDX-License-Identifier: GPL-2.0 */
/* tables.c - what tables own. */
#include "policy/tables.h"

#include <stdlib.h>

void tables_free(struct tables *tables)
{
	for (size_t i = 0; i < tables->interface_count; i++)
		free(tables->interfaces[i].prefixes);
	for (size_t i = 0; i < tables->role_count; i++)
		free(tables->roles[i]);
	free(tables->roles);
	free(tables->rules);
	free(tables->ports);
	free(tables->interfaces);
	free(tables->elsewhere);
	free(tables->never_ban);
	free(tables->text);
	*tables = (struct tables){0};
}
