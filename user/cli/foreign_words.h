/* SPDX-License-Identifier: GPL-2.0 */
/*
 * foreign_words.h - what other firewalls call things, and what does the same here.
 */
#pragma once

#include <stddef.h>

/* What to say about a verb or an option (without dashes) of another firewall; NULL: none is known. */
const char *foreign_verb_hint(const char *verb);
const char *foreign_option_hint(const char *option);
