/* SPDX-License-Identifier: GPL-2.0 */
/*
 * services.h - "services" and "vpn_only" in the text of a node file.
 *
 * The text is one that policy/ has read: the services stand in it in the order of the model. What
 * is not JSON but a plain string here (names, sources, comments) becomes a JSON string.
 * All functions return 0, -ENOMEM, or -EINVAL: the text is no UTF-8. They leave the text as it was
 * on failure.
 */
#pragma once

#include "edit/text.h"

struct service_text {
	const char *name;
	uint8_t l4s;   /* bit RW_L4_TCP, bit RW_L4_UDP */
	uint16_t port; /* host order */
	uint16_t port_end;
	const char *const *sources;
	size_t source_count;
	const char *about; /* NULL: none */
};

/* Behind all others. */
int services_add(struct edit *edit, const struct service_text *service);

/* The service `index`; the list goes with the last one. */
int services_remove(struct edit *edit, size_t index);

/* A key of the service `index` gets this string, and is added if it is not there. */
int service_set(struct edit *edit, size_t index, const char *key, const char *string);

/* Is this source among them, however it is written? */
bool sources_have(const char *const *sources, size_t count, const char *source);

/* Does "from" of the service `index` have this source, however it is written? No "from": no. */
bool service_has_source(const struct edit *edit, size_t index, const char *source);
size_t service_source_count(const struct edit *edit, size_t index);
int service_add_source(struct edit *edit, size_t index, const char *source);
int service_remove_source(struct edit *edit, size_t index, const char *source);

/* A service without "from" gets one in place of "table". */
int service_list_sources(struct edit *edit, size_t index, const char *const *sources, size_t count);

/* Is the name in "vpn_only"? */
bool vpn_only_has(const struct edit *edit, const char *name);
int vpn_only_add(struct edit *edit, const char *name);

/* The list goes with its last name. */
int vpn_only_remove(struct edit *edit, const char *name);
