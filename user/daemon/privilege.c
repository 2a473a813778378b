/* SPDX-License-Identifier: GPL-2.0 */
/* privilege.c - capset(2) and the bounding set. */
#include "daemon/privilege.h"

#include <errno.h>
#include <linux/capability.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "util/array.h"

/* Debian 10 and RHEL 8 have headers without these. */
#ifndef CAP_PERFMON
#define CAP_PERFMON 38
#endif
#ifndef CAP_BPF
#define CAP_BPF 39
#endif

static const int kept[] = {CAP_NET_ADMIN, CAP_SYS_ADMIN, CAP_PERFMON, CAP_BPF};

static int is_kept(int capability)
{
	for (size_t i = 0; i < ARRAY_SIZE(kept); i++)
		if (kept[i] == capability)
			return 1;
	return 0;
}

/* Nothing to come back to by way of an exec. -EINVAL: past the last that the kernel knows. */
static int bounding_set_shrink(void)
{
	for (int capability = 0; capability < 64; capability++) {
		if (is_kept(capability))
			continue;
		if (prctl(PR_CAPBSET_DROP, capability, 0, 0, 0))
			return errno == EINVAL ? 0 : -errno;
	}
	return 0;
}

static int sets_shrink(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct have[2] = {0}, keep[2] = {0};

	if (syscall(SYS_capget, &header, have))
		return -errno;
	for (size_t i = 0; i < ARRAY_SIZE(kept); i++) {
		__u32 bit = have[CAP_TO_INDEX(kept[i])].permitted & CAP_TO_MASK(kept[i]);

		keep[CAP_TO_INDEX(kept[i])].permitted |= bit;
		keep[CAP_TO_INDEX(kept[i])].effective |= bit;
	}
	return syscall(SYS_capset, &header, keep) ? -errno : 0;
}

/*
 * Before 5.11 maps and programs count as locked memory. libbpf raises the limit when it loads the
 * first one; where nothing is applied yet, that is after the right to is given up.
 */
static void locked_memory_allow(void)
{
	const struct rlimit limit = {RLIM_INFINITY, RLIM_INFINITY};

	setrlimit(RLIMIT_MEMLOCK, &limit);
}

int privileges_drop(struct error *ret_error)
{
	int r;

	locked_memory_allow();
	r = bounding_set_shrink();
	/* Where that right is missing, there is little to give away. */
	if (r == -EPERM)
		r = 0;
	if (!r)
		r = sets_shrink();
	if (!r && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		r = -errno;
	return r ? error_set(ret_error, -r, "cannot drop privileges: %s", strerror(-r)) : 0;
}
