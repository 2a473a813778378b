/* SPDX-License-Identifier: GPL-2.0 */
/* resolver.c - one question at a time through c-ares. */
#include "preflight/resolver.h"

#include <arpa/nameser.h>
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ares.h>

#include "host/dns_sockets.h"
#include "util/array.h"

#define TIMEOUT_MS 2000 /* of the first try; c-ares waits longer for the second */
#define TRIES	   2

struct resolver {
	ares_channel channel;
	int status; /* ARES_* of the last question */
};

/* What the callback hands over. */
struct answer {
	unsigned char *data; /* owned */
	int size;
	int status;
	bool done;
};

int resolver_open(const char *server, struct resolver **ret, struct error *ret_error)
{
	struct ares_options options = {
		.flags = ARES_FLAG_NOALIASES, .timeout = TIMEOUT_MS, .tries = TRIES};
	struct resolver *resolver = calloc(1, sizeof(*resolver));
	int status = ARES_ENOMEM;

	if (resolver && ares_library_init(ARES_LIB_INIT_ALL) == ARES_SUCCESS)
		status = ares_init_options(&resolver->channel, &options,
					   ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES);
	if (status != ARES_SUCCESS) {
		free(resolver);
		return error_set(ret_error, ENOMEM, "cannot prepare for DNS: %s",
				 ares_strerror(status));
	}
	if (server && ares_set_servers_ports_csv(resolver->channel, server) != ARES_SUCCESS) {
		resolver_close(&resolver);
		error_set(ret_error, EINVAL, "\"%.80s\" is no address of a DNS server", server);
		error_hint(ret_error, "write it like 192.0.2.53 or 192.0.2.53:5353");
		return -EINVAL;
	}
	*ret = resolver;
	return 0;
}

void resolver_close(struct resolver **resolver)
{
	if (!*resolver)
		return;
	ares_destroy((*resolver)->channel);
	ares_library_cleanup();
	free(*resolver);
	*resolver = NULL;
}

const char *resolver_trouble(const struct resolver *resolver)
{
	return ares_strerror(resolver->status);
}

/* --- one question ----------------------------------------------------------------------------- */

static void answer_take(void *context, int status, int timeouts, unsigned char *data, int size)
{
	struct answer *answer = context;

	answer->status = status;
	answer->done = true;
	if (status != ARES_SUCCESS)
		return;
	answer->data = malloc(size);
	answer->size = size;
	if (answer->data)
		memcpy(answer->data, data, size);
	else
		answer->status = ARES_ENOMEM;
}

/* Wait for one of the channel's sockets, or for a timeout of its own, and let it go on. */
static void channel_step(ares_channel channel)
{
	struct pollfd polls[ARES_GETSOCK_MAXNUM];
	int count = dns_sockets_list(channel, polls);

	if (poll(polls, count, dns_sockets_wait(channel)) >= 0)
		dns_sockets_process(channel, polls, count);
}

/* 0: `ret` holds an answer, to be freed. */
static int question_ask(struct resolver *resolver, const char *name, int type, struct answer *ret)
{
	struct answer answer = {0};

	/* Who has been waited for in vain is not waited for again. */
	if (resolver->status == ARES_ETIMEOUT || resolver->status == ARES_ECONNREFUSED)
		return -EIO;
	ares_query(resolver->channel, name, ns_c_in, type, answer_take, &answer);
	while (!answer.done)
		channel_step(resolver->channel);
	resolver->status = answer.status;
	if (answer.status == ARES_ENODATA || answer.status == ARES_ENOTFOUND)
		return -ENOENT;
	if (answer.status != ARES_SUCCESS)
		return -EIO;
	*ret = answer;
	return 0;
}

/* What parsing returned, as what a find returns. */
static int outcome(struct resolver *resolver, int status, size_t count)
{
	resolver->status = status;
	if (status != ARES_SUCCESS && status != ARES_ENODATA && status != ARES_ENOTFOUND)
		return -EIO;
	return count ? 0 : -ENOENT;
}

/* --- records ---------------------------------------------------------------------------------- */

int resolver_find_a(struct resolver *resolver, const char *name, struct addresses *ret)
{
	struct ares_addrttl found[RECORDS_MAX];
	struct addresses addresses = {0};
	int count = RECORDS_MAX, status, r;
	struct answer answer = {0};

	r = question_ask(resolver, name, ns_t_a, &answer);
	if (r < 0)
		return r;
	status = ares_parse_a_reply(answer.data, answer.size, NULL, found, &count);
	free(answer.data);
	for (int i = 0; status == ARES_SUCCESS && i < count; i++)
		addresses.list[addresses.count++] = found[i].ipaddr;
	*ret = addresses;
	return outcome(resolver, status, addresses.count);
}

static int mx_order(const void *left, const void *right)
{
	const struct ares_mx_reply *a = *(struct ares_mx_reply *const *)left;
	const struct ares_mx_reply *b = *(struct ares_mx_reply *const *)right;

	return a->priority - b->priority;
}

int resolver_find_mx(struct resolver *resolver, const char *domain, struct name_records *ret)
{
	struct ares_mx_reply *list = NULL, *sorted[RECORDS_MAX];
	struct answer answer = {0};
	size_t count = 0;
	int status, r;

	r = question_ask(resolver, domain, ns_t_mx, &answer);
	if (r < 0)
		return r;
	status = ares_parse_mx_reply(answer.data, answer.size, &list);
	free(answer.data);
	for (struct ares_mx_reply *mx = list; mx && count < RECORDS_MAX; mx = mx->next)
		sorted[count++] = mx;
	if (count)
		qsort(sorted, count, sizeof(*sorted), mx_order);
	for (size_t i = 0; i < count; i++)
		snprintf(ret->list[i], sizeof(ret->list[i]), "%s", sorted[i]->host);
	ret->count = count;
	ares_free_data(list);
	return outcome(resolver, status, count);
}

int resolver_find_txt(struct resolver *resolver, const char *name, struct txt_records *ret)
{
	struct ares_txt_ext *list = NULL;
	struct answer answer = {0};
	int status, r;

	r = question_ask(resolver, name, ns_t_txt, &answer);
	if (r < 0)
		return r;
	status = ares_parse_txt_reply_ext(answer.data, answer.size, &list);
	free(answer.data);
	ret->count = 0;
	for (const struct ares_txt_ext *txt = list; txt; txt = txt->next) {
		char *text;
		size_t used;

		if (txt->record_start) {
			if (ret->count == RECORDS_MAX)
				break;
			ret->list[ret->count++][0] = '\0';
		}
		text = ret->list[ret->count - 1];
		used = strlen(text);
		snprintf(text + used, TXT_TEXT_MAX - used, "%.*s", (int)txt->length, txt->txt);
	}
	ares_free_data(list);
	return outcome(resolver, status, ret->count);
}

int resolver_find_ptr(struct resolver *resolver, struct in_addr address, struct name_records *ret)
{
	const uint8_t *bytes = (const uint8_t *)&address;
	struct hostent *host = NULL;
	struct answer answer = {0};
	char name[32];
	int status, r;

	snprintf(name, sizeof(name), "%u.%u.%u.%u.in-addr.arpa", bytes[3], bytes[2], bytes[1],
		 bytes[0]);
	r = question_ask(resolver, name, ns_t_ptr, &answer);
	if (r < 0)
		return r;
	status = ares_parse_ptr_reply(answer.data, answer.size, &address, sizeof(address), AF_INET,
				      &host);
	free(answer.data);
	ret->count = 0;
	for (char **alias = host ? host->h_aliases : NULL;
	     alias && *alias && ret->count < RECORDS_MAX; alias++)
		snprintf(ret->list[ret->count++], NAME_TEXT_MAX, "%s", *alias);
	if (host)
		ares_free_hostent(host);
	return outcome(resolver, status, ret->count);
}
