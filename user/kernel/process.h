/* SPDX-License-Identifier: GPL-2.0 */
/* process.h - what a process is called. */
#ifndef ROLEWALL_KERNEL_PROCESS_H
#define ROLEWALL_KERNEL_PROCESS_H

#include <stdint.h>

#define PROCESS_NAME_MAX 16 /* TASK_COMM_LEN */

/*
 * Empty where the process is gone. A process chooses its name: what cannot be printed becomes '?'.
 * Returns `ret`.
 */
const char *process_name(uint32_t pid, char ret[PROCESS_NAME_MAX]);

#endif
