/* SPDX-License-Identifier: GPL-2.0 */
/* cmd_explain.c - rolewall explain SOURCE PORT[/PROTO]: what would happen, why, and what changes
 * it. */
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "../kernel/attempts.h"
#include "../policy/words.h"
#include "../util/array.h"
#include "../util/cleanup.h"
#include "../util/reason.h"
#include "cli.h"
#include "message.h"
#include "print.h"
#include "remedy.h"
#include "target.h"

enum { OPTION_INTERFACE, OPTION_LAST, OPTION_COUNT };

static const struct option_spec explain_options[] = {
	[OPTION_INTERFACE] = {"interface", 0, "IF",
			      "where the packet arrives (the way back to "
			      "SOURCE)"},
	[OPTION_LAST] = {"last", 0, NULL, "the newest attempt that \"rolewall blocked\" shows"},
};
_Static_assert(ARRAY_SIZE(explain_options) == OPTION_COUNT, "an option lacks its row");

/* What is printed. */
struct answer {
	struct question question;
	struct explanation explanation;
	struct remedies remedies;
	const struct attempt *attempt; /* with --last */
};

static const char *hook_text(enum hook hook)
{
	return hook == HOOK_XDP ? "xdp" : hook == HOOK_CGROUP ? "cgroup" : "none";
}

static bool is_loopback(const struct answer *answer)
{
	return answer->explanation.zone == 0;
}

/* Nothing filters: loopback never is, anything else is something to repair. */
static const char *reason_text(const struct answer *answer)
{
	if (answer->explanation.reason)
		return reason_name(answer->explanation.reason);
	return is_loopback(answer) ? "loopback" : "unguarded";
}

static const char *meaning_text(const struct answer *answer)
{
	if (answer->explanation.reason)
		return reason_meaning(answer->explanation.reason);
	return is_loopback(answer) ? "loopback is never touched"
				   : "no hook is attached; \"rolewall apply\" attaches it";
}

/* A rule had a say only where the port's zones were asked. */
static const struct rule *rule_shown(const struct answer *answer)
{
	const struct explanation *explanation = &answer->explanation;

	if (!explanation->has_rule || (explanation->reason != RW_REASON_OPEN &&
				       explanation->reason != RW_REASON_ZONE_DENIED &&
				       explanation->reason != RW_REASON_OPENING))
		return NULL;
	return &explanation->rule;
}

/* --- JSON ------------------------------------------------------------------------------------- */

static json_t *json_rule(const struct rule *rule)
{
	char text[2 * TABLES_NAME_MAX + 2];

	if (!rule)
		return json_null();
	snprintf(text, sizeof(text), "%s/%s", rule->role, rule->service);
	return json_text(text);
}

static json_t *json_remedies(const struct remedies *remedies)
{
	json_t *list = json_make("[]");

	for (size_t i = 0; i < remedies->count; i++)
		json_array_append_new(list, json_text(remedies->list[i]));
	return list;
}

static json_t *json_answer(const struct answer *answer)
{
	const struct explanation *explanation = &answer->explanation;
	const struct rule *rule = rule_shown(answer);
	char source[CIDR_TEXT_MAX];

	cidr_format(answer->question.source, 128, source);
	return json_make(
		"{s:i, s:s, s:s, s:o, s:o, s:o, s:s, s:s, s:i, s:s, s:o, s:s, s:b, s:I, "
		"s:s, s:o}",
		"version", 1, "verdict", explanation->drop ? "drop" : "pass", "reason",
		reason_text(answer), "rule", json_rule(rule), "origin",
		json_text(rule ? rule->origin : NULL), "zone",
		json_text(zone_name(explanation->zone)), "hook", hook_text(explanation->hook),
		"source", source, "port", (int)answer->question.port, "proto",
		word_of(words_l4, answer->question.l4), "interface",
		json_text(explanation->interface), "mode",
		explanation->enforce ? "enforce" : "observe", "enforced", explanation->enforce,
		"generation", (json_int_t)explanation->generation, "meaning", meaning_text(answer),
		"remedies", json_remedies(&answer->remedies));
}

static json_t *json_last(const struct attempt *attempt)
{
	char first[TIME_TEXT_MAX], last[TIME_TEXT_MAX];

	return json_make(
		"{s:s, s:I, s:o, s:o}", "reason", reason_name(attempt->record.reason), "packets",
		(json_int_t)attempt->record.packets, "first_seen",
		json_text(attempt->first_ns ? time_text_ns(attempt->first_ns, first) : NULL),
		"last_seen",
		json_text(attempt->last_ns ? time_text_ns(attempt->last_ns, last) : NULL));
}

static void answer_print_json(const struct settings *settings, const struct answer *answer)
{
	json_t *root = json_answer(answer);

	if (answer->attempt)
		json_object_set_new(root, "attempt", json_last(answer->attempt));
	print_json(settings, root);
}

/* --- for people ------------------------------------------------------------------------------- */

static const char *verdict_text(const struct explanation *explanation)
{
	if (!explanation->drop)
		return "passes";
	return explanation->enforce ? "is dropped"
				    : "passes, because of mode observe; it would be dropped";
}

static void print_rule(const struct settings *settings, const struct answer *answer)
{
	const struct rule *rule = rule_shown(answer);
	char ports[PORTS_TEXT_MAX], zones[PEERS_TEXT_MAX];

	if (!rule)
		return;
	print_fact(settings, "Rule", TONE_PLAIN, "%s/%s: %s/%s, open from %s", rule->role,
		   rule->service, ports_text(rule->port, rule->port_end, ports),
		   word_of(words_l4, rule->l4), peers_text(rule->zones, rule, zones));
	print_fact(settings, "Origin", TONE_PLAIN, "%s", rule->origin);
}

static void print_last(const struct settings *settings, const struct attempt *attempt)
{
	char when[TIME_TEXT_MAX];

	if (!attempt)
		return;
	print_fact(settings, "Attempt", TONE_PLAIN, "%llu packet%s refused as %s, last %s",
		   attempt->record.packets, attempt->record.packets == 1 ? "" : "s",
		   reason_name(attempt->record.reason),
		   attempt->last_ns ? time_text_ns(attempt->last_ns, when) : "at an unknown time");
}

static void answer_print(const struct settings *settings, const struct answer *answer)
{
	const struct explanation *explanation = &answer->explanation;
	const char *zone = zone_name(explanation->zone);
	char source[CIDR_TEXT_MAX];

	cidr_format(answer->question.source, 128, source);
	print_fact(settings, "Packet", TONE_BOLD, "%s from %s to port %u/%s on %s",
		   answer->question.l4 == RW_L4_TCP ? "a new connection" : "a datagram", source,
		   answer->question.port, word_of(words_l4, answer->question.l4),
		   explanation->interface);
	print_fact(settings, "Verdict", explanation->drop ? TONE_BAD : TONE_GOOD, "%s",
		   verdict_text(explanation));
	print_fact(settings, "Reason", TONE_PLAIN, "%s: %s", reason_text(answer),
		   meaning_text(answer));
	if (zone)
		print_fact(settings, "Zone", TONE_PLAIN, "%s", zone);
	print_rule(settings, answer);
	print_fact(settings, "Hook", TONE_PLAIN, "%s, generation %u", hook_text(explanation->hook),
		   explanation->generation);
	print_last(settings, answer->attempt);
	for (size_t i = 0; i < answer->remedies.count; i++)
		print_fact(settings, i ? "  or" : "To change it", TONE_PLAIN, "%s",
			   answer->remedies.list[i]);
}

/* --- the verb --------------------------------------------------------------------------------- */

static int question_parse(const struct settings *settings, const struct arguments *arguments,
			  struct question *ret)
{
	struct error error = {0};
	struct target target;
	struct cidr source;

	if (arguments->operand_count != 2) {
		report_failure(settings, "rolewall explain 203.0.113.9 443/tcp",
			       "explain needs a source address and a port, or --last");
		return EXIT_USAGE;
	}
	if (cidr_parse(arguments->operands[0], &source, &error)) {
		report_error(settings, &error);
		return EXIT_USAGE;
	}
	if (source.length != 128) {
		report_failure(settings, "name one of its addresses",
			       "\"%s\" is a prefix, not an address", arguments->operands[0]);
		return EXIT_USAGE;
	}
	memcpy(ret->source, source.source, sizeof(ret->source));
	if (target_parse(settings, arguments->operands[1], &target))
		return EXIT_USAGE;
	ret->port = target.port;
	ret->l4 = target.l4;
	ret->interface = arguments->options[OPTION_INTERFACE];
	return EXIT_OK;
}

static int answer_give(const struct settings *settings, struct answer *answer)
{
	_cleanup_(explainer_close) struct explainer *explainer = NULL;
	struct error error = {0};
	int result = explainer_open(&settings->instance, &explainer, &error);

	if (!result)
		result = explainer_ask(explainer, &answer->question, &answer->explanation, &error);

	if (result)
		return report_kernel(settings, result, &error);
	remedies_find(settings, &answer->question, &answer->explanation, &answer->remedies);
	if (settings->output == OUTPUT_TABLE)
		answer_print(settings, answer);
	else
		answer_print_json(settings, answer);
	return EXIT_OK;
}

/* Of those that a question can be made of. */
static const struct attempt *attempt_choose(const struct attempts *attempts, struct question *ret)
{
	for (size_t i = 0; i < attempts->count; i++) {
		const struct attempt *attempt = &attempts->list[i];
		const struct rw_attempt *record = &attempt->record;

		if (!record->port || (record->l4 != IPPROTO_TCP && record->l4 != IPPROTO_UDP))
			continue;
		memcpy(ret->source, record->source, sizeof(ret->source));
		ret->port = record->port;
		ret->l4 = record->l4 == IPPROTO_TCP ? RW_L4_TCP : RW_L4_UDP;
		ret->interface = attempt->interface;
		return attempt;
	}
	return NULL;
}

static int explain_last(const struct settings *settings)
{
	_cleanup_(attempts_free) struct attempts attempts = {0};
	struct answer answer = {0};
	struct error error = {0};
	int result = attempts_read(&settings->instance, &attempts, &error);

	if (result)
		return report_kernel(settings, result, &error);
	answer.attempt = attempt_choose(&attempts, &answer.question);
	if (!answer.attempt) {
		report_failure(settings, "\"rolewall blocked\" shows what there is",
			       "nothing that came for a TCP or UDP port was refused so far");
		return EXIT_FAILED;
	}
	return answer_give(settings, &answer);
}

static int explain_run_verb(const struct settings *settings, const struct arguments *arguments)
{
	struct answer answer = {0};
	int code;

	if (arguments->options[OPTION_LAST])
		return explain_last(settings);
	code = question_parse(settings, arguments, &answer.question);
	return code == EXIT_OK ? answer_give(settings, &answer) : code;
}

const struct verb verb_explain = {
	.name = "explain",
	.operands = "SOURCE PORT[/PROTO]",
	.operands_max = 2,
	.summary = "would a new connection from SOURCE pass? verdict, reason, rule, remedy",
	.details = "Runs the program that guards the interface on a packet made for the question, "
		   "with "
		   "the\n"
		   "policy in force; nothing is counted. Without --interface it arrives where this "
		   "host would\n"
		   "send the answer.",
	.options = explain_options,
	.option_count = OPTION_COUNT,
	.needs_root = true,
	.run = explain_run_verb,
};
