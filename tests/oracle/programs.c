/* SPDX-License-Identifier: GPL-2.0 */
/* programs.c - the programs that are tested. */
#include "subject.h"

const struct subject_program_info subject_programs[SUBJECT_PROGRAMS] = {
	{"xdp", "rolewall_xdp", MODEL_XDP_ETHERNET, false, true},
	{"xdp-frags", "rolewall_frags", MODEL_XDP_ETHERNET, true, true},
	{"xdp-5.4", "rolewall_xdp_54", MODEL_XDP_ETHERNET, false, false},
	{"bare", "rolewall_xdp", MODEL_XDP_BARE, false, true},
	{"bare-frags", "rolewall_frags", MODEL_XDP_BARE, true, true},
	{"cgroup", "rolewall_ingress", MODEL_CGROUP, false, true},
	{"bare-5.4", "rolewall_xdp_54", MODEL_XDP_BARE, false, false},
};
