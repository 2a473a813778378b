/* SPDX-License-Identifier: GPL-2.0 */
/* hardware.c - processor, memory, disk, platform. */
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

#include "preflight/rows.h"
#include "util/array.h"
#include "util/cleanup.h"

#define GB  UINT64_C(1000000000)
#define GIB (UINT64_C(1) << 30)
/* A machine's MemTotal and a file system's size are a few percent under what was ordered. */
#define NEARLY(bytes) ((bytes) / 100 * 93)

/* --- processor -------------------------------------------------------------------------------- */

struct cpu {
	unsigned int cores;
	char vendor[64];
	bool is_64bit;
	bool is_guest; /* a hypervisor says that it is there */
};

/* "flags		: fpu vme lm": has `word` among the values of the line? */
static bool has_flag(const struct text_line *line, const char *word)
{
	size_t length = strlen(word);

	for (const char *at = line->begin; at + length <= line->begin + line->length; at++)
		if (at > line->begin && at[-1] == ' ' && !strncmp(at, word, length) &&
		    (at + length == line->begin + line->length || at[length] == ' '))
			return true;
	return false;
}

static bool is_key(const struct text_line *line, const char *key)
{
	size_t length = strlen(key);

	return line->length > length && !strncmp(line->begin, key, length) &&
	       strchr("\t :", line->begin[length]);
}

static void value_copy(const struct text_line *line, char *ret, size_t size)
{
	const char *colon = memchr(line->begin, ':', line->length);
	const char *value = colon ? colon + 1 : line->begin + line->length;

	while (value < line->begin + line->length && *value == ' ')
		value++;
	snprintf(ret, size, "%.*s", (int)(line->begin + line->length - value), value);
}

static struct cpu cpu_read(const struct root *root)
{
	_free_ char *text = root_read(root, "proc/cpuinfo");
	const char *rest = text;
	struct cpu cpu = {0};
	struct text_line line;

	while (text_next_line(&rest, &line)) {
		if (is_key(&line, "processor"))
			cpu.cores++;
		else if (is_key(&line, "vendor_id"))
			value_copy(&line, cpu.vendor, sizeof(cpu.vendor));
		else if (is_key(&line, "flags")) {
			cpu.is_64bit = has_flag(&line, "lm");
			cpu.is_guest = has_flag(&line, "hypervisor");
		}
	}
	return cpu;
}

static void cpu_check(const struct cpu *cpu, struct checks *checks)
{
	static const struct check_words words = {
		"cpu", "Intel or AMD, 64-bit, at least 4 cores; 8 or more recommended",
		"give the machine at least 4 cores (8 or more recommended) of an x86-64 processor"};
	bool intel_or_amd =
		!strcmp(cpu->vendor, "GenuineIntel") || !strcmp(cpu->vendor, "AuthenticAMD");
	enum check_status status = CHECK_PASS;

	if (!cpu->cores) {
		check_add(checks, &words, CHECK_SKIP, "/proc/cpuinfo cannot be read");
		return;
	}
	if (!cpu->is_64bit || cpu->cores < 4)
		status = CHECK_FAIL;
	else if (!intel_or_amd || cpu->cores < 8)
		status = CHECK_WARN;
	check_add(checks, &words, status, "%s, %s, %u core%s",
		  cpu->vendor[0] ? cpu->vendor : "not x86", cpu->is_64bit ? "64-bit" : "not x86-64",
		  cpu->cores, cpu->cores == 1 ? "" : "s");
}

/* --- memory ----------------------------------------------------------------------------------- */

static void memory_check(const struct root *root, struct checks *checks)
{
	static const struct check_words words = {
		"memory", "at least 16 GB; 32 GB or more recommended",
		"give the machine at least 16 GB of memory (32 GB or more recommended)"};
	_free_ char *text = root_read(root, "proc/meminfo");
	const char *at = text ? strstr(text, "MemTotal:") : NULL;
	uint64_t bytes;

	if (!at) {
		check_add(checks, &words, CHECK_SKIP, "/proc/meminfo cannot be read");
		return;
	}
	bytes = strtoull(at + strlen("MemTotal:"), NULL, 10) * 1024;
	check_add(checks, &words,
		  bytes < NEARLY(16 * GIB)   ? CHECK_FAIL
		  : bytes < NEARLY(32 * GIB) ? CHECK_WARN
					     : CHECK_PASS,
		  "%.1f GB", (double)bytes / GIB);
}

/* --- disk ------------------------------------------------------------------------------------- */

void disk_check(const struct preflight_request *request, const struct disk *disk,
		struct checks *checks)
{
	uint64_t needed = 50 * GB + request->users * request->quota;
	char wanted[160], fix[200];
	const struct check_words words = {"disk", wanted, fix};
	enum check_status status = CHECK_PASS;

	snprintf(wanted, sizeof(wanted),
		 "50 GB for the system and Carbonio, plus users x quota: "
		 "%" PRIu64 " GB",
		 needed / GB);
	if (!request->users)
		snprintf(wanted, sizeof(wanted),
			 "50 GB for the system and Carbonio, plus users x "
			 "quota (--users, --quota)");
	if (disk->total < NEARLY(needed)) {
		status = CHECK_FAIL;
		snprintf(fix, sizeof(fix), "enlarge the file system of %s to %" PRIu64 " GB",
			 disk->where, needed / GB);
	} else if (!disk->installed && disk->free < NEARLY(50 * GB)) {
		status = CHECK_WARN;
		snprintf(fix, sizeof(fix),
			 "make room on the file system of %s: less than 50 GB "
			 "are free before the installation",
			 disk->where);
	}
	check_add(checks, &words, status, "%.0f GB on the file system of %s, %.0f GB free",
		  (double)disk->total / GB, disk->where, (double)disk->free / GB);
}

/* Carbonio lives in /opt/zextras, or will. */
static void disk_look(const struct preflight_request *request, struct checks *checks)
{
	static const char *const directories[] = {"opt/zextras", "opt", "."};
	static const struct check_words words = {"disk", "50 GB, plus users x quota", NULL};
	struct statvfs status;
	char path[PATH_MAX], where[64];

	for (size_t i = 0; i < ARRAY_SIZE(directories); i++) {
		struct disk disk = {.where = where, .installed = i == 0};

		if (statvfs(root_path(&request->root, directories[i], path, sizeof(path)), &status))
			continue;
		snprintf(where, sizeof(where), "/%s", i == 2 ? "" : directories[i]);
		disk.total = (uint64_t)status.f_blocks * status.f_frsize;
		disk.free = (uint64_t)status.f_bavail * status.f_frsize;
		disk_check(request, &disk, checks);
		return;
	}
	check_add(checks, &words, CHECK_SKIP, "%s cannot be read", request->root.path);
}

/* --- platform --------------------------------------------------------------------------------- */

struct platform {
	const char *sign; /* the beginning of what the firmware calls itself */
	const char *name;
	enum check_status status;
};

/* Vendors first: "VMware Virtual Platform", "KVM" and the like also stand in product names. */
static const struct platform platforms[] = {
	{"VMware", "VMware", CHECK_PASS},
	{"innotek GmbH", "VirtualBox", CHECK_WARN},
	{"VirtualBox", "VirtualBox", CHECK_WARN},
	{"VBox", "VirtualBox", CHECK_WARN},
	{"Xen", "Xen", CHECK_PASS},
	{"QEMU", "KVM", CHECK_PASS},
	{"KVM", "KVM", CHECK_PASS},
	{"Red Hat", "KVM", CHECK_PASS},
	{"oVirt", "KVM", CHECK_PASS},
	{"OpenStack", "KVM", CHECK_PASS},
	{"Nutanix", "KVM", CHECK_PASS},
	{"Google", "KVM of Google", CHECK_PASS},
	{"Amazon EC2", "KVM of Amazon", CHECK_PASS},
	{"Microsoft", "Hyper-V", CHECK_WARN},
};

static const struct platform *platform_find(const char *text)
{
	for (size_t i = 0; i < ARRAY_SIZE(platforms); i++)
		if (!strncmp(text, platforms[i].sign, strlen(platforms[i].sign)))
			return &platforms[i];
	return NULL;
}

/*
 * What the hypervisor calls itself, where the firmware says nothing: "KVMKVMKVM", "XenVMMXenVMM".
 */
static void signature_read(char ret[13])
{
#if defined(__x86_64__)
	uint32_t leaf;

	__cpuid(0x40000000, leaf, ((uint32_t *)ret)[0], ((uint32_t *)ret)[1], ((uint32_t *)ret)[2]);
#endif
	ret[12] = '\0';
}

static bool is_container(const struct root *root)
{
	char pids[32] = "";

	if (root_has(root, "run/systemd/container"))
		return true;
	/* The first PID namespace has a fixed number (PROC_PID_INIT_INO, linux/proc_ns.h). */
	return root_is_this_system(root) &&
	       readlink("/proc/self/ns/pid", pids, sizeof(pids) - 1) > 0 &&
	       strcmp(pids, "pid:[4026531836]") != 0;
}

static void platform_check(const struct root *root, const struct cpu *cpu, struct checks *checks)
{
	static const struct check_words words = {
		"platform",
		"VMware vSphere 6.x or 7.x, XenServer, KVM, or a machine of its own; "
		"VirtualBox for tests only",
		"move the node to VMware vSphere, XenServer or KVM before it carries real mail"};
	char vendor[96], product[96], hypervisor[32], named[200] = "";
	_Alignas(uint32_t) char signature[13] = "";
	const struct platform *platform;

	root_line(root, "sys/class/dmi/id/sys_vendor", vendor, sizeof(vendor));
	root_line(root, "sys/class/dmi/id/product_name", product, sizeof(product));
	root_line(root, "sys/hypervisor/type", hypervisor, sizeof(hypervisor));
	platform = platform_find(vendor);
	if (!platform)
		platform = platform_find(product);
	if (!platform && !strcmp(hypervisor, "xen"))
		platform = platform_find("Xen");
	if (!platform && cpu->is_guest && root_is_this_system(root)) {
		signature_read(signature);
		platform = platform_find(signature);
	}
	if (vendor[0] || signature[0])
		snprintf(named, sizeof(named), " (%s%s%s)", vendor, product[0] ? " " : "",
			 vendor[0] ? product : signature);
	if (is_container(root))
		check_add(checks, &words, CHECK_FAIL, "a container, which shares its kernel");
	else if (platform && cpu->is_guest)
		check_add(checks, &words, platform->status, "%s%s", platform->name, named);
	else if (cpu->is_guest)
		check_add(checks, &words, CHECK_WARN, "a hypervisor that is not on the list%s",
			  named);
	else if (cpu->cores && vendor[0])
		check_add(checks, &words, CHECK_PASS, "no hypervisor%s", named);
	else
		check_add(checks, &words, CHECK_SKIP, "the firmware does not say");
}

void hardware_check(const struct preflight_request *request, struct checks *checks)
{
	struct cpu cpu = cpu_read(&request->root);

	cpu_check(&cpu, checks);
	memory_check(&request->root, checks);
	disk_look(request, checks);
	platform_check(&request->root, &cpu, checks);
}
