/* SPDX-License-Identifier: GPL-2.0 */
/*
 * autoconf.h - which devices get their addresses or ways from the network: by DHCP, by router
 * advertisements. In doubt they do: a node that loses its lease is lost.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct autoconf_device {
	uint32_t ifindex;
	bool has_ipv4; /* an address */
	uint8_t uses;  /* RW_ACCEPTS_*: an address with a lifetime, or a way, came so */
};

struct autoconf {
	struct autoconf_device *list; /* owned */
	size_t count;
	uint8_t listens; /* RW_ACCEPTS_*: a process waits for them, on whichever device */
	bool is_known;	 /* all of it could be read */
};

/* What cannot be read counts as used. */
void autoconf_read(struct autoconf *ret);
void autoconf_free(struct autoconf *autoconf);

/* RW_ACCEPTS_* that the device of this name uses. One that is not there may use all of them. */
uint8_t autoconf_uses(const struct autoconf *autoconf, const char *name);
