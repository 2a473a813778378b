/* SPDX-License-Identifier: GPL-2.0 */
/* request.c - GET and HEAD, for a handful of paths, from those who mean us. */
#include "web/request.h"

#include <string.h>

static struct answer no(unsigned int status, const char *text)
{
	return (struct answer){.status = status, .text = text};
}

/* Another site's page may not even open the stream: there are only so many. */
static bool is_foreign(const char *site)
{
	return site && strcmp(site, "same-origin") != 0 && strcmp(site, "none") != 0;
}

struct answer request_answer(const struct address *address, const struct request *request)
{
	const struct page_file *file;

	if (!address_is_ours(address, request->host))
		return no(421, "This page answers to its literal address only, not to a name.\n");
	if (strcmp(request->method, "GET") != 0 && strcmp(request->method, "HEAD") != 0)
		return no(405, "There is nothing to change here.\n");
	if (request->body)
		return no(413, "A question that brings something along is too large.\n");
	if (!strcmp(request->path, "/events")) {
		if (is_foreign(request->site))
			return no(403, "Another site's page may not listen.\n");
		return (struct answer){.status = 200, .events = true};
	}
	file = page_find(request->path);
	if (!file)
		return no(404, "There is no such page.\n");
	return (struct answer){.status = 200, .file = file};
}
