/* SPDX-License-Identifier: GPL-2.0 */
/* build.c - the merged policy as tables. */
#include "policy/build.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "policy/prefixes.h"
#include "policy/rules.h"
#include "policy/set_tables.h"
#include "util/array.h"
#include "util/cleanup.h"

static int tables_add_roles(struct tables *tables, const struct model *model,
			    struct error *ret_error)
{
	for (size_t i = 0; i < model->role_count; i++) {
		char **role;

		role = array_append(&tables->roles, &tables->role_count, sizeof(*role));
		if (role)
			*role = strdup(model->roles[i].name);
		if (!role || !*role)
			return error_set(ret_error, ENOMEM, "out of memory");
	}
	return 0;
}

static void tables_add_switches(struct tables *tables, const struct node_model *node)
{
	memcpy(tables->node, node->name, sizeof(tables->node));
	memcpy(tables->profile, node->profile.name, sizeof(tables->profile));
	memcpy(tables->protocols, node->protocols, sizeof(tables->protocols));
	tables->flags = node->flags;
	tables->echo_rate = node->echo_rate;
	tables->mode_given = node->mode_given;
}

static int tables_add_text(struct tables *tables, const struct document *document,
			   struct error *ret_error)
{
	tables->text = malloc(document->size + 1);
	if (!tables->text)
		return error_set(ret_error, ENOMEM, "out of memory");
	memcpy(tables->text, document->text, document->size + 1);
	tables->text_size = document->size;
	return 0;
}

/*
 * With a cluster file: one text that says it all, so that after a restart the same is in force,
 * whatever has become of the file.
 */
static int tables_add_joined_text(struct tables *tables, const struct node_model *node,
				  struct error *ret_error)
{
	json_t *joined = json_copy(node->document->root);

	if (!joined || json_object_set(joined, "cluster", node->cluster.document->root) ||
	    json_object_set_new(joined, "node", json_string(node->name)))
		tables->text = NULL;
	else
		tables->text = json_dumps(joined, JSON_INDENT(2));
	json_decref(joined);
	if (!tables->text)
		return error_set(ret_error, ENOMEM, "out of memory");
	tables->text_size = strlen(tables->text);
	return 0;
}

int tables_build(const struct model *model, const struct merged *merged, struct tables *ret,
		 struct error *ret_error)
{
	_cleanup_(tables_free) struct tables tables = {0};
	int r;

	tables_add_switches(&tables, &model->node);
	if (model->node.cluster.document)
		r = tables_add_joined_text(&tables, &model->node, ret_error);
	else
		r = tables_add_text(&tables, model->node.document, ret_error);
	if (r == 0)
		r = tables_add_roles(&tables, model, ret_error);
	if (r == 0)
		r = tables_add_rules(&tables, merged, ret_error);
	if (r == 0)
		r = tables_add_sets(&tables, &model->node, ret_error);
	if (r == 0)
		r = tables_add_ports(&tables, ret_error);
	if (r == 0)
		r = tables_add_interfaces(&tables, &model->node, &model->flows, ret_error);
	if (r == 0)
		r = tables_add_never_ban(&tables, &model->node, ret_error);
	if (r < 0)
		return r;
	*ret = tables;
	tables = (struct tables){0};
	return 0;
}
