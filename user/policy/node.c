/* SPDX-License-Identifier: GPL-2.0 */
/* node.c - the node file. */
#include "policy/node.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/cluster.h"
#include "policy/interface.h"
#include "policy/names.h"
#include "policy/service.h"
#include "policy/set.h"
#include "policy/sources.h"
#include "util/warnings.h"
#include "util/array.h"

#define ECHO_RATE_DEFAULT 100

static bool has_suffix(const char *text, const char *suffix)
{
	size_t length = strlen(text), tail = strlen(suffix);

	return length > tail && !strcmp(text + length - tail, suffix);
}

/* --- names ------------------------------------------------------------------------------------ */

static int node_name_read(const struct value *value, void *into, struct error *ret_error)
{
	struct node_model *node = into;
	const char *name;
	int r;

	r = value_get_string(value, "the node's name", &name, ret_error);
	if (r < 0)
		return r;
	if (!is_node_name(name)) {
		r = error_at(ret_error, &value->at, "a node cannot be called \"%.80s\"", name);
		error_hint(ret_error, "use its host name, like mail1.example.com");
		return r;
	}
	snprintf(node->name, sizeof(node->name), "%s", name);
	return 0;
}

static int profile_read(const struct value *value, void *into, struct error *ret_error)
{
	struct node_model *node = into;

	node->profile.at = value->at;
	return value_get_name(value, "the profile", node->profile.name, sizeof(node->profile.name),
			      ret_error);
}

static int roles_read(const struct value *value, void *into, struct error *ret_error)
{
	struct node_model *node = into;

	node->roles_given = true;
	return names_read(value, &words_of_roles, &node->roles, &node->role_count, ret_error);
}

static int vpn_only_item_read(const struct value *value, void *into, struct error *ret_error)
{
	static const struct word advised[] = {{MODEL_ADVISED, 0}, {NULL, 0}};
	struct name_model name = {.at = value->at, .name = MODEL_ADVISED};
	const char *text = json_string_value(value->json);
	int number, r;

	/* The at sign keeps it apart from every name of a service. */
	if (text && text[0] == '@')
		r = value_get_word(value, "the service", advised, &number, ret_error);
	else
		r = value_get_name(value, "the name of a service", name.name, sizeof(name.name),
				   ret_error);
	return r < 0 ? r : name_add(into, value, &name, ret_error);
}

static const struct name_words words_of_vpn_only = {"\"vpn_only\"", "the name of a service",
						    "the service"};

static int vpn_only_read(const struct value *value, void *into, struct error *ret_error)
{
	struct node_model *node = into;
	struct name_list names = {&node->vpn_only, &node->vpn_only_count, &words_of_vpn_only};

	return value_read_items(value, words_of_vpn_only.list, vpn_only_item_read, &names,
				ret_error);
}

/* --- the kernel's switches -------------------------------------------------------------------- */

static int flag_read(const struct value *value, const char *noun, const struct word *words,
		     uint8_t *flags, struct error *ret_error)
{
	int flag, mask = 0, r;

	r = value_get_word(value, noun, words, &flag, ret_error);
	if (r < 0)
		return r;
	for (; words->word; words++)
		mask |= words->number;
	*flags = (*flags & ~mask) | flag;
	return 0;
}

static int mode_read(const struct value *value, void *into, struct error *ret_error)
{
	struct node_model *node = into;

	node->mode_given = true;
	return flag_read(value, "the mode", words_modes, &node->flags, ret_error);
}

static int ipv6_read(const struct value *value, void *into, struct error *ret_error)
{
	struct node_model *node = into;

	return flag_read(value, "\"ipv6\"", words_ipv6, &node->flags, ret_error);
}

static int fragments_read(const struct value *value, void *into, struct error *ret_error)
{
	struct node_model *node = into;

	return flag_read(value, "\"fragments\"", words_fragments, &node->flags, ret_error);
}

static int syn_cookies_read(const struct value *value, void *into, struct error *ret_error)
{
	struct node_model *node = into;

	return flag_read(value, "\"syn_cookies\"", words_syn_cookies, &node->flags, ret_error);
}

static int bind_guard_read(const struct value *value, void *into, struct error *ret_error)
{
	struct node_model *node = into;

	return flag_read(value, "\"bind_guard\"", words_bind_guard, &node->flags, ret_error);
}

static int echo_rate_read(const struct value *value, void *into, struct error *ret_error)
{
	struct node_model *node = into;
	int rate, r;

	r = value_get_integer(value, "\"echo_rate\"", 0, 65535, &rate, ret_error);
	if (r == 0)
		node->echo_rate = rate;
	return r;
}

static int protocol_number_read(const struct value *value, int *ret, struct error *ret_error)
{
	if (json_is_integer(value->json))
		return value_get_integer(value, "the protocol", 0, 255, ret, ret_error);
	return value_get_word(value, "the protocol", words_protocols, ret, ret_error);
}

static int protocol_read(const struct value *value, void *into, struct error *ret_error)
{
	struct node_model *node = into;
	int number, r;

	r = protocol_number_read(value, &number, ret_error);
	if (r < 0)
		return r;
	if (is_protocol_reserved(number)) {
		r = error_at(ret_error, &value->at,
			     "%s cannot be listed: it has rules of its own, and listing it would "
			     "open all of it",
			     word_of(words_protocols, number));
		error_hint(ret_error, "open ports with \"services\"; the ICMP and IGMP that a host "
				      "needs always pass");
		return r;
	}
	if (node->protocols[number])
		return error_at(ret_error, &value->at, "protocol %d is listed twice", number);
	node->protocols[number] = 1;
	return 0;
}

static int protocols_read(const struct value *value, void *into, struct error *ret_error)
{
	return value_read_items(value, "\"protocols\"", protocol_read, into, ret_error);
}

/* --- the file --------------------------------------------------------------------------------- */

static int node_interfaces_read(const struct value *value, void *into, struct error *ret_error)
{
	return interfaces_read(value, into, ret_error);
}

static int node_services_read(const struct value *value, void *into, struct error *ret_error)
{
	struct node_model *node = into;

	return services_read(value,
			     (struct service_list){&node->services, &node->service_count, true},
			     ret_error);
}

/* The path of a cluster file, or the cluster itself. */
static int node_cluster_read(const struct value *value, void *into, struct error *ret_error)
{
	struct node_model *node = into;

	if (json_is_object(value->json))
		return cluster_read_value(value, &node->cluster, ret_error);
	return value_get_string(value, "the cluster file", &node->cluster_file, ret_error);
}

static int node_sets_read(const struct value *value, void *into, struct error *ret_error)
{
	struct node_model *node = into;

	return sets_read(value, &node->sets, ret_error);
}

static int node_limits_read(const struct value *value, void *into, struct error *ret_error)
{
	struct node_model *node = into;

	return limits_read(value, &node->limits, ret_error);
}

static int management_read(const struct value *value, void *into, struct error *ret_error)
{
	struct node_model *node = into;
	struct set_names names = {&node->management_sets, &node->management_set_count};

	return sources_or_sets_read(value, &node->management, &names, ret_error);
}

static int never_ban_read(const struct value *value, void *into, struct error *ret_error)
{
	struct node_model *node = into;
	struct set_names names = {&node->never_ban_sets, &node->never_ban_set_count};

	return sources_or_sets_read(value, &node->never_ban, &names, ret_error);
}

/* The name of a warning, or of a service that is open on purpose. */
static int acceptance_read(const struct value *value, void *into, struct error *ret_error)
{
	static const struct word words[] = {
#define WARNING_WORD(NAME, name) {name, WARNING_##NAME},
		WARNINGS(WARNING_WORD)
#undef WARNING_WORD
			{NULL, 0},
	};
	struct name_model name = {.at = value->at};
	int number, r = value_get_name(value, "the name of a warning", name.name, sizeof(name.name),
				       ret_error);

	if (r == 0 && !has_suffix(name.name, WARNING_OPEN))
		r = value_get_word(value, "the name of a warning", words, &number, ret_error);
	return r < 0 ? r : name_add(into, value, &name, ret_error);
}

static int accept_read(const struct value *value, void *into, struct error *ret_error)
{
	static const struct name_words words = {"\"accept\"", "the name of a warning",
						"the warning"};
	struct node_model *node = into;
	struct name_list names = {&node->accept, &node->accept_count, &words};

	return value_read_items(value, words.list, acceptance_read, &names, ret_error);
}

static const struct field node_fields[] = {
	{"version", version_read, true},
	{"node", node_name_read, true},
	{"profile", profile_read, false},
	{"roles", roles_read, false},
	{"cluster", node_cluster_read, false},
	{"interfaces", node_interfaces_read, true},
	{"sets", node_sets_read, false},
	{"vpn_only", vpn_only_read, false},
	{"services", node_services_read, false},
	{"limits", node_limits_read, false},
	{"management", management_read, false},
	{"never_ban", never_ban_read, false},
	{"accept", accept_read, false},
	{"mode", mode_read, false},
	{"ipv6", ipv6_read, false},
	{"fragments", fragments_read, false},
	{"syn_cookies", syn_cookies_read, false},
	{"bind_guard", bind_guard_read, false},
	{"protocols", protocols_read, false},
	{"echo_rate", echo_rate_read, false},
	{NULL, NULL, false},
};

static int document_to_model(struct node_model *node, struct error *ret_error)
{
	struct value root = value_root(node->document);

	node->flags = RW_POLICY_BIND_OBSERVE;
	node->echo_rate = ECHO_RATE_DEFAULT;
	return value_read_fields(&root, "a node file", node_fields, node, ret_error);
}

int node_model_read(const char *file, struct node_model *ret, struct error *ret_error)
{
	int r = document_read(file, &ret->document, ret_error);

	return r < 0 ? r : document_to_model(ret, ret_error);
}

int node_model_read_as(const char *file, const char *text, size_t size, struct node_model *ret,
		       struct error *ret_error)
{
	int r = document_read_as(file, text, size, &ret->document, ret_error);

	return r < 0 ? r : document_to_model(ret, ret_error);
}

void node_model_free(struct node_model *node)
{
	for (size_t i = 0; i < node->interface_count; i++)
		free(node->interfaces[i].sources.list);
	free(node->interfaces);
	free(node->roles);
	free(node->vpn_only);
	services_free(node->services, node->service_count);
	free(node->limits.list);
	sets_free(&node->sets);
	free(node->management.list);
	free(node->management_sets);
	free(node->never_ban.list);
	free(node->accept);
	free(node->never_ban_sets);
	cluster_free(&node->cluster);
	document_free(node->document);
	*node = (struct node_model){0};
}
