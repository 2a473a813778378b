/* SPDX-License-Identifier: GPL-2.0 */
/*
 * account.h - the users who listen on the daemon's socket: how many connections each has, and what
 * their beginnings have cost.
 *
 * A new connection is told a lot at once: what is known of attempts, rules, counters. So each user
 * has ACCOUNT_BURST_MS of the daemon's CPU, and ACCOUNT_A_SECOND_MS more each second. A user who
 * has spent them waits, for (ACCOUNT_DEBT_MS / ACCOUNT_A_SECOND_MS) seconds at most; the others do
 * not. Root never waits: it could stop the daemon as well, and asks when it matters.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>
#include <sys/types.h>

#define ACCOUNT_BURST_MS    500
#define ACCOUNT_A_SECOND_MS 100
#define ACCOUNT_DEBT_MS	    500 /* beyond the burst; what is spent beyond this is forgiven */

struct account {
	LIST_ENTRY(account) others;
	uid_t uid;
	unsigned int connections;
	int64_t spent_ns;     /* of the burst */
	int64_t recovered_ns; /* CLOCK_MONOTONIC: until then it has recovered */
	bool open;	      /* was solvent at the last tick */
};

LIST_HEAD(account_list, account);

/* The peer of a unix socket is one more connection of its user's. NULL: no memory, or no peer. */
struct account *account_join(struct account_list *accounts, int fd);
void account_leave(struct account *account);

/* What has come in until `now`, ns of CLOCK_MONOTONIC. */
void account_recover(struct account *account, int64_t now);

/* Has it something left? */
bool account_is_solvent(const struct account *account);

/* CPU time of this thread, ns: taken before the work, and charged after it. */
int64_t account_clock(void);
void account_charge(struct account *account, int64_t since);

/* About once a second, `now` as above. Forgets who has no connection and owes nothing. */
void accounts_tick(struct account_list *accounts, int64_t now);
void accounts_free(struct account_list *accounts);
