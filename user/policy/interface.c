/* SPDX-License-Identifier: GPL-2.0 */
/* interface.c - the interfaces of a node file, with their zones and source prefixes. */
#include "policy/interface.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/sources.h"
#include "util/array.h"
#include "util/guess.h"

/* --- prefixes --------------------------------------------------------------------------------- */

static int zone_sources_read(const char *key, const struct value *value, void *into,
			     struct error *ret_error)
{
	struct interface_model *interface = into;
	struct at at = at_key(&value->at);

	if (!strcmp(key, word_of(words_zones, RW_ZONE_INTERNAL)))
		return sources_read(value, RW_ZONE_INTERNAL, &interface->sources,
				    &interface->has_cluster, ret_error);
	for (const struct word *zone = words_zones; zone->word; zone++)
		if (!strcmp(zone->word, key))
			return sources_read(value, zone->number, &interface->sources, NULL,
					    ret_error);
	return word_refuse(&at, "the zone", key, words_zones, ret_error);
}

/* --- interfaces ------------------------------------------------------------------------------- */

static int zone_read(const struct value *value, void *into, struct error *ret_error)
{
	struct interface_model *interface = into;
	int zone, r;

	r = value_get_word(value, "the zone", words_zones, &zone, ret_error);
	if (r == 0)
		interface->zone = zone;
	return r;
}

static int interface_sources_read(const struct value *value, void *into, struct error *ret_error)
{
	return value_read_members(value, "\"sources\"", zone_sources_read, into, ret_error);
}

enum toggle { TOGGLE_AUTO, TOGGLE_ON, TOGGLE_OFF };

/* The only word that can stand where true or false could. */
static int auto_read(const struct value *value, const char *noun, struct error *ret_error)
{
	const char *word = json_string_value(value->json);
	struct guess guess = guess_begin(word);

	if (!strcmp(word, "auto"))
		return 0;
	guess_consider(&guess, "auto");
	error_at(ret_error, &value->at, "%s cannot be \"%.80s\"", noun, word);
	if (!error_hint_guess(ret_error, &guess))
		error_hint(ret_error, "it can be true, false or \"auto\"");
	return -EINVAL;
}

/* true, false or "auto". */
static int toggle_read(const struct value *value, const char *noun, enum toggle *ret,
		       struct error *ret_error)
{
	bool wanted;
	int r;

	*ret = TOGGLE_AUTO;
	if (json_is_string(value->json))
		return auto_read(value, noun, ret_error);
	r = value_get_bool(value, noun, &wanted, ret_error);
	if (r == 0)
		*ret = wanted ? TOGGLE_ON : TOGGLE_OFF;
	return r;
}

static int accepts_read(const struct value *value, const char *noun, uint8_t kind,
			struct interface_model *interface, struct error *ret_error)
{
	enum toggle toggle;
	int r = toggle_read(value, noun, &toggle, ret_error);

	if (r == 0 && toggle == TOGGLE_ON)
		interface->insists |= kind;
	else if (r == 0 && toggle == TOGGLE_OFF)
		interface->refuses |= kind;
	return r;
}

static int dhcp_read(const struct value *value, void *into, struct error *ret_error)
{
	return accepts_read(value, "\"dhcp\"", RW_ACCEPTS_DHCP, into, ret_error);
}

static int ra_read(const struct value *value, void *into, struct error *ret_error)
{
	return accepts_read(value, "\"ra\"", RW_ACCEPTS_RA, into, ret_error);
}

static int hook_read(const struct value *value, void *into, struct error *ret_error)
{
	struct interface_model *interface = into;
	int hook, r;

	r = value_get_word(value, "the hook", words_hooks, &hook, ret_error);
	if (r == 0)
		interface->hook = (uint8_t)hook;
	return r;
}

static int shield_read(const struct value *value, void *into, struct error *ret_error)
{
	struct interface_model *interface = into;
	enum toggle toggle;
	int r = toggle_read(value, "\"shield\"", &toggle, ret_error);

	if (r == 0)
		interface->shield = toggle == TOGGLE_AUTO ? SHIELD_AUTO
				    : toggle == TOGGLE_ON ? SHIELD_ON
							  : SHIELD_OFF;
	return r;
}

static const struct field interface_fields[] = {
	{"zone", zone_read, true},
	{"hook", hook_read, false},
	{"shield", shield_read, false},
	{"dhcp", dhcp_read, false},
	{"ra", ra_read, false},
	{"sources", interface_sources_read, false},
	{NULL, NULL, false},
};

/* As the kernel's dev_valid_name() (net/core/dev.c) has it. */
static bool is_device_name(const char *name)
{
	if (!*name || !strcmp(name, ".") || !strcmp(name, ".."))
		return false;
	for (; *name; name++)
		if (*name == '/' || *name == ':' || isspace((unsigned char)*name))
			return false;
	return true;
}

static int interface_name_check(const char *name, const struct at *at, struct error *ret_error)
{
	const char *hint = "'ip link' shows the names";

	if (strlen(name) >= IFNAMSIZ) {
		error_at(ret_error, at,
			 "\"%.80s\" is no interface: a name has at most %d characters", name,
			 IFNAMSIZ - 1);
	} else if (!is_device_name(name)) {
		error_at(ret_error, at, "\"%s\" cannot be the name of an interface", name);
	} else if (!strcmp(name, "lo")) {
		error_at(ret_error, at, "\"lo\" is loopback, which is never filtered");
		hint = "leave it out";
	} else {
		return 0;
	}
	error_hint(ret_error, "%s", hint);
	return -EINVAL;
}

/* There is tc to stand beside. */
static int shield_check(const struct interface_model *interface, struct error *ret_error)
{
	if (interface->shield != SHIELD_ON ||
	    (interface->hook != CHOICE_XDP && interface->hook != CHOICE_CGROUP))
		return 0;
	error_at(ret_error, &interface->at,
		 "%s has a shield, which stands beside tc, and \"hook\": \"%s\", which is not tc",
		 interface->name, word_of(words_hooks, interface->hook));
	error_hint(ret_error, "take \"shield\" away%s",
		   interface->hook == CHOICE_XDP ? ": XDP is there in a flood anyway"
						 : ", or write \"hook\": \"auto\"");
	return -EINVAL;
}

static int interface_read(const char *key, const struct value *value, void *into,
			  struct error *ret_error)
{
	struct node_model *node = into;
	struct interface_model *interface;
	struct at at = at_key(&value->at);
	int r = interface_name_check(key, &at, ret_error);

	if (r < 0)
		return r;
	/* Slot 0 is for all that are not listed. */
	if (node->interface_count >= RW_LISTED)
		return error_at(ret_error, &at, "a node file can list %d interfaces, no more",
				RW_LISTED);
	interface = array_append(&node->interfaces, &node->interface_count, sizeof(*interface));
	if (!interface)
		return error_set(ret_error, ENOMEM, "out of memory");
	interface->at = at;
	snprintf(interface->name, sizeof(interface->name), "%s", key);
	r = value_read_fields(value, "an interface", interface_fields, interface, ret_error);
	return r < 0 ? r : shield_check(interface, ret_error);
}

int interfaces_read(const struct value *value, struct node_model *node, struct error *ret_error)
{
	return value_read_members(value, "\"interfaces\"", interface_read, node, ret_error);
}
