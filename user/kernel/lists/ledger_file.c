/* SPDX-License-Identifier: GPL-2.0 */
/* ledger_file.c - the durable half of a ledger. */
#include "kernel/lists/ledger_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kernel/object/folder.h"
#include "util/cleanup.h"
#include "util/file.h"

#define FILE_MAX ((size_t)1 << 30)
#define CHANGES_MAX                                                                                \
	((size_t)64 << 10) /* bytes, and a quarter of the rest: then it is written anew */

static int file_path(const struct ledger *ledger, const char *suffix, char ret[4096],
		     struct error *ret_error)
{
	int length = snprintf(ret, 4096, "%s/%s.tsv%s", ledger->instance->lib_dir,
			      ledger->kind->format.kind, suffix);

	return length < 4096 ? 0
			     : error_set(ret_error, ENAMETOOLONG, "the path %.200s... is too long",
					 ledger->instance->lib_dir);
}

int ledger_file_load(struct ledger *ledger, struct timed_list *ret, struct error *ret_error)
{
	_free_ char *text = NULL;
	struct error error;
	char path[4096];
	size_t size;
	int r = file_path(ledger, "", path, ret_error);

	if (r)
		return r;
	r = folder_check(ledger->instance->lib_dir, &error);
	if (!r)
		r = file_read(path, FILE_MAX, &text, &size, &error);
	if (r == -ENOENT)
		return 0;
	if (r) {
		ledger->damage = error;
		return 0;
	}
	timed_heading_parse(&ledger->kind->format, text, &ledger->heading);
	r = timed_parse(&ledger->kind->format, path, TAKE_PTR(text), ret, &ledger->damage);
	return r ? error_set(ret_error, -r, "cannot read %s: %s", path, strerror(-r)) : 0;
}

int ledger_file_find(const struct ledger *ledger, struct timed *entry, char **ret_text,
		     struct error *ret_error)
{
	char path[4096], *text;
	size_t size;
	int error = file_path(ledger, "", path, ret_error);

	if (!error)
		error = file_read(path, FILE_MAX, &text, &size, ret_error);
	if (error)
		return error;
	if (!timed_find_text(&ledger->kind->format, text, entry)) {
		entry->who = "";
		entry->since = 0;
		entry->reason = "";
	}
	*ret_text = text;
	return 0;
}

void ledger_file_set_aside(struct ledger *ledger)
{
	char path[4096], aside[4096];

	if (!ledger->damage.what[0] || file_path(ledger, "", path, NULL) ||
	    file_path(ledger, ".damaged", aside, NULL))
		return;
	unlink(aside);
	if (link(path, aside) == 0)
		error_hint(&ledger->damage, "its whole lines were used; it is kept as %s", aside);
}

static void hint_lib_dir(struct error *ret_error)
{
	error_hint(ret_error, "nothing was changed; make room or rights for it, or choose another "
			      "--lib-dir");
}

int ledger_file_save(const struct ledger *ledger, const struct timed_list *list,
		     struct error *ret_error)
{
	_free_ char *text = NULL;
	char path[4096];
	size_t size;
	int error = folder_make(ledger->instance->lib_dir, ret_error);

	if (!error)
		error = file_path(ledger, "", path, ret_error);
	if (error)
		return error;
	error = timed_print(&ledger->kind->format, list, &text, &size);
	if (error)
		return error_set(ret_error, -error, "out of memory");
	error = file_write_durably(path, text, size, 0640, ret_error);
	if (error)
		hint_lib_dir(ret_error);
	return error;
}

bool ledger_file_has_room(const struct timed_heading *heading)
{
	return heading->size - heading->base < CHANGES_MAX + heading->base / 4;
}

bool ledger_file_open_tail(struct ledger *ledger)
{
	_close_ int fd = -1;
	char path[4096], first[TIMED_HEADING_MAX] = "";
	struct stat file;

	if (folder_check(ledger->instance->lib_dir, NULL) || file_path(ledger, "", path, NULL))
		return false;
	fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0 || fstat(fd, &file) || !S_ISREG(file.st_mode) ||
	    pread(fd, first, sizeof(first) - 1, 0) < 0 ||
	    !timed_heading_parse(&ledger->kind->format, first, &ledger->heading) ||
	    (size_t)file.st_size < ledger->heading.size || !ledger_file_has_room(&ledger->heading))
		return false;
	ledger->tail = TAKE_FD(fd);
	return true;
}

static int write_at(int fd, const char *data, size_t size, size_t at)
{
	while (size > 0) {
		ssize_t put = pwrite(fd, data, size, (off_t)at);

		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return -errno;
		data += put;
		size -= put;
		at += put;
	}
	return fsync(fd) ? -errno : 0;
}

static int heading_write(const struct ledger *ledger, const struct timed_heading *heading)
{
	char text[TIMED_HEADING_MAX];

	return write_at(ledger->tail, text,
			timed_heading_print(&ledger->kind->format, heading, text), 0);
}

/* The line first, and synced: a heading never promises what is not there. */
static int tail_extend(struct ledger *ledger, const char *line, size_t size)
{
	struct timed_heading next = ledger->heading;
	int error = ftruncate(ledger->tail, (off_t)next.size) ? -errno : 0;

	if (!error)
		error = write_at(ledger->tail, line, size, next.size);
	next.size += size;
	if (!error)
		error = heading_write(ledger, &next);
	if (!error)
		ledger->heading = next;
	return error;
}

int ledger_file_append(struct ledger *ledger, const struct timed *entry, bool gone,
		       struct error *ret_error)
{
	_free_ char *line = NULL;
	char path[4096] = "";
	size_t size;
	int error = timed_print_change(&ledger->kind->format, entry, gone, &line, &size);

	if (error)
		return error_set(ret_error, -error, "out of memory");
	error = tail_extend(ledger, line, size);
	if (!error)
		return 0;
	if (heading_write(ledger, &ledger->heading) == 0 &&
	    ftruncate(ledger->tail, (off_t)ledger->heading.size) == 0)
		fsync(ledger->tail);
	file_path(ledger, "", path, NULL);
	error_set(ret_error, -error, "cannot write \"%s\": %s", path, strerror(-error));
	hint_lib_dir(ret_error);
	return error;
}
