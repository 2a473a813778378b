/* SPDX-License-Identifier: GPL-2.0 */
/* name_answer.c - an answer as a line, and back. */
#include "report/name_answer.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/cidr.h"

static const char *const words[] = {
#define ANSWER_WORD(NAME, word, meaning) [ANSWER_##NAME] = word,
	ANSWER_STATUSES(ANSWER_WORD)
#undef ANSWER_WORD
};

const char *name_answer_meaning(enum answer_status status)
{
	static const char *const meanings[] = {
#define ANSWER_MEANING(NAME, word, meaning) [ANSWER_##NAME] = meaning,
		ANSWER_STATUSES(ANSWER_MEANING)
#undef ANSWER_MEANING
	};

	return meanings[status];
}

static bool status_parse(const char *word, uint8_t *ret)
{
	for (uint8_t i = 0; word && i < ANSWER_STATUS_COUNT; i++) {
		if (strcmp(word, words[i]) != 0)
			continue;
		*ret = i;
		return true;
	}
	return false;
}

static bool ttl_parse(const char *word, uint32_t *ret)
{
	if (!word || !*word || strlen(word) > 10 || word[strspn(word, "0123456789")])
		return false;
	/* RFC 2181: more than 31 bits count as 0. */
	*ret = strtoull(word, NULL, 10) > INT32_MAX ? 0 : (uint32_t)strtoull(word, NULL, 10);
	return true;
}

static bool address_parse(const char *word, struct name_answer *answer)
{
	size_t family, count[ANSWER_FAMILIES] = {0};
	struct cidr cidr;

	if (strchr(word, '/') || cidr_parse(word, &cidr, NULL))
		return false;
	family = cidr_is_ipv4(cidr.source, 128) ? ANSWER_IPV4 : ANSWER_IPV6;
	for (size_t i = 0; i < answer->count; i++)
		count[cidr_is_ipv4(answer->addresses[i], 128) ? ANSWER_IPV4 : ANSWER_IPV6]++;
	if (answer->status[family] != ANSWER_OK || count[family] == ANSWER_ADDRESSES_MAX)
		return false;
	memcpy(answer->addresses[answer->count++], cidr.source, sizeof(cidr.source));
	return true;
}

int name_answer_parse(const char *line, struct name_answer *ret)
{
	struct name_answer answer = {0};
	char text[ANSWER_LINE_MAX], *rest = text, *name, *word;
	bool good;

	if (strlen(line) >= sizeof(text))
		return -EINVAL;
	strcpy(text, line);
	name = strsep(&rest, " ");
	if (!*name || strlen(name) >= sizeof(answer.name))
		return -EINVAL;
	strcpy(answer.name, name);
	good = status_parse(strsep(&rest, " "), &answer.status[ANSWER_IPV4]) &&
	       status_parse(strsep(&rest, " "), &answer.status[ANSWER_IPV6]) &&
	       ttl_parse(strsep(&rest, " "), &answer.ttl);
	while (good && (word = strsep(&rest, " ")))
		good = address_parse(word, &answer);
	if (!good)
		return -EINVAL;
	*ret = answer;
	return 0;
}

size_t name_answer_format(const struct name_answer *answer, char ret[ANSWER_LINE_MAX])
{
	size_t used = snprintf(ret, ANSWER_LINE_MAX, "%s %s %s %" PRIu32, answer->name,
			       words[answer->status[ANSWER_IPV4]],
			       words[answer->status[ANSWER_IPV6]], answer->ttl);

	_Static_assert(ANSWER_NAME_MAX + 64 +
				       ANSWER_FAMILIES * ANSWER_ADDRESSES_MAX * CIDR_TEXT_MAX <
			       ANSWER_LINE_MAX,
		       "a line has room for all that an answer can hold");
	for (size_t i = 0; i < answer->count; i++) {
		char text[CIDR_TEXT_MAX];

		cidr_format(answer->addresses[i], 128, text);
		used += snprintf(ret + used, ANSWER_LINE_MAX - used, " %s", text);
	}
	ret[used++] = '\n';
	ret[used] = '\0';
	return used;
}
