/* SPDX-License-Identifier: GPL-2.0 */
/*
 * preflight.h - does a host have what the product's requirements page asks of a node, and what this
 * firewall needs?
 *
 * Nothing is changed. What is read of the system lies below a directory, so that an image or a
 * fixture
 * can be looked at as well; what only a running kernel can tell is skipped there.
 */
#pragma once

#include "preflight/check.h"
#include "preflight/request.h"
#include "util/error.h"

/* 0, -EINVAL (an address in the request is none) or -ENOMEM. The caller frees `ret`. */
int preflight_run(const struct preflight_request *request, struct checks *ret,
		  struct error *ret_error);
