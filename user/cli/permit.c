/* SPDX-License-Identifier: GPL-2.0 */
/* permit.c - the way of allow and deny, from the file to the file. */
#include "cli/permit.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "cli/apply.h"
#include "cli/message.h"
#include "cli/plan.h"
#include "cli/print.h"
#include "edit/replace.h"
#include "kernel/lists/openings.h"
#include "policy/cidr.h"
#include "policy/words.h"
#include "util/cleanup.h"

/* One run, with all that it reads and makes. */
struct run {
	const struct settings *settings;
	const char *operand; /* borrowed */
	struct permit_request request;
	struct model model;
	struct edit edit;
	struct permit_result result;
	struct config before, after;
	struct snapshot snapshot;
	struct plan plan;
	json_t *applied; /* the document of apply; NULL: it was not asked for */
};

static void run_free(struct run *run)
{
	json_decref(run->applied);
	plan_free(&run->plan);
	snapshot_free(&run->snapshot);
	config_free(&run->after);
	config_free(&run->before);
	permit_result_free(&run->result);
	edit_free(&run->edit);
	model_free(&run->model);
	permit_request_free(&run->request);
}

/* Else the file says already what it is to say. */
static bool is_changed(const struct run *run)
{
	return run->result.change_count;
}

/* Is what the file says now in force? As far as plan_make() sees. */
static bool is_in_force(const struct run *run)
{
	return !is_changed(run) && run->plan.snapshot && difference_is_empty(&run->plan.difference);
}

static bool is_table(const struct run *run)
{
	return run->settings->output == OUTPUT_TABLE;
}

/* --- who reaches a port ----------------------------------------------------------------------- */

/* Of both protocols, TCP. */
static unsigned int l4_of(const struct permit_ports *ports)
{
	return ports->l4s & (1 << RW_L4_TCP) ? RW_L4_TCP : RW_L4_UDP;
}

static const char *proto_word(const struct permit_ports *ports)
{
	return word_of(words_l4, l4_of(ports));
}

/* Of the first of the ports. */
static size_t port_index(const struct permit_ports *ports)
{
	return ((size_t)l4_of(ports) << 16) + ports->port;
}

#define REACH_TEXT_MAX (PEERS_TEXT_MAX + TABLES_ORIGIN_MAX + 2 * TABLES_NAME_MAX + 16)

/* "internal (postgres/postgres, FILE:LINE)"; "" where it is closed. */
static const char *reach_text(const struct tables *tables, const struct permit_ports *ports,
			      char ret[REACH_TEXT_MAX])
{
	const struct port *port = &tables->ports[port_index(ports)];
	const struct rule *rule = port->zones ? &tables->rules[port->rule] : NULL;
	char zones[PEERS_TEXT_MAX];

	ret[0] = '\0';
	if (rule)
		snprintf(ret, REACH_TEXT_MAX, "%s (%s/%s, %s)",
			 peers_text(port->zones, rule, zones), rule->role, rule->service,
			 rule->origin);
	return ret;
}

#define NAME_TEXT_MAX (PORTS_TEXT_MAX + 16)

/* "tcp 5432" */
static const char *name_text(const struct permit_ports *ports, char ret[NAME_TEXT_MAX])
{
	char text[PORTS_TEXT_MAX];

	snprintf(ret, NAME_TEXT_MAX, "%s %s", proto_word(ports),
		 ports_text(ports->port, ports->port_end, text));
	return ret;
}

static json_t *json_port(const struct tables *tables, const struct permit_ports *ports)
{
	const struct port *port = &tables->ports[port_index(ports)];
	const struct rule *rule = port->zones ? &tables->rules[port->rule] : NULL;

	return json_make("{s:s, s:i, s:i, s:o, s:o, s:o, s:o, s:o}", "proto", proto_word(ports),
			 "port", (int)ports->port, "port_end", (int)ports->port_end, "zones",
			 json_zones(port->zones), "sets", json_sets(port->zones, tables), "role",
			 json_clean(rule ? rule->role : NULL), "service",
			 json_clean(rule ? rule->service : NULL), "origin",
			 json_clean(rule ? rule->origin : NULL));
}

static json_t *json_ports(const struct run *run, const struct tables *tables)
{
	json_t *list = json_make("[]");

	for (size_t i = 0; i < run->result.port_count; i++)
		json_array_append_new(list, json_port(tables, &run->result.ports[i]));
	return list;
}

/* --- what is told ----------------------------------------------------------------------------- */

static json_t *with_version(json_t *document)
{
	json_object_set_new(document, "version", json_make("i", JSON_VERSION));
	return document;
}

static void print_document(const struct run *run)
{
	json_t *edits = json_make("[]");

	for (size_t i = 0; i < run->result.change_count; i++)
		json_array_append_new(edits, json_clean(run->result.changes[i].text));
	print_json(run->settings,
		   json_make("{s:b, s:o, s:o, s:o, s:o, s:o}", "changed", is_changed(run), "file",
			     json_clean(run->settings->config), "edits", edits, "ports",
			     json_ports(run, &run->after.tables), "plan",
			     is_in_force(run) ? json_null() : with_version(json_plan(&run->plan)),
			     "apply",
			     run->applied ? with_version(json_incref(run->applied)) : json_null()));
}

/* Nothing is to be changed in the file, whatever is in force. */
static void print_unchanged(const struct run *run)
{
	for (size_t i = 0; i < run->result.port_count; i++) {
		const struct permit_ports *ports = &run->result.ports[i];
		char name[NAME_TEXT_MAX], reach[REACH_TEXT_MAX];

		name_text(ports, name);
		reach_text(&run->after.tables, ports, reach);
		if (*reach)
			print_summary(run->settings,
				      "The file says so already: it opens %s to %s%s.", name, reach,
				      run->request.deny ? " only" : "");
		else
			print_summary(run->settings, "The file says so already: it opens no %s.",
				      name);
	}
}

/* Where apply would refuse for the caller's own session, it takes more than --confirm. */
static const char *apply_command(const struct run *run)
{
	return plan_cuts_own(&run->plan)
		       ? "open a session that survives first, then: rolewall apply --force "
			 "--confirm"
		       : "rolewall apply --confirm";
}

/* And what is in force is not changed. */
static void print_in_force(const struct run *run)
{
	const struct snapshot *snapshot = run->plan.snapshot;

	if (!snapshot)
		print_summary(run->settings, "Nothing is in force. To put the file in force: %s",
			      apply_command(run));
	else if (!is_in_force(run))
		print_summary(run->settings,
			      "Generation %" PRIu32 ", which is in force, differs from the file. "
			      "To put the file in force: %s",
			      snapshot->generation, apply_command(run));
	else
		print_summary(run->settings, "The file is in force, as generation %" PRIu32 "%s.",
			      snapshot->generation,
			      snapshot->pending.deadline
				      ? ", which goes back unless you say \"rolewall confirm\""
				      : "");
}

/* Is any of what is denied in it? Zones and sets are not looked into. */
static bool is_denied_to(const struct permit *permit, const struct cidr *source)
{
	struct cidr cidr;

	for (size_t i = 0; i < permit->source_count; i++)
		if (cidr_parse(permit->sources[i], &cidr, NULL) || cidr_overlaps(&cidr, source))
			return true;
	return !permit->source_count;
}

static bool is_opening_of(const struct timeout *opening, const struct permit_ports *ports)
{
	return (ports->l4s & (1 << opening->l4)) && opening->port >= ports->port &&
	       opening->port <= ports->port_end;
}

/* What is open for a while is so whatever the file says. */
static void note_opening(const struct run *run, const struct timeout *opening)
{
	char source[CIDR_TEXT_MAX];

	for (size_t i = 0; i < run->result.port_count; i++) {
		if (!is_opening_of(opening, &run->result.ports[i]))
			continue;
		cidr_format(opening->source.source, opening->source.length, source);
		report_note(run->settings,
			    "%s port %u stays open to %s for a while, whatever the file says: "
			    "\"rolewall close %" PRIu32 "\" ends that",
			    word_of(words_l4, opening->l4), opening->port, source, opening->id);
		return;
	}
}

static void note_openings(const struct run *run)
{
	_timeout_list_ struct timeout_list openings = {0};
	struct error error = {0};

	if (!run->request.deny || !run->plan.snapshot ||
	    openings_read_file(&run->settings->instance, &openings, &error))
		return;
	for (size_t i = 0; i < openings.count; i++)
		if (is_denied_to(&run->request.permit, &openings.list[i].source))
			note_opening(run, &openings.list[i]);
}

/* Zones that a port is closed to, though nobody named them: "vpn_only" knows the VPN alone. */
static uint8_t zones_lost(const struct run *run, const struct permit_ports *ports)
{
	const struct permit *permit = &run->request.permit;
	uint64_t before = run->before.tables.ports[port_index(ports)].zones;
	uint64_t after = run->after.tables.ports[port_index(ports)].zones;
	uint8_t lost = before & ~after & RW_ZONE_ALL;

	for (size_t i = 0; i < permit->source_count; i++)
		lost &= ~zone_from_name(permit->sources[i]);
	return run->request.deny && permit->source_count ? lost : 0;
}

static void note_lost(const struct run *run)
{
	for (size_t i = 0; i < run->result.port_count; i++) {
		const struct permit_ports *ports = &run->result.ports[i];
		uint8_t lost = zones_lost(run, ports);
		char name[NAME_TEXT_MAX], zones[ZONES_TEXT_MAX];

		if (!lost)
			continue;
		zones_text(lost, zones);
		report_note(run->settings,
			    "this closes %s to %s, too: \"rolewall allow %s --from %s\" keeps "
			    "that open",
			    name_text(ports, name), zones, run->operand, zones);
	}
}

/* What else opens the port, before an allow and after a deny. */
static void note_others(const struct run *run)
{
	const struct tables *tables = run->request.deny ? &run->after.tables : &run->before.tables;

	for (size_t i = 0; i < run->result.port_count; i++) {
		const struct permit_ports *ports = &run->result.ports[i];
		char name[NAME_TEXT_MAX], reach[REACH_TEXT_MAX];

		if (!*reach_text(tables, ports, reach))
			continue;
		report_note(run->settings, "%s %s open to %s%s", name_text(ports, name),
			    run->request.deny ? "stays" : "is", reach,
			    run->request.deny ? "" : ", and stays so");
	}
}

static void print_changes(const struct run *run)
{
	print_summary(run->settings, "%s:", run->settings->config);
	for (size_t i = 0; i < run->result.change_count; i++)
		print_summary(run->settings, "  %s", run->result.changes[i].text);
	if (!run->settings->quiet)
		putchar('\n');
}

/* --- the way ---------------------------------------------------------------------------------- */

static int run_read(struct run *run)
{
	struct policy_source source = config_source(run->settings);
	const struct document *document;
	struct error error = {0};
	int code, r = model_read_from(&source, &run->model, &error);

	if (r)
		return report_config(run->settings, r, &error);
	document = run->model.node.document;
	if (edit_begin(document->text, document->size, &run->edit))
		return report_config(run->settings, -ENOMEM, &error);
	code = config_load_text(run->settings, document->text, document->size, &run->before);
	return code ? code
		    : permit_request_aim(run->settings, run->operand, &run->model, &run->request);
}

static int run_edit(struct run *run)
{
	struct error error = {0};
	int r = (run->request.deny ? permit_deny : permit_allow)(&run->model, &run->request.permit,
								 &run->edit, &run->result, &error);

	if (r == 0)
		return EXIT_OK;
	report_error(run->settings, &error);
	return r == -ENOENT ? EXIT_USAGE : EXIT_FAILED;
}

/* What the new text says, by the reader of every other verb; nothing is written yet. */
static int run_compile(struct run *run)
{
	int code = config_load_text(run->settings, run->edit.text, run->edit.size, &run->after);

	if (code != EXIT_OK)
		report_note(run->settings,
			    "this is what the file would have been: it is as it was");
	return code;
}

/* A zone that is allowed must get in: "vpn_only" may say "@advised", which is for an editor. */
static int run_check_effect(const struct run *run)
{
	const struct permit *permit = &run->request.permit;

	for (size_t i = 0; !run->request.deny && i < permit->source_count; i++)
		for (size_t k = 0; k < run->result.port_count; k++) {
			const struct permit_ports *ports = &run->result.ports[k];
			uint8_t zone = zone_from_name(permit->sources[i]);
			char name[NAME_TEXT_MAX];

			if (!zone || (run->after.tables.ports[port_index(ports)].zones & zone))
				continue;
			report_failure(run->settings,
				       "put the names of those services there that are for the VPN "
				       "alone, in place of \"@advised\"",
				       "\"vpn_only\" in %s keeps %s from the zone %s: nothing was "
				       "changed",
				       run->settings->config, name_text(ports, name),
				       permit->sources[i]);
			return EXIT_FAILED;
		}
	return EXIT_OK;
}

static int run_plan(struct run *run)
{
	struct error error = {0};
	int r = snapshot_read(&run->settings->instance, &run->snapshot, &error);

	if (r && r != -ENOENT)
		return report_kernel(run->settings, r, &error);
	run->plan.instance = &run->settings->instance;
	run->plan.config = &run->after;
	run->plan.snapshot = r ? NULL : &run->snapshot;
	r = plan_make(&run->plan, &error);
	return r ? report_install(run->settings, r, &error) : EXIT_OK;
}

static bool is_known(const struct warnings *warnings, const char *what)
{
	for (size_t i = 0; i < warnings->count; i++)
		if (!strcmp(warnings->list[i].what, what))
			return true;
	return false;
}

/* What the change brings; what "check" says anyway is not repeated. */
static void report_new_warnings(const struct run *run)
{
	const struct warnings *warnings = &run->after.warnings;

	for (size_t i = 0; i < warnings->count; i++)
		if (!is_known(&run->before.warnings, warnings->list[i].what))
			report_warning(run->settings, warnings->list[i].where,
				       warnings->list[i].what);
}

static void run_print_plan(const struct run *run)
{
	if (!is_table(run))
		return;
	if (is_changed(run)) {
		print_changes(run);
		report_new_warnings(run);
		plan_print(run->settings, &run->plan);
		note_lost(run);
		note_others(run);
	} else {
		print_unchanged(run);
		if (!run->request.apply || is_in_force(run)) {
			print_in_force(run);
		} else {
			if (!run->settings->quiet)
				putchar('\n');
			plan_print(run->settings, &run->plan);
		}
	}
	note_openings(run);
}

/* The new text into the file, or the old one back; nothing if they are the same. */
static int run_write(const struct run *run, bool back)
{
	const struct document *document = run->model.node.document;
	const struct content old = {document->text, document->size};
	const struct content new = {run->edit.text, run->edit.size};
	struct error error = {0};
	int r = 0;

	if (is_changed(run))
		r = file_replace(run->settings->config, back ? &new : &old, back ? &old : &new,
				 &error);
	return r ? report_install(run->settings, r, &error) : EXIT_OK;
}

static int run_apply(struct run *run)
{
	struct apply apply = apply_begin(run->settings, &run->after);
	int code;

	apply.request.confirm_seconds = run->request.confirm_seconds;
	code = apply_check_own_cut(run->settings, &apply, run->request.force);
	if (code == EXIT_OK)
		code = run_write(run, false);
	if (code != EXIT_OK)
		return code;
	code = apply_install(run->settings, &apply);
	if (code == EXIT_OK)
		return apply_report(run->settings, &apply, &run->applied);
	if (run_write(run, true) == EXIT_OK)
		report_note(run->settings, "%s is as it was", run->settings->config);
	return code;
}

static int run_finish(struct run *run)
{
	bool apply = run->request.apply && !is_in_force(run);
	int code = apply ? run_apply(run) : run_write(run, false);

	if (code == EXIT_OK && !is_table(run))
		print_document(run);
	else if (code == EXIT_OK && !apply && is_changed(run))
		print_summary(run->settings, "\n%s is written. To put it in force: %s",
			      run->settings->config, apply_command(run));
	return code;
}

int permit_run(const struct settings *settings, const struct arguments *arguments, bool deny)
{
	_cleanup_(run_free) struct run run = {.settings = settings};
	int code = permit_request_parse(settings, arguments, deny, &run.request);

	if (code != EXIT_OK)
		return code;
	run.operand = arguments->operands[0];
	code = run_read(&run);
	if (code == EXIT_OK)
		code = run_edit(&run);
	if (code == EXIT_OK)
		code = run_compile(&run);
	if (code == EXIT_OK && is_changed(&run))
		code = run_check_effect(&run);
	if (code == EXIT_OK)
		code = run_plan(&run);
	if (code != EXIT_OK)
		return code;
	run_print_plan(&run);
	return run_finish(&run);
}
