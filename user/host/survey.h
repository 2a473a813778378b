/* SPDX-License-Identifier: GPL-2.0 */
/*
 * survey.h - what this host looks like: the facts that a first node file is made of.
 */
#ifndef ROLEWALL_KERNEL_SURVEY_H
#define ROLEWALL_KERNEL_SURVEY_H

#include <stdbool.h>
#include <stddef.h>

#include "host/device.h"
#include "host/session.h"
#include "policy/cidr.h"
#include "util/error.h"

struct survey_interface {
	struct device device;
	bool is_default;       /* the way to the Internet, over IPv4 or IPv6 */
	bool has_session;      /* the caller's SSH session comes in here */
	struct cidr *networks; /* owned; of its addresses, link-local ones left out */
	size_t network_count;
};

struct survey {
	char host[256];			     /* full name if there is one; "localhost" at worst */
	struct survey_interface *interfaces; /* owned */
	size_t interface_count;
	char **packages; /* owned, each of them too; names, installed */
	size_t package_count;
	bool has_session;
	struct session session;
};

int survey_read(struct survey *ret, struct error *ret_error);
void survey_free(struct survey *survey);

#endif
