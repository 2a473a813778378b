/* SPDX-License-Identifier: GPL-2.0 */
/* sources.c - lists of addresses and networks. */
#include "policy/sources.h"

#include <errno.h>
#include <string.h>

#include "util/array.h"

struct sources_reader {
	struct source_list *into;
	uint8_t zone;
	bool *has_cluster; /* NULL: "@cluster" has no place here */
};

static int source_read(const struct value *value, void *into, struct error *ret_error)
{
	const struct sources_reader *reader = into;
	struct source_model *source;
	const char *text;
	struct cidr cidr;
	int r;

	r = value_get_string(value, "the prefix", &text, ret_error);
	if (r < 0)
		return r;
	if (reader->has_cluster && !strcmp(text, MODEL_CLUSTER)) {
		*reader->has_cluster = true;
		return 0;
	}
	r = cidr_parse(text, &cidr, ret_error);
	if (r < 0) {
		error_place(ret_error, &value->at);
		return r;
	}
	source = array_append(&reader->into->list, &reader->into->count, sizeof(*source));
	if (!source)
		return error_set(ret_error, ENOMEM, "out of memory");
	*source = (struct source_model){value->at, cidr, reader->zone};
	return 0;
}

int sources_read(const struct value *value, uint8_t zone, struct source_list *into,
		 bool *has_cluster, struct error *ret_error)
{
	struct sources_reader reader = {into, zone, has_cluster};

	return value_read_items(value, "a list of prefixes", source_read, &reader, ret_error);
}
