/* SPDX-License-Identifier: GPL-2.0 */
/* generation.c - read, commit and retire generations. Building one: generation_build.c. */
#include "kernel/generation/generation.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "kernel/object/batch.h"
#include "kernel/object/directory.h"
#include "util/array.h"
#include "util/cleanup.h"

static const struct {
	const char *name;
	struct map_sizes sizes;
} pins[] = {
	{"policy", {sizeof(__u32), sizeof(struct rw_policy_entry)}},
	{"zones", {sizeof(struct rw_zone_key), sizeof(__u64)}},
	{"rules", {sizeof(__u32), sizeof(struct rule_record)}},
	{"about", {sizeof(__u32), sizeof(struct about_record)}},
	{"text", {sizeof(__u32), TEXT_PIECE}},
};

void generation_close(struct generation *generation)
{
	cleanup_close(&generation->policy_fd);
	cleanup_close(&generation->zones_fd);
	cleanup_close(&generation->rules_fd);
	cleanup_close(&generation->about_fd);
	cleanup_close(&generation->text_fd);
	free(generation->about);
	free(generation->rules);
	*generation = (struct generation)GENERATION_NONE;
}

#define RECORDS_READ 256 /* at a time */

static int read_rules(struct generation *generation)
{
	_free_ struct rule_record *records = calloc(RECORDS_READ, sizeof(*records));
	uint32_t count = generation->about->rule_count;
	int r = 0;

	generation->rules = calloc(count + 1, sizeof(*generation->rules));
	if (!generation->rules || !records)
		return -ENOMEM;
	for (uint32_t from = 0; !r && from < count; from += RECORDS_READ) {
		uint32_t some = count - from < RECORDS_READ ? count - from : RECORDS_READ;

		r = batch_read_array(generation->rules_fd, sizeof(*records), from, some, records);
		for (uint32_t i = 0; !r && i < some; i++)
			rule_from_record(&records[i], &generation->rules[from + i]);
	}
	return r;
}

/* Could they be read? */
static int check_rules(const struct generation *generation)
{
	uint32_t last = generation->about->rule_count - 1;
	struct rule_record record;

	if (!generation->about->rule_count)
		return 0;
	return bpf_map_lookup_elem(generation->rules_fd, &last, &record) ? -errno : 0;
}

/* Before anything else: it says what the rest is. -EPROTO. */
static int read_about(struct generation *generation)
{
	struct about_record record;
	__u32 zero = 0;

	if (bpf_map_lookup_elem(generation->about_fd, &zero, &record))
		return -errno;
	if (!about_record_is_known(&record))
		return -EPROTO;
	generation->about = calloc(1, sizeof(*generation->about));
	if (!generation->about)
		return -ENOMEM;
	about_from_record(&record, generation->about);
	return 0;
}

static int read_policy(struct generation *generation)
{
	struct rw_policy_entry entry;
	struct bpf_map_info info = {0};
	__u32 zero = 0, size = sizeof(info);

	if (bpf_map_lookup_elem(generation->policy_fd, &zero, &entry) ||
	    bpf_obj_get_info_by_fd(generation->policy_fd, &info, &size))
		return -errno;
	generation->header = entry.header;
	generation->policy_id = info.id;
	return 0;
}

static int read_generation(const struct instance *instance, struct generation *generation)
{
	int *const fds[] = {&generation->policy_fd, &generation->zones_fd, &generation->rules_fd,
			    &generation->about_fd, &generation->text_fd};
	char directory[32];
	int r = 0;

	_Static_assert(ARRAY_SIZE(fds) == ARRAY_SIZE(pins), "a pin lacks its descriptor");
	snprintf(directory, sizeof(directory), "generation-%u", generation->number);
	for (size_t i = 0; !r && i < ARRAY_SIZE(pins); i++)
		r = map_open(instance, directory, pins[i].name, &pins[i].sizes, fds[i]);
	if (!r)
		r = read_about(generation);
	if (!r)
		r = read_policy(generation);
	return r ? r : check_rules(generation);
}

static int report_unread(const struct instance *instance, uint32_t number, int error,
			 struct error *ret_error)
{
	if (error == -EPROTO)
		error_set(ret_error, EPROTO,
			  "another version of Rolewall made generation %u: its records are of "
			  "another layout",
			  number);
	else
		error_set(ret_error, -error, "cannot read generation %u: %s", number,
			  strerror(-error));
	error_where(ret_error, "%s/generation-%u", instance->bpffs_dir, number);
	error_hint(ret_error,
		   error == -EPROTO ? HINT_OTHER_VERSION : "'rolewall apply' makes a new one");
	return error;
}

static int open_numbered(const struct instance *instance, uint32_t number, bool bare,
			 struct generation *ret, struct error *ret_error)
{
	_generation_ struct generation generation = GENERATION_NONE;
	int r;

	generation.number = number;
	r = read_generation(instance, &generation);
	if (!r && !bare)
		r = read_rules(&generation);
	if (r)
		return report_unread(instance, number, r, ret_error);
	*ret = generation;
	generation = (struct generation)GENERATION_NONE;
	return 0;
}

int generation_open(const struct instance *instance, uint32_t number, struct generation *ret,
		    struct error *ret_error)
{
	return open_numbered(instance, number, false, ret, ret_error);
}

int generation_open_bare(const struct instance *instance, uint32_t number, struct generation *ret,
			 struct error *ret_error)
{
	return open_numbered(instance, number, true, ret, ret_error);
}

bool generation_is_kept(const struct instance *instance, uint32_t number)
{
	_generation_ struct generation generation = GENERATION_NONE;

	generation.number = number;
	return read_generation(instance, &generation) == 0;
}

/* Header of the policy that the programs use, whatever is pinned. */
static int read_committed(const struct maps *maps, struct rw_policy_header *ret_header,
			  uint32_t *ret_id)
{
	struct rw_policy_entry entry;
	__u32 zero = 0, id;
	_close_ int fd = -1;

	if (bpf_map_lookup_elem(maps->fd[MAP_POLICY], &zero, &id))
		return -errno;
	fd = bpf_map_get_fd_by_id(id);
	if (fd < 0 || bpf_map_lookup_elem(fd, &zero, &entry))
		return -errno;
	*ret_header = entry.header;
	*ret_id = id;
	return 0;
}

static int open_current(const struct instance *instance, const struct maps *maps, bool bare,
			struct generation *ret, struct error *ret_error)
{
	_generation_ struct generation generation = GENERATION_NONE;
	struct rw_policy_header header = {0};
	uint32_t id = 0;
	int r;

	r = read_committed(maps, &header, &id);
	if (r == -ENOENT) {
		error_set(ret_error, ENOENT, "no policy is in force");
		error_hint(ret_error, "'rolewall apply' puts one in force");
		return r;
	}
	if (r)
		return error_set(ret_error, -r, "cannot read the policy in force: %s",
				 strerror(-r));
	r = open_numbered(instance, header.generation, bare, &generation, ret_error);
	if (r == -ENOENT)
		error_set(ret_error, ESTALE,
			  "generation %u is in force, but its pins are gone: it goes on filtering",
			  header.generation);
	if (r == -EPROTO)
		return r;
	if (r) {
		error_hint(ret_error, "'rolewall apply' puts a new generation in force");
		return r == -ENOENT ? -ESTALE : r;
	}
	if (generation.policy_id != id)
		return error_set(ret_error, ESTALE,
				 "the pins of generation %u are not those of the policy in force",
				 header.generation);
	*ret = generation;
	generation = (struct generation)GENERATION_NONE;
	return 0;
}

int generation_current(const struct instance *instance, const struct maps *maps,
		       struct generation *ret, struct error *ret_error)
{
	return open_current(instance, maps, false, ret, ret_error);
}

int generation_current_bare(const struct instance *instance, const struct maps *maps,
			    struct generation *ret, struct error *ret_error)
{
	return open_current(instance, maps, true, ret, ret_error);
}

int generation_commit(const struct maps *maps, const struct generation *generation,
		      struct error *ret_error)
{
	__u32 zero = 0, side = generation->header.side;

	if (bpf_map_update_elem(maps->fd[MAP_ZONE_PREFIXES], &side, &generation->zones_fd, 0) ||
	    bpf_map_update_elem(maps->fd[MAP_POLICY], &zero, &generation->policy_fd, 0))
		return error_set(ret_error, errno, "cannot commit generation %u: %s",
				 generation->number, strerror(errno));
	return 0;
}

int generation_header(const struct maps *maps, struct rw_policy_header *ret)
{
	uint32_t id;

	return read_committed(maps, ret, &id);
}

uint32_t generation_highest(const struct instance *instance)
{
	_closedir_ DIR *dir = opendir(instance->bpffs_dir);
	uint32_t number, highest = 0;
	struct dirent *entry;

	while (dir && (entry = readdir(dir)))
		if (sscanf(entry->d_name, "generation-%u", &number) == 1 && number > highest)
			highest = number;
	return highest;
}

int generation_text(const struct generation *generation, char **ret_text, size_t *ret_size)
{
	uint32_t size = generation->about->text_size;
	_free_ char *text = malloc((size_t)size + TEXT_PIECE);
	int r;

	if (!text)
		return -ENOMEM;
	r = batch_read_array(generation->text_fd, TEXT_PIECE, 0,
			     (size + TEXT_PIECE - 1) / TEXT_PIECE, text);
	if (r)
		return r;
	text[size] = '\0';
	*ret_text = TAKE_PTR(text);
	*ret_size = size;
	return 0;
}

/* Whatever is pinned there: another version may have pinned more. */
int generation_remove(const struct instance *instance, uint32_t number)
{
	char directory[32], path[4096];
	int r;

	snprintf(directory, sizeof(directory), "generation-%u", number);
	r = pin_path(instance, directory, "", path, sizeof(path));
	return r ? r : directory_remove(path, NULL);
}

int generation_keep(const struct instance *instance, uint32_t one, uint32_t other)
{
	_closedir_ DIR *dir = opendir(instance->bpffs_dir);
	int r, first = 0;
	struct dirent *entry;
	uint32_t number;

	if (!dir)
		return -errno;
	while ((entry = readdir(dir))) {
		if (sscanf(entry->d_name, "generation-%u", &number) != 1)
			continue;
		if (number && (number == one || number == other))
			continue;
		r = generation_remove(instance, number);
		if (r && !first)
			first = r;
	}
	return first;
}
