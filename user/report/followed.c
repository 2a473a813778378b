/* SPDX-License-Identifier: GPL-2.0 */
/* followed.c - what is taken from an answer. */
#include "report/followed.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "policy/cidr.h"
#include "util/array.h"
#include "util/cleanup.h"

/* --- the list --------------------------------------------------------------------------------- */

void followed_list_free(struct followed_list *names)
{
	for (size_t i = 0; i < names->count; i++)
		free(names->list[i].addresses);
	free(names->list);
	*names = (struct followed_list){0};
}

struct followed *followed_find(const struct followed_list *names, const char *name)
{
	for (size_t i = 0; i < names->count; i++)
		if (!strcasecmp(names->list[i].name, name))
			return &names->list[i];
	return NULL;
}

struct followed *followed_get(struct followed_list *names, const char *name)
{
	struct followed *found = followed_find(names, name);

	if (found)
		return found;
	found = array_append(&names->list, &names->count, sizeof(*found));
	for (size_t i = 0; found && name[i] && i < sizeof(found->name) - 1; i++)
		found->name[i] = (char)tolower((unsigned char)name[i]);
	return found;
}

static int address_compare(const void *left, const void *right)
{
	return memcmp(left, right, 16);
}

int followed_set(struct followed *name, const uint8_t (*addresses)[16], size_t count)
{
	uint8_t(*list)[16] = calloc(count + 1, sizeof(*list));
	size_t kept = 0;

	if (!list)
		return -ENOMEM;
	if (count)
		memcpy(list, addresses, count * sizeof(*list));
	qsort(list, count, sizeof(*list), address_compare);
	for (size_t i = 0; i < count; i++)
		if (!kept || memcmp(list[kept - 1], list[i], sizeof(*list)) != 0)
			memmove(list[kept++], list[i], sizeof(*list));
	free(name->addresses);
	name->addresses = list;
	name->count = kept;
	return 0;
}

int followed_from(struct followed *name, const struct set *set, size_t host)
{
	_free_ uint8_t(*list)[16] = calloc(set->source_count + 1, sizeof(*list));
	size_t count = 0;

	if (!list)
		return -ENOMEM;
	for (size_t i = 0; i < set->source_count; i++)
		if (set->sources[i].host == host + 1)
			memcpy(list[count++], set->sources[i].source, sizeof(*list));
	return followed_set(name, (const uint8_t(*)[16])list, count);
}

bool followed_is_same(const struct followed *a, const struct followed *b)
{
	return a->count == b->count &&
	       (!a->count || !memcmp(a->addresses, b->addresses, a->count * sizeof(*a->addresses)));
}

/* --- what may be taken ------------------------------------------------------------------------ */

#define IPV4(a, b, length)                                                                         \
	{                                                                                          \
		{[10] = 0xff, [11] = 0xff, [12] = (a), [13] = (b)}, 96 + (length)                  \
	}

/* Why not; NULL: it may. */
static const char *objection(const uint8_t address[16], const struct own_addresses *own)
{
	static const struct {
		struct cidr cidr;
		const char *why;
	} refused[] = {
		{IPV4(0, 0, 8), "it is no address of a host"},
		{IPV4(127, 0, 8), "it is loopback"},
		{IPV4(169, 254, 16), "it is link-local"},
		{IPV4(224, 0, 4), "it is multicast"},
		{IPV4(240, 0, 4), "it is no address of a host"},
		{{{0}, 128}, "it is no address of a host"},
		{{{[15] = 1}, 128}, "it is loopback"},
		{{{0xfe, 0x80}, 10}, "it is link-local"},
		{{{0xff}, 8}, "it is multicast"},
	};
	struct cidr one = {.length = 128};

	memcpy(one.source, address, sizeof(one.source));
	for (size_t i = 0; i < ARRAY_SIZE(refused); i++)
		if (cidr_covers(&refused[i].cidr, &one))
			return refused[i].why;
	for (size_t i = 0; i < own->count; i++)
		if (memcmp(own->list[i], address, sizeof(one.source)) == 0)
			return "it is this node's own";
	return NULL;
}

/* What has been found out so far of one name. */
struct taking {
	uint8_t addresses[2 * ANSWER_FAMILIES * ANSWER_ADDRESSES_MAX][16];
	size_t count;
	bool answered; /* all that is in it was said by this answer */
	char trouble[FOLLOWED_REASON_MAX];
};

static void __attribute__((format(printf, 2, 3)))
trouble_add(struct taking *taking, const char *format, ...)
{
	size_t used = strlen(taking->trouble), room = sizeof(taking->trouble);
	va_list args;

	/* One or two say what is wrong. */
	if (used > room / 2)
		return;
	if (used)
		used += snprintf(taking->trouble + used, room - used, "; ");
	va_start(args, format);
	vsnprintf(taking->trouble + used, room - used, format, args);
	va_end(args);
}

static size_t family_of(const uint8_t address[16])
{
	return cidr_is_ipv4(address, 128) ? ANSWER_IPV4 : ANSWER_IPV6;
}

static void address_take(struct taking *taking, const uint8_t address[16])
{
	if (taking->count < ARRAY_SIZE(taking->addresses))
		memcpy(taking->addresses[taking->count++], address, 16);
}

/* Those that the answer has of one family, or those of before. */
static void family_take(struct taking *taking, const struct followed *name,
			const struct name_answer *answer, size_t family)
{
	size_t before = taking->count;

	for (size_t i = 0; i < name->count; i++)
		if (family_of(name->addresses[i]) == family)
			address_take(taking, name->addresses[i]);
	trouble_add(taking, "IPv%s: %s", family == ANSWER_IPV4 ? "4" : "6",
		    name_answer_meaning(answer->status[family]));
	taking->answered &= taking->count == before;
}

static void answer_take(struct taking *taking, const struct name_answer *answer,
			const struct own_addresses *own)
{
	for (size_t i = 0; i < answer->count; i++) {
		const char *why = objection(answer->addresses[i], own);
		char text[CIDR_TEXT_MAX];

		cidr_format(answer->addresses[i], 128, text);
		if (why)
			trouble_add(taking, "%s is not taken: %s", text, why);
		else
			address_take(taking, answer->addresses[i]);
	}
}

static bool is_none(const struct name_answer *answer, size_t family)
{
	return answer->status[family] == ANSWER_NONE || answer->status[family] == ANSWER_NO_NAME;
}

static void taking_fill(struct taking *taking, const struct followed *name,
			const struct name_answer *answer, const struct own_addresses *own)
{
	taking->answered = true;
	/* The same of both families is said once. */
	if (answer->status[0] == answer->status[1] && answer->status[0] != ANSWER_OK) {
		trouble_add(taking, "%s", name_answer_meaning(answer->status[0]));
		return;
	}
	answer_take(taking, answer, own);
	for (size_t family = 0; family < ANSWER_FAMILIES; family++)
		if (answer->status[family] != ANSWER_OK && !is_none(answer, family))
			family_take(taking, name, answer, family);
	if (!taking->count)
		trouble_add(taking, "%s", name_answer_meaning(ANSWER_NONE));
}

int followed_take(struct followed *name, const struct name_answer *answer,
		  const struct own_addresses *own, int64_t now, bool *ret_changed)
{
	struct followed before = {.addresses = name->addresses, .count = name->count};
	struct taking taking = {.count = 0};
	int r = 0;

	taking_fill(&taking, name, answer, own);
	*ret_changed = false;
	if (taking.count) {
		name->addresses = NULL;
		r = followed_set(name, taking.addresses, taking.count);
		if (r < 0) {
			name->addresses = before.addresses;
			return r;
		}
		*ret_changed = !followed_is_same(&before, name);
		free(before.addresses);
		if (taking.answered)
			name->answered = now;
	}
	followed_trouble(name, taking.trouble, now);
	return 0;
}

void followed_trouble(struct followed *name, const char *trouble, int64_t now)
{
	if (!*trouble)
		name->since = 0;
	else if (!*name->trouble)
		name->since = now;
	snprintf(name->trouble, sizeof(name->trouble), "%s", trouble);
}

uint32_t followed_pause(const struct followed *name, uint32_t ttl)
{
	if (*name->trouble || ttl < FOLLOWED_TTL_MIN)
		return FOLLOWED_TTL_MIN;
	return ttl < FOLLOWED_TTL_MAX ? ttl : FOLLOWED_TTL_MAX;
}

int64_t followed_age(const struct followed *name, int64_t now)
{
	if (!name->answered)
		return -1;
	/* A clock that was set back makes nothing younger than new. */
	return now > name->answered ? now - name->answered : 0;
}

const char *followed_text(const uint8_t (*addresses)[16], size_t count, char *ret, size_t size)
{
	size_t used = 0;

	snprintf(ret, size, "nothing");
	for (size_t i = 0; i < count; i++) {
		char text[CIDR_TEXT_MAX];

		cidr_format(addresses[i], 128, text);
		if (used + strlen(text) + sizeof(",...") >= size) {
			snprintf(ret + used, size - used, ",...");
			break;
		}
		used += snprintf(ret + used, size - used, "%s%s", used ? "," : "", text);
	}
	return ret;
}
