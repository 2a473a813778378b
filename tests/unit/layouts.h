/* SPDX-License-Identifier: GPL-2.0 */
/*
 * layouts.h - JSON laid out in odd ways, the same in every run.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* A number below `end`. Each program begins the same sequence. */
uint32_t random_below(uint32_t end);

/* How a document is laid out: with white space of one kind, or of all kinds. */
size_t layout_random(void);

/* White space that stands somewhere in such a document. Static. */
const char *space_random(size_t layout);
