/* SPDX-License-Identifier: GPL-2.0 */
/* rows.h - the rows of the requirements, by what they look at. Each adds its checks. */
#pragma once

#include "preflight/check.h"
#include "preflight/request.h"
#include "util/error.h"

struct disk {
	const char *where; /* the directory whose file system this is */
	uint64_t total;	   /* bytes */
	uint64_t free;
	bool installed; /* the product is there already */
};

void hardware_check(const struct preflight_request *request, struct checks *checks);
void disk_check(const struct preflight_request *request, const struct disk *disk,
		struct checks *checks);
void system_check(const struct preflight_request *request, struct checks *checks);
void redhat_check(const struct preflight_request *request, struct checks *checks);
int names_check(const struct preflight_request *request, struct checks *checks,
		struct error *ret_error);
void enforcer_check(const struct preflight_request *request, struct checks *checks);
