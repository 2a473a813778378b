/* SPDX-License-Identifier: GPL-2.0 */
/*
 * serve.h - the daemon: the work to do while a policy is in force.
 *
 * Enforcement does not need it. It puts the confirmed policy in force after a reboot, restores bans
 * and openings and ends those whose time is over, attaches to interfaces that come, takes back what
 * was not confirmed in time, collects attempts for subscribers, journal, log file and metrics.
 */
#pragma once

#include "daemon/options.h"
#include "util/error.h"

/*
 * Until SIGTERM or SIGINT. -EBUSY: another daemon serves this instance; otherwise as
 * install_policy() and policy_compile() have it: a daemon that cannot put in force what it should
 * does not start. One that has nothing to put in force serves, and notices the next `apply`.
 */
int serve_run(const struct serve_options *options, struct error *ret_error);
