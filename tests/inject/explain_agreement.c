/* SPDX-License-Identifier: GPL-2.0 */
/*
 * explain_agreement.c - what `explain` says of a packet, and what becomes of it.
 *
 *	explain_agreement -b BPFFS -s STATE -g CGROUP [-n TUPLES] [-S SEED] -m MARKER -p
 *		PORTS -a SOURCES CABLE...
 *
 * Random sources, ports, protocols and cables: half of the sources and ports are of the lists
 * given, which are where something changes. For each the program is asked, and then the packet is
 * sent. MARKER is a TCP port that is open to everybody. The process is in the node's namespace
 * and cgroup.
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rolewall/abi.h>

#include "kernel/observe/explain.h"
#include "util/reason.h"
#include "wire.h"

#define BATCH	   50
#define CABLES_MAX 8
#define LIST_MAX   64
#define WAIT_MS	   10000

struct tuple {
	struct question question;
	struct explanation explanation;
	size_t cable;
};

struct fate {
	struct cable cables[CABLES_MAX];
	size_t cable_count;
	struct receiver receiver;
	struct explainer *explainer;
	uint8_t sources[LIST_MAX][16];
	size_t source_count;
	uint16_t ports[LIST_MAX];
	size_t port_count;
	uint16_t marker;
	uint32_t sent;
	uint32_t reasons[RW_REASON_COUNT];
	uint32_t wrong;
};

static void list_parse(char *text, struct fate *fate, bool sources)
{
	char *next, *word;

	for (word = strtok_r(text, ",", &next); word; word = strtok_r(NULL, ",", &next)) {
		if (fate->source_count == LIST_MAX || fate->port_count == LIST_MAX)
			errx(2, "the list is too long");
		if (sources)
			address_parse(word, fate->sources[fate->source_count++]);
		else
			fate->ports[fate->port_count++] = (uint16_t)atoi(word);
	}
}

/* An address that no host of the lab has, and that the stack takes for a stranger's. */
static void source_random(uint8_t ret[16])
{
	memset(ret, 0, 16);
	if (rand() % 2) {
		memset(ret + 10, 0xff, 2);
		ret[12] = 1 + rand() % 120;
		for (int i = 13; i < 16; i++)
			ret[i] = 2 + rand() % 250;
		return;
	}
	memcpy(ret, "\x20\x01\x0d\xb8", 4);
	for (int i = 4; i < 16; i++)
		ret[i] = rand();
	ret[4] |= 0x80; /* none of the lab's networks */
}

static void tuple_make(const struct fate *fate, struct tuple *tuple)
{
	struct question *question = &tuple->question;

	tuple->cable = (size_t)rand() % fate->cable_count;
	question->interface = fate->cables[tuple->cable].node_device;
	question->l4 = rand() % 2 ? RW_L4_TCP : RW_L4_UDP;
	question->port =
		rand() % 2 ? fate->ports[(size_t)rand() % fate->port_count] : 1 + rand() % 65535;
	if (rand() % 2)
		memcpy(question->source, fate->sources[(size_t)rand() % fate->source_count], 16);
	else
		source_random(question->source);
}

static void tuple_send(struct fate *fate, const struct tuple *tuple)
{
	struct packet_spec spec = {
		.source = tuple->question.source,
		.l4 = tuple->question.l4,
		.port = tuple->question.port,
	};

	cable_send(&fate->cables[tuple->cable], &spec, fate->sent++);
}

/* What was sent on a cable before its marker has been judged when that is in. */
static void markers_send(struct fate *fate)
{
	static const char *const sources[] = {"198.51.100.77", "2001:db8:8000::77"};
	uint8_t source[16];

	for (size_t i = 0; i < fate->cable_count; i++)
		for (size_t family = 0; family < 2; family++) {
			struct packet_spec spec = {.source = source, .l4 = RW_L4_TCP};

			spec.port = fate->marker;
			address_parse(sources[family], source);
			cable_send(&fate->cables[i], &spec, fate->sent++);
			if (!receiver_wait(&fate->receiver, fate->sent - 1, WAIT_MS))
				errx(1, "the marker on %s does not arrive",
				     fate->cables[i].node_device);
		}
}

static void tuple_check(struct fate *fate, const struct tuple *tuple, uint32_t id)
{
	const struct explanation *explanation = &tuple->explanation;
	bool passed = fate->receiver.seen[id];
	char source[CIDR_TEXT_MAX];

	fate->reasons[explanation->reason]++;
	if (passed == !explanation->drop)
		return;
	if (fate->wrong++ >= 20)
		return;
	cidr_format(tuple->question.source, 128, source);
	printf("%s port %u/%s on %s: explained as %s, but it %s\n", source, tuple->question.port,
	       tuple->question.l4 == RW_L4_TCP ? "tcp" : "udp", tuple->question.interface,
	       reason_name(explanation->reason), passed ? "passed" : "was dropped");
}

static void batch_run(struct fate *fate)
{
	struct tuple tuples[BATCH] = {0};
	uint32_t first = fate->sent;
	struct error error;

	for (int i = 0; i < BATCH; i++) {
		tuple_make(fate, &tuples[i]);
		if (explainer_ask(fate->explainer, &tuples[i].question, &tuples[i].explanation,
				  &error))
			errx(1, "%s", error.what);
	}
	for (int i = 0; i < BATCH; i++)
		tuple_send(fate, &tuples[i]);
	markers_send(fate);
	for (int i = 0; i < BATCH; i++)
		tuple_check(fate, &tuples[i], first + i);
}

static void summary_print(const struct fate *fate, uint32_t count)
{
	printf("%u tuples, %u wrong:", count, fate->wrong);
	for (unsigned int reason = 1; reason < RW_REASON_COUNT; reason++)
		if (fate->reasons[reason])
			printf(" %s %u", reason_name(reason), fate->reasons[reason]);
	putchar('\n');
}

int main(int argc, char **argv)
{
	static struct fate fate;
	struct instance instance = {0};
	uint32_t count = 10000;
	struct error error;
	int option;

	srand(1);
	while ((option = getopt(argc, argv, "b:s:g:n:S:m:p:a:")) != -1) {
		switch (option) {
		case 'b':
			instance.bpffs_dir = optarg;
			break;
		case 's':
			instance.state_dir = optarg;
			break;
		case 'g':
			instance.cgroup_dir = optarg;
			break;
		case 'n':
			count = strtoul(optarg, NULL, 10);
			break;
		case 'S':
			srand(atoi(optarg));
			break;
		case 'm':
			fate.marker = (uint16_t)atoi(optarg);
			break;
		case 'p':
		case 'a':
			list_parse(optarg, &fate, option == 'a');
			break;
		default:
			return 2;
		}
	}
	for (; optind < argc && fate.cable_count < CABLES_MAX; optind++)
		cable_open(&fate.cables[fate.cable_count++], argv[optind]);
	if (!fate.cable_count || !fate.source_count || !fate.port_count || !fate.marker)
		errx(2, "see the head of fate.c");
	receiver_open(&fate.receiver, (count + BATCH) * 2 + 16 * (count / BATCH + 1));
	if (explainer_open(&instance, &fate.explainer, &error))
		errx(1, "%s", error.what);
	for (uint32_t done = 0; done < count; done += BATCH)
		batch_run(&fate);
	explainer_close(&fate.explainer);
	summary_print(&fate, count);
	return fate.wrong ? 1 : 0;
}
