/* SPDX-License-Identifier: GPL-2.0 */
/* notify.h - tell the service manager; does nothing where there is none. */
#pragma once

#include <stdint.h>

/* As sd_notify(3): "READY=1", "STATUS=...", ... */
void notify(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* A reload begins; it ends with READY=1. */
void notify_reloading(void);
