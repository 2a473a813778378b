/* SPDX-License-Identifier: GPL-2.0 */
/*
 * json.h - what the verbs and the daemon's feed tell as JSON: one object for one thing, each field
 * with one spelling (packaging/schema/output/common.json). What is not known is null.
 *
 * All return a new reference, or NULL without memory; json_pack() with "o" passes a NULL on.
 */
#pragma once

#include <jansson.h>

#include "kernel/lists/timeout_list.h"
#include "kernel/observe/snapshot.h"
#include "tables/compare.h"
#include "report/difference.h"
#include "report/feed.h"
#include "report/followed.h"
#include "util/error.h"
#include "util/json_clean.h"

#define JSON_VERSION 1 /* of every document; within one, keys are only added */

/* Takes both. Without memory for the element the list is freed, and NULL from then on. */
void json_append(json_t **list, json_t *element);

/* RFC 3339 with milliseconds, from ns since the epoch; 0 is null. */
json_t *json_time(int64_t ns);

/* A list of what stands there comma separated. */
json_t *json_names(const char *names);

/* Names of the interfaces that a set's sources may come by; null: every one. */
json_t *json_on(const struct set *set);

/* Zones of a mask by name; roles of peers as "peers". */
json_t *json_zones(uint64_t zones);

/* Names of the sets in a mask; those without one are called by their first prefix. */
json_t *json_sets(uint64_t zones, const struct tables *tables);

/* null: there is none. */
json_t *json_limit(const struct limit *limit);

json_t *json_rule(const struct rule_state *state);
json_t *json_interfaces(const struct snapshot *snapshot);

/* All of a snapshot but its rules; of one of zeros likewise. */
json_t *json_status(const struct snapshot *snapshot);

json_t *json_attempt(const struct attempt *attempt, const char *service);

/* A ban, or an opening. */
json_t *json_timeout(const struct timeout *entry);

/* Adds them to the lists "opened", "closed" and "moved" of `root`, and to its sum "unchanged". */
void json_changes(json_t *root, const struct changes *changes);

/* The same, and all else that a plan tells of. */
json_t *json_difference(const struct difference *difference);

/* What a name in a set stands for; NULL: nothing is known of it. */
json_t *json_followed_name(const char *name, const struct followed *followed);

/* Names that are followed, and why what they stand for is not in force yet. */
json_t *json_followed(const struct followed_list *names);

/* {"what", "where", "path", "hint"} */
json_t *json_error(const struct error *error);
