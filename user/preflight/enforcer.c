/* SPDX-License-Identifier: GPL-2.0 */
/* enforcer.c - judge the facts about this kernel; enforcer_read.c finds them. */
#include "preflight/enforcer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "preflight/rows.h"
#include "util/array.h"

#define PAGE_MTU 3498 /* what fits into one page beside the headroom; drivers differ a little */

/* --- kernel ----------------------------------------------------------------------------------- */

/* "4.18.0-305.el8_4.x86_64": Red Hat's 8.4 and later have what 5.4 has. */
static bool is_redhat_enough(const char *release)
{
	const char *build = strchr(release, '-');

	return !strncmp(release, "4.18.0-", 7) && strstr(release, ".el8") && build &&
	       atoi(build + 1) >= 305;
}

static bool is_release_enough(const char *release)
{
	int major = 0, minor = 0;

	if (sscanf(release, "%d.%d", &major, &minor) != 2)
		return false;
	return major > 5 || (major == 5 && minor >= 4) || is_redhat_enough(release);
}

static void release_check(const struct enforcer *enforcer, struct checks *checks)
{
	static const struct check_words words = {
		"kernel", "Linux 5.4 or later, or RHEL 8.4's; BTF is not needed",
		"install a kernel of 5.4 or later: every wanted system has one in its updates"};

	check_add(checks, &words, is_release_enough(enforcer->release) ? CHECK_PASS : CHECK_FAIL,
		  "%s", enforcer->release);
}

static void feature_add(char *list, size_t size, bool has, const char *name)
{
	size_t used = strlen(list);

	if (!has)
		snprintf(list + used, size - used, "%s%s", used ? ", " : "", name);
}

/* All that is missing has an older way, which costs something. */
static void features_check(const struct enforcer *enforcer, struct checks *checks)
{
	static const struct check_words words = {
		"kernel-bpf",
		"BPF programs can be loaded; ring buffer, links, socket lookup in "
		"cgroups, XDP frames of several pages",
		"a newer kernel has all of it; without, older and slower ways are used"};
	static const struct check_words load = {
		"kernel-bpf", "BPF programs can be loaded",
		"this needs CONFIG_BPF_SYSCALL and CONFIG_CGROUP_BPF, and no lockdown "
		"(cat /sys/kernel/security/lockdown)"};
	char missing[160] = "";

	if (!enforcer->is_root) {
		check_add(checks, &load, CHECK_SKIP, "only root may ask");
		return;
	}
	if (!enforcer->loads) {
		check_add(checks, &load, CHECK_FAIL, "the kernel refuses an XDP program");
		return;
	}
	feature_add(missing, sizeof(missing), enforcer->features.ringbuf, "ring buffer");
	feature_add(missing, sizeof(missing), enforcer->features.links, "links");
	feature_add(missing, sizeof(missing), enforcer->features.cgroup_lookup,
		    "socket lookup in cgroups");
	feature_add(missing, sizeof(missing), enforcer->features.frags,
		    "XDP frames of several pages");
	if (missing[0])
		check_add(checks, &words, CHECK_WARN, "without: %s", missing);
	else
		check_add(checks, &words, CHECK_PASS, "all of it");
}

static void filesystems_check(const struct enforcer *enforcer, struct checks *checks)
{
	static const struct check_words bpffs = {
		"bpffs", "the BPF file system, mounted at /sys/fs/bpf",
		"mount -t bpf bpf /sys/fs/bpf (systemd does it at boot)"};
	static const struct check_words cgroup = {
		"cgroup2", "cgroup v2, mounted or mountable",
		"this kernel lacks cgroup v2 (CONFIG_CGROUPS, CONFIG_CGROUP_BPF)"};

	check_add(checks, &bpffs, enforcer->bpffs == FILESYSTEM_MOUNTED ? CHECK_PASS : CHECK_FAIL,
		  "%s",
		  enforcer->bpffs == FILESYSTEM_MOUNTED ? "mounted"
		  : enforcer->bpffs == FILESYSTEM_KNOWN ? "not mounted"
							: "the kernel does not have it");
	check_add(checks, &cgroup, enforcer->cgroup2 == FILESYSTEM_ABSENT ? CHECK_FAIL : CHECK_PASS,
		  "%s",
		  enforcer->cgroup2 == FILESYSTEM_MOUNTED ? "mounted"
		  : enforcer->cgroup2 == FILESYSTEM_KNOWN ? "mounted privately when needed"
							  : "the kernel does not have it");
}

/* --- interfaces ------------------------------------------------------------------------------- */

/* Drivers with ndo_bpf for XDP_SETUP_PROG (drivers/net, Linux 6.12), as they call themselves. */
static bool is_native(const char *driver)
{
	static const char *const drivers[] = {"virtio_net",
					      "vmxnet3",
					      "vif",
					      "hv_netvsc",
					      "ena",
					      "gve",
					      "mana",
					      "veth",
					      "tun",
					      "bonding",
					      "igb",
					      "igc",
					      "ixgbe",
					      "ixgbevf",
					      "i40e",
					      "ice",
					      "idpf",
					      "mlx4_en",
					      "mlx5_core",
					      "bnxt_en",
					      "nfp",
					      "qede",
					      "sfc",
					      "sfc-siena",
					      "st_gmac",
					      "stmmac",
					      "mvneta",
					      "mvpp2",
					      "netsec",
					      "cpsw",
					      "am65-cpsw-nuss",
					      "tsnep",
					      "fec",
					      "fsl_enetc",
					      "fsl_dpaa2_eth",
					      "fsl_dpa",
					      "thunder-nicvf",
					      "rvu-nicpf",
					      "atlantic",
					      "mtk_soc_eth",
					      "lan966x",
					      "netdevsim"};

	for (size_t i = 0; i < ARRAY_SIZE(drivers); i++)
		if (!strcmp(driver, drivers[i]))
			return true;
	return false;
}

static void native_check(const struct enforcer *enforcer, struct checks *checks)
{
	static const struct check_words words = {
		"xdp-native", "network drivers with native XDP",
		"no action is needed: tc filters these interfaces, "
		"later, and so a flood costs more there"};
	char list[240] = "";
	bool all = true;

	for (size_t i = 0; i < enforcer->nic_count; i++) {
		const struct nic *nic = &enforcer->nics[i];
		size_t used = strlen(list);

		all = all && is_native(nic->driver);
		snprintf(list + used, sizeof(list) - used, "%s%s (%s%s%s)", used ? ", " : "",
			 nic->name, nic->driver[0] ? nic->driver : "unknown driver",
			 nic->price ? "; tc filters, for native XDP " : "",
			 nic->price ? nic->price : "");
	}
	if (!enforcer->nic_count)
		check_add(checks, &words, CHECK_SKIP, "no Ethernet interface is up");
	else
		check_add(checks, &words, all ? CHECK_PASS : CHECK_WARN, "%s", list);
}

static void mtu_check(const struct enforcer *enforcer, struct checks *checks)
{
	static const struct check_words words = {
		"mtu",
		"an MTU with which native XDP works: up to 3498, or a kernel with XDP "
		"frames of several pages (5.18)",
		"lower the MTU, or install a newer kernel; as it is, tc filters there"};
	char list[240] = "";

	for (size_t i = 0; i < enforcer->nic_count; i++) {
		const struct nic *nic = &enforcer->nics[i];
		size_t used = strlen(list);

		if (nic->mtu > PAGE_MTU && !enforcer->features.frags)
			snprintf(list + used, sizeof(list) - used, "%s%s has %u", used ? ", " : "",
				 nic->name, nic->mtu);
	}
	if (!enforcer->nic_count || !enforcer->is_root)
		check_add(checks, &words, CHECK_SKIP, "%s",
			  enforcer->is_root ? "no Ethernet interface is up" : "only root may ask");
	else
		check_add(checks, &words, list[0] ? CHECK_WARN : CHECK_PASS, "%s",
			  list[0] ? list : "every interface");
}

/* --- what else decides about packets ---------------------------------------------------------- */

static void other_firewalls_check(const struct other_firewalls *others, struct checks *checks)
{
	static const struct check_words forwarding = {
		"forwarding", "a mail node forwards nothing for containers or other hosts",
		"if nothing here needs it, set net.ipv4.ip_forward=0 and "
		"net.ipv6.conf.all.forwarding=0; with containers, give each bridge a zone in "
		"\"interfaces\" ('rolewall init' proposes it)"};
	static const struct check_words firewall = {
		"other-firewall", "no other firewall that decides as well",
		"keep one of the two: a packet has to pass both"};
	bool bridges = others->bridges[0];

	check_add(checks, &forwarding, others->forwards || bridges ? CHECK_WARN : CHECK_PASS,
		  "%s%s%s", others->forwards ? "forwarding is on" : "forwarding is off",
		  bridges ? ", bridges: " : "", others->bridges);
	check_add(checks, &firewall, others->firewalls[0] ? CHECK_WARN : CHECK_PASS, "%s",
		  others->firewalls[0] ? others->firewalls : "none");
}

void enforcer_judge(const struct enforcer *enforcer, struct checks *checks)
{
	release_check(enforcer, checks);
	features_check(enforcer, checks);
	filesystems_check(enforcer, checks);
	native_check(enforcer, checks);
	mtu_check(enforcer, checks);
	other_firewalls_check(&enforcer->others, checks);
}

/* What only a running kernel can tell. */
static void enforcer_skip(struct checks *checks)
{
	static const struct check_words words = {"kernel", "a kernel that can enforce",
						 "run preflight without --root on the node"};

	check_add(checks, &words, CHECK_SKIP, "only a running system can tell");
}

void enforcer_check(const struct preflight_request *request, struct checks *checks)
{
	struct enforcer enforcer = {0};

	if (!root_is_this_system(&request->root)) {
		enforcer_skip(checks);
		return;
	}
	enforcer_read(&enforcer);
	enforcer_judge(&enforcer, checks);
	enforcer_free(&enforcer);
}
