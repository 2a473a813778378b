/* SPDX-License-Identifier: GPL-2.0 */
/* native_subject.h - what native_subject.c does to a packet beside tests/oracle/subject.h. */
#pragma once

#include "../oracle/subject.h"

/* As many bytes of the packet as the program sees, and counts: tc sees no outermost VLAN tag. */
size_t native_bytes(enum subject_program program, const struct model_packet *packet);
