/* SPDX-License-Identifier: GPL-2.0 */
/*
 * addresses.h - addresses that policies and packets share, so that they meet: random ones of 128
 * bits never would.
 */
#pragma once

#include "model.h"
#include "random.h"

/* An address of `family` (4 or 6): one of a small world, now and then any. */
void address_random(struct random *random, int family, uint8_t ret[16]);

/* A prefix of the small world, any length from /0 (IPv4: 96) to /128, no bit set behind it. */
void prefix_random(struct random *random, int family, struct model_prefix *ret);

/* An address inside of the prefix, at one of its edges, or just outside. */
void address_near(struct random *random, const struct model_prefix *prefix, uint8_t ret[16]);

/* 4 or 6. */
int address_family(const uint8_t address[16]);
