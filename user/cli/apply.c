/* SPDX-License-Identifier: GPL-2.0 */
/* apply.c - the own session first, then the commit, then what came of it. */
#include "cli/apply.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli/expiry.h"
#include "cli/message.h"
#include "cli/print.h"
#include "cli/ssh_session.h"
#include "host/host_advice.h"
#include "cli/state.h"
#include "util/cleanup.h"

#define CONFIRM_SECONDS	    60
#define CONFIRM_SECONDS_MAX 86400

struct apply apply_begin(const struct settings *settings, const struct config *config)
{
	return (struct apply){
		.config = config,
		.request = {.tables = &config->tables, .node_file = settings->config},
	};
}

int confirm_parse(const struct settings *settings, const char *text, uint32_t *ret_seconds)
{
	unsigned long seconds = CONFIRM_SECONDS;
	char *end;

	if (!text)
		return 0;
	if (*text) {
		seconds = strtoul(text, &end, 10);
		if (strspn(text, "0123456789") != strlen(text) || *end || seconds < 1 ||
		    seconds > CONFIRM_SECONDS_MAX)
			return report_failure(settings, "from 1 second to 86400, which is a day",
					      "--confirm=%s is no time to wait", text);
	}
	*ret_seconds = seconds;
	return 0;
}

static bool is_observing(const struct snapshot *snapshot)
{
	return !(snapshot->flags & RW_POLICY_ENFORCE);
}

static void print_generation(const struct settings *settings, const struct install_result *result,
			     const struct snapshot *snapshot)
{
	const char *care = style_begin(settings, STYLE_CARE);
	char replaced[64] = "";

	if (result->old_generation)
		snprintf(replaced, sizeof(replaced), ", in place of generation %" PRIu32,
			 result->old_generation);
	print_summary(settings,
		      "Generation %" PRIu32 " is in force on %s%s: %zu rules, mode %s%s%s.",
		      result->generation, snapshot->node, replaced, snapshot->rule_count,
		      is_observing(snapshot) ? care : style_begin(settings, STYLE_GOOD),
		      mode_word(snapshot->flags),
		      is_observing(snapshot) ? style_end(settings, STYLE_CARE)
					     : style_end(settings, STYLE_GOOD));
}

/* How to go on from mode observe. */
static void note_observe(const struct settings *settings, const struct tables *tables)
{
	bool file_enforces = tables->flags & RW_POLICY_ENFORCE;

	if (file_enforces)
		report_note(settings,
			    "nothing is refused yet; look at \"rolewall blocked\" for what "
			    "would be. To enforce, apply again without --observe");
	else
		report_note(
			settings,
			"nothing is refused yet; look at \"rolewall blocked\" for what would be. "
			"To enforce, write \"mode\": \"enforce\" into %s and apply again",
			settings->config);
}

static json_t *json_applied(const struct apply *apply, const struct snapshot *snapshot)
{
	const struct install_result *result = &apply->result;

	return json_make(
		"{s:b, s:I, s:I, s:s, s:o, s:I, s:I, s:o, s:o}", "applied", true, "generation",
		(json_int_t)result->generation, "previous_generation",
		(json_int_t)result->old_generation, "mode", mode_word(snapshot->flags), "node",
		json_clean(snapshot->node), "rules", (json_int_t)snapshot->rule_count,
		"confirm_seconds", (json_int_t)apply->request.confirm_seconds, "interfaces",
		json_interfaces(snapshot), "warnings", json_warnings(&apply->config->warnings));
}

/* Of what could not be read back. */
static json_t *json_unseen(const struct apply *apply)
{
	return json_make("{s:b, s:I, s:I}", "applied", true, "generation",
			 (json_int_t)apply->result.generation, "previous_generation",
			 (json_int_t)apply->result.old_generation);
}

/* What happened beside it. */
static void note_others(const struct settings *settings, const struct apply *apply)
{
	const struct install_result *result = &apply->result;

	if (result->waited)
		report_note(settings, "another apply was running; this one waited for it");
	if (result->exchanged)
		report_note(settings,
			    "programs of another version gave way to this one's; a daemon "
			    "that runs is still that version's: \"systemctl restart "
			    "rolewall\"");
	if (result->renewed)
		report_note(settings,
			    "what was in force was of another version's layout and is replaced: "
			    "its counters begin anew, and there is no way back to it");
	if (result->rolled_back)
		report_note(settings,
			    "generation %" PRIu32 " had not been confirmed in time and was rolled "
			    "back first",
			    result->rolled_back);
	if (result->warning.what[0])
		report_warning(settings, result->warning.where, result->warning.what);
	if (apply->request.confirm_seconds)
		report_note(settings,
			    "it goes back in %" PRIu32
			    " s unless you say \"rolewall confirm\"; try "
			    "first whether you can still log in",
			    apply->request.confirm_seconds);
}

/* It is in force, whatever becomes of the report: that is no failure of apply. */
static void report_unseen(const struct settings *settings, const struct apply *apply,
			  const struct error *error)
{
	char what[sizeof(error->what) + 64];

	snprintf(what, sizeof(what), "its state cannot be read back: %s", error->what);
	if (settings->output == OUTPUT_TABLE)
		print_summary(settings, "Generation %" PRIu32 " is in force.",
			      apply->result.generation);
	report_warning(settings, error->where, what);
	note_others(settings, apply);
}

int apply_report(const struct settings *settings, const struct apply *apply, json_t **ret_document)
{
	_cleanup_(snapshot_free) struct snapshot snapshot = {0};
	struct error error = {0};

	if (snapshot_read(&settings->instance, &snapshot, &error)) {
		report_unseen(settings, apply, &error);
		*ret_document = json_unseen(apply);
		return EXIT_OK;
	}
	*ret_document = json_applied(apply, &snapshot);
	if (settings->output == OUTPUT_TABLE && !settings->quiet) {
		print_generation(settings, &apply->result, &snapshot);
		state_print_interfaces(settings, &snapshot);
	}
	if (is_observing(&snapshot))
		note_observe(settings, &apply->config->tables);
	note_others(settings, apply);
	state_report_problems(settings, &snapshot);
	return EXIT_OK;
}

static void report_own_banned(const struct settings *settings, const struct ssh_session *own)
{
	char text[OWN_TEXT_MAX], ban[CIDR_TEXT_MAX], hint[256];

	ssh_ban_text(own, ban);
	snprintf(hint, sizeof(hint),
		 own->banned.in_kernel
			 ? "\"rolewall unban %s\" ends the ban"
			 : "\"rolewall apply --observe\", which refuses nothing, puts the bans "
			   "back; \"rolewall unban %s\" then ends this one",
		 ban);
	report_failure(settings, hint,
		       "your own SSH session, %s, would be cut, because %s is banned: nothing was "
		       "changed (--force with --confirm applies it all the same)",
		       ssh_text(own, text), ban);
}

static void report_own_stranded(const struct settings *settings, const struct tables *tables,
				const struct ssh_session *own)
{
	char text[OWN_TEXT_MAX], why[OWN_TEXT_MAX], remedy[OWN_TEXT_MAX], hint[OWN_TEXT_MAX + 64];

	snprintf(hint, sizeof(hint), "%s; --force with --confirm tries it all the same",
		 ssh_carrier_hint(own, tables, remedy));
	report_failure(settings, hint,
		       "your own SSH session, %s, would be cut: %s: nothing was changed",
		       ssh_text(own, text), ssh_carrier_text(own, why));
}

/* Nothing admits it: name what would. */
static void report_own_shut_out(const struct settings *settings, const struct tables *tables,
				const struct ssh_session *own)
{
	char text[OWN_TEXT_MAX], service[SSHD_HINT_MAX], hint[SSHD_HINT_MAX + 256];

	if (tables_have_ssh(tables, own->session.server_port))
		snprintf(hint, sizeof(hint),
			 "add its address to \"management\", or its network to an interface's "
			 "\"sources\"; --force with --confirm tries it all the same");
	else
		snprintf(hint, sizeof(hint),
			 "\"management\" means services called ssh, and none has port %u: add %s, "
			 "and its address to \"management\"; --force with --confirm tries it all "
			 "the same",
			 own->session.server_port, sshd_hint(own->session.server_port, service));
	report_failure(settings, hint,
		       "your own SSH session, %s, could not be opened again under this policy: "
		       "nothing was changed",
		       ssh_text(own, text));
}

static bool own_is_cut(const struct settings *settings, const struct apply *apply,
		       struct ssh_session *ret)
{
	const struct tables *tables = &apply->config->tables;
	bool enforce = (tables->flags & RW_POLICY_ENFORCE) && !apply->request.observe;

	ssh_session_judge(&settings->instance, tables, ret);
	return ssh_is_cut(ret, enforce);
}

/* Nothing has changed: say why, and what would help. */
static int refuse_own_cut(const struct settings *settings, const struct tables *tables,
			  const struct ssh_session *own)
{
	if (own->is_banned)
		report_own_banned(settings, own);
	else if (!own->carried)
		report_own_stranded(settings, tables, own);
	else
		report_own_shut_out(settings, tables, own);
	return EXIT_FAILED;
}

/* Force goes with a way back. */
static int force_own_cut(const struct settings *settings, const struct apply *apply,
			 const struct ssh_session *own)
{
	char text[OWN_TEXT_MAX], what[OWN_TEXT_MAX + 128];

	ssh_text(own, text);
	if (!apply->request.confirm_seconds) {
		report_failure(settings,
			       "--force --confirm: what was in force before comes back by itself, "
			       "unless \"rolewall confirm\" comes in time",
			       "your own SSH session, %s, is cut, or could not be opened again: "
			       "--force alone is not enough, nothing was changed",
			       text);
		return EXIT_FAILED;
	}
	snprintf(what, sizeof(what),
		 "your own SSH session, %s, is cut, or could not be opened again: have another way "
		 "in before you confirm",
		 text);
	report_warning(settings, "", what);
	return EXIT_OK;
}

int apply_check_own_cut(const struct settings *settings, const struct apply *apply, bool force)
{
	struct ssh_session own;

	if (!own_is_cut(settings, apply, &own))
		return EXIT_OK;
	return force ? force_own_cut(settings, apply, &own)
		     : refuse_own_cut(settings, &apply->config->tables, &own);
}

static int report_refused(const struct settings *settings, const struct apply *apply, int r,
			  const struct error *error)
{
	int code = report_install(settings, r, error);

	if (apply->result.rolled_back)
		report_note(settings,
			    "generation %" PRIu32 " had not been confirmed in time and was rolled "
			    "back",
			    apply->result.rolled_back);
	if (!apply->result.backed_out)
		return code;
	report_note(settings, apply->result.nothing_before
				      ? "nothing is filtered, as before"
				      : "what was in force before is in force again");
	return code == EXIT_FAILED ? EXIT_ROLLED_BACK : code;
}

int apply_install(const struct settings *settings, struct apply *apply)
{
	struct error error = {0};
	int r = install_policy(&settings->instance, &apply->request, &apply->result, &error);

	if (r)
		return report_refused(settings, apply, r, &error);
	stores_restore(settings);
	return EXIT_OK;
}
