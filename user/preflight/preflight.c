/* SPDX-License-Identifier: GPL-2.0 */
/* preflight.c - all rows, in the order of the page. */
#include "preflight/preflight.h"

#include <errno.h>

#include "preflight/rows.h"

static void page_check(const struct preflight_request *request, struct checks *checks)
{
	hardware_check(request, checks);
	system_check(request, checks);
	redhat_check(request, checks);
}

static void no_page_add(struct checks *checks)
{
	static const struct check_words words = {
		"page", "what the product's requirements page asks of a host",
		"look into the product's own documentation"};

	check_add(checks, &words, CHECK_SKIP,
		  "the profile names no page: only names and the kernel are looked at");
}

int preflight_run(const struct preflight_request *request, struct checks *ret,
		  struct error *ret_error)
{
	int r;

	if (request->page == REQUIREMENTS_NONE)
		no_page_add(ret);
	else
		page_check(request, ret);
	r = names_check(request, ret, ret_error);
	if (r < 0)
		return r;
	enforcer_check(request, ret);
	if (checks_are_complete(ret) < 0)
		return error_set(ret_error, ENOMEM, "out of memory");
	return 0;
}
