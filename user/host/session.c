/* SPDX-License-Identifier: GPL-2.0 */
/* session.c - SSH_CONNECTION out of /proc/PID/environ, up the chain of parents. */
#include "host/session.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "util/cleanup.h"
#include "util/file.h"

#define ENVIRONMENT_MAX (4 << 20)
#define ANCESTORS_MAX	256 /* a chain that does not end is no chain */

static bool address_parse(const char *text, uint8_t ret[16])
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
	char plain[INET6_ADDRSTRLEN];

	/* A link-local client is "fe80::1%eth0". */
	snprintf(plain, sizeof(plain), "%.*s", (int)strcspn(text, "%"), text);
	if (inet_pton(AF_INET6, plain, ret) == 1)
		return true;
	if (inet_pton(AF_INET, plain, ret + sizeof(mapped)) != 1)
		return false;
	memcpy(ret, mapped, sizeof(mapped));
	return true;
}

/* "fe80::1%eth0" */
static void scope_parse(const char *text, char ret[16])
{
	const char *scope = strchr(text, '%');

	snprintf(ret, 16, "%.15s", scope ? scope + 1 : "");
}

bool session_parse(const char *text, struct session *ret)
{
	struct session session = {0};
	char client[80], server[80];
	int used = 0;

	if (sscanf(text, "%79s %hu %79s %hu%n", client, &session.client_port, server,
		   &session.server_port, &used) != 4 ||
	    text[used] || !address_parse(client, session.client) ||
	    !address_parse(server, session.server))
		return false;
	scope_parse(client, session.scope);
	*ret = session;
	return true;
}

static bool environment_search(const char *text, size_t size, struct session *ret)
{
	static const char name[] = "SSH_CONNECTION=";

	for (size_t at = 0; at < size; at += strlen(text + at) + 1)
		if (!strncmp(text + at, name, sizeof(name) - 1))
			return session_parse(text + at + sizeof(name) - 1, ret);
	return false;
}

static bool process_has_session(pid_t pid, struct session *ret)
{
	_free_ char *text = NULL;
	char path[64];
	size_t size;

	snprintf(path, sizeof(path), "/proc/%d/environ", pid);
	return file_read(path, ENVIRONMENT_MAX, &text, &size, NULL) == 0 &&
	       environment_search(text, size, ret);
}

/* 0: there is none. */
static pid_t process_parent(pid_t pid)
{
	_free_ char *text = NULL;
	const char *line;
	char path[64];
	size_t size;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	if (file_read(path, ENVIRONMENT_MAX, &text, &size, NULL))
		return 0;
	line = strstr(text, "\nPPid:");
	return line ? (pid_t)strtol(line + strlen("\nPPid:"), NULL, 10) : 0;
}

bool session_find(struct session *ret)
{
	const char *own = getenv("SSH_CONNECTION");
	pid_t pid = getpid();

	if (own && session_parse(own, ret))
		return true;
	for (int i = 0; i < ANCESTORS_MAX && pid > 0; i++) {
		if (process_has_session(pid, ret))
			return true;
		pid = process_parent(pid);
	}
	return false;
}
