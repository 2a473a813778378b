/* SPDX-License-Identifier: GPL-2.0 */
/*
 * ask.c - questions through c-ares, as /etc/resolv.conf says. It is read anew whenever there was
 * nothing to ask for a while.
 */
#include "names/ask.h"

#include <arpa/nameser.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ares.h>

#include "host/dns_sockets.h"

#define TIMEOUT_MS 2000 /* of the first try; c-ares waits longer for the next ones */
#define TRIES	   3

struct asker {
	void (*answered)(void *context, const struct name_answer *answer);
	void *context;
	ares_channel channel;
	bool open;
	unsigned int waiting;
};

/* One name: two questions. */
struct question {
	struct asker *asker;
	struct name_answer answer;
	unsigned int waiting;
};

struct asker *asker_new(void (*answered)(void *context, const struct name_answer *answer),
			void *context)
{
	struct asker *asker = calloc(1, sizeof(*asker));

	if (!asker || ares_library_init(ARES_LIB_INIT_ALL) != ARES_SUCCESS) {
		free(asker);
		return NULL;
	}
	asker->answered = answered;
	asker->context = context;
	return asker;
}

static void channel_close(struct asker *asker)
{
	if (asker->open)
		ares_destroy(asker->channel);
	asker->open = false;
}

void asker_free(struct asker *asker)
{
	if (!asker)
		return;
	channel_close(asker);
	ares_library_cleanup();
	free(asker);
}

static bool channel_open(struct asker *asker)
{
	struct ares_options options = {
		.flags = ARES_FLAG_NOALIASES, .timeout = TIMEOUT_MS, .tries = TRIES};

	if (!asker->open)
		asker->open = ares_init_options(&asker->channel, &options,
						ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS |
							ARES_OPT_TRIES) == ARES_SUCCESS;
	return asker->open;
}

/* --- answers ---------------------------------------------------------------------------------- */

static enum answer_status status_of(int status)
{
	switch (status) {
	case ARES_SUCCESS:
		return ANSWER_OK;
	case ARES_ENODATA:
		return ANSWER_NONE;
	case ARES_ENOTFOUND:
		return ANSWER_NO_NAME;
	case ARES_ETIMEOUT:
		return ANSWER_TIMEOUT;
	case ARES_ECONNREFUSED:
		return ANSWER_UNREACHABLE;
	case ARES_EREFUSED:
		return ANSWER_REFUSED;
	case ARES_ESERVFAIL:
		return ANSWER_FAILED;
	default:
		return ANSWER_BROKEN;
	}
}

static void ttl_take(struct name_answer *answer, int ttl)
{
	if (ttl >= 0 && (uint32_t)ttl < answer->ttl)
		answer->ttl = (uint32_t)ttl;
}

/* Parsed by c-ares, in the order in which they came. One more than fits shows that they do not. */
static enum answer_status ipv4_read(const unsigned char *data, int size, struct name_answer *answer)
{
	struct ares_addrttl found[ANSWER_ADDRESSES_MAX + 1];
	int count = ANSWER_ADDRESSES_MAX + 1;
	int status = ares_parse_a_reply(data, size, NULL, found, &count);

	if (status != ARES_SUCCESS)
		return status_of(status);
	if (count > ANSWER_ADDRESSES_MAX)
		return ANSWER_MANY;
	for (int i = 0; i < count; i++) {
		uint8_t *address = answer->addresses[answer->count++];

		memset(address, 0, 10);
		memset(address + 10, 0xff, 2);
		memcpy(address + 12, &found[i].ipaddr, 4);
		ttl_take(answer, found[i].ttl);
	}
	return count ? ANSWER_OK : ANSWER_NONE;
}

static enum answer_status ipv6_read(const unsigned char *data, int size, struct name_answer *answer)
{
	struct ares_addr6ttl found[ANSWER_ADDRESSES_MAX + 1];
	int count = ANSWER_ADDRESSES_MAX + 1;
	int status = ares_parse_aaaa_reply(data, size, NULL, found, &count);

	if (status != ARES_SUCCESS)
		return status_of(status);
	if (count > ANSWER_ADDRESSES_MAX)
		return ANSWER_MANY;
	/* IPv4 in a record of IPv6 is nobody's address. */
	for (int i = 0; i < count; i++)
		if (IN6_IS_ADDR_V4MAPPED((const struct in6_addr *)&found[i].ip6addr))
			return ANSWER_BROKEN;
	for (int i = 0; i < count; i++) {
		memcpy(answer->addresses[answer->count++], &found[i].ip6addr, 16);
		ttl_take(answer, found[i].ttl);
	}
	return count ? ANSWER_OK : ANSWER_NONE;
}

static void question_end(struct question *question)
{
	struct asker *asker = question->asker;

	if (--question->waiting)
		return;
	if (!question->answer.count)
		question->answer.ttl = 0;
	asker->waiting--;
	asker->answered(asker->context, &question->answer);
	free(question);
}

static void ipv4_came(void *context, int status, int timeouts, unsigned char *data, int size)
{
	struct question *question = context;

	question->answer.status[ANSWER_IPV4] = status == ARES_SUCCESS
						       ? ipv4_read(data, size, &question->answer)
						       : status_of(status);
	question_end(question);
}

static void ipv6_came(void *context, int status, int timeouts, unsigned char *data, int size)
{
	struct question *question = context;

	question->answer.status[ANSWER_IPV6] = status == ARES_SUCCESS
						       ? ipv6_read(data, size, &question->answer)
						       : status_of(status);
	question_end(question);
}

/* --- questions -------------------------------------------------------------------------------- */

void asker_ask(struct asker *asker, const char *name)
{
	struct question *question = calloc(1, sizeof(*question));

	if (!question)
		return; /* the daemon hears nothing, and asks again */
	question->asker = asker;
	question->waiting = 2;
	question->answer.ttl = UINT32_MAX;
	snprintf(question->answer.name, sizeof(question->answer.name), "%s", name);
	asker->waiting++;
	if (channel_open(asker)) {
		ares_query(asker->channel, name, ns_c_in, ns_t_a, ipv4_came, question);
		ares_query(asker->channel, name, ns_c_in, ns_t_aaaa, ipv6_came, question);
		return;
	}
	ipv4_came(question, ARES_ENOMEM, 0, NULL, 0);
	ipv6_came(question, ARES_ENOMEM, 0, NULL, 0);
}

unsigned int asker_waiting(const struct asker *asker)
{
	return asker->waiting;
}

bool asker_step(struct asker *asker, int fd)
{
	struct pollfd polls[ARES_GETSOCK_MAXNUM + 1];
	int count = 0, ms = -1;

	if (!asker->waiting)
		channel_close(asker);
	if (asker->open) {
		count = dns_sockets_list(asker->channel, polls + 1);
		ms = dns_sockets_wait(asker->channel);
	}
	polls[0] = (struct pollfd){.fd = fd, .events = POLLIN};
	if (poll(polls, count + 1, ms) < 0)
		return false;
	if (asker->open)
		dns_sockets_process(asker->channel, polls + 1, count);
	return polls[0].revents;
}
