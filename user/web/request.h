/* SPDX-License-Identifier: GPL-2.0 */
/* request.h - what a request is answered with. Pure. */
#pragma once

#include <stdbool.h>

#include "web/address.h"
#include "web/page.h"

struct request {
	const char *method;
	const char *path;
	const char *host; /* NULL: none */
	const char *site; /* Sec-Fetch-Site, or NULL: a browser says where the question comes from
			   */
	bool body;	  /* it brings something along */
};

struct answer {
	unsigned int status;	      /* of HTTP */
	const struct page_file *file; /* NULL: none */
	bool events;		      /* the stream */
	const char *text;	      /* where there is neither: why not; static */
};

struct answer request_answer(const struct address *address, const struct request *request);
