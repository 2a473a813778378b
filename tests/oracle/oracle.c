/* SPDX-License-Identifier: GPL-2.0 */
/*
 * oracle - millions of packets through the real programs and through the model: verdict, reason,
 * rule, bytes and attempt must be the same.
 *
 *	oracle [-n PACKETS] [-s SEED] [-p VECTORS]
 *
 * Needs root; everything happens in a network namespace of its own. Packets on which the two sides
 * differ are kept as byte vectors, and are the first to be run the next time. Exit 1 on a mismatch,
 * and if a reason never occurred that should have.
 */
#include <errno.h>
#include <glob.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/cleanup.h"
#include "generate.h"
#include "policies.h"
#include "sequence.h"
#include "sockets.h"
#include "tracked.h"
#include "trial.h"

#define SKIPPED		77 /* the exit code of a test that cannot run here */
#define BATCH		1000
#define MISMATCHES	20    /* then it is enough */
#define HISTOGRAM_LEAST 90000 /* packets after which every reason must have occurred */
#define VECTORS_DIR	"tests/packet/vectors"

struct oracle {
	struct subject subject;
	uint64_t seed;
	unsigned int number; /* of the policy */
	struct model_policy *policy;
	struct outcome *outcome;
	unsigned long packets, unsendable, mismatches;
	struct state *state; /* for the sequences */
	struct sequence_sums sums;
	unsigned long reached[SUBJECT_PROGRAMS][RW_REASON_COUNT]; /* [0]: passed uncounted */
};

static int policy_change(struct oracle *oracle, uint64_t seed, unsigned int number)
{
	policy_free(oracle->policy);
	oracle->seed = seed;
	oracle->number = number;
	oracle->policy = policy_generate(seed, number);
	return oracle->policy ? subject_install(&oracle->subject, oracle->policy) : -ENOMEM;
}

/* --- mismatches ------------------------------------------------------------------------------- */

static int trials_differ(struct oracle *oracle, struct trial *trials, size_t count, bool *ret)
{
	int error = trials_run(&oracle->subject, oracle->policy, trials, count, oracle->outcome);

	*ret = !error && !trials_agree(oracle->policy, trials, count, oracle->outcome);
	return error;
}

/* Cut off as much of the end as can go without the mismatch going as well. */
static int trial_shrink(struct oracle *oracle, struct trial *trial)
{
	size_t least = trial->packet.hook == MODEL_CGROUP ? 1 : 14;

	for (size_t step = trial->packet.length / 2; step; step /= 2) {
		while (trial->packet.length >= least + step) {
			bool differs;
			int error;

			trial->packet.length -= step;
			error = trials_differ(oracle, trial, 1, &differs);
			if (error)
				return error;
			if (!differs) {
				trial->packet.length += step;
				break;
			}
		}
	}
	return trials_differ(oracle, trial, 1, &(bool){false});
}

static uint64_t fnv1a(const uint8_t *bytes, size_t length)
{
	uint64_t hash = 0xcbf29ce484222325;

	for (size_t i = 0; i < length; i++)
		hash = (hash ^ bytes[i]) * 0x100000001b3;
	return hash;
}

static void vector_keep(const struct oracle *oracle, const struct trial *trial)
{
	const struct model_packet *packet = &trial->packet;
	_fclose_ FILE *file = NULL;
	char path[128];

	snprintf(path, sizeof(path), VECTORS_DIR "/oracle-%016llx.txt",
		 (unsigned long long)fnv1a(packet->frame, packet->length));
	mkdir(VECTORS_DIR, 0755);
	file = fopen(path, "we");
	if (!file) {
		fprintf(stderr, "oracle: %s: %m (the packet is not kept)\n", path);
		return;
	}
	fprintf(file, "# seed of the policies, number of the policy, program, ifindex, packet\n");
	fprintf(file, "%llu %u %s %u ", (unsigned long long)oracle->seed, oracle->number,
		subject_programs[trial->program].name, packet->ifindex);
	for (size_t i = 0; i < packet->length; i++)
		fprintf(file, "%02x", packet->frame[i]);
	fprintf(file, "\n");
	fprintf(stderr, "  kept as %s\n", path);
}

static int mismatch_report(struct oracle *oracle, struct trial *trial)
{
	int error = trial_shrink(oracle, trial);

	if (error)
		return error;
	oracle->mismatches++;
	fprintf(stderr, "oracle: mismatch %lu: policy %u of seed %llu (%s)\n", oracle->mismatches,
		oracle->number, (unsigned long long)oracle->seed,
		!oracle->policy->in_force		    ? "none in force"
		: oracle->policy->flags & RW_POLICY_ENFORCE ? "enforce"
							    : "observe");
	trial_print(trial, oracle->outcome);
	vector_keep(oracle, trial);
	return 0;
}

static void batch_report(struct oracle *oracle, const struct trial *trials, size_t count)
{
	oracle->mismatches++;
	fprintf(stderr,
		"oracle: mismatch %lu: policy %u of seed %llu, %s: %zu packets, the first of %zu "
		"bytes, are counted wrongly together, but not apart\n",
		oracle->mismatches, oracle->number, (unsigned long long)oracle->seed,
		subject_programs[trials[0].program].name, count, trials[0].packet.length);
	trials_print(trials, count, oracle->outcome);
}

/* A batch went wrong: halve it until the packets are found that are to blame. */
static int batch_search(struct oracle *oracle, struct trial *trials, size_t count)
{
	size_t half = (count + 1) / 2;
	bool found = false;

	if (count == 1)
		return mismatch_report(oracle, trials);
	for (size_t from = 0; from < count; from += half) {
		size_t part = from + half < count ? half : count - from;
		bool differs;
		int error = trials_differ(oracle, trials + from, part, &differs);

		if (!error && differs && oracle->mismatches < MISMATCHES) {
			found = true;
			error = batch_search(oracle, trials + from, part);
		}
		if (error)
			return error;
	}
	if (!found && oracle->mismatches < MISMATCHES) {
		bool differs;
		int error = trials_differ(oracle, trials, count, &differs);

		if (error)
			return error;
		batch_report(oracle, trials, count);
	}
	return 0;
}

/* --- batches ---------------------------------------------------------------------------------- */

static void trials_note(struct oracle *oracle, const struct trial *trials, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (!trials[i].sent) {
			oracle->unsendable++;
			continue;
		}
		oracle->packets++;
		oracle->reached[trials[i].program][trials[i].expected.reason]++;
	}
}

static int batch_judge(struct oracle *oracle, struct trial *trials, size_t count)
{
	bool differs;
	int error = trials_differ(oracle, trials, count, &differs);

	if (error)
		return error;
	trials_note(oracle, trials, count);
	return differs ? batch_search(oracle, trials, count) : 0;
}

static void trials_free(struct trial *trials, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free((void *)trials[i].packet.frame);
	memset(trials, 0, count * sizeof(*trials));
}

static int trial_set(const struct subject *subject, struct trial *trial,
		     enum subject_program program, const struct generated *from)
{
	uint8_t *frame = malloc(from->length);

	if (!frame)
		return -ENOMEM;
	memcpy(frame, from->bytes, from->length);
	trial->program = program;
	trial->packet = (struct model_packet){
		.hook = subject_programs[program].hook,
		.merged = subject_programs[program].tc,
		.asks = subject_programs[program].asks,
		.ifindex = subject_ifindex(subject, program, from->ifindex),
		.frame = frame,
		.length = from->length,
		.buffer = subject_programs[program].optional ? SUBJECT_BUFFER : 0,
	};
	return 0;
}

static int batch_run(struct oracle *oracle, struct random *random, enum subject_program program)
{
	_free_ struct generated *generated = calloc(1, sizeof(*generated));
	_free_ struct trial *trials = calloc(BATCH, sizeof(*trials));
	int error = generated && trials ? 0 : -ENOMEM;

	for (size_t i = 0; !error && i < BATCH; i++) {
		if (!random_chance(random, 70) ||
		    !fragment_follow(random, subject_programs[program].hook, generated))
			packet_generate(random, oracle->policy, subject_programs[program].hook,
					generated);
		error = trial_set(&oracle->subject, &trials[i], program, generated);
	}
	if (!error)
		error = batch_judge(oracle, trials, BATCH);
	if (trials)
		trials_free(trials, BATCH);
	return error;
}

/* After the batches: they change the policy. */
static int sequences_run(struct oracle *oracle, struct random *random)
{
	unsigned long before = oracle->sums.packets;
	bool differs = false;
	int error;

	if (oracle->subject.programs[SUBJECT_CGROUP] < 0 || !oracle->policy->in_force)
		return 0;
	error = sequences_play(&oracle->subject, oracle->policy, random, oracle->state,
			       &oracle->sums, &differs);
	oracle->packets += oracle->sums.packets - before;
	/* What was counted is none of the next batch's. */
	if (!error)
		error = subject_attempts(&oracle->subject, &oracle->outcome->attempts);
	if (differs) {
		oracle->mismatches++;
		fprintf(stderr, "oracle: mismatch %lu: policy %u of seed %llu\n",
			oracle->mismatches, oracle->number, (unsigned long long)oracle->seed);
	}
	return error;
}

static int packets_run(struct oracle *oracle, uint64_t seed, unsigned long packets)
{
	struct random random = {.state = ~seed};
	unsigned long end = oracle->packets + packets;
	int error = 0;

	for (unsigned int number = 0; !error; number++) {
		error = policy_change(oracle, seed, number);
		for (unsigned int i = 0; !error && i < SUBJECT_PROGRAMS; i++) {
			if (oracle->packets >= end || oracle->mismatches >= MISMATCHES)
				return 0;
			if (oracle->subject.programs[i] >= 0)
				error = batch_run(oracle, &random, i);
		}
		if (!error)
			error = sequences_run(oracle, &random);
	}
	return error;
}

/* --- kept vectors ----------------------------------------------------------------------------- */

static size_t hex_read(const char *hex, uint8_t *bytes, size_t size)
{
	size_t length = 0;
	unsigned int byte;

	while (length < size && sscanf(hex, "%2x", &byte) == 1 && hex[1]) {
		bytes[length++] = byte;
		hex += 2;
	}
	return length;
}

static int vector_run(struct oracle *oracle, const char *line)
{
	_free_ struct generated *generated = malloc(sizeof(*generated));
	unsigned long long seed;
	struct trial trial = {0};
	unsigned int number;
	char name[16];
	int at = 0, error;
	size_t index = 0;

	if (!generated)
		return -ENOMEM;
	if (line[0] == '#')
		return 0;
	if (sscanf(line, "%llu %u %15s %u %n", &seed, &number, name, &generated->ifindex, &at) < 4)
		return -EINVAL;
	while (index < SUBJECT_PROGRAMS && strcmp(name, subject_programs[index].name) != 0)
		index++;
	generated->length = hex_read(line + at, generated->bytes, GENERATE_MOST);
	if (index == SUBJECT_PROGRAMS || generated->length == 0)
		return -EINVAL;
	if (oracle->subject.programs[index] < 0)
		return 0;
	error = policy_change(oracle, seed, number);
	if (!error)
		error = trial_set(&oracle->subject, &trial, index, generated);
	if (!error)
		error = batch_judge(oracle, &trial, 1);
	trials_free(&trial, 1);
	return error;
}

static int vector_file_run(struct oracle *oracle, const char *path)
{
	_fclose_ FILE *file = fopen(path, "re");
	_free_ char *line = NULL;
	size_t size = 0;
	int error = file ? 0 : -errno;

	while (!error && oracle->mismatches < MISMATCHES && getline(&line, &size, file) > 0)
		error = vector_run(oracle, line);
	if (error)
		fprintf(stderr, "oracle: %s: %s\n", path, strerror(-error));
	return error;
}

static int vectors_run(struct oracle *oracle, const char *pattern, bool is_needed)
{
	glob_t files = {0};
	int error = 0, found = glob(pattern, 0, NULL, &files);

	if (found == GLOB_NOMATCH && !is_needed)
		return 0;
	if (found != 0) {
		fprintf(stderr, "oracle: %s: no such file\n", pattern);
		return -ENOENT;
	}
	for (size_t i = 0; !error && i < files.gl_pathc; i++)
		error = vector_file_run(oracle, files.gl_pathv[i]);
	globfree(&files);
	return error;
}

/* --- the whole -------------------------------------------------------------------------------- */

/* How often each reason occurred, and how many never did that the generator should reach. */
static unsigned int reason_print(const struct oracle *oracle, unsigned int reason)
{
	unsigned int missing = 0;

	printf("%-18s", model_reason_name(reason));
	for (unsigned int i = 0; i < SUBJECT_PROGRAMS; i++) {
		bool is_cgroup = subject_programs[i].hook == MODEL_CGROUP;
		bool is_reachable = oracle->subject.programs[i] >= 0 && (reason || is_cgroup) &&
				    !(reason == RW_REASON_FRAGMENT_FLOOD && is_cgroup) &&
				    (reason != RW_REASON_FORWARDED || subject_programs[i].asks);

		printf(" %10lu", oracle->reached[i][reason]);
		if (is_reachable && !oracle->reached[i][reason])
			missing++;
	}
	printf("\n");
	return missing;
}

static unsigned int histogram_print(const struct oracle *oracle)
{
	unsigned int missing = 0;

	printf("%-18s", "reason");
	for (unsigned int i = 0; i < SUBJECT_PROGRAMS; i++)
		printf(" %10s", subject_programs[i].name);
	printf("\n");
	for (unsigned int reason = 0; reason < RW_REASON_COUNT; reason++)
		if (model_reason_name(reason)[0] != '?' && reason != RW_REASON_BIND_DENIED)
			missing += reason_print(oracle, reason);
	printf("in sequences: %lu packets, %lu of conversations, %lu refused, %lu sent that "
	       "began none, %lu of other namespaces\n",
	       oracle->sums.packets, oracle->sums.established, oracle->sums.refused,
	       oracle->sums.began_none, oracle->sums.foreign);
	printf("%lu packets were more or less than BPF_PROG_TEST_RUN takes\n", oracle->unsendable);
	return missing;
}

/*
 * All counters of a run on one CPU: nothing else counts there, and tables are read where written.
 */
static int cpu_stay(void)
{
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(sched_getcpu(), &cpus);
	return sched_setaffinity(0, sizeof(cpus), &cpus) < 0 ? -errno : 0;
}

/* 0, SKIPPED or -errno. */
static int oracle_run(struct oracle *oracle, const char *vectors, uint64_t seed,
		      unsigned long packets)
{
	int error = cpu_stay();

	if (!error)
		error = sockets_make();
	if (error == -ENODEV)
		return SKIPPED;
	if (!error)
		error = subject_open(&oracle->subject);
	if (!error && oracle->subject.asking && tracked_make())
		subject_ask_nothing(&oracle->subject);
	if (error)
		return error;
	error = vectors_run(oracle, vectors ? vectors : VECTORS_DIR "/oracle-*.txt", vectors);
	if (!error)
		error = packets_run(oracle, seed, packets);
	subject_close(&oracle->subject);
	return error;
}

int main(int argc, char **argv)
{
	_free_ struct oracle *oracle = calloc(1, sizeof(*oracle));
	unsigned long packets = 1000000;
	const char *vectors = NULL;
	uint64_t seed = 1;
	unsigned int missing;
	int option, error;

	while ((option = getopt(argc, argv, "n:s:p:")) != -1) {
		if (option == 'n') {
			packets = strtoul(optarg, NULL, 0);
		} else if (option == 's') {
			seed = strtoull(optarg, NULL, 0);
		} else if (option == 'p') {
			vectors = optarg;
		} else {
			fprintf(stderr, "usage: oracle [-n PACKETS] [-s SEED] [-p VECTORS]\n");
			return 2;
		}
	}
	if (oracle)
		oracle->outcome = calloc(1, sizeof(*oracle->outcome));
	if (oracle)
		oracle->state = calloc(1, sizeof(*oracle->state));
	error = oracle && oracle->outcome && oracle->state
			? oracle_run(oracle, vectors, seed, packets)
			: -ENOMEM;
	if (error)
		return error > 0 ? error : 1;
	missing = histogram_print(oracle);
	if (packets >= HISTOGRAM_LEAST && missing)
		printf("%u reasons never occurred\n", missing);
	printf("oracle: %lu packets, %lu mismatches\n", oracle->packets, oracle->mismatches);
	policy_free(oracle->policy);
	free(oracle->outcome);
	free(oracle->state);
	return oracle->mismatches || (packets >= HISTOGRAM_LEAST && missing) ? 1 : 0;
}
