/* SPDX-License-Identifier: GPL-2.0 */
/* native_subject.c - tests/oracle/subject.h without a kernel: native.c runs the programs. */
#include <string.h>

#include <linux/bpf.h>

#include "../oracle/subject.h"
#include "native.h"
#include "native_subject.h"
#include "native_maps.h"

#define ETHERNET_BYTES 14
#define TAG_BYTES      4
#define SKB_MOST       (1 << 17)

int subject_map(const struct subject *subject, const char *name)
{
	return native_map_fd(name);
}

int subject_open(struct subject *ret)
{
	*ret = (struct subject){
		.policy_inner = {BPF_MAP_TYPE_ARRAY, 4, sizeof(struct rw_policy_entry),
				 RW_POLICY_ENTRIES, 0},
		.prefixes_inner = {BPF_MAP_TYPE_LPM_TRIE, sizeof(struct rw_zone_key), sizeof(__u64),
				   RW_SOURCES, 0},
		.cpus = 1,
	};
	native_start();
	return subject_pieces_make(ret);
}

const void *subject_seeds(const struct subject *subject)
{
	return native_seeds();
}

void subject_close(struct subject *subject)
{
}

static bool is_tagged(const uint8_t *frame, size_t length)
{
	return length >= ETHERNET_BYTES + TAG_BYTES &&
	       (!memcmp(frame + 12, "\x81\0", 2) || !memcmp(frame + 12, "\x88\xa8", 2));
}

size_t native_bytes(enum subject_program program, const struct model_packet *packet)
{
	bool untags = subject_programs[program].tc && packet->hook == MODEL_ETHERNET &&
		      is_tagged(packet->frame, packet->length);

	return packet->length - (untags ? TAG_BYTES : 0);
}

/*
 * As the kernel hands it to tc: without the outermost tag, and, to have it pulled, with its second
 * half in another buffer.
 */
static void make_skb(struct native_packet *packet)
{
	static uint8_t frame[SKB_MOST];

	if (packet->l2_len && is_tagged(packet->bytes, packet->length)) {
		packet->tagged = true;
		packet->tci = packet->bytes[14] << 8 | packet->bytes[15];
		packet->length -= TAG_BYTES;
		memcpy(frame, packet->bytes, 12);
		memcpy(frame + 12, packet->bytes + 16, packet->length - 12);
		packet->bytes = frame;
	}
	packet->apart = packet->length / 2;
}

int subject_run(const struct subject *subject, enum subject_program program,
		const struct model_packet *packet, int *ret_pass)
{
	struct native_packet native = {
		.bytes = packet->frame,
		.length = packet->length,
		.ifindex = packet->ifindex,
		.l2_len = packet->hook == MODEL_ETHERNET ? ETHERNET_BYTES : 0,
	};

	if (subject_programs[program].tc)
		make_skb(&native);
	*ret_pass = native_run(subject_programs[program].function, &native);
	return 0;
}
