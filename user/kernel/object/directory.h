/* SPDX-License-Identifier: GPL-2.0 */
/*
 * directory.h - directories whose content is trusted: pins, and what survives a reboot. Only root
 * may be able to put anything there.
 */
#pragma once

#include "util/error.h"

/* -ENOENT; -EUCLEAN: not a directory, not root's, or others may write to it. */
int directory_check(const char *path, struct error *ret_error);

/* Make it (0750) if it is not there, and check it. */
int directory_make(const char *path, struct error *ret_error);

/* Unlink what is in it, then the directory itself; none: no error. A mount point stays, empty. */
int directory_remove(const char *path, struct error *ret_error);
