/* SPDX-License-Identifier: GPL-2.0 */
/* account.c - a list: only root and the members of one group get here. */
#include "daemon/account.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

#include "util/clock.h"

#define MS 1000000LL

static struct account *account_find(struct account_list *accounts, uid_t uid)
{
	struct account *account;

	LIST_FOREACH (account, accounts, others)
		if (account->uid == uid)
			return account;
	account = calloc(1, sizeof(*account));
	if (!account)
		return NULL;
	account->uid = uid;
	account->recovered_ns = clock_now(CLOCK_MONOTONIC);
	LIST_INSERT_HEAD(accounts, account, others);
	return account;
}

struct account *account_join(struct account_list *accounts, int fd)
{
	struct ucred peer;
	socklen_t size = sizeof(peer);
	struct account *account;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size))
		return NULL;
	account = account_find(accounts, peer.uid);
	if (account)
		account->connections++;
	return account;
}

void account_leave(struct account *account)
{
	account->connections--;
}

bool account_is_solvent(const struct account *account)
{
	return account->uid == 0 || account->spent_ns < ACCOUNT_BURST_MS * MS;
}

/* A tick may come late, and two may come together. */
void account_recover(struct account *account, int64_t now)
{
	int64_t came = (now - account->recovered_ns) * ACCOUNT_A_SECOND_MS / 1000;

	account->recovered_ns = now;
	account->spent_ns = account->spent_ns > came ? account->spent_ns - came : 0;
}

int64_t account_clock(void)
{
	return clock_now(CLOCK_THREAD_CPUTIME_ID);
}

void account_charge(struct account *account, int64_t since)
{
	const int64_t most = (ACCOUNT_BURST_MS + ACCOUNT_DEBT_MS) * MS;

	account->spent_ns += account_clock() - since;
	if (account->spent_ns > most)
		account->spent_ns = most;
}

void accounts_tick(struct account_list *accounts, int64_t now)
{
	struct account *account, *next;

	for (account = LIST_FIRST(accounts); account; account = next) {
		next = LIST_NEXT(account, others);
		account_recover(account, now);
		account->open = account_is_solvent(account);
		if (account->connections || account->spent_ns)
			continue;
		LIST_REMOVE(account, others);
		free(account);
	}
}

void accounts_free(struct account_list *accounts)
{
	struct account *account;

	while ((account = LIST_FIRST(accounts))) {
		LIST_REMOVE(account, others);
		free(account);
	}
}
