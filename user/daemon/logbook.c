/* SPDX-License-Identifier: GPL-2.0 */
/* logbook.c - buckets of tokens; the last number that was written is the entry's. */
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
	for (unsigned int level = 0; level < LOGBOOK_LEVELS; level++)
		logbook->reserves[level] = LOGBOOK_RESERVE;
	log_file_tick(&logbook->file);
}

static bool is_due(const struct history_entry *entry)
{
	return history_entry_sum(entry).packets / GROWTH >= entry->reported;
}

/* Of the common ones first. The first attempt of a source has no other: it may be forged. */
static bool spend(struct logbook *logbook, const struct history_entry *entry)
{
	unsigned int level = history_entry_level(entry);
	unsigned int *reserve =
		&logbook->reserves[level < LOGBOOK_LEVELS ? level : LOGBOOK_LEVELS - 1];

	if (!logbook->tokens && (!level || !*reserve))
		return false;
	if (logbook->tokens)
		logbook->tokens--;
	else
		(*reserve)--;
	return true;
}

static bool write_down(struct logbook *logbook, const struct intake *intake,
		       struct history_entry *entry)
{
	struct feed_attempt attempt;

	if (!spend(logbook, entry))
		return false;
	intake_describe(intake, entry, &attempt);
	attempt.news = true;
	entry->reported = attempt.attempt.record.packets;
	if (logbook->journal)
		journal_attempt(&attempt, intake->in_force->generation.number);
	log_file_attempt(&logbook->file, &attempt);
	return true;
}

/* What was left out of a source that comes again. */
static void catch_up(struct logbook *logbook, const struct intake *intake,
		     const struct history_entry *entry)
{
	struct history_entry *before = history_entry_before(entry);

	for (unsigned int i = 0; before && i < LOGBOOK_CATCH_UP; i++) {
		if (!before->reported)
			write_down(logbook, intake, before);
		before = history_entry_before(before);
	}
}

void logbook_attempt(struct logbook *logbook, const struct intake *intake,
		     struct history_entry *entry)
{
	bool new = !entry->reported;

	if ((!logbook->journal && !logbook->file.path) || !is_due(entry))
		return;
	if (!write_down(logbook, intake, entry))
		logbook->omitted++;
	else if (new)
		catch_up(logbook, intake, entry);
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
	for (unsigned int level = 0; level < LOGBOOK_LEVELS; level++)
		if (logbook->reserves[level] < LOGBOOK_RESERVE)
			logbook->reserves[level]++;
	log_file_tick(&logbook->file);
	if (++logbook->seconds >= SUMMARY_SECONDS)
		sum_up(logbook);
}

void logbook_close(struct logbook *logbook)
{
	sum_up(logbook);
	log_file_close(&logbook->file);
}
