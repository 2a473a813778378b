/* SPDX-License-Identifier: GPL-2.0 */
/* memory.c - room for fragments. */
#include "memory.h"

#include <string.h>

enum { STRAY = 1, BEGUN, OWN };

void memory_begin(struct model_memory *memory)
{
	memcpy(memory->held, memory->base, sizeof(memory->held));
	memset(memory->turn, 0, sizeof(memory->turn));
	memory->count = 0;
}

static struct model_identity identity_of(const struct view *view)
{
	struct model_identity identity;

	memset(&identity, 0, sizeof(identity));
	memcpy(identity.source, view->source, 16);
	memcpy(identity.destination, view->destination, 16);
	if (view->packet->hook == MODEL_ETHERNET)
		memcpy(identity.station, view->packet->frame, 6);
	identity.family = view->family;
	identity.protocol = view->family == 4 ? view->protocol : 0;
	identity.identification = view->identification;
	identity.vlan = view->vlan;
	return identity;
}

static struct model_datagram *datagram_find(struct model_memory *memory,
					    const struct model_identity *identity)
{
	for (size_t i = 0; i < memory->count; i++)
		if (memcmp(&memory->list[i].identity, identity, sizeof(*identity)) == 0)
			return &memory->list[i];
	return NULL;
}

static unsigned int class_of(const struct view *view, enum rw_reason reason,
			     const struct model_datagram *datagram)
{
	if (view->fragment == FIRST_FRAGMENT)
		return view->protocol == 17 && reason == RW_REASON_ESTABLISHED ? OWN : BEGUN;
	return datagram ? datagram->class : STRAY;
}

/* Walk from offset 0 to the end, and use every piece exactly once. */
static bool is_complete(const struct model_datagram *datagram)
{
	unsigned int at = 0;
	size_t steps = 0;

	for (bool is_over = false; !is_over; steps++) {
		const struct model_piece *next = NULL;

		for (size_t i = 0; i < datagram->count; i++)
			if (datagram->pieces[i].start == at)
				next = &datagram->pieces[i];
		if (!next)
			return false;
		is_over = next->is_last;
		at = next->end;
	}
	return steps == datagram->count && !datagram->is_apart;
}

static struct model_datagram *datagram_new(struct model_memory *memory,
					   const struct model_identity *identity, uint32_t turn)
{
	struct model_datagram *datagram = &memory->list[memory->count++ % MEMORY_DATAGRAMS];

	*datagram = (struct model_datagram){.identity = *identity, .class = STRAY, .turn = turn};
	return datagram;
}

static void datagram_note(struct model_datagram *datagram, const struct view *view,
			  unsigned int class, uint32_t cost, uint32_t turn)
{
	struct model_piece piece = {
		.start = view->fragment_offset,
		.end = view->fragment_offset + view->fragment_payload,
		.is_last = !view->has_more,
	};

	if (class > datagram->class)
		datagram->class = class;
	/* Between turn 1 and turn 3 there is one. */
	if (turn > datagram->turn && turn - datagram->turn - 1 >= 32)
		datagram->is_apart = true;
	datagram->turn = turn;
	datagram->held += cost;
	if (datagram->count == MEMORY_PIECES)
		datagram->is_apart = true; /* so many never complete anything here */
	else
		datagram->pieces[datagram->count++] = piece;
}

bool memory_hold(struct model_memory *memory, const struct view *view, enum rw_reason reason,
		 uint64_t zone)
{
	int family = view->family == 4 ? 0 : 1, number = zone & 4 ? 2 : zone & 2 ? 1 : 0;
	uint32_t *held = &memory->held[family][number], cost = view_counted(view->packet) + 2048;
	struct model_identity identity = identity_of(view);
	struct model_datagram *datagram = datagram_find(memory, &identity);
	unsigned int class = class_of(view, reason, datagram);
	uint32_t turn;

	if (*held > class * (MEMORY_ROOM / 3))
		return false;
	*held += cost;
	turn = memory->turn[family]++;
	if (!view->is_plain || view->fragment_payload == 0 ||
	    (view->has_more && view->fragment_payload % 8))
		return true;
	if (!datagram)
		datagram = datagram_new(memory, &identity, turn);
	datagram_note(datagram, view, class, cost, turn);
	if (is_complete(datagram)) {
		*held -= datagram->held;
		memset(&datagram->identity, 0xff, sizeof(datagram->identity)); /* nobody's */
	}
	return true;
}
