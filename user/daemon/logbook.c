/* SPDX-License-Identifier: GPL-2.0 */
/* logbook.c - a bucket of tokens; the last number that was written is the entry's. */
#include "daemon/logbook.h"

#include "daemon/journal.h"

#define SUMMARY_SECONDS 60
#define GROWTH		10

void logbook_open(struct logbook *logbook, const char *file)
{
	*logbook = (struct logbook){
		.journal = journal_exists(),
		.file = LOG_FILE_AT(file),
		.tokens = LOGBOOK_BURST,
	};
	log_file_tick(&logbook->file);
}

static bool is_due(const struct history_entry *entry)
{
	return history_entry_sum(entry).packets / GROWTH >= entry->reported;
}

void logbook_attempt(struct logbook *logbook, const struct intake *intake,
		     struct history_entry *entry)
{
	struct feed_attempt attempt;

	if ((!logbook->journal && !logbook->file.path) || !is_due(entry))
		return;
	if (!logbook->tokens) {
		logbook->omitted++;
		return;
	}
	logbook->tokens--;
	intake_describe(intake, entry, &attempt);
	attempt.news = true;
	entry->reported = attempt.attempt.record.packets;
	if (logbook->journal)
		journal_attempt(&attempt, intake->in_force->generation.number);
	log_file_attempt(&logbook->file, &attempt);
}

static void sum_up(struct logbook *logbook)
{
	if (logbook->omitted && logbook->journal)
		journal_omitted(logbook->omitted);
	if (logbook->omitted)
		log_file_omitted(&logbook->file, logbook->omitted);
	logbook->seconds = 0;
	logbook->omitted = 0;
}

void logbook_tick(struct logbook *logbook)
{
	logbook->tokens += LOGBOOK_RATE;
	if (logbook->tokens > LOGBOOK_BURST)
		logbook->tokens = LOGBOOK_BURST;
	log_file_tick(&logbook->file);
	if (++logbook->seconds >= SUMMARY_SECONDS)
		sum_up(logbook);
}

void logbook_close(struct logbook *logbook)
{
	sum_up(logbook);
	log_file_close(&logbook->file);
}
