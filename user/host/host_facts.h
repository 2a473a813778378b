/* SPDX-License-Identifier: GPL-2.0 */
/*
 * host_facts.h - what this host looks like: the facts that a first node file is made of.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "host/device.h"
#include "host/published.h"
#include "host/session.h"
#include "host/sshd.h"
#include "policy/cidr.h"
#include "util/error.h"

struct host_interface {
	struct device device;
	bool is_default;       /* the way to the Internet, over IPv4 or IPv6 */
	bool has_session;      /* the caller's SSH session comes in here */
	struct cidr *networks; /* owned; of its addresses, link-local ones left out */
	size_t network_count;
};

struct host_facts {
	char host[256];			   /* full name if there is one; "localhost" at worst */
	struct host_interface *interfaces; /* owned */
	size_t interface_count;
	const char *root; /* borrowed; where its files are: "" for this system */
	char **packages;  /* owned, each of them too; names, installed */
	size_t package_count;
	char **containers; /* the same: images, and names of compose projects */
	size_t container_count;
	uint8_t listens[65536 / 8]; /* a bit for each TCP port, loopback left out */
	struct published published; /* owned; handed on to containers and others */
	bool has_session;
	struct session session;
	struct sshd_ports sshd; /* where it listens; the session's port is one of them */
};

/*
 * `root`: "" for this system; else files and packages are looked for below it, the rest here all the
 * same. It must outlive the facts.
 */
int host_facts_read(const char *root, struct host_facts *ret, struct error *ret_error);

/* The interfaces alone: devices, networks, which one leads to the Internet. To be freed as all of it. */
int host_interfaces_read(struct host_facts *ret, struct error *ret_error);

/* No network of it is public. */
bool host_interface_is_private(const struct host_interface *interface);

/* Of containers or virtual machines, if this host routes for any. */
bool host_interface_is_guest_bridge(const struct host_interface *interface);

void host_facts_free(struct host_facts *facts);
