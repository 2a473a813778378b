/* SPDX-License-Identifier: GPL-2.0 */
/* processes.c - walk through /proc. */
#include "host/processes.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "util/array.h"
#include "util/cleanup.h"

static void name_read(pid_t pid, char ret[16])
{
	_close_ int fd = -1;
	char path[64];
	ssize_t size;

	snprintf(path, sizeof(path), "/proc/%d/comm", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	size = fd < 0 ? 0 : read(fd, ret, 15);
	ret[size < 0 ? 0 : size] = '\0';
	ret[strcspn(ret, "\n")] = '\0';
}

/* "socket:[12345]" */
static uint32_t inode_read(int directory, const char *entry)
{
	char target[64];
	unsigned int inode = 0;
	ssize_t size = readlinkat(directory, entry, target, sizeof(target) - 1);

	if (size < 0)
		return 0;
	target[size] = '\0';
	return sscanf(target, "socket:[%u]", &inode) == 1 ? inode : 0;
}

/* A process that ends meanwhile, or that may not be looked at, has no sockets. */
static int process_read(pid_t pid, struct socket_holders *holders)
{
	_closedir_ DIR *directory = NULL;
	const struct dirent *entry;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/fd", pid);
	directory = opendir(path);
	while (directory && (entry = readdir(directory))) {
		uint32_t inode = inode_read(dirfd(directory), entry->d_name);
		struct socket_holder *holder;

		if (!inode)
			continue;
		holder = array_append(&holders->list, &holders->count, sizeof(*holder));
		if (!holder)
			return -ENOMEM;
		holder->inode = inode;
		holder->pid = pid;
		name_read(pid, holder->name);
	}
	return 0;
}

static int holder_compare(const void *left, const void *right)
{
	const struct socket_holder *a = left, *b = right;

	if (a->inode != b->inode)
		return a->inode < b->inode ? -1 : 1;
	return a->pid - b->pid;
}

int socket_holders_read(struct socket_holders *ret, struct error *ret_error)
{
	_cleanup_(socket_holders_free) struct socket_holders holders = {0};
	_closedir_ DIR *proc = opendir("/proc");
	const struct dirent *entry;
	size_t kept = 0;

	if (!proc)
		return error_set(ret_error, errno, "cannot read /proc: %s", strerror(errno));
	while ((entry = readdir(proc)))
		if (isdigit((unsigned char)entry->d_name[0]) &&
		    process_read((pid_t)strtol(entry->d_name, NULL, 10), &holders))
			return error_set(ret_error, ENOMEM, "out of memory");
	if (holders.count)
		qsort(holders.list, holders.count, sizeof(*holders.list), holder_compare);
	for (size_t i = 0; i < holders.count; i++)
		if (!kept || holders.list[i].inode != holders.list[kept - 1].inode)
			holders.list[kept++] = holders.list[i];
	holders.count = kept;
	*ret = holders;
	holders = (struct socket_holders){0};
	return 0;
}

void socket_holders_free(struct socket_holders *holders)
{
	free(holders->list);
	*holders = (struct socket_holders){0};
}

const struct socket_holder *socket_holder_find(const struct socket_holders *holders, uint32_t inode)
{
	size_t from = 0, to = holders->count;

	while (from < to) {
		size_t middle = from + (to - from) / 2;

		if (holders->list[middle].inode < inode)
			from = middle + 1;
		else
			to = middle;
	}
	return inode && from < holders->count && holders->list[from].inode == inode
		       ? &holders->list[from]
		       : NULL;
}
