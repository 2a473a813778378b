/* SPDX-License-Identifier: GPL-2.0 */
/* permit_request.c - options and operand of allow and deny. */
#include "cli/permit_request.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>

#include "cli/apply.h"
#include "cli/message.h"
#include "cli/target.h"
#include "policy/words.h"
#include "util/cleanup.h"

static const char *verb_name(bool deny)
{
	return deny ? "deny" : "allow";
}

/* --- options ---------------------------------------------------------------------------------- */

/* "internal,203.0.113.9" into a list. */
static int sources_split(const struct settings *settings, const char *text,
			 struct permit_request *request)
{
	char *left, *source;
	size_t count = 0;

	request->sources = strdup(text);
	request->list = calloc(strlen(text) / 2 + 1, sizeof(*request->list));
	if (!request->sources || !request->list)
		return report_failure(settings, NULL, "out of memory");
	for (source = strtok_r(request->sources, ",", &left); source;
	     source = strtok_r(NULL, ",", &left))
		request->list[count++] = source;
	if (!count)
		return report_failure(settings, "name an address, a prefix, a zone or a set",
				      "--from is empty");
	request->permit.sources = request->list;
	request->permit.source_count = count;
	return 0;
}

/* The word behind `key`; NULL: there is none. */
static const char *word_behind(const struct arguments *arguments, const char *key)
{
	for (int i = 0; i + 1 < arguments->operand_count; i++)
		if (!strcmp(arguments->operands[i], key))
			return arguments->operands[i + 1];
	return NULL;
}

/* "from 203.0.113.9 to any port 5432 proto tcp", as ufw is told, and "5432 from ...". */
static int refuse_sentence(const struct settings *settings, const struct arguments *arguments,
			   bool deny)
{
	const char *from = word_behind(arguments, "from"), *port = word_behind(arguments, "port");
	const char *proto = word_behind(arguments, "proto");
	char hint[256];

	if (!port && strcmp(arguments->operands[0], "from") != 0)
		port = arguments->operands[0];
	if (deny && from && !port)
		snprintf(hint, sizeof(hint), "to refuse a source altogether: rolewall ban %s",
			 from);
	else
		snprintf(hint, sizeof(hint), "say it like this: rolewall %s %s%s%s --from %s",
			 verb_name(deny), port ? port : "PORT", proto ? "/" : "",
			 proto ? proto : "", from ? from : "SOURCE");
	return report_failure(settings, hint, "%s takes one word, and a source behind --from",
			      verb_name(deny));
}

static int usage_check(const struct settings *settings, const struct arguments *arguments,
		       bool deny)
{
	const char *const *options = arguments->options;
	char hint[64];

	snprintf(hint, sizeof(hint), "\"rolewall help %s\" shows how it is used", verb_name(deny));
	if (!arguments->operand_count)
		return report_failure(settings,
				      deny ? "to refuse a source altogether: rolewall ban SOURCE"
					   : hint,
				      "%s needs a port or a service", verb_name(deny));
	if (arguments->operand_count > 1)
		return refuse_sentence(settings, arguments, deny);
	if (!deny && !options[PERMIT_FROM])
		return report_failure(settings,
				      "--from ADDRESS, or a zone: internal, vpn, external; all "
				      "the world is \"--from external,internal,vpn\"",
				      "allow needs --from");
	if (!options[PERMIT_APPLY] && (options[PERMIT_CONFIRM] || options[PERMIT_FORCE]))
		return report_failure(settings, hint, "--%s needs --apply",
				      options[PERMIT_CONFIRM] ? "confirm" : "force");
	return 0;
}

int permit_request_parse(const struct settings *settings, const struct arguments *arguments,
			 bool deny, struct permit_request *ret)
{
	const char *const *options = arguments->options;

	*ret = (struct permit_request){
		.deny = deny,
		.apply = options[PERMIT_APPLY],
		.force = options[PERMIT_FORCE],
		.permit = {.about = options[PERMIT_COMMENT]},
	};
	if (usage_check(settings, arguments, deny) ||
	    confirm_parse(settings, options[PERMIT_CONFIRM], &ret->confirm_seconds) ||
	    (options[PERMIT_FROM] && sources_split(settings, options[PERMIT_FROM], ret)))
		return EXIT_USAGE;
	return EXIT_OK;
}

void permit_request_free(struct permit_request *request)
{
	free(request->sources);
	free(request->list);
	*request = (struct permit_request){0};
}

/* --- operand ---------------------------------------------------------------------------------- */

static bool services_have(const struct service_model *services, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (!strcmp(services[i].name, name))
			return true;
	return false;
}

static bool has_service(const struct model *model, const char *name)
{
	for (size_t i = 0; i < model->role_count; i++)
		if (services_have(model->roles[i].services, model->roles[i].service_count, name))
			return true;
	return services_have(model->node.services, model->node.service_count, name);
}

/* A name that a service of the node file may have, and that means no other ports. */
static bool is_free_name(const struct model *model, const char *name)
{
	return islower((unsigned char)name[0]) && strlen(name) < TABLES_NAME_MAX &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == strlen(name) &&
	       !has_service(model, name);
}

/* As /etc/services calls it, else "tcp-5432". */
static void name_choose(const struct model *model, struct permit_request *request)
{
	const struct permit *permit = &request->permit;
	const char *proto = word_of(words_l4, permit->l4);
	const struct servent *known = NULL;

	if (permit->port == permit->port_end)
		known = getservbyport(htons(permit->port), proto);
	if (known && is_free_name(model, known->s_name))
		snprintf(request->name, sizeof(request->name), "%s", known->s_name);
	else if (permit->port == permit->port_end)
		snprintf(request->name, sizeof(request->name), "%s-%u", proto, permit->port);
	else
		snprintf(request->name, sizeof(request->name), "%s-%u-%u", proto, permit->port,
			 permit->port_end);
	request->permit.name = request->name;
}

int permit_request_aim(const struct settings *settings, const char *operand,
		       const struct model *model, struct permit_request *request)
{
	struct target target;

	request->permit.name = request->name;
	if (has_service(model, operand)) {
		request->permit.service = operand;
		return EXIT_OK;
	}
	if (target_parse(settings, operand, true, &target))
		return EXIT_USAGE;
	request->permit.l4 = target.l4;
	request->permit.port = target.port;
	request->permit.port_end = target.port_end;
	name_choose(model, request);
	return EXIT_OK;
}
