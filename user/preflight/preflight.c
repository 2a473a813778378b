/* SPDX-License-Identifier: GPL-2.0 */
/* preflight.c - all rows, in the order of the page. */
#include "preflight/preflight.h"

#include <errno.h>

#include "preflight/rows.h"

int preflight_run(const struct preflight_request *request, struct checks *ret,
		  struct error *ret_error)
{
	int r;

	hardware_check(request, ret);
	system_check(request, ret);
	redhat_check(request, ret);
	r = names_check(request, ret, ret_error);
	if (r < 0)
		return r;
	enforcer_check(request, ret);
	if (checks_are_complete(ret) < 0)
		return error_set(ret_error, ENOMEM, "out of memory");
	return 0;
}
