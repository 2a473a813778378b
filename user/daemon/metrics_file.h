/* SPDX-License-Identifier: GPL-2.0 */
/* metrics_file.h - the metrics where the node exporter's textfile collector finds them. */
#pragma once

#include <stdio.h>

#include "kernel/object/instance.h"
#include "util/error.h"

#define METRICS_FILE_SECONDS 15

/*
 * Replace the file (0644): a reader sees the whole old text or the whole new one. `more` adds what
 * only the daemon knows.
 */
int metrics_file_write(const char *path, const struct instance *instance,
		       void (*more)(FILE *file, void *context), void *context,
		       struct error *ret_error);
