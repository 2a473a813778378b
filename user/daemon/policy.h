/* SPDX-License-Identifier: GPL-2.0 */
/* policy.h - the daemon's ways to put a policy in force: at the boot, and on SIGHUP. */
#pragma once

#include "daemon/options.h"
#include "util/error.h"

/*
 * Nothing is in force: apply the policy that was confirmed last, whatever the node file says by now
 * (a change that was never confirmed does not come into force by a reboot). Where none was,
 * nothing: that is no error. Where its copy cannot be used, the node file in mode observe. The copy
 * stays as it is. -ESTALE: what filters has lost its pins, and there is no copy to replace it with.
 */
int policy_boot(const struct serve_options *options, struct error *ret_error);

/* Apply the node file. On failure the policy in force stays. -EAGAIN: a change is under way. */
int policy_reload(const struct serve_options *options, struct error *ret_error);
