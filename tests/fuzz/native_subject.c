/* SPDX-License-Identifier: GPL-2.0 */
/* native_subject.c - tests/oracle/subject.h without a kernel: native.c runs the programs. */
#include <linux/bpf.h>

#include "../oracle/subject.h"
#include "native.h"
#include "native_maps.h"

#define ETHERNET_BYTES 14

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
	return 0;
}

void subject_close(struct subject *subject)
{
}

int subject_run(const struct subject *subject, enum subject_program program,
		const struct model_packet *packet, int *ret_pass)
{
	const struct native_packet native = {
		.bytes = packet->frame,
		.length = packet->length,
		.ifindex = packet->ifindex,
		.l2_len = packet->hook == MODEL_XDP_ETHERNET ? ETHERNET_BYTES : 0,
	};

	*ret_pass = native_run(subject_programs[program].function, &native);
	return 0;
}
