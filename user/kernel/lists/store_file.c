/* SPDX-License-Identifier: GPL-2.0 */
/* store_file.c - the durable half of a store. */
#include "kernel/lists/store_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kernel/object/directory.h"
#include "util/cleanup.h"
#include "util/file.h"

#define FILE_MAX ((size_t)1 << 30)
#define CHANGES_MAX                                                                                \
	((size_t)64 << 10) /* bytes, and a quarter of the rest: then it is written anew */

static int file_path(const struct store *store, const char *suffix, char ret[4096],
		     struct error *ret_error)
{
	int length = snprintf(ret, 4096, "%s/%s.tsv%s", store->instance->lib_dir,
			      store->kind->format.kind, suffix);

	return length < 4096 ? 0
			     : error_set(ret_error, ENAMETOOLONG, "the path %.200s... is too long",
					 store->instance->lib_dir);
}

int store_file_load(struct store *store, struct timeout_list *ret, struct error *ret_error)
{
	_free_ char *text = NULL;
	struct error error;
	char path[4096];
	size_t size;
	int r = file_path(store, "", path, ret_error);

	if (r)
		return r;
	r = directory_check(store->instance->lib_dir, &error);
	if (!r)
		r = file_read(path, FILE_MAX, &text, &size, &error);
	if (r == -ENOENT)
		return 0;
	if (r) {
		store->damage = error;
		return 0;
	}
	timeout_heading_parse(&store->kind->format, text, &store->heading);
	r = timeout_parse(&store->kind->format, path, TAKE_PTR(text), ret, &store->damage);
	return r ? error_set(ret_error, -r, "cannot read %s: %s", path, strerror(-r)) : 0;
}

int store_file_find(const struct store *store, struct timeout *entry, char **ret_text,
		    struct error *ret_error)
{
	char path[4096], *text;
	size_t size;
	int r = file_path(store, "", path, ret_error);

	if (!r)
		r = file_read(path, FILE_MAX, &text, &size, ret_error);
	if (r)
		return r;
	if (!timeout_find_text(&store->kind->format, text, entry)) {
		entry->who = "";
		entry->since = 0;
		entry->reason = "";
	}
	*ret_text = text;
	return 0;
}

void store_file_set_aside(struct store *store)
{
	char path[4096], aside[4096];

	if (!store->damage.what[0] || file_path(store, "", path, NULL) ||
	    file_path(store, ".damaged", aside, NULL))
		return;
	unlink(aside);
	if (link(path, aside) == 0)
		error_hint(&store->damage, "its whole lines were used; it is kept as %s", aside);
}

static void hint_lib_dir(struct error *ret_error)
{
	error_hint(ret_error, "nothing was changed; make room or rights for it, or choose another "
			      "--lib-dir");
}

int store_file_save(const struct store *store, const struct timeout_list *list,
		    struct error *ret_error)
{
	_free_ char *text = NULL;
	char path[4096];
	size_t size;
	int r = directory_make(store->instance->lib_dir, ret_error);

	if (!r)
		r = file_path(store, "", path, ret_error);
	if (r)
		return r;
	r = timeout_print(&store->kind->format, list, &text, &size);
	if (r)
		return error_set(ret_error, -r, "out of memory");
	r = file_write_durably(path, text, size, 0640, ret_error);
	if (r)
		hint_lib_dir(ret_error);
	return r;
}

bool store_file_has_room(const struct timeout_heading *heading)
{
	return heading->size - heading->base < CHANGES_MAX + heading->base / 4;
}

bool store_file_open_tail(struct store *store)
{
	_close_ int fd = -1;
	char path[4096], first[TIMEOUT_HEADING_MAX] = "";
	struct stat file;

	if (directory_check(store->instance->lib_dir, NULL) || file_path(store, "", path, NULL))
		return false;
	fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0 || fstat(fd, &file) || !S_ISREG(file.st_mode) ||
	    pread(fd, first, sizeof(first) - 1, 0) < 0 ||
	    !timeout_heading_parse(&store->kind->format, first, &store->heading) ||
	    (size_t)file.st_size < store->heading.size || !store_file_has_room(&store->heading))
		return false;
	store->tail = TAKE_FD(fd);
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

static int heading_write(const struct store *store, const struct timeout_heading *heading)
{
	char text[TIMEOUT_HEADING_MAX];

	return write_at(store->tail, text,
			timeout_heading_print(&store->kind->format, heading, text), 0);
}

/* The line first, and synced: a heading never promises what is not there. */
static int tail_extend(struct store *store, const char *line, size_t size)
{
	struct timeout_heading next = store->heading;
	int r = ftruncate(store->tail, (off_t)next.size) ? -errno : 0;

	if (!r)
		r = write_at(store->tail, line, size, next.size);
	next.size += size;
	if (!r)
		r = heading_write(store, &next);
	if (!r)
		store->heading = next;
	return r;
}

int store_file_append(struct store *store, const struct timeout *entry, bool gone,
		      struct error *ret_error)
{
	_free_ char *line = NULL;
	char path[4096] = "";
	size_t size;
	int r = timeout_print_change(&store->kind->format, entry, gone, &line, &size);

	if (r)
		return error_set(ret_error, -r, "out of memory");
	r = tail_extend(store, line, size);
	if (!r)
		return 0;
	if (heading_write(store, &store->heading) == 0 &&
	    ftruncate(store->tail, (off_t)store->heading.size) == 0)
		fsync(store->tail);
	file_path(store, "", path, NULL);
	error_set(ret_error, -r, "cannot write \"%s\": %s", path, strerror(-r));
	hint_lib_dir(ret_error);
	return r;
}
