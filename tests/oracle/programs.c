/* SPDX-License-Identifier: GPL-2.0 */
/* programs.c - the programs that are tested. */
#include "subject.h"

const struct subject_program_info subject_programs[SUBJECT_PROGRAMS] = {
	{"xdp", "rolewall_xdp", MODEL_ETHERNET, .needs_ring = true},
	{"xdp-frags", "rolewall_frags", MODEL_ETHERNET, .optional = true, .needs_ring = true},
	{"xdp-5.4", "rolewall_xdp_54", MODEL_ETHERNET, .tc = false},
	{"bare", "rolewall_xdp", MODEL_BARE, .needs_ring = true},
	{"bare-frags", "rolewall_frags", MODEL_BARE, .optional = true, .needs_ring = true},
	{"cgroup", "rolewall_ingress", MODEL_CGROUP, .needs_ring = true},
	{"bare-5.4", "rolewall_xdp_54", MODEL_BARE, .tc = false},
	{"tc", "rolewall_tc", MODEL_ETHERNET, .tc = true, .needs_ring = true},
	{"tc-5.4", "rolewall_tc_54", MODEL_ETHERNET, .tc = true},
	{"tc-bare", "rolewall_tc", MODEL_BARE, .tc = true, .needs_ring = true},
	{"xdp-asks", "rolewall_frags", MODEL_ETHERNET, .optional = true, .asks = true},
	{"tc-asks", "rolewall_tc", MODEL_ETHERNET, .tc = true, .asks = true},
};
