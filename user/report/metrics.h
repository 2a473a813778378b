/* SPDX-License-Identifier: GPL-2.0 */
/*
 * metrics.h - what is in force and what it has counted, as Prometheus reads it (text format 0.0.4).
 * No source address is ever a label.
 */
#pragma once

#include <stdint.h>
#include <stdio.h>

#include "kernel/object/instance.h"
#include "util/error.h"

/* Where nothing is applied, the metrics say just that. 0 or -errno. */
int metrics_write(FILE *file, const struct instance *instance, struct error *ret_error);

/* For those who have more to tell: "# HELP" and "# TYPE", and a sample without labels. */
void metric_head(FILE *file, const char *name, const char *type, const char *help);
void metric_value(FILE *file, const char *name, uint64_t value);
