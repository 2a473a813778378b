/* SPDX-License-Identifier: GPL-2.0 */
/* session.h - the SSH session that this command came by. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct session {
	uint8_t client[16]; /* network order; IPv4 as ::ffff:a.b.c.d */
	uint8_t server[16];
	uint16_t client_port; /* host order */
	uint16_t server_port;
	char scope[16]; /* interface of a link-local client; else empty */
};

/* What sshd puts into SSH_CONNECTION: "CLIENT PORT SERVER PORT". Pure. */
bool session_parse(const char *text, struct session *ret);

/*
 * Of this process or of the nearest ancestor that has one, so that sudo and su do not hide it.
 * False: there is none, or it cannot be read; `ret` is untouched.
 */
bool session_find(struct session *ret);
