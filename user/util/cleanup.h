/* SPDX-License-Identifier: GPL-2.0 */
/*
 * cleanup.h - owning locals that free themselves.
 *
 * An owning local carries one of these attributes and starts empty; it leaves its function only
 * through TAKE_PTR / TAKE_FD. One function's body thus proves that it leaks nothing.
 */
#pragma once

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static inline void cleanup_free(void *pointer)
{
	free(*(void **)pointer);
}

static inline void cleanup_close(const int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static inline void cleanup_fclose(FILE **file)
{
	if (*file)
		fclose(*file);
}

static inline void cleanup_closedir(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

#define _cleanup_(function) __attribute__((cleanup(function)))
#define _free_		    _cleanup_(cleanup_free)
#define _close_		    _cleanup_(cleanup_close)
#define _fclose_	    _cleanup_(cleanup_fclose)
#define _closedir_	    _cleanup_(cleanup_closedir)

/* Hand over what the variable owns, and leave it empty. */
#define TAKE_PTR(pointer)                                                                          \
	({                                                                                         \
		__typeof__(pointer) *_take_from = &(pointer);                                      \
		__typeof__(pointer) _take_value = *_take_from;                                     \
		*_take_from = NULL;                                                                \
		_take_value;                                                                       \
	})
#define TAKE_FD(fd)                                                                                \
	({                                                                                         \
		int *_take_from = &(fd);                                                           \
		int _take_value = *_take_from;                                                     \
		*_take_from = -1;                                                                  \
		_take_value;                                                                       \
	})
