/* SPDX-License-Identifier: GPL-2.0 */
/*
 * say.h - the log: lines on stderr, which is the journal under systemd. The daemon writes it; the
 * verbs have messages of their own (cli/message.h), and write SAY_DEBUG only.
 */
#pragma once

#include <stdbool.h>

#include "util/error.h"

/* As syslog(3) has them. */
enum say_level { SAY_ERROR = 3, SAY_WARNING = 4, SAY_NOTICE = 5, SAY_INFO = 6, SAY_DEBUG = 7 };

/* SAY_DEBUG is said after say_verbose() (--verbose), or with ROLEWALL_DEBUG in the environment. */
void say_verbose(void);
bool say_is_verbose(void);

void say(enum say_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* `before` is what did not succeed, as in "cannot reload". */
void say_error(enum say_level level, const char *before, const struct error *error);
