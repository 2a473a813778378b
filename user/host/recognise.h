/* SPDX-License-Identifier: GPL-2.0 */
/*
 * recognise.h - which profile is a host's: by what it and its roles are recognised by, and by the
 * release that is installed.
 */
#pragma once

#include <stdbool.h>

#include "host/host_facts.h"
#include "policy/advice.h"
#include "tables/profile.h"
#include "util/error.h"

#define CLUE_TEXT_MAX 160

/* A clue that the host has: "the package carbonio-mta is installed". False: it has none. */
bool clues_find(const struct clues *clues, const struct host_facts *facts,
		char ret_because[CLUE_TEXT_MAX]);

struct recognised {
	char profile[TABLES_NAME_MAX]; /* empty: the host looks like none */
	char because[CLUE_TEXT_MAX];
	char release[32];	/* that is installed, like "25.12.0"; empty: not known */
	char release_file[128]; /* that says so */
};

/*
 * Of the profiles that the host has a clue of, those of the highest rank; of them the newest whose
 * release is not newer than the installed one. If that is not known: the one with most roles, and of
 * several the newest. (The table of a single server would shut a node of several out.)
 */
int profile_recognise(const struct host_facts *facts, const char *roles_dir, struct recognised *ret,
		      struct error *ret_error);

/* The profile to begin with where nothing is recognised: the newest Carbonio of several nodes. */
int profile_fallback(const char *roles_dir, char ret[TABLES_NAME_MAX], struct error *ret_error);

/*
 * A warning, if the installed release has another profile than the policy. `ret_recognised->profile`
 * is empty where no release file is: then nothing else is looked at.
 */
int profile_advise(const char *root, const char *roles_dir, const struct tables *tables,
		   struct warnings *ret, struct recognised *ret_recognised);
