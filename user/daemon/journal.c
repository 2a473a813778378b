/* SPDX-License-Identifier: GPL-2.0 */
/* journal.c - one datagram an entry: systemd's "Native Journal Protocol". */
#include "daemon/journal.h"

#include <endian.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <syslog.h>
#include <unistd.h>

#include "policy/cidr.h"
#include "report/words.h"
#include "util/cleanup.h"
#include "util/reason.h"

#define JOURNAL_SOCKET "/run/systemd/journal/socket"

bool journal_exists(void)
{
	return access(JOURNAL_SOCKET, W_OK) == 0;
}

/* A value of several lines is announced by its length. */
void journal_field(FILE *entry, const char *name, const char *value)
{
	size_t length = strlen(value);
	uint64_t announced = htole64(length);

	fputs(name, entry);
	fputc(strchr(value, '\n') ? '\n' : '=', entry);
	if (strchr(value, '\n'))
		fwrite(&announced, sizeof(announced), 1, entry);
	fwrite(value, length, 1, entry);
	fputc('\n', entry);
}

static void number_field(FILE *entry, const char *name, uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRIu64, value);
	journal_field(entry, name, text);
}

static void __attribute__((format(printf, 2, 3)))
message_field(FILE *entry, const char *format, ...)
{
	char text[512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	journal_field(entry, "MESSAGE", text);
}

static const char *or_none(const char *text)
{
	return text && *text ? text : "-";
}

static void entry_send(const char *data, size_t size)
{
	static const struct sockaddr_un address = {AF_UNIX, JOURNAL_SOCKET};
	_close_ int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	/* A journal that has gone loses the entry, as one that has not come yet. */
	if (fd < 0 ||
	    sendto(fd, data, size, MSG_NOSIGNAL, (const void *)&address, sizeof(address)) < 0)
		return;
}

struct entry {
	char *data; /* owned */
	size_t size;
	FILE *file; /* owned */
};

/* False: no memory. */
static bool entry_open(struct entry *entry, const char *id)
{
	*entry = (struct entry){0};
	entry->file = open_memstream(&entry->data, &entry->size);
	if (!entry->file)
		return false;
	number_field(entry->file, "PRIORITY", LOG_INFO);
	journal_field(entry->file, "SYSLOG_IDENTIFIER", program_invocation_short_name);
	journal_field(entry->file, "MESSAGE_ID", id);
	return true;
}

static void entry_close(struct entry *entry)
{
	if (fclose(entry->file) == 0)
		entry_send(entry->data, entry->size);
	free(entry->data);
}

static void attempt_fields(FILE *entry, const struct feed_attempt *attempt, const char *source)
{
	const struct rw_attempt *record = &attempt->attempt.record;
	const char *verdict = record->observed ? "observed" : "dropped";
	const char *interface = or_none(attempt->attempt.interface);
	char port[16] = "-", number[PROTOCOL_TEXT_MAX];
	const char *protocol = or_none(protocol_text(record->l4, number));

	if (attempt_has_port(record))
		snprintf(port, sizeof(port), "%u", record->port);
	message_field(entry, "%s %s to port %s/%s on %s: %s, %llu packets", verdict, source, port,
		      protocol, interface, reason_name(record->reason), record->packets);
	journal_field(entry, "ROLEWALL_REASON", reason_name(record->reason));
	journal_field(entry, "ROLEWALL_SOURCE", source);
	journal_field(entry, "ROLEWALL_PORT", port);
	journal_field(entry, "ROLEWALL_PROTO", protocol);
	journal_field(entry, "ROLEWALL_SERVICE", or_none(attempt->service));
	journal_field(entry, "ROLEWALL_ZONE", or_none(zone_name(attempt->attempt.zone)));
	journal_field(entry, "ROLEWALL_INTERFACE", interface);
	number_field(entry, "ROLEWALL_HITS", record->packets);
	journal_field(entry, "ROLEWALL_VERDICT", verdict);
	journal_field(entry, "ROLEWALL_PROCESS", or_none(attempt->process));
}

void journal_attempt(const struct feed_attempt *attempt, uint32_t generation)
{
	char source[CIDR_TEXT_MAX];
	struct entry entry;

	if (!entry_open(&entry, JOURNAL_ID_ATTEMPT))
		return;
	cidr_format(attempt->attempt.record.source, 128, source);
	attempt_fields(entry.file, attempt, source);
	number_field(entry.file, "ROLEWALL_GENERATION", generation);
	entry_close(&entry);
}

void journal_omitted(uint64_t count)
{
	struct entry entry;

	if (!entry_open(&entry, JOURNAL_ID_OMITTED))
		return;
	message_field(entry.file,
		      "%" PRIu64 " more changes of attempts were not written here; "
		      "\"rolewall blocked\" has them",
		      count);
	number_field(entry.file, "ROLEWALL_OMITTED", count);
	entry_close(&entry);
}
