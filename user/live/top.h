/* SPDX-License-Identifier: GPL-2.0 */
/* top.h - the terminal view. */
#pragma once

#include "live/view.h"

struct top_options {
	const struct instance *instance;
	struct filter filter;
	const char *filter_text; /* the same as a line, as the view shows it */
	bool colour;
};

/*
 * Until "q", or the end of the terminal. -ENOENT: nothing is applied; -ENOTTY: the terminal is not
 * known to terminfo.
 */
int top_run(const struct top_options *options, const struct view_actions *actions,
	    struct error *ret_error);
