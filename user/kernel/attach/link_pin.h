/* SPDX-License-Identifier: GPL-2.0 */
/* link_pin.h - the pin of a BPF link, whatever it is attached to. */
#pragma once

/*
 * Detach the link that is pinned at `path`, and remove the pin. When this returns the program is not
 * asked any more: the kernel frees the link of a pin that is only removed some time later, seconds
 * on a busy machine (kernel/bpf/syscall.c, bpf_link_put). Linux before 5.9 cannot detach a link; there
 * it goes with the pin. No pin: 0. Else a negative errno.
 */
int link_unpin(const char *path);
