/* SPDX-License-Identifier: GPL-2.0 */
/* programs.c - the programs that are tested. */
#include "policies.h"
#include "subject.h"

const struct subject_program_info subject_programs[SUBJECT_PROGRAMS] = {
	{"xdp", "rolewall_xdp", MODEL_XDP_ETHERNET, POLICIES_OWN_SLOT, false},
	{"xdp-frags", "rolewall_frags", MODEL_XDP_ETHERNET, POLICIES_OWN_SLOT, true},
	{"xdp-5.4", "rolewall_xdp_54", MODEL_XDP_ETHERNET, POLICIES_OWN_SLOT, false},
	{"bare", "rolewall_xdp", MODEL_XDP_BARE, POLICIES_BARE_SLOT, false},
	{"bare-frags", "rolewall_frags", MODEL_XDP_BARE, POLICIES_BARE_SLOT, true},
	{"cgroup", "rolewall_ingress", MODEL_CGROUP, 0, false},
};
