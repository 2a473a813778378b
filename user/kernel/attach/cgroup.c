/* SPDX-License-Identifier: GPL-2.0 */
/* cgroup.c - pinned links on the cgroup hooks, or attachments without where there are none. */
#include "kernel/attach/cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <mntent.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include <bpf/libbpf.h>

#include "kernel/attach/legacy_attach.h"
#include "kernel/attach/link_pin.h"
#include "kernel/object/maps.h"
#include "util/cleanup.h"

static const struct {
	const char *name;
	const char *pin;
	enum bpf_attach_type type;
} hooks[CGROUP_HOOKS] = {
	[CGROUP_INGRESS] = {"ingress", "cgroup-ingress", BPF_CGROUP_INET_INGRESS},
	[CGROUP_EGRESS] = {"egress", "cgroup-egress", BPF_CGROUP_INET_EGRESS},
	[CGROUP_BIND4] = {"bind4", "cgroup-bind4", BPF_CGROUP_INET4_BIND},
	[CGROUP_BIND6] = {"bind6", "cgroup-bind6", BPF_CGROUP_INET6_BIND},
	[CGROUP_CONNECT6] = {"connect6", "cgroup-connect6", BPF_CGROUP_INET6_CONNECT},
	[CGROUP_ESTABLISHED] = {"sock_ops", "cgroup-sock-ops", BPF_CGROUP_SOCK_OPS},
	[CGROUP_SOCK] = {"sock", "cgroup-sock", BPF_CGROUP_INET_SOCK_CREATE},
};

const char *cgroup_hook_name(enum cgroup_hook hook)
{
	return hooks[hook].name;
}

/* Where cgroup v2 is mounted. Returns false if it is not. */
static bool find_mount(char *ret, size_t size)
{
	FILE *mounts = setmntent("/proc/self/mounts", "r");
	struct mntent *entry;
	bool found = false;

	while (mounts && !found && (entry = getmntent(mounts))) {
		found = strcmp(entry->mnt_type, "cgroup2") == 0;
		if (found)
			snprintf(ret, size, "%s", entry->mnt_dir);
	}
	if (mounts)
		endmntent(mounts);
	return found;
}

/* A host with cgroup v1 only: mount v2 where no other program looks. */
static int mount_privately(const struct instance *instance, char *ret, size_t size,
			   struct error *ret_error)
{
	snprintf(ret, size, "%s/cgroup2", instance->state_dir);
	if ((mkdir(instance->state_dir, 0755) && errno != EEXIST) ||
	    (mkdir(ret, 0700) && errno != EEXIST) || mount("cgroup2", ret, "cgroup2", 0, NULL))
		return error_set(ret_error, errno, "cannot mount cgroup v2 at %s: %s", ret,
				 strerror(errno));
	return 0;
}

static int open_directory(const char *path, int *ret_fd, struct error *ret_error)
{
	int r, fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0) {
		r = errno;
		error_set(ret_error, r, "cannot open the cgroup %s: %s", path, strerror(r));
		error_hint(ret_error, "--cgroup names a directory of cgroup v2");
		return -r;
	}
	*ret_fd = fd;
	return 0;
}

/* What is open stays open. In another namespace of mounts there may be the directory alone. */
static void unmount(const char *path)
{
	umount2(path, MNT_DETACH);
	rmdir(path);
}

static int open_cgroup(const struct instance *instance, bool stays, int *ret_fd,
		       struct error *ret_error)
{
	bool mounted = false;
	char path[4096];
	int r = 0;

	if (instance->cgroup_dir)
		snprintf(path, sizeof(path), "%s", instance->cgroup_dir);
	else if (!find_mount(path, sizeof(path))) {
		r = mount_privately(instance, path, sizeof(path), ret_error);
		mounted = !r;
	}
	if (!r)
		r = open_directory(path, ret_fd, ret_error);
	if (mounted && (!stays || r))
		unmount(path);
	return r;
}

int cgroup_open(const struct instance *instance, int *ret_fd, struct error *ret_error)
{
	return open_cgroup(instance, false, ret_fd, ret_error);
}

/* Id of the cgroup that a pinned link is attached to; 0 if there is none. */
static __u64 attached_to(const char *path)
{
	struct bpf_link_info info = {0};
	__u32 size = sizeof(info);
	_close_ int fd = bpf_obj_get(path);

	if (fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &size))
		return 0;
	return info.cgroup.cgroup_id;
}

static bool has_direct(const struct instance *instance, enum cgroup_hook hook)
{
	_close_ int cgroup_fd = -1;

	return cgroup_open(instance, &cgroup_fd, NULL) == 0 &&
	       legacy_cgroup_is_attached(instance, cgroup_fd, hooks[hook].type);
}

bool cgroup_is_attached(const struct instance *instance, enum cgroup_hook hook)
{
	char path[4096];

	if (pin_path(instance, "links", hooks[hook].pin, path, sizeof(path)))
		return false;
	return attached_to(path) != 0 || has_direct(instance, hook);
}

static int hook_error(enum cgroup_hook hook, int error, struct error *ret_error)
{
	return error_set(ret_error, error, "cannot attach to the cgroup hook %s: %s",
			 hooks[hook].name, strerror(error));
}

/*
 * The pin appears under another name first: renaming replaces an old pin without a moment between.
 */
static int pin_over(int link_fd, const char *path)
{
	char fresh[4200];

	snprintf(fresh, sizeof(fresh), "%s-new", path);
	if (unlink(fresh) && errno != ENOENT)
		return -errno;
	if (bpf_obj_pin(link_fd, fresh))
		return -errno;
	return rename(fresh, path) ? -errno : 0;
}

static int create_link(const char *path, int cgroup_fd, int program_fd, enum bpf_attach_type type)
{
	_close_ int link = bpf_link_create(program_fd, cgroup_fd, type, NULL);

	return link < 0 ? -errno : pin_over(link, path);
}

static int update_link(const char *path, int program_fd)
{
	_close_ int link = bpf_obj_get(path);

	return link < 0 || bpf_link_update(link, program_fd, NULL) ? -errno : 0;
}

/* What is attached is exchanged in the way it was attached; a link takes the place of a program
 * without one, which a dead process may have left beside it, too. */
static int attach_hook(const struct instance *instance, bool links, enum cgroup_hook hook,
		       int cgroup_fd, int program_fd)
{
	enum bpf_attach_type type = hooks[hook].type;
	struct stat cgroup;
	char path[4096];
	int r;

	r = pin_path(instance, "links", hooks[hook].pin, path, sizeof(path));
	if (r || fstat(cgroup_fd, &cgroup))
		return r ? r : -errno;
	/* A cgroup's id is its inode number (fs/kernfs, 64 bit). */
	if (attached_to(path) == cgroup.st_ino)
		r = update_link(path, program_fd);
	else if (links)
		r = create_link(path, cgroup_fd, program_fd, type);
	else
		return legacy_cgroup_attach(instance, cgroup_fd, type, program_fd);
	return r ? r : legacy_cgroup_detach(instance, cgroup_fd, type);
}

static int detach_hook(const struct instance *instance, enum cgroup_hook hook)
{
	_close_ int cgroup_fd = -1;
	char path[4096];
	int r;

	r = pin_path(instance, "links", hooks[hook].pin, path, sizeof(path));
	if (!r)
		r = link_unpin(path);
	if (r)
		return r;
	/* A cgroup that is gone has taken its programs with it. */
	if (cgroup_open(instance, &cgroup_fd, NULL))
		return 0;
	return legacy_cgroup_detach(instance, cgroup_fd, hooks[hook].type);
}

int cgroup_attach(const struct instance *instance, const struct features *features,
		  struct rolewall_bpf *object, struct error *ret_error)
{
	_close_ int cgroup_fd = -1;
	int hook, r;

	r = open_cgroup(instance, true, &cgroup_fd, ret_error);
	for (hook = 0; !r && hook < CGROUP_HOOKS; hook++) {
		if (cgroup_hook_is_used(features, hook))
			r = attach_hook(instance, features->links, hook, cgroup_fd,
					bpf_program__fd(cgroup_program(object, features, hook)));
		else
			r = detach_hook(instance, hook);
		if (r)
			hook_error(hook, -r, ret_error);
	}
	return r;
}

/* Where there are links, a program without one may be that of a link that is on its way out. */
bool cgroup_is_complete(const struct instance *instance, const struct features *features)
{
	_close_ int cgroup_fd = -1;
	struct stat cgroup;
	char path[4096];
	int hook;

	if (cgroup_open(instance, &cgroup_fd, NULL) || fstat(cgroup_fd, &cgroup))
		return false;
	for (hook = 0; hook < CGROUP_HOOKS; hook++)
		if (cgroup_hook_is_used(features, hook) &&
		    (pin_path(instance, "links", hooks[hook].pin, path, sizeof(path)) ||
		     (attached_to(path) != cgroup.st_ino &&
		      (features->links ||
		       !legacy_cgroup_is_attached(instance, cgroup_fd, hooks[hook].type)))))
			return false;
	return true;
}

int cgroup_detach(const struct instance *instance, struct error *ret_error)
{
	char path[4096];
	int hook, r;

	for (hook = 0; hook < CGROUP_HOOKS; hook++) {
		r = detach_hook(instance, hook);
		if (r)
			return error_set(ret_error, -r, "cannot detach the cgroup hook %s: %s",
					 hooks[hook].name, strerror(-r));
	}
	snprintf(path, sizeof(path), "%s/cgroup2", instance->state_dir);
	unmount(path);
	return 0;
}
