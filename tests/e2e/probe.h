/* SPDX-License-Identifier: GPL-2.0 */
/*
 * probe.h - what the subcommands of the probe share.
 *
 * The probe is the network side of the end-to-end tests: it listens, scans, floods and transfers
 * inside the namespaces of a lab. One process handles any number of ports, so that a scan of a
 * whole table takes one timeout. Errors end the process (err(3)): a test sees its exit code.
 */
#pragma once

#include <netinet/in.h>
#include <stdint.h>
#include <sys/socket.h>

/* A list of ports, in the order given. */
struct ports {
	uint16_t *list; /* owned, host order */
	size_t count;
};

/* An address and a port, of either family. */
struct endpoint {
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	};
	socklen_t length;
};

/* "22,80,8000-8010" -> 13 ports. Ends the process if the text is no such list. */
struct ports ports_parse(const char *text);
uint16_t port_parse(const char *text);

/* Numeric addresses only: no name is ever resolved. */
struct endpoint endpoint_parse(const char *address, uint16_t port);
struct endpoint endpoint_any(int family, uint16_t port);
void endpoint_set_port(struct endpoint *endpoint, uint16_t port);
uint16_t endpoint_port(const struct endpoint *endpoint);
const char *family_name(int family);

/* Bind it to a device, a VRF's too (SO_BINDTODEVICE); NULL: to none. */
void socket_tie(int fd, const char *device);

/* "ADDRESS PORT", in a static buffer. */
const char *endpoint_text(const struct endpoint *endpoint);

uint64_t number_parse(const char *text);

/* So long, or PATIENCE times as long where that is set (lab.sh): a busy machine is late. */
int patient_ms(int ms);

/* Milliseconds of a clock that only goes forward. */
int64_t now_ms(void);

/* RFC 1071, of an even number of bytes; in network order. */
uint16_t internet_checksum(const void *data, size_t length);

int probe_listen(int argc, char **argv);
int probe_scan(int argc, char **argv);
int probe_flood(int argc, char **argv);
int probe_exchange(int argc, char **argv);
int probe_late(int argc, char **argv);
int probe_source(int argc, char **argv);
int probe_sink(int argc, char **argv);
int probe_get(int argc, char **argv);
int probe_put(int argc, char **argv);
int probe_talk(int argc, char **argv);
int probe_query(int argc, char **argv);
int probe_send(int argc, char **argv);
int probe_group(int argc, char **argv);
int probe_syn(int argc, char **argv);
int probe_strays(int argc, char **argv);
int probe_pieces(int argc, char **argv);
int probe_serve(int argc, char **argv);
int probe_fetch(int argc, char **argv);
int probe_echo(int argc, char **argv);
int probe_ask(int argc, char **argv);
int probe_wire(int argc, char **argv);
int probe_bind(int argc, char **argv);
int probe_stranger(int argc, char **argv);
int probe_untrack(int argc, char **argv);
int probe_hooks(int argc, char **argv);
