/* SPDX-License-Identifier: GPL-2.0 */
/* journal.c - sd_journal_send, where libsystemd is there. */
#include "daemon/journal.h"

#ifdef HAVE_SYSTEMD

#include <inttypes.h>
#include <stdio.h>
#include <syslog.h>
#include <unistd.h>

#define SD_JOURNAL_SUPPRESS_LOCATION
#include <systemd/sd-journal.h>

#include "policy/cidr.h"
#include "report/words.h"
#include "util/reason.h"

#define JOURNAL_SOCKET "/run/systemd/journal/socket"

bool journal_exists(void)
{
	return access(JOURNAL_SOCKET, W_OK) == 0;
}

static const char *or_none(const char *text)
{
	return text && *text ? text : "-";
}

void journal_attempt(const struct feed_attempt *attempt, uint32_t generation)
{
	const struct rw_attempt *record = &attempt->attempt.record;
	const char *verdict = record->observed ? "observed" : "dropped";
	char source[CIDR_TEXT_MAX], port[16] = "-", number[PROTOCOL_TEXT_MAX];
	const char *protocol = protocol_text(record->l4, number);

	cidr_format(record->source, 128, source);
	if (attempt_has_port(record))
		snprintf(port, sizeof(port), "%u", record->port);
	sd_journal_send("MESSAGE=%s %s to port %s/%s on %s: %s, %llu packets", verdict, source,
			port, or_none(protocol), or_none(attempt->attempt.interface),
			reason_name(record->reason), record->packets, "PRIORITY=%i", LOG_INFO,
			"MESSAGE_ID=" JOURNAL_ID_ATTEMPT, "ROLEWALL_REASON=%s",
			reason_name(record->reason), "ROLEWALL_SOURCE=%s", source,
			"ROLEWALL_PORT=%s", port, "ROLEWALL_PROTO=%s", or_none(protocol),
			"ROLEWALL_SERVICE=%s", or_none(attempt->service), "ROLEWALL_ZONE=%s",
			or_none(zone_name(attempt->attempt.zone)), "ROLEWALL_INTERFACE=%s",
			or_none(attempt->attempt.interface), "ROLEWALL_HITS=%llu", record->packets,
			"ROLEWALL_VERDICT=%s", verdict, "ROLEWALL_GENERATION=%" PRIu32, generation,
			"ROLEWALL_PROCESS=%s", or_none(attempt->process), NULL);
}

void journal_omitted(uint64_t count)
{
	sd_journal_send("MESSAGE=%" PRIu64 " more changes of attempts were not written here; "
			"\"rolewall blocked\" has them",
			count, "PRIORITY=%i", LOG_INFO, "MESSAGE_ID=" JOURNAL_ID_OMITTED,
			"ROLEWALL_OMITTED=%" PRIu64, count, NULL);
}

#else

bool journal_exists(void)
{
	return false;
}

void journal_attempt(const struct feed_attempt *attempt, uint32_t generation)
{
	(void)attempt;
	(void)generation;
}

void journal_omitted(uint64_t count)
{
	(void)count;
}

#endif
