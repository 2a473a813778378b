/* SPDX-License-Identifier: GPL-2.0 */
/*
 * trial.h - one packet, judged twice.
 *
 * What a program returns is compared for every packet; what it counted, for a batch of them, since
 * reading the counters costs more than a thousand packets. A batch whose sums are wrong is run
 * again in ever smaller parts, so that the packet that is to blame is always found.
 */
#pragma once

#include "subject.h"

struct trial {
	enum subject_program program;
	struct model_packet packet; /* owns packet.frame */
	struct model_verdict expected;
	int pass;  /* what the program returned */
	bool sent; /* false: the kernel cannot send it; counts for nothing */
};

/* What the programs counted during a batch. */
struct outcome {
	struct tally tally; /* the difference that the batch made */
	struct tally_attempts attempts;
};

/* Run and judge the trials; read what was counted. 0 or -errno. */
int trials_run(const struct subject *subject, const struct model_policy *policy,
	       struct trial *trials, size_t count, struct outcome *ret);

/* Is what was returned and counted exactly what the model expects? */
bool trials_agree(const struct model_policy *policy, const struct trial *trials, size_t count,
		  const struct outcome *outcome);

/* On stderr: where the two sides differ about the trials as a whole. */
void trials_print(const struct trial *trials, size_t count, const struct outcome *outcome);

/* On stderr: the packet, and what both sides say of it. */
void trial_print(const struct trial *trial, const struct outcome *outcome);
