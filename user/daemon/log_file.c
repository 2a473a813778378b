/* SPDX-License-Identifier: GPL-2.0 */
/* log_file.c - open, append, notice that it was rotated. */
#include "daemon/log_file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/say.h"
#include "report/words.h"
#include "util/cleanup.h"
#include "util/clock.h"

static void fail(struct log_file *file, int error)
{
	if (!file->failing)
		say(SAY_ERROR, "cannot write %s: %s", file->path, strerror(error));
	file->failing = true;
}

static void works_again(struct log_file *file)
{
	if (file->failing)
		say(SAY_NOTICE, "%s is written again", file->path);
	file->failing = false;
}

/* Is what the path names the file that is open? */
static bool is_current(const struct log_file *file)
{
	struct stat open, named;

	return file->fd >= 0 && !fstat(file->fd, &open) && !lstat(file->path, &named) &&
	       open.st_dev == named.st_dev && open.st_ino == named.st_ino;
}

static void reopen(struct log_file *file)
{
	struct stat stat;

	cleanup_close(&file->fd);
	/* Not to wait for the other end of a pipe. */
	file->fd = open(file->path,
			O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0640);
	if (file->fd < 0) {
		fail(file, errno);
		return;
	}
	if (fstat(file->fd, &stat) || !S_ISREG(stat.st_mode)) {
		cleanup_close(&file->fd);
		fail(file, EINVAL);
		return;
	}
	file->torn = false;
	works_again(file);
}

void log_file_tick(struct log_file *file)
{
	if (file->path && !is_current(file))
		reopen(file);
}

void log_file_close(struct log_file *file)
{
	cleanup_close(&file->fd);
}

/* `line` ends in its newline. What is left of a torn one gets an end of its own first. */
static void append(struct log_file *file, const char *line, size_t size)
{
	ssize_t written;

	if (file->fd < 0)
		return;
	if (file->torn && write(file->fd, "\n", 1) != 1) {
		fail(file, errno);
		return;
	}
	written = write(file->fd, line, size);
	file->torn = written > 0 && written < (ssize_t)size;
	if (written == (ssize_t)size)
		works_again(file);
	else
		fail(file, written < 0 ? errno : ENOSPC);
}

void log_file_attempt(struct log_file *file, const struct feed_attempt *attempt)
{
	char line[FEED_ATTEMPT_MAX + 1];
	size_t length = feed_attempt_print(attempt, line, FEED_ATTEMPT_MAX);

	line[length] = '\n';
	if (length)
		append(file, line, length + 1);
}

void log_file_omitted(struct log_file *file, uint64_t count)
{
	char line[128], time[TIME_TEXT_MAX];
	int length = snprintf(line, sizeof(line),
			      "{\"type\":\"omitted\",\"time\":\"%s\",\"attempts\":%" PRIu64 "}\n",
			      time_text_ns(wall_now(), time), count);

	append(file, line, length);
}
