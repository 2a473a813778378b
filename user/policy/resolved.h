/* SPDX-License-Identifier: GPL-2.0 */
/*
 * resolved.h - what the names in sets were last resolved to, as the daemon keeps it:
 *
 *	{ "version": 1, "names": { "gw.example.net": { "addresses": ["203.0.113.7"], ... } } }
 *
 * Names are in lower case. Other keys of a name are the daemon's own.
 */
#pragma once

#include "policy/model.h"

/* Where the daemon keeps it, in the directory of what survives a reboot. */
#define RESOLVED_FILE "names.json"

/*
 * Append to each set the addresses of its hosts, from RESOLVED_FILE in `directory`. NULL, or a file
 * that is not there: no name has been resolved yet. 0 or -errno.
 */
int resolved_read(const char *directory, struct set_list *sets, struct error *ret_error);
