/* SPDX-License-Identifier: GPL-2.0 */
/* remove.c - detach, unpin, leave nothing. */
#include "kernel/commit/remove.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "kernel/attach/cgroup.h"
#include "kernel/attach/legacy_attach.h"
#include "kernel/attach/hidden.h"
#include "kernel/attach/interfaces.h"
#include "kernel/commit/confirmed.h"
#include "kernel/commit/trial.h"
#include "kernel/generation/generation.h"
#include "kernel/object/directory.h"
#include "kernel/object/lock.h"
#include "util/cleanup.h"

static int remove_pins(const struct instance *instance, struct error *ret_error)
{
	char path[4096];
	int r;

	r = generation_keep(instance, 0, 0);
	if (r && r != -ENOENT)
		return error_set(ret_error, -r, "cannot remove the generations in %s: %s",
				 instance->bpffs_dir, strerror(-r));
	snprintf(path, sizeof(path), "%s/links", instance->bpffs_dir);
	r = directory_remove(path, ret_error);
	if (r)
		return r;
	snprintf(path, sizeof(path), "%s/maps", instance->bpffs_dir);
	r = directory_remove(path, ret_error);
	if (r)
		return r;
	return directory_remove(instance->bpffs_dir, ret_error);
}

int remove_everything(const struct instance *instance, struct error *ret_error)
{
	_maps_ struct maps maps = MAPS_NONE;
	bool have_maps = maps_open(instance, &maps, NULL) == 0;
	int r;

	/* Interfaces first: while that goes, the cgroup hook still judges. */
	r = interfaces_detach(instance, have_maps ? &maps : NULL, NULL, ret_error);
	if (!r)
		r = cgroup_detach(instance, ret_error);
	return r ? r : remove_pins(instance, ret_error);
}

bool remove_has_left(const struct instance *instance)
{
	_close_ int cgroup_fd = -1;

	/* Without a cgroup there are the devices still, and remove_left() says what is wrong. */
	(void)cgroup_open(instance, &cgroup_fd, NULL);
	return legacy_is_left(instance, cgroup_fd);
}

static int remove_left(const struct instance *instance, struct error *ret_error)
{
	_close_ int cgroup_fd = -1;
	int r = cgroup_open(instance, &cgroup_fd, ret_error);

	/* -ENOENT would say that nothing was applied. */
	if (r)
		return r == -ENOENT ? -ENOTDIR : r;
	r = legacy_remove_left(instance, cgroup_fd);
	return r ? error_set(ret_error, -r, "cannot detach programs whose pins are gone: %s",
			     strerror(-r))
		 : 0;
}

static void remove_state(const struct instance *instance)
{
	static const char *const files[] = {"events.lock", LOCK_LISTS, LOCK_POLICY};
	char path[4096];
	size_t i;

	for (i = 0; i < sizeof(files) / sizeof(*files); i++) {
		snprintf(path, sizeof(path), "%s/%s", instance->state_dir, files[i]);
		unlink(path);
	}
	trial_forget(instance);
	rmdir(instance->state_dir);
	if (instance->lib_dir)
		confirmed_clean(instance);
}

/*
 * Before anything is detached: a `down` that is killed on the way leaves nothing that comes back.
 * If the copy cannot be removed, the rest goes all the same, and `down` fails in the end.
 */
static int forget_copy(const struct instance *instance, struct error *ret_error)
{
	struct error cause;
	int r = instance->lib_dir ? confirmed_forget(instance, &cause) : 0;

	if (!r)
		return 0;
	error_set(ret_error, -r,
		  "nothing is filtered any more, but what was confirmed comes back at the next "
		  "start of the daemon: %s",
		  cause.what);
	error_hint(ret_error, "make it writable, and say 'rolewall down' again");
	return r;
}

int remove_run(const struct instance *instance, struct error *ret_error)
{
	_close_ int lists = -1, lock = -1;
	struct error copy;
	char path[4096];
	bool applied, pinned, left, waited;
	int r, kept;

	snprintf(path, sizeof(path), "%s/maps", instance->bpffs_dir);
	left = remove_has_left(instance);
	pinned = access(instance->bpffs_dir, F_OK) == 0 || errno != ENOENT;
	/* After `rolewall=off`, say: what would come back at the next start goes all the same. */
	if (!pinned && !left) {
		r = hidden_check(instance, ret_error);
		if (r)
			return r;
	}
	if (!pinned && !left && confirmed_is_there(instance)) {
		kept = forget_copy(instance, ret_error);
		remove_state(instance);
		return kept;
	}
	if (!pinned && !left) {
		trial_forget(instance);
		return error_set(ret_error, ENOENT, "nothing is applied: there is no %s",
				 instance->bpffs_dir);
	}
	r = pinned ? directory_check(instance->bpffs_dir, ret_error) : 0;
	if (!r)
		r = lock_take(instance, LOCK_LISTS, &lists, &waited, ret_error);
	if (!r)
		r = lock_take(instance, LOCK_POLICY, &lock, &waited, ret_error);
	if (r)
		return r;
	applied = access(path, F_OK) == 0;
	kept = forget_copy(instance, &copy);
	r = remove_everything(instance, ret_error);
	if (!r && left)
		r = remove_left(instance, ret_error);
	if (!r)
		r = hidden_check(instance, ret_error);
	if (r)
		return r;
	remove_state(instance);
	if (kept) {
		*ret_error = copy;
		return kept;
	}
	return applied || left
		       ? 0
		       : error_set(ret_error, ENOENT, "nothing is applied: there is no %s", path);
}
