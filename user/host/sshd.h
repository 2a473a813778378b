/* SPDX-License-Identifier: GPL-2.0 */
/*
 * sshd.h - the ports on which this host's SSH server listens, loopback left out.
 *
 * As root: the sockets of a process called sshd or dropbear. A socket that systemd holds for it, or
 * whose holder may not be looked at, counts if sshd_config(5) names its port.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SSHD_PORTS_MAX 8

struct sshd_ports {
	uint16_t list[SSHD_PORTS_MAX]; /* host order; each once, ascending */
	size_t count;
};

/* Nothing is found where nothing can be read. */
void sshd_ports_find(struct sshd_ports *ret);
/* Unless it is there, or there is no room. */
void sshd_ports_add(struct sshd_ports *ports, uint16_t port);
bool sshd_ports_have(const struct sshd_ports *ports, uint16_t port);

/* The ports that the text of a sshd_config(5) names: "Port" and "ListenAddress". Pure. */
void sshd_config_read(const char *text, struct sshd_ports *ret);
