/* SPDX-License-Identifier: GPL-2.0 */
/*
 * compiled.h - a compiled policy as a text that needs no other file: what a generation keeps, and
 * what the next boot puts in force again.
 *
 *	{ "rolewall": "compiled policy", "layout": 2, "crc32": "HEX", "policy": { ... } }
 *
 * "policy" is struct tables, all of it but the ports, which follow from the rules. The checksum is
 * of "policy" as jansson writes it compactly, so that white space does not count.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/tables.h"
#include "util/error.h"

#define COMPILED_BYTES_MAX (256 << 20)

/*
 * `tables` with other `flags` (RW_POLICY_*): the node file in it then says no more than these.
 * Owned by the caller, ends in a NUL that is not counted. 0 or -ENOMEM.
 */
int compiled_write(const struct tables *tables, uint8_t flags, char **ret_text, size_t *ret_size);

/*
 * Was the compiled policy `compiled` (size bytes) made from this node file? Compares the text that
 * compiled_write() ends with, without reading the rest. 1, 0 or -ENOMEM.
 */
int compiled_is_of(const char *compiled, size_t size, const char *text);

/*
 * -EINVAL: it is damaged, or of a layout that this version does not know; -EPROTO: it is no
 * compiled policy, but perhaps the node file alone, as versions before this one kept it. `file`
 * names it in errors.
 */
int compiled_read(const char *file, const char *text, size_t size, struct tables *ret,
		  struct error *ret_error);
