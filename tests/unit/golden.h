/* SPDX-License-Identifier: GPL-2.0 */
/*
 * golden.h - compare a text with the file that holds what it should be.
 *
 * With UPDATE=1 in the environment the files are written instead: read what `git diff` shows before
 * you believe it.
 */
#pragma once

#include <stddef.h>

struct CMUnitTest;

/* Fail the running test, with the first line that differs, unless `text` is what `file` holds. */
void golden_compare(const char *file, const char *text);

/*
 * Run `test` once for each file "*.json" in `directory`, each as a test named after it that finds
 * the
 * path in *state. Returns the number of failures, at least 1 if there is no such file.
 */
int golden_run(const char *group, const char *directory, void (*test)(void **state));

/* "x/y.json" and ".tables" -> "x/y.tables" */
void golden_name(const char *input, const char *suffix, char *ret, size_t ret_size);
