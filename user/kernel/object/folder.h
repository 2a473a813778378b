/* SPDX-License-Identifier: GPL-2.0 */
/*
 * folder.h - folders whose content is trusted: pins, and what survives a reboot. Nobody but root
 * may be able to put anything there.
 */
#pragma once

#include "util/error.h"

/* -ENOENT; -EUCLEAN: not a folder, not root's, or others may write to it. */
int folder_check(const char *path, struct error *ret_error);

/* Make it (0750) if it is not there, and check it. */
int folder_make(const char *path, struct error *ret_error);

/* Unlink what is in it, then the folder itself; none: no error. A mount point stays, empty. */
int folder_remove(const char *path, struct error *ret_error);
