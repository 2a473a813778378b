/* SPDX-License-Identifier: GPL-2.0 */
/* os.h - which distribution stands below a root. */
#pragma once

#include "preflight/root.h"

/* Out of os-release(5); empty where it does not say. */
struct os {
	char id[32]; /* "ubuntu", "rhel" */
	char version[32];
	char name[96]; /* for people */
};

struct os os_read(const struct root *root);

/* That distribution, and that version or one behind its dot: "8" is also 8.9. */
bool os_is(const struct os *os, const char *id, const char *version);
