/* SPDX-License-Identifier: GPL-2.0 */
/* text.c - set "mode" and "bind_guard" in a node file. */
#include "tables/text.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include <rolewall/abi.h>

#include "policy/words.h"
#include "util/cleanup.h"

#define WORD_MISSING "observe" /* what both keys mean where they are missing */

static int set(json_t *root, const char *key, const char *word, bool *changed)
{
	const char *found = json_string_value(json_object_get(root, key));

	if (!strcmp(found ? found : WORD_MISSING, word))
		return 0;
	*changed = true;
	return json_object_set_new(root, key, json_string(word)) ? -ENOMEM : 0;
}

static int set_both(json_t *root, uint8_t flags, bool *changed)
{
	const char *mode = word_of(words_modes, flags & RW_POLICY_ENFORCE);
	const char *guard =
		word_of(words_bind_guard, flags & (RW_POLICY_BIND_OBSERVE | RW_POLICY_BIND_DENY));
	int r;

	if (!json_is_object(root) || !mode || !guard)
		return -EINVAL;
	r = set(root, "mode", mode, changed);
	return r ? r : set(root, "bind_guard", guard, changed);
}

int text_agree(char **text, size_t *size, uint8_t flags)
{
	json_t *root = json_loadb(*text, *size, 0, NULL);
	bool changed = false;
	int r = set_both(root, flags, &changed);
	char *written = NULL;

	if (!r && changed) {
		written = json_dumps(root, JSON_INDENT(2));
		r = written ? 0 : -ENOMEM;
	}
	json_decref(root);
	if (!written)
		return r;
	free(*text);
	*text = written;
	*size = strlen(written);
	return 0;
}
