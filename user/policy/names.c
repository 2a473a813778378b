/* SPDX-License-Identifier: GPL-2.0 */
/* names.c - lists of names, each once. */
#include "policy/names.h"

#include <errno.h>
#include <string.h>

#include "util/array.h"

bool is_node_name(const char *name)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789._-";

	return *name && strlen(name) < sizeof(((struct node_model *)NULL)->name) &&
	       !name[strspn(name, allowed)];
}

const struct name_words words_of_roles = {"\"roles\"", "the name of a role", "the role"};
const struct name_words words_of_services = {"\"services\"", "the name of a service",
					     "the service"};

int name_add(const struct name_list *names, const struct value *value, const struct name_model *new,
	     struct error *ret_error)
{
	struct name_model *name;

	for (size_t i = 0; i < *names->count; i++)
		if (!strcmp((*names->list)[i].name, new->name))
			return error_at(ret_error, &value->at, "%s \"%s\" is listed twice",
					names->words->thing, new->name);
	if (*names->count >= MODEL_NAMES_MAX)
		return error_at(ret_error, &value->at, "there are more than %d names in this list",
				MODEL_NAMES_MAX);
	name = array_append(names->list, names->count, sizeof(*name));
	if (!name)
		return error_set(ret_error, ENOMEM, "out of memory");
	*name = *new;
	return 0;
}

static int name_read(const struct value *value, void *into, struct error *ret_error)
{
	const struct name_list *names = into;
	struct name_model name = {.at = value->at};
	int r = value_get_name(value, names->words->item, name.name, sizeof(name.name), ret_error);

	return r < 0 ? r : name_add(names, value, &name, ret_error);
}

int names_read(const struct value *value, const struct name_words *words, struct name_model **list,
	       size_t *count, struct error *ret_error)
{
	struct name_list names = {list, count, words};

	return value_read_items(value, words->list, name_read, &names, ret_error);
}
