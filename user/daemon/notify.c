/* SPDX-License-Identifier: GPL-2.0 */
/* notify.c - sd_notify. */
#include "notify.h"

#ifdef HAVE_SYSTEMD

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <systemd/sd-daemon.h>

#include "../kernel/pending.h"

void notify(const char *format, ...)
{
	char text[512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	sd_notify(0, text);
}

void notify_reloading(void)
{
	notify("RELOADING=1\nMONOTONIC_USEC=%" PRIu64, pending_now() / 1000);
}

#else

void notify(const char *format, ...)
{
	(void)format;
}

void notify_reloading(void)
{
}

#endif
