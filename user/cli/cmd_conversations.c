/* SPDX-License-Identifier: GPL-2.0 */
/* cmd_conversations.c - rolewall conversations: the UDP that this node began. */
#include <arpa/inet.h>

#include "cli/cli.h"
#include "cli/message.h"
#include "cli/print.h"
#include "kernel/observe/conversations.h"
#include "policy/cidr.h"
#include "report/json.h"
#include "util/array.h"
#include "util/clock.h"

#define SECOND 1000000000LL

enum { OPTION_FLUSH, OPTION_COUNT };

static const struct option_spec conversations_options[] = {
	[OPTION_FLUSH] = {"flush", 0, NULL, "end every one of them"},
};
_Static_assert(ARRAY_SIZE(conversations_options) == OPTION_COUNT, "an option lacks its row");

static long long age_of(const struct conversation *conversation)
{
	int64_t age = wall_now() - conversation->began;

	return age > 0 ? age / SECOND : 0;
}

static void add_conversation(struct libscols_table *table, const struct conversation *conversation)
{
	const struct rw_conversation_key *key = &conversation->key;
	struct libscols_line *line = table_line(table);
	char address[CIDR_TEXT_MAX], text[TIME_TEXT_MAX];

	cidr_format(key->remote, 128, address);
	cell_set(line, 0, "%s", address);
	cell_set(line, 1, "%u", ntohs(key->remote_port));
	cidr_format(key->local, 128, address);
	cell_set(line, 2, "%s", address);
	cell_set(line, 3, "%u", ntohs(key->local_port));
	cell_set(line, 4, "%lld s", age_of(conversation));
	cell_set(line, 5, "%s", time_text(conversation->ends / SECOND, text));
}

static void conversations_print(const struct settings *settings,
				const struct conversation_list *found)
{
	static const struct column columns[] = {
		{"REMOTE", 0},
		{"PORT", SCOLS_FL_RIGHT},
		{"LOCAL", 0},
		{"PORT", SCOLS_FL_RIGHT},
		{"AGE", SCOLS_FL_RIGHT},
		{"EXPIRES", 0},
	};
	_table_ struct libscols_table *table = table_new(settings, columns, ARRAY_SIZE(columns));

	for (size_t i = 0; i < found->count; i++)
		add_conversation(table, &found->list[i]);
	if (found->count)
		table_print(table);
	else
		report_note(settings, "there are no conversations");
}

static json_t *json_conversation(const struct conversation *conversation)
{
	const struct rw_conversation_key *key = &conversation->key;
	char remote[CIDR_TEXT_MAX], local[CIDR_TEXT_MAX];

	cidr_format(key->remote, 128, remote);
	cidr_format(key->local, 128, local);
	return json_make("{s:s, s:i, s:s, s:i, s:I, s:o, s:o, s:o}", "remote", remote,
			 "remote_port", (int)ntohs(key->remote_port), "local", local, "port",
			 (int)ntohs(key->local_port), "age", (json_int_t)age_of(conversation),
			 "began", json_time(conversation->began), "last_sent",
			 json_time(conversation->last), "expires", json_time(conversation->ends));
}

static void list_print_json(const struct settings *settings, const struct conversation_list *found)
{
	json_t *list = json_make("[]");

	for (size_t i = 0; i < found->count; i++)
		json_append(&list, json_conversation(&found->list[i]));
	print_json_list(settings, json_make("{s:o}", "conversations", list), "conversations");
}

static int flush_run(const struct settings *settings)
{
	struct error error = {0};
	size_t count = 0;
	int r = conversations_flush(&settings->instance, &count, &error);

	if (r)
		return report_kernel(settings, r, &error);
	if (settings->output == OUTPUT_TABLE)
		print_summary(settings, "%zu conversation%s ended.", count, count == 1 ? "" : "s");
	else
		print_json(settings, json_make("{s:I}", "flushed", (json_int_t)count));
	return EXIT_OK;
}

static int conversations_run(const struct settings *settings, const struct arguments *arguments)
{
	_conversations_ struct conversation_list found = {0};
	struct error error = {0};
	int r;

	if (arguments->options[OPTION_FLUSH])
		return flush_run(settings);
	r = conversations_read(&settings->instance, &found, &error);
	if (r)
		return report_kernel(settings, r, &error);
	if (settings->output == OUTPUT_TABLE)
		conversations_print(settings, &found);
	else
		list_print_json(settings, &found);
	return EXIT_OK;
}

const struct verb verb_conversations = {
	.name = "conversations",
	.operands = "",
	.summary = "UDP that this node began: with whom, and how long an answer is awaited",
	.details = "An answer comes in for 180 seconds after the node has sent. A source that a "
		   "rule or "
		   "an opening\n"
		   "admits, or that mode observe let in, has no conversation. --flush ends every "
		   "one; the "
		   "next datagram\n"
		   "that the node sends begins it anew.",
	.options = conversations_options,
	.option_count = OPTION_COUNT,
	.needs_root = true,
	.changes = true,
	.run = conversations_run,
};
