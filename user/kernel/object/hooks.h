/* SPDX-License-Identifier: GPL-2.0 */
/* hooks.h - the places where a packet can be judged. */
#pragma once

enum hook { HOOK_NONE, HOOK_XDP, HOOK_TC, HOOK_CGROUP };
enum xdp_mode { XDP_MODE_NONE, XDP_MODE_NATIVE, XDP_MODE_GENERIC };
