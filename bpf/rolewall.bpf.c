// SPDX-License-Identifier: GPL-2.0
/* rolewall.bpf.c - table of contents; read in this order, it is the way of a packet. */
#include "maps.bpf.h"
#include "packet.bpf.h"
#include "extension.bpf.h"
#include "parse.bpf.h"
#include "exempt.bpf.h"
#include "zone.bpf.h"
#include "state.bpf.h"
#include "forward.bpf.h"
#include "flow.bpf.h"
#include "fragment.bpf.h"
#include "limit.bpf.h"
#include "cookie.bpf.h"
#include "verdict.bpf.h"
#include "cookie_answer.bpf.h"
#include "caller.bpf.h"
#include "account.bpf.h"
#include "xdp.bpf.h"
#include "tc.bpf.h"
#ifdef RW_FLOWS_KNOWN
#include "leave.bpf.h"
#endif
#ifndef RW_CONNTRACK /* the object for hosts that forward: what stands on interfaces */
#include "cgroup.bpf.h"
#include "established.bpf.h"
#endif

char LICENSE[] SEC("license") = "GPL";
