/* SPDX-License-Identifier: GPL-2.0 */
/*
 * text.h - the text of a node file, where less is in force than it says: `apply --observe`.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/*
 * Make the node file `*text` say the mode and the bind guard of `flags` (RW_POLICY_*). Where it
 * says them already it stays word for word, else it is written anew and replaced: owned by the
 * caller, with a NUL that is not counted. 0, -ENOMEM, or -EINVAL: it is no JSON object. Untouched
 * on failure.
 */
int text_agree(char **text, size_t *size, uint8_t flags);
