/* SPDX-License-Identifier: GPL-2.0 */
/* owner.h - whose is a program that is attached somewhere? */
#pragma once

#include <stdbool.h>

#include <linux/bpf.h>

#include "kernel/object/instance.h"

enum whose {
	WHOSE_OTHERS,
	WHOSE_LEFT, /* of Rolewall, but the pins that said of which instance are gone */
	WHOSE_OURS,
};

/* `program_id` 0 is nobody's. */
enum whose whose(const struct instance *instance, __u32 program_id);

/* Is it a program of Rolewall, of whatever instance, that a link holds? */
bool owner_is_linked(__u32 program_id);
