/* SPDX-License-Identifier: GPL-2.0 */
/* page.c - the assembler reads the files; their names are as seen from the top directory. */
#include "web/page.h"

#include <string.h>

#include "util/array.h"

#define JAVASCRIPT "text/javascript; charset=utf-8"

/* symbol, file, path, type */
#define PAGE_FILES(X)                                                                              \
	X(page_html, "index.html", "/", "text/html; charset=utf-8")                                \
	X(page_css, "page.css", "/page.css", "text/css; charset=utf-8")                            \
	X(page_icon, "icon.svg", "/icon.svg", "image/svg+xml")                                     \
	X(page_main, "main.js", "/main.js", JAVASCRIPT)                                            \
	X(page_dom, "dom.js", "/dom.js", JAVASCRIPT)                                               \
	X(page_chart, "chart.js", "/chart.js", JAVASCRIPT)                                         \
	X(page_cards, "cards.js", "/cards.js", JAVASCRIPT)                                         \
	X(page_known, "known.js", "/known.js", JAVASCRIPT)                                         \
	X(page_more, "more.js", "/more.js", JAVASCRIPT)                                            \
	X(page_sums, "sums.js", "/sums.js", JAVASCRIPT)                                            \
	X(page_attempts, "attempts.js", "/attempts.js", JAVASCRIPT)                                \
	X(page_filter, "filter.js", "/filter.js", JAVASCRIPT)                                      \
	X(page_ports, "ports.js", "/ports.js", JAVASCRIPT)                                         \
	X(page_lists, "lists.js", "/lists.js", JAVASCRIPT)

#define EMBED(symbol, file, path, type)                                                            \
	__asm__(".section .rodata\n" #symbol "_begin:\n.incbin \"user/web/page/" file              \
		"\"\n" #symbol "_end:\n.previous\n");                                              \
	extern const char symbol##_begin[] __attribute__((visibility("hidden")));                  \
	extern const char symbol##_end[] __attribute__((visibility("hidden")));
PAGE_FILES(EMBED)
#undef EMBED

const struct page_file *page_find(const char *path)
{
#define ROW(symbol, file, path, type) {path, type, symbol##_begin, symbol##_end},
	static const struct page_file files[] = {PAGE_FILES(ROW)};
#undef ROW

	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		if (!strcmp(files[i].path, path))
			return &files[i];
	return NULL;
}
