/* SPDX-License-Identifier: GPL-2.0 */
/* work.h - what allow.c and deny.c have in common. */
#pragma once

#include "edit/permit.h"
#include "policy/merge.h"

/* All that one call works with. */
struct work {
	const struct model *model;
	const struct permit *permit;
	struct merged merged;
	struct edit *edit;
	struct permit_result *result;
	struct error *error;
};

/* Its sources are checked, and its ports found. `merged` is to be freed in any case. */
int work_begin(struct work *work);

int work_no_memory(struct work *work);

/* Of what a function of services.h returned. */
int work_edited(struct work *work, int r);

/* Of what has been changed. 0 or -ENOMEM. */
int work_note(struct work *work, const char *format, ...) __attribute__((format(printf, 2, 3)));

#define PORTS_SIZE 24

/* "tcp 5432", "tcp,udp 20000-20100". Returns `ret`. */
const char *ports_name(const struct permit_ports *ports, char ret[PORTS_SIZE]);

/* ", tcp 22" where services of one name have several ports, else "". Returns `ret`. */
const char *ports_suffix(const struct work *work, const struct permit_ports *ports,
			 char ret[PORTS_SIZE + 2]);

struct permit_ports ports_of(const struct service_model *service);
bool ports_are_same(const struct permit_ports *a, const struct permit_ports *b);
bool ports_cover(const struct permit_ports *outer, const struct permit_ports *inner);

/* RW_ZONE_*, or 0: it is no zone. */
uint16_t zone_of(const char *source);
bool permit_has_source(const struct permit *permit, const char *source);

/* Of the role files, not of the node file. */
bool is_role_row(const struct row *row);

/* Do these zones let all of a source in? */
bool zones_admit(uint64_t zones, const char *source);

/* Does the service `index` of the node file, by its text? */
bool service_admits(const struct work *work, size_t index, const char *source);
