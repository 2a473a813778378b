/* SPDX-License-Identifier: GPL-2.0 */
/* explain_report.c - what explain says. */
#include "cli/explain_report.h"

#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/print.h"
#include "cli/expiry.h"
#include "kernel/lists/bans.h"
#include "kernel/lists/reasons.h"
#include "kernel/observe/snapshot.h"
#include "policy/words.h"
#include "util/cleanup.h"
#include "util/reason.h"

void answer_free(struct answer *answer)
{
	free(answer->ban_text);
}

static bool answer_is_loopback(const struct answer *answer)
{
	return answer->explanation.zone == 0;
}

static bool is_udp(const struct answer *answer)
{
	return answer->explanation.recalled ? answer->explanation.protocol == IPPROTO_UDP
					    : answer->question.l4 == RW_L4_UDP;
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
	/* UDP has no SYN: a port that is shut, and an answer to nothing, are one reason. */
	if (answer->explanation.reason == RW_REASON_NO_CONNECTION && is_udp(answer))
		return "no rule opens this UDP port, and the datagram answers nothing that this "
		       "node asked";
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
				       explanation->reason != RW_REASON_RATE_LIMITED &&
				       explanation->reason != RW_REASON_OPENING))
		return NULL;
	return &explanation->rule;
}

/* NULL: it could not be read. */
static const char *proto_text(const struct answer *answer, char ret[PROTOCOL_TEXT_MAX])
{
	return answer->explanation.recalled ? protocol_text(answer->explanation.protocol, ret)
					    : word_of(words_l4, answer->question.l4);
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
	char source[CIDR_TEXT_MAX], proto[PROTOCOL_TEXT_MAX];
	json_t *root;

	cidr_format(answer->question.source, 128, source);
	root = json_make(
		"{s:b, s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:s, s:s, s:i, s:o, s:o, s:s, s:b, s:I, "
		"s:s, s:o}",
		"asked", !explanation->recalled, "verdict", explanation->drop ? "drop" : "pass",
		"reason", reason_text(answer), "rule", json_rule_name(rule), "origin",
		json_clean(rule ? rule->origin : NULL), "limit",
		rule ? json_limit(&rule->limit) : json_null(), "zone",
		json_clean(zone_name(explanation->zone)), "sets", json_names(explanation->sets),
		"hook", hook_word(explanation->hook), "source", source, "port",
		(int)answer->question.port, "proto", json_clean(proto_text(answer, proto)),
		"interface", json_clean(explanation->interface), "mode",
		mode_word(explanation->enforce ? RW_POLICY_ENFORCE : 0), "enforced",
		explanation->enforce, "generation", (json_int_t)explanation->generation, "meaning",
		meaning_text(answer), "remedies", json_remedies(&answer->remedies));
	if (answer->attempt)
		json_object_set_new(root, "attempt", json_last(answer->attempt));
	if (answer->ban_text)
		json_object_set_new(root, "ban", json_timeout(&answer->ban));
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
	if (explanation->recalled)
		return explanation->enforce
			       ? "was dropped"
			       : "passed, because of mode observe; it would be dropped";
	if (!explanation->drop)
		return "passes";
	return explanation->enforce ? "is dropped"
				    : "passes, because of mode observe; it would be dropped";
}

static void tell_rule(const struct answer_sink *sink, const struct answer *answer)
{
	const struct rule *rule = rule_shown(answer);
	char ports[PORTS_TEXT_MAX], zones[PEERS_TEXT_MAX], limit[LIMIT_TEXT_MAX];

	if (!rule)
		return;
	report_tell(sink, "Rule", STYLE_PLAIN, "%s/%s: %s/%s, open from %s", rule->role,
		    rule->service, ports_text(rule->port, rule->port_end, ports),
		    word_of(words_l4, rule->l4), peers_text(rule->zones, rule, zones));
	if (rule->limit.count)
		report_tell(sink, "Limit", STYLE_PLAIN, "%s, for each source",
			    limit_format(&rule->limit, limit));
	report_tell(sink, "Origin", STYLE_PLAIN, "%s", rule->origin);
}

/* A ban for each of its reasons: who, why, since when, how long. */
static void tell_ban(const struct answer_sink *sink, const struct answer *answer)
{
	char source[CIDR_TEXT_MAX], since[TIME_TEXT_MAX], expires[TIME_TEXT_MAX];
	_reasons_ struct reasons reasons = {0};

	if (!answer->ban_text || reasons_read(&answer->ban, &reasons))
		return;
	cidr_format(answer->ban.source.source, answer->ban.source.length, source);
	for (size_t i = 0; i < reasons.count; i++) {
		const struct reason *reason = &reasons.list[i];

		report_tell(sink, i ? "  and" : "Ban", STYLE_PLAIN, "%s by %s%s%s, %s%s: %s",
			    source, reason->who, reason->since ? " since " : "",
			    reason->since ? time_text(reason->since, since) : "",
			    reason->expires ? "until " : "without an end",
			    reason->expires ? expires_text(reason->expires, expires) : "",
			    *reason->text ? reason->text : "no reason was given");
	}
}

static void tell_sets(const struct answer_sink *sink, const struct answer *answer)
{
	char source[CIDR_TEXT_MAX];

	if (!answer->explanation.sets[0])
		return;
	cidr_format(answer->question.source, 128, source);
	report_tell(sink, "Sets", STYLE_PLAIN, "%s is in %s", source, answer->explanation.sets);
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

/* "a new connection", "a datagram", "a TCP segment", "a packet of vrrp" */
static void tell_packet(const struct answer_sink *sink, const struct answer *answer)
{
	const struct explanation *explanation = &answer->explanation;
	char source[CIDR_TEXT_MAX], text[PROTOCOL_TEXT_MAX], port[32] = "";
	const char *proto = proto_text(answer, text);
	bool is_tcp = proto && !strcmp(proto, "tcp");

	cidr_format(answer->question.source, 128, source);
	if (answer->question.port)
		snprintf(port, sizeof(port), " to port %u/%s", answer->question.port,
			 proto ? proto : "?");
	if (is_tcp || is_udp(answer))
		report_tell(sink, "Packet", STYLE_BOLD, "%s from %s%s on %s",
			    !is_tcp		    ? "a datagram"
			    : explanation->recalled ? "a TCP segment"
						    : "a new connection",
			    source, port, explanation->interface);
	else
		report_tell(sink, "Packet", STYLE_BOLD, "a packet of %s from %s on %s",
			    proto ? proto : "an unreadable protocol", source,
			    explanation->interface);
}

void answer_tell(const struct answer *answer, const struct answer_sink *sink)
{
	const struct explanation *explanation = &answer->explanation;
	const char *zone = zone_name(explanation->zone);

	tell_packet(sink, answer);
	report_tell(sink, "Verdict", explanation->drop ? STYLE_BAD : STYLE_GOOD, "%s",
		    verdict_text(explanation));
	report_tell(sink, "Reason", STYLE_PLAIN, "%s: %s", reason_text(answer),
		    meaning_text(answer));
	if (zone)
		report_tell(sink, "Zone", STYLE_PLAIN, "%s", zone);
	tell_sets(sink, answer);
	tell_rule(sink, answer);
	tell_ban(sink, answer);
	if (!explanation->recalled)
		report_tell(sink, "Hook", STYLE_PLAIN, "%s, generation %u",
			    hook_word(explanation->hook), explanation->generation);
	tell_last(sink, answer->attempt);
	for (size_t i = 0; i < answer->remedies.count; i++)
		report_tell(sink, i ? "  or" : "To change it", STYLE_PLAIN, "%s",
			    answer->remedies.list[i]);
}

/* --- finding it ------------------------------------------------------------------------------- */

/* Would a new connection, or a datagram, that is made up be refused for the same reason? */
static bool is_askable(const struct rw_attempt *record)
{
	if (!record->port || !attempt_has_port(record))
		return false;
	switch ((enum rw_reason)record->reason) {
	case RW_REASON_NOT_OPEN:
	case RW_REASON_ZONE_DENIED:
	case RW_REASON_BANNED:
	case RW_REASON_IPV6_OFF:
		return true;
	case RW_REASON_NO_CONNECTION:
		return record->l4 == IPPROTO_UDP;
	default:
		return false;
	}
}

static void question_make(const struct attempt *attempt, struct question *ret)
{
	const struct rw_attempt *record = &attempt->record;

	memcpy(ret->source, record->source, sizeof(ret->source));
	ret->port = record->port;
	ret->l4 = record->l4 == IPPROTO_UDP ? RW_L4_UDP : RW_L4_TCP;
	ret->interface = attempt->interface;
}

/* What the record says, and of what is in force what the remedies need. */
static int attempt_recall(const struct settings *settings, struct answer *answer,
			  struct error *ret_error)
{
	const struct attempt *attempt = answer->attempt;
	struct explanation *ret = &answer->explanation;
	_cleanup_(snapshot_free) struct snapshot snapshot = {0};
	int r = snapshot_read(&settings->instance, &snapshot, ret_error);

	if (r)
		return r;
	*ret = (struct explanation){
		.recalled = true,
		.zone = attempt->zone,
		.reason = attempt->record.reason,
		.drop = true,
		.enforce = !attempt->record.observed,
		.generation = snapshot.generation,
		.protocol = attempt->record.l4,
	};
	memcpy(ret->interface, attempt->interface, sizeof(ret->interface));
	memcpy(ret->profile, snapshot.profile, sizeof(ret->profile));
	memcpy(ret->roles, snapshot.roles, sizeof(ret->roles));
	memcpy(ret->node_file, snapshot.node_file, sizeof(ret->node_file));
	return 0;
}

static int question_ask(const struct settings *settings, struct answer *answer,
			struct error *ret_error)
{
	_cleanup_(explainer_close) struct explainer *explainer = NULL;
	int r = explainer_open(&settings->instance, &explainer, ret_error);

	if (!r)
		r = explainer_ask(explainer, &answer->question, &answer->explanation, ret_error);
	return r;
}

/* A copy outlives the store, whose lock nobody has to wait for. */
static void ban_keep(const struct timeout *ban, struct answer *answer)
{
	size_t who = strlen(ban->who) + 1, reason = strlen(ban->reason) + 1;
	char *text = malloc(who + reason);

	if (!text)
		return;
	answer->ban = *ban;
	answer->ban.who = memcpy(text, ban->who, who);
	answer->ban.reason = memcpy(text + who, ban->reason, reason);
	answer->ban_text = text;
}

/* Who banned it, and why: the list knows. That it is over by now, or cannot be read, is no error. */
static void ban_find(const struct settings *settings, struct answer *answer)
{
	struct timeout ban = {.source = answer->explanation.ban};
	_store_ struct store store = STORE_NONE;
	_free_ char *text = NULL;

	if (answer->explanation.reason == RW_REASON_BANNED && !answer->explanation.recalled &&
	    bans_open_for_one(&settings->instance, &store, NULL) == 0 &&
	    bans_look_up(&store, &ban, &text, NULL) == 0)
		ban_keep(&ban, answer);
}

int answer_find(const struct settings *settings, struct answer *answer, struct error *ret_error)
{
	bool recall = answer->attempt && !is_askable(&answer->attempt->record);
	int r;

	if (answer->attempt)
		question_make(answer->attempt, &answer->question);
	r = recall ? attempt_recall(settings, answer, ret_error)
		   : question_ask(settings, answer, ret_error);
	if (r)
		return r;
	ban_find(settings, answer);
	remedies_find(settings, &answer->question, &answer->explanation, &answer->remedies);
	return 0;
}
