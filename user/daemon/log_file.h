/* SPDX-License-Identifier: GPL-2.0 */
/*
 * log_file.h - refused attempts as lines of JSON in a file, for other programs to read.
 *
 * A line is an attempt as the daemon's socket tells it (kernel/feed.h), or
 *	{"type": "omitted", "time", "attempts"}
 * for changes of attempts that were left out. Each is one write at the end of the file. Other
 * programs rotate the file: when the path names another file, or none, the daemon opens that one,
 * or makes it (0640), within a second. No signal is needed, since SIGHUP applies the node file.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "report/feed.h"

struct log_file {
	const char *path; /* NULL: none */
	int fd;		  /* -1: not open */
	bool torn;	  /* the last line was not written to its end */
	bool failing;	  /* that was said */
};

#define LOG_FILE_AT(at) ((struct log_file){.path = (at), .fd = -1})

void log_file_close(struct log_file *file);

/* Without a file they do nothing. An error is said once, and does not hinder the daemon. */
void log_file_attempt(struct log_file *file, const struct feed_attempt *attempt);
void log_file_omitted(struct log_file *file, uint64_t count);

/* Once a second. */
void log_file_tick(struct log_file *file);
