/* SPDX-License-Identifier: GPL-2.0 */
/* privilege.h - of all that root may do, keep what BPF needs. */
#pragma once

#include "util/error.h"

/*
 * For good, for this process and whatever it might start:
 *	CAP_NET_ADMIN		XDP and cgroup programs
 *	CAP_SYS_ADMIN		map and program by id (BPF_MAP_GET_FD_BY_ID, at every kernel there
 *				is); all of bpf() before 5.8; a private mount of cgroup v2
 *	CAP_BPF, CAP_PERFMON	loading programs, from 5.8 on
 */
int privileges_drop(struct error *ret_error);
