/* SPDX-License-Identifier: GPL-2.0 */
/*
 * manifest.h - profile.json: what a profile says of itself, and how it is recognised on a host.
 */
#pragma once

#include "policy/model.h"
#include "policy/value.h"

#define PROFILE_FILE "profile.json" /* the file of a profile that is neither role nor flows */

/* Which requirements page `preflight` judges by. */
enum requirements {
	REQUIREMENTS_NONE, /* there is no such page: only what the firewall itself needs */
	REQUIREMENTS_2023, /* Carbonio 23.10: IPv6 disabled, Ubuntu 20.04 or RHEL 8 */
	REQUIREMENTS_2024, /* Carbonio 24.1 to 25.12: newer systems */
	REQUIREMENTS_2026, /* Carbonio 26: IPv6 is no longer minded; locale en_US.UTF-8 */
};

/* What profile.json does not say is as its base has it; without a base, 0 and empty. */
struct manifest {
	struct document *document; /* owned; NULL: the profile has no such file */
	struct name_model base;	   /* empty: none */
	char release[16];	   /* "25.9": the first release whose ports these are; empty: one
				      profile is all there is */
	char release_file[128];	   /* that says which release is installed, from the root on */
	int rank;		   /* of several that are recognised, the highest counts */
	bool rank_given;
	enum requirements requirements;
	bool requirements_given;
	struct clues clues; /* owned */
};

/* The profile.json in `directory` alone, without its base. No file: an empty manifest. */
int manifest_read(const char *directory, struct manifest *ret, struct error *ret_error);
void manifest_free(struct manifest *manifest);

/* "recognised_by" of profiles and roles. */
int clues_read(const struct value *value, struct clues *clues, struct error *ret_error);
void clues_free(struct clues *clues);
