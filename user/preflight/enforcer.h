/* SPDX-License-Identifier: GPL-2.0 */
/* enforcer.h - what this firewall itself needs of the running kernel: facts, and what they mean. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "host/other_firewalls.h"
#include "kernel/object/probe.h"
#include "preflight/check.h"

enum filesystem { FILESYSTEM_ABSENT, FILESYSTEM_KNOWN, FILESYSTEM_MOUNTED };

/* An Ethernet interface that is up. */
struct nic {
	char name[16];
	char driver[32]; /* empty: not known */
	uint32_t mtu;
	const char *price; /* of native XDP, driver_price(); NULL: none that is known */
};

struct enforcer {
	char release[65]; /* as uname -r */
	bool is_root;	  /* else nothing is known of what follows, up to the file systems */
	bool loads;	  /* a minimal XDP program can be loaded */
	struct features features;
	enum filesystem bpffs;	 /* at /sys/fs/bpf */
	enum filesystem cgroup2; /* anywhere */
	struct nic *nics;	 /* owned */
	size_t nic_count;
	struct other_firewalls others;
};

void enforcer_read(struct enforcer *ret);
void enforcer_free(struct enforcer *enforcer);
void enforcer_judge(const struct enforcer *enforcer, struct checks *checks);
