/* SPDX-License-Identifier: GPL-2.0 */
/*
 * say.h - the daemon's own words: on stderr, which is the journal under systemd.
 */
#pragma once

#include "util/error.h"

/* As syslog(3) has them. */
enum say_level { SAY_ERROR = 3, SAY_WARNING = 4, SAY_NOTICE = 5, SAY_INFO = 6 };

void say(enum say_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* `before` is what did not succeed, as in "cannot reload". */
void say_error(enum say_level level, const char *before, const struct error *error);
