/* SPDX-License-Identifier: GPL-2.0 */
/* attempt_log.c - buckets of tokens; the last number that was written is the entry's. */
#include "daemon/attempt_log.h"

#include "daemon/journal.h"

#define SUMMARY_SECONDS 60
#define GROWTH		10

void attempt_log_open(struct attempt_log *attempt_log, const char *file)
{
	*attempt_log = (struct attempt_log){
		.journal = journal_exists(),
		.file = LOG_FILE_AT(file),
		.tokens = LOGBOOK_BURST,
	};
	for (unsigned int level = 0; level < LOGBOOK_LEVELS; level++)
		attempt_log->reserves[level] = LOGBOOK_RESERVE;
	log_file_tick(&attempt_log->file);
}

static bool is_due(const struct history_entry *entry)
{
	return history_entry_sum(entry).packets / GROWTH >= entry->reported;
}

/* Of the common ones first. The first attempt of a source has no other: it may be forged. */
static bool spend(struct attempt_log *attempt_log, const struct history_entry *entry)
{
	unsigned int level = history_entry_level(entry);
	unsigned int *reserve =
		&attempt_log->reserves[level < LOGBOOK_LEVELS ? level : LOGBOOK_LEVELS - 1];

	if (!attempt_log->tokens && (!level || !*reserve))
		return false;
	if (attempt_log->tokens)
		attempt_log->tokens--;
	else
		(*reserve)--;
	return true;
}

static bool write_down(struct attempt_log *attempt_log, const struct intake *intake,
		       struct history_entry *entry)
{
	struct feed_attempt attempt;

	if (!spend(attempt_log, entry))
		return false;
	intake_describe(intake, entry, &attempt);
	attempt.news = true;
	entry->reported = attempt.attempt.record.packets;
	if (attempt_log->journal)
		journal_attempt(&attempt, intake->in_force->generation.number);
	log_file_attempt(&attempt_log->file, &attempt);
	return true;
}

/* What was left out of a source that comes again. */
static void catch_up(struct attempt_log *attempt_log, const struct intake *intake,
		     const struct history_entry *entry)
{
	struct history_entry *before = history_entry_before(entry);

	for (unsigned int i = 0; before && i < LOGBOOK_CATCH_UP; i++) {
		if (!before->reported)
			write_down(attempt_log, intake, before);
		before = history_entry_before(before);
	}
}

void attempt_log_attempt(struct attempt_log *attempt_log, const struct intake *intake,
			 struct history_entry *entry)
{
	bool new = !entry->reported;

	if ((!attempt_log->journal && !attempt_log->file.path) || !is_due(entry))
		return;
	if (!write_down(attempt_log, intake, entry))
		attempt_log->omitted++;
	else if (new)
		catch_up(attempt_log, intake, entry);
}

static void sum_up(struct attempt_log *attempt_log)
{
	if (attempt_log->omitted && attempt_log->journal)
		journal_omitted(attempt_log->omitted);
	if (attempt_log->omitted)
		log_file_omitted(&attempt_log->file, attempt_log->omitted);
	attempt_log->seconds = 0;
	attempt_log->omitted = 0;
}

void attempt_log_tick(struct attempt_log *attempt_log)
{
	attempt_log->tokens += LOGBOOK_RATE;
	if (attempt_log->tokens > LOGBOOK_BURST)
		attempt_log->tokens = LOGBOOK_BURST;
	for (unsigned int level = 0; level < LOGBOOK_LEVELS; level++)
		if (attempt_log->reserves[level] < LOGBOOK_RESERVE)
			attempt_log->reserves[level]++;
	log_file_tick(&attempt_log->file);
	if (++attempt_log->seconds >= SUMMARY_SECONDS)
		sum_up(attempt_log);
}

void attempt_log_close(struct attempt_log *attempt_log)
{
	sum_up(attempt_log);
	log_file_close(&attempt_log->file);
}
