/* SPDX-License-Identifier: GPL-2.0 */
/* question.c - what is asked before the node is changed, and what the answer does. */
#include "live/question.h"

#include <netinet/in.h>
#include <string.h>

/* Why it cannot be asked, or NULL. */
static const char *ask_refusal(const struct view *view, const struct row *row, enum prompt prompt)
{
	bool port_only = view->request.group == GROUP_PORT && !row->folded;

	if (prompt == PROMPT_BAN && row->folded && row->key.kind != FOLD_SOURCE)
		return "many sources: choose one (Enter shows them one by one)";
	if (prompt == PROMPT_BAN && port_only)
		return "many sources: choose one (d shows them one by one)";
	if (prompt != PROMPT_OPEN)
		return NULL;
	if (row->folded)
		return "choose one attempt (Enter shows them one by one)";
	if (view->request.group != GROUP_NONE)
		return "choose one attempt (s or d shows them one by one)";
	if (!row->attempt->record.port || !attempt_has_port(&row->attempt->record))
		return "only a TCP or UDP port can be opened";
	return NULL;
}

void question_ask(struct view *view, enum prompt prompt)
{
	const struct row *row = view_row(view);
	const char *refusal = row ? ask_refusal(view, row, prompt) : NULL;

	if (!row)
		return;
	view_copy(row, &view->asked, &view->asked_attempt);
	if (refusal)
		view_say(view, STYLE_CARE, "%s", refusal);
	else
		view->prompt = prompt;
}

static void ask_of_entry(struct view *view, const struct timeout *entry, enum prompt prompt)
{
	view->asked_entry = *entry;
	view->asked_entry.who = view->asked_entry.reason = "";
	view->prompt = prompt;
}

/* The narrowest one that is about this attempt. */
static const struct timeout *entry_find(const struct timeout_list *list,
					const struct attempt *attempt, bool open)
{
	struct cidr host = {.length = 128};
	const struct timeout *best = NULL;
	uint8_t l4 = attempt->record.l4 == IPPROTO_TCP ? RW_L4_TCP : RW_L4_UDP;

	memcpy(host.source, attempt->record.source, sizeof(host.source));
	for (size_t i = 0; i < list->count; i++) {
		const struct timeout *entry = &list->list[i];

		if (open && (entry->port != attempt->record.port || entry->l4 != l4))
			continue;
		if (cidr_covers(&entry->source, &host) &&
		    (!best || entry->source.length > best->source.length))
			best = entry;
	}
	return best;
}

/* PROMPT_UNBAN or PROMPT_CLOSE, of what is chosen in the list or what is about the attempt. */
void question_ask_end(struct view *view, enum prompt prompt)
{
	bool close = prompt == PROMPT_CLOSE, is_opening = close;
	const struct row *row = view_row(view);
	const struct timeout *entry =
		row ? entry_find(close ? &view->source->openings : &view->source->bans,
				 row->attempt, close)
		    : NULL;

	if (view->tab == TAB_LISTS)
		entry = view_entry(view, view->selected[TAB_LISTS], &is_opening);
	if (!entry && view->tab == TAB_LISTS)
		return;
	if (!entry)
		view_say(view, STYLE_PLAIN,
			 close ? "no opening is about this attempt" : "its source is not banned");
	else if (is_opening != close)
		view_say(view, STYLE_CARE,
			 close ? "that is a ban: u takes it away"
			       : "that is an opening: c ends it");
	else
		ask_of_entry(view, entry, prompt);
}

/* --- answers ---------------------------------------------------------------------------------- */

const char *question_term(const struct view *view)
{
	return view->prompt == PROMPT_OPEN ? view->actions->open_terms.words[view->open_term]
					   : view->actions->ban_terms.words[view->ban_term];
}

/* Longer or shorter. False: the key is another, or the question has no time. */
static bool term_key(struct view *view, int key)
{
	bool open = view->prompt == PROMPT_OPEN, longer = key == '+' || key == '=';
	size_t count = open ? view->actions->open_terms.count : view->actions->ban_terms.count;
	size_t *term = open ? &view->open_term : &view->ban_term;

	if (view->prompt != PROMPT_BAN && view->prompt != PROMPT_OPEN)
		return false;
	if (!longer && key != '-')
		return false;
	if (longer)
		*term += *term + 1 < count;
	else
		*term -= *term > 0;
	return true;
}

static int question_do(struct view *view, enum prompt prompt, const char *term,
		       struct error *ret_error)
{
	const struct view_actions *actions = view->actions;

	switch (prompt) {
	case PROMPT_BAN:
		return actions->ban(actions->context, &view->asked, term, ret_error);
	case PROMPT_OPEN:
		return actions->open(actions->context, &view->asked, term, ret_error);
	case PROMPT_UNBAN:
		return actions->unban(actions->context, &view->asked_entry.source, ret_error);
	default:
		return actions->close(actions->context, view->asked_entry.id, ret_error);
	}
}

void question_answer(struct view *view, int key)
{
	enum prompt prompt = view->prompt;
	const char *term = question_term(view);
	struct error error = {0};

	if (term_key(view, key))
		return;
	view->prompt = PROMPT_NONE;
	if (key != 'y' && key != 'Y')
		view_say(view, STYLE_PLAIN, "nothing was changed");
	else if (question_do(view, prompt, term, &error))
		view_say_error(view, &error);
	else if (prompt == PROMPT_BAN)
		view_say(view, STYLE_GOOD, "banned for %s; u takes the ban away", term);
	else if (prompt == PROMPT_OPEN)
		view_say(view, STYLE_GOOD, "open for %s; c closes it", term);
	else
		view_say(view, STYLE_GOOD,
			 prompt == PROMPT_UNBAN
				 ? "the ban is taken away"
				 : "the opening is closed: the policy decides again");
}
