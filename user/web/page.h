/* SPDX-License-Identifier: GPL-2.0 */
/* page.h - the files of user/web/page/, built into the program. */
#pragma once

#include <stddef.h>

struct page_file {
	const char *path; /* as a browser asks for it */
	const char *type;
	const char *begin;
	const char *end;
};

/* NULL: there is none. */
const struct page_file *page_find(const char *path);
