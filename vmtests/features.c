/* SPDX-License-Identifier: GPL-2.0 */
/* features.c - what the kernel under this program can do, one word each. */
#include <stdio.h>

#include "kernel/object/probe.h"

int main(void)
{
	struct features features;

	features_probe(&features);
	printf("ringbuf=%s lookup=%s frags=%s links=%s\n", features.ringbuf ? "yes" : "no",
	       features.cgroup_lookup ? "yes" : "no", features.frags ? "yes" : "no",
	       features.links ? "yes" : "no");
	return 0;
}
