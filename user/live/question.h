/* SPDX-License-Identifier: GPL-2.0 */
/* question.h - bans and openings from the view: yes or no, and for how long. Knows no terminal. */
#pragma once

#include "live/view.h"

/* PROMPT_BAN or PROMPT_OPEN, of the row that is chosen; or say why that cannot be. */
void question_ask(struct view *view, enum prompt prompt);

/* PROMPT_UNBAN or PROMPT_CLOSE, of what is chosen in the lists, or is about the row chosen. */
void question_ask_end(struct view *view, enum prompt prompt);

/* The word for how long, in the question that is asked. */
const char *question_term(const struct view *view);

void question_answer(struct view *view, int key);
