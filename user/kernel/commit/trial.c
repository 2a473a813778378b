/* SPDX-License-Identifier: GPL-2.0 */
/* trial.c - three numbers in a file. */
#include "kernel/commit/trial.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "util/cleanup.h"
#include "util/file.h"

#define FILE_NAME "taken-back"
#define TEXT_MAX  128

static const char *trial_path(const struct instance *instance, char ret[4096])
{
	snprintf(ret, 4096, "%s/" FILE_NAME, instance->state_dir);
	return ret;
}

void trial_note(const struct instance *instance, const struct rw_pending *note)
{
	char path[4096], text[TEXT_MAX];
	int size = snprintf(text, sizeof(text), "%" PRIu32 " %llu %llu\n", note->generation,
			    note->missed, note->taken_back);

	file_write_durably(trial_path(instance, path), text, (size_t)size, 0600, NULL);
}

int trial_read(const struct instance *instance, struct rw_pending *ret)
{
	struct rw_pending note = {0};
	_free_ char *text = NULL;
	char path[4096];
	size_t size;

	if (file_read(trial_path(instance, path), TEXT_MAX, &text, &size, NULL) ||
	    sscanf(text, "%" SCNu32 " %llu %llu", &note.generation, &note.missed,
		   &note.taken_back) != 3)
		return -ENOENT;
	*ret = note;
	return 0;
}

void trial_forget(const struct instance *instance)
{
	char path[4096];

	unlink(trial_path(instance, path));
}
