/* SPDX-License-Identifier: GPL-2.0 */
/* explain_report.c - what explain says. */
#include "cli/explain_report.h"

#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "cli/print.h"
#include "policy/words.h"
#include "util/cleanup.h"
#include "util/reason.h"

static bool answer_is_loopback(const struct answer *answer)
{
	return answer->explanation.zone == 0;
}

/* Nothing filters: loopback never is, anything else is something to repair. */
static const char *reason_text(const struct answer *answer)
{
	if (answer->explanation.reason)
		return reason_name(answer->explanation.reason);
	return answer_is_loopback(answer) ? "loopback" : "unguarded";
}

static const char *meaning_text(const struct answer *answer)
{
	if (answer->explanation.reason)
		return reason_meaning(answer->explanation.reason);
	return answer_is_loopback(answer) ? "loopback is never touched"
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

static json_t *json_rule_name(const struct rule *rule)
{
	char text[2 * TABLES_NAME_MAX + 2];

	if (!rule)
		return json_null();
	snprintf(text, sizeof(text), "%s/%s", rule->role, rule->service);
	return json_clean(text);
}

static json_t *json_remedies(const struct remedies *remedies)
{
	json_t *list = json_make("[]");

	for (size_t i = 0; i < remedies->count; i++)
		json_array_append_new(list, json_clean(remedies->list[i]));
	return list;
}

static json_t *json_last(const struct attempt *attempt)
{
	return json_make("{s:s, s:I, s:o, s:o}", "reason", reason_name(attempt->record.reason),
			 "packets", (json_int_t)attempt->record.packets, "first_seen",
			 json_time(attempt->first_ns), "last_seen", json_time(attempt->last_ns));
}

json_t *json_answer(const struct answer *answer)
{
	const struct explanation *explanation = &answer->explanation;
	const struct rule *rule = rule_shown(answer);
	char source[CIDR_TEXT_MAX];
	json_t *root;

	cidr_format(answer->question.source, 128, source);
	root = json_make(
		"{s:s, s:s, s:o, s:o, s:o, s:s, s:s, s:i, s:s, s:o, s:s, s:b, s:I, "
		"s:s, s:o}",
		"verdict", explanation->drop ? "drop" : "pass", "reason", reason_text(answer),
		"rule", json_rule_name(rule), "origin", json_clean(rule ? rule->origin : NULL),
		"zone", json_clean(zone_name(explanation->zone)), "hook",
		hook_word(explanation->hook), "source", source, "port", (int)answer->question.port,
		"proto", word_of(words_l4, answer->question.l4), "interface",
		json_clean(explanation->interface), "mode",
		mode_word(explanation->enforce ? RW_POLICY_ENFORCE : 0), "enforced",
		explanation->enforce, "generation", (json_int_t)explanation->generation, "meaning",
		meaning_text(answer), "remedies", json_remedies(&answer->remedies));
	if (answer->attempt)
		json_object_set_new(root, "attempt", json_last(answer->attempt));
	return root;
}

/* --- for people ------------------------------------------------------------------------------- */

static void report_tell(const struct answer_sink *sink, const char *key, enum style style,
			const char *format, ...) __attribute__((format(printf, 4, 5)));

static void report_tell(const struct answer_sink *sink, const char *key, enum style style,
			const char *format, ...)
{
	char text[1024];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	sink->fact(sink->context, key, style, text);
}

static const char *verdict_text(const struct explanation *explanation)
{
	if (!explanation->drop)
		return "passes";
	return explanation->enforce ? "is dropped"
				    : "passes, because of mode observe; it would be dropped";
}

static void tell_rule(const struct answer_sink *sink, const struct answer *answer)
{
	const struct rule *rule = rule_shown(answer);
	char ports[PORTS_TEXT_MAX], zones[PEERS_TEXT_MAX];

	if (!rule)
		return;
	report_tell(sink, "Rule", STYLE_PLAIN, "%s/%s: %s/%s, open from %s", rule->role,
		    rule->service, ports_text(rule->port, rule->port_end, ports),
		    word_of(words_l4, rule->l4), peers_text(rule->zones, rule, zones));
	report_tell(sink, "Origin", STYLE_PLAIN, "%s", rule->origin);
}

static void tell_last(const struct answer_sink *sink, const struct attempt *attempt)
{
	char when[TIME_TEXT_MAX];

	if (!attempt)
		return;
	report_tell(sink, "Attempt", STYLE_PLAIN, "%llu packet%s refused as %s, last %s",
		    attempt->record.packets, attempt->record.packets == 1 ? "" : "s",
		    reason_name(attempt->record.reason),
		    attempt->last_ns ? time_text_ns(attempt->last_ns, when) : "at an unknown time");
}

void answer_tell(const struct answer *answer, const struct answer_sink *sink)
{
	const struct explanation *explanation = &answer->explanation;
	const char *zone = zone_name(explanation->zone);
	char source[CIDR_TEXT_MAX];

	cidr_format(answer->question.source, 128, source);
	report_tell(sink, "Packet", STYLE_BOLD, "%s from %s to port %u/%s on %s",
		    answer->question.l4 == RW_L4_TCP ? "a new connection" : "a datagram", source,
		    answer->question.port, word_of(words_l4, answer->question.l4),
		    explanation->interface);
	report_tell(sink, "Verdict", explanation->drop ? STYLE_BAD : STYLE_GOOD, "%s",
		    verdict_text(explanation));
	report_tell(sink, "Reason", STYLE_PLAIN, "%s: %s", reason_text(answer),
		    meaning_text(answer));
	if (zone)
		report_tell(sink, "Zone", STYLE_PLAIN, "%s", zone);
	tell_rule(sink, answer);
	report_tell(sink, "Hook", STYLE_PLAIN, "%s, generation %u", hook_word(explanation->hook),
		    explanation->generation);
	tell_last(sink, answer->attempt);
	for (size_t i = 0; i < answer->remedies.count; i++)
		report_tell(sink, i ? "  or" : "To change it", STYLE_PLAIN, "%s",
			    answer->remedies.list[i]);
}

/* --- finding it ------------------------------------------------------------------------------- */

bool answer_question(const struct attempt *attempt, struct question *ret)
{
	const struct rw_attempt *record = &attempt->record;

	if (!record->port || (record->l4 != IPPROTO_TCP && record->l4 != IPPROTO_UDP))
		return false;
	memcpy(ret->source, record->source, sizeof(ret->source));
	ret->port = record->port;
	ret->l4 = record->l4 == IPPROTO_TCP ? RW_L4_TCP : RW_L4_UDP;
	ret->interface = attempt->interface;
	return true;
}

int answer_find(const struct settings *settings, struct answer *answer, struct error *ret_error)
{
	_cleanup_(explainer_close) struct explainer *explainer = NULL;
	int r = explainer_open(&settings->instance, &explainer, ret_error);

	if (!r)
		r = explainer_ask(explainer, &answer->question, &answer->explanation, ret_error);
	if (!r)
		remedies_find(settings, &answer->question, &answer->explanation, &answer->remedies);
	return r;
}
