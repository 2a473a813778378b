/* SPDX-License-Identifier: GPL-2.0 */
/*
 * root.h - read a system that stands below a directory: "/" for this one.
 *
 * Paths are given without the leading slash.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct root {
	const char *path;
};

bool root_is_this_system(const struct root *root);

/* The text of a file, owned by the caller; NULL: it is not there, or cannot be read. */
char *root_read(const struct root *root, const char *path);
bool root_has(const struct root *root, const char *path);

/* First line of a file without its end; "" if there is none. Returns `ret`. */
const char *root_line(const struct root *root, const char *path, char *ret, size_t size);

/* The path in full. Returns `ret`. */
const char *root_path(const struct root *root, const char *path, char *ret, size_t size);

/*
 * The value of KEY=VALUE, as /etc/os-release and /etc/selinux/config write it: quotes are taken
 * off, lines that begin with # are passed over, the last one holds. "" if there is none. Returns
 * `ret`.
 */
const char *text_assignment(const char *text, const char *key, char *ret, size_t size);

/*
 * The next line of a text, and false behind the last one. `*rest` begins at the text; it is not
 * changed.
 */
struct text_line {
	const char *begin;
	size_t length;
};
bool text_next_line(const char **rest, struct text_line *ret);
