/* SPDX-License-Identifier: GPL-2.0 */
/* link_pin.c - detach first, then unpin. */
#include "kernel/attach/link_pin.h"

#include <errno.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "util/cleanup.h"

int link_unpin(const char *path)
{
	_close_ int link = bpf_obj_get(path);

	if (link >= 0 && bpf_link_detach(link) && errno != EINVAL)
		return -errno;
	return unlink(path) && errno != ENOENT ? -errno : 0;
}
