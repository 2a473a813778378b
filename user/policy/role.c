/* SPDX-License-Identifier: GPL-2.0 */
/* role.c - role files. */
#include "policy/role.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "policy/manifest.h"
#include "policy/service.h"

static int role_name_read(const struct value *value, void *into, struct error *ret_error)
{
	struct role_model *role = into;

	role->name_at = value->at;
	return value_get_name(value, "the name of a role", role->name, sizeof(role->name),
			      ret_error);
}

static int role_services_read(const struct value *value, void *into, struct error *ret_error)
{
	struct role_model *role = into;

	return services_read(value,
			     (struct service_list){&role->services, &role->service_count, false},
			     ret_error);
}

static int title_read(const struct value *value, void *into, struct error *ret_error)
{
	struct role_model *role = into;

	return value_get_string(value, "the title", &role->title, ret_error);
}

/* For people; only its type matters. */
static int role_about_read(const struct value *value, void *into, struct error *ret_error)
{
	const char *text;

	return value_get_string(value, "the description", &text, ret_error);
}

static int recognised_by_read(const struct value *value, void *into, struct error *ret_error)
{
	struct role_model *role = into;

	return clues_read(value, &role->clues, ret_error);
}

static const struct field role_fields[] = {
	{"version", version_read, true},
	{"role", role_name_read, true},
	{"title", title_read, false},
	{"about", role_about_read, false},
	{"services", role_services_read, true},
	{"recognised_by", recognised_by_read, false},
	{NULL, NULL, false},
};

/* A copy under another name would otherwise count as the role it was copied from. */
static int role_name_check(const struct role_model *role, struct error *ret_error)
{
	const char *file = role->document->file, *slash = strrchr(file, '/');
	size_t size = strlen(role->name);
	int r;

	file = slash ? slash + 1 : file;
	if (!strncmp(file, role->name, size) && !strcmp(file + size, ".json"))
		return 0;
	r = error_at(ret_error, &role->name_at, "the role \"%s\" is in a file called \"%.80s\"",
		     role->name, file);
	error_hint(ret_error, "a role's file is called after it: %s.json", role->name);
	return r;
}

int role_model_read(const char *file, struct role_model *ret, struct error *ret_error)
{
	struct value root;
	int r;

	r = document_read(file, &ret->document, ret_error);
	if (r < 0)
		return r;
	root = value_root(ret->document);
	r = value_read_fields(&root, "a role file", role_fields, ret, ret_error);
	if (r < 0)
		return r;
	return role_name_check(ret, ret_error);
}

void role_model_free(struct role_model *role)
{
	services_free(role->services, role->service_count);
	clues_free(&role->clues);
	document_free(role->document);
	*role = (struct role_model){0};
}
