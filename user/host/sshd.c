/* SPDX-License-Identifier: GPL-2.0 */
/* sshd.c - sockets, who holds them, and sshd_config. */
#include "host/sshd.h"

#include <ctype.h>
#include <glob.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "host/device.h"
#include "host/processes.h"
#include "host/sockets.h"
#include "policy/cidr.h"
#include "util/cleanup.h"
#include "util/file.h"

#define SSH_PORT   22
#define CONFIG_MAX (1 << 20)

bool sshd_ports_have(const struct sshd_ports *ports, uint16_t port)
{
	for (size_t i = 0; i < ports->count; i++)
		if (ports->list[i] == port)
			return true;
	return false;
}

void sshd_ports_add(struct sshd_ports *ports, uint16_t port)
{
	size_t at = ports->count;

	if (!port || at == SSHD_PORTS_MAX || sshd_ports_have(ports, port))
		return;
	for (; at && ports->list[at - 1] > port; at--)
		ports->list[at] = ports->list[at - 1];
	ports->list[at] = port;
	ports->count++;
}

static void text_add(struct sshd_ports *ports, const char *digits)
{
	unsigned long port = strtoul(digits, NULL, 10);

	if (port <= UINT16_MAX)
		sshd_ports_add(ports, (uint16_t)port);
}

/* --- sshd_config ------------------------------------------------------------------------------ */

/* "0.0.0.0:2222", "[::]:2222"; an address alone leaves the port to "Port". */
static void listen_address_read(const char *text, size_t length, struct sshd_ports *ret)
{
	char word[128];
	const char *colon;

	if (length >= sizeof(word))
		return;
	memcpy(word, text, length);
	word[length] = '\0';
	colon = strrchr(word, ':');
	if (colon && (strchr(word, ']') ? colon[-1] == ']' : strchr(word, ':') == colon))
		text_add(ret, colon + 1);
}

static void line_read(const char *line, struct sshd_ports *ret)
{
	const char *value;

	line += strspn(line, " \t");
	value = line + strcspn(line, " \t=\r\n");
	value += strspn(value, " \t=\"");
	if (!strncasecmp(line, "Port", 4) && !isalpha((unsigned char)line[4]))
		text_add(ret, value);
	else if (!strncasecmp(line, "ListenAddress", 13))
		listen_address_read(value, strcspn(value, " \t\r\n\""), ret);
}

void sshd_config_read(const char *text, struct sshd_ports *ret)
{
	while (*text) {
		line_read(text, ret);
		text += strcspn(text, "\n");
		text += *text == '\n';
	}
}

static void config_add(const char *path, struct sshd_ports *ret)
{
	_free_ char *text = NULL;
	size_t size;

	if (file_read(path, CONFIG_MAX, &text, &size, NULL) == 0)
		sshd_config_read(text, ret);
}

static void configured_find(struct sshd_ports *ret)
{
	glob_t found = {0};

	config_add("/etc/ssh/sshd_config", ret);
	if (!glob("/etc/ssh/sshd_config.d/*.conf", 0, NULL, &found))
		for (size_t i = 0; i < found.gl_pathc; i++)
			config_add(found.gl_pathv[i], ret);
	globfree(&found);
	if (!ret->count)
		sshd_ports_add(ret, SSH_PORT);
}

/* --- sockets ---------------------------------------------------------------------------------- */

static bool is_loopback(const struct socket_entry *socket)
{
	static const uint8_t ipv6[16] = {[15] = 1};

	return socket->interface == LOOPBACK_IFINDEX || !memcmp(socket->local, ipv6, 16) ||
	       (cidr_is_ipv4(socket->local, 128) && socket->local[12] == 127);
}

static bool is_of_sshd(const struct socket_entry *socket, const struct socket_holders *holders,
		       const struct sshd_ports *configured)
{
	const struct socket_holder *holder = socket_holder_find(holders, socket->inode);

	if (holder && (!strcmp(holder->name, "sshd") || !strcmp(holder->name, "dropbear")))
		return true;
	return (!holder || !strcmp(holder->name, "systemd")) &&
	       sshd_ports_have(configured, socket->local_port);
}

void sshd_ports_find(struct sshd_ports *ret)
{
	const struct sockets_wanted wanted = {.tcp = 1 << TCP_LISTEN};
	_cleanup_(socket_holders_free) struct socket_holders holders = {0};
	_cleanup_(sockets_free) struct sockets sockets = {0};
	struct sshd_ports configured = {0};

	*ret = (struct sshd_ports){0};
	if (sockets_read(&wanted, &sockets, NULL))
		return;
	/* Without holders every socket is one whose holder is unknown. */
	socket_holders_read(&holders, NULL);
	configured_find(&configured);
	for (size_t i = 0; i < sockets.count; i++)
		if (!is_loopback(&sockets.list[i]) &&
		    is_of_sshd(&sockets.list[i], &holders, &configured))
			sshd_ports_add(ret, sockets.list[i].local_port);
}
