/* SPDX-License-Identifier: GPL-2.0 */
/* options.h - what the daemon is started with. */
#pragma once

#include "daemon/flood.h"
#include "kernel/object/instance.h"

struct serve_options {
	struct instance instance;
	const char *config; /* node file */
	const char *roles_dir;
	const char *metrics_file; /* NULL: none */
	const char *log_file;	  /* of attempts; NULL: none */
	struct flood_limits flood;
};
