/* SPDX-License-Identifier: GPL-2.0 */
/*
 * floor - does the BPF object still load on 5.4?
 *
 *	floor OBJECT [PROGRAM...]
 *
 * Looks at every program but those that are loaded on newer kernels only (or at those that are
 *named) and refuses a helper, an instruction or a map that 5.4 does not have. A program that nobody
 *has listed as newer counts as one for 5.4.
 *
 * The helpers are a list of what has been looked up, not of what there is: whoever uses another one
 * looks it up in net/core/filter.c of 5.4 and writes it down here.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/libbpf.h>
#include <gelf.h>
#include <linux/bpf.h>

#define LAST_MAP_TYPE BPF_MAP_TYPE_DEVMAP_HASH
#define HELPERS_MAX   16

/* load.c takes these only where the kernel was asked and said yes. */
static const char *const newer_programs[] = {
	"rolewall_xdp",	  "rolewall_frags", "rolewall_ingress",
	"rolewall_bind4", "rolewall_bind6", NULL,
};
static const char *const newer_maps[] = {"events", NULL};

/* What a program of a type may call on 5.4; 0 ends the list. */
static const struct {
	enum bpf_prog_type type;
	int helpers[HELPERS_MAX];
} allowed[] = {
	{BPF_PROG_TYPE_XDP,
	 {BPF_FUNC_map_lookup_elem, BPF_FUNC_map_update_elem, BPF_FUNC_map_delete_elem,
	  BPF_FUNC_ktime_get_ns, BPF_FUNC_perf_event_output, BPF_FUNC_skc_lookup_tcp,
	  BPF_FUNC_sk_release}},
	{BPF_PROG_TYPE_CGROUP_SKB,
	 {BPF_FUNC_map_lookup_elem, BPF_FUNC_map_update_elem, BPF_FUNC_map_delete_elem,
	  BPF_FUNC_ktime_get_ns, BPF_FUNC_perf_event_output}},
	{BPF_PROG_TYPE_CGROUP_SOCK_ADDR,
	 {BPF_FUNC_map_lookup_elem, BPF_FUNC_map_update_elem, BPF_FUNC_map_delete_elem,
	  BPF_FUNC_ktime_get_ns}},
};

static bool is_in(const char *const *list, const char *name)
{
	for (; *list; list++)
		if (strcmp(*list, name) == 0)
			return true;
	return false;
}

static bool has_helper(enum bpf_prog_type type, int helper)
{
	for (size_t i = 0; i < sizeof(allowed) / sizeof(*allowed); i++)
		for (int j = 0; allowed[i].type == type && allowed[i].helpers[j]; j++)
			if (allowed[i].helpers[j] == helper)
				return true;
	return false;
}

/* What is wrong with an instruction; NULL: nothing. */
static const char *insn_fault(enum bpf_prog_type type, const struct bpf_insn *insn)
{
	bool is_call = insn->code == (BPF_JMP | BPF_CALL);

	if (is_call && insn->src_reg == BPF_PSEUDO_KFUNC_CALL)
		return "calls a function of the kernel (5.13)";
	if (is_call && insn->src_reg == 0 && !has_helper(type, insn->imm))
		return "calls a helper that is not on the list for 5.4";
	if (BPF_CLASS(insn->code) == BPF_STX && BPF_MODE(insn->code) == BPF_ATOMIC &&
	    insn->imm != BPF_ADD)
		return "uses an atomic instruction other than add (5.12)";
	if (BPF_CLASS(insn->code) == BPF_JMP32)
		return "uses 32-bit jumps, which -mcpu=v2 does not make";
	return NULL;
}

static int check_program(const struct bpf_program *program)
{
	const struct bpf_insn *insns = bpf_program__insns(program);
	size_t count = bpf_program__insn_cnt(program);
	int faults = 0;

	for (size_t i = 0; i < count; i++) {
		const char *fault = insn_fault(bpf_program__type(program), &insns[i]);

		if (fault) {
			fprintf(stderr, "floor: %s, instruction %zu: %s (code 0x%02x, imm %d)\n",
				bpf_program__name(program), i, fault, insns[i].code, insns[i].imm);
			faults++;
		}
		/* The second half of a 64-bit constant is no instruction. */
		if (insns[i].code == (BPF_LD | BPF_IMM | BPF_DW))
			i++;
	}
	return faults;
}

static int check_maps(const struct bpf_object *object)
{
	const struct bpf_map *map;
	int faults = 0;

	bpf_object__for_each_map (map, object) {
		if (is_in(newer_maps, bpf_map__name(map)) || bpf_map__type(map) <= LAST_MAP_TYPE)
			continue;
		fprintf(stderr, "floor: map %s: 5.4 does not have the type %u\n",
			bpf_map__name(map), bpf_map__type(map));
		faults++;
	}
	return faults;
}

/* --- which program uses which map ----------------------------------------------------------------
 */

struct elf {
	Elf *elf;
	Elf_Data *symbols;
	size_t symbol_count;
	size_t strings; /* section with the names of symbols */
};

static bool elf_begin_symbols(struct elf *ret)
{
	Elf_Scn *section = NULL;
	GElf_Shdr header;

	while ((section = elf_nextscn(ret->elf, section))) {
		if (!gelf_getshdr(section, &header) || header.sh_type != SHT_SYMTAB)
			continue;
		ret->symbols = elf_getdata(section, NULL);
		ret->symbol_count = header.sh_size / header.sh_entsize;
		ret->strings = header.sh_link;
		return ret->symbols;
	}
	return false;
}

static const char *symbol_name(const struct elf *elf, const GElf_Sym *symbol)
{
	const char *name = elf_strptr(elf->elf, elf->strings, symbol->st_name);

	return name ? name : "";
}

/* Name of the function at `offset` of a section. */
static const char *function_at(const struct elf *elf, size_t section, uint64_t offset)
{
	GElf_Sym symbol;

	for (size_t i = 0; i < elf->symbol_count; i++)
		if (gelf_getsym(elf->symbols, i, &symbol) && symbol.st_shndx == section &&
		    GELF_ST_TYPE(symbol.st_info) == STT_FUNC && offset >= symbol.st_value &&
		    offset < symbol.st_value + symbol.st_size)
			return symbol_name(elf, &symbol);
	return "";
}

/* Relocations of one section: a program for 5.4 must not lean on a newer map. */
static int check_relocations(const struct elf *elf, Elf_Scn *section, const GElf_Shdr *header,
			     const char *const *programs)
{
	Elf_Data *data = elf_getdata(section, NULL);
	int faults = 0;
	GElf_Rel relocation;
	GElf_Sym symbol;

	for (size_t i = 0; data && i < header->sh_size / header->sh_entsize; i++) {
		const char *name;

		if (!gelf_getrel(data, i, &relocation) ||
		    !gelf_getsym(elf->symbols, GELF_R_SYM(relocation.r_info), &symbol) ||
		    !is_in(newer_maps, symbol_name(elf, &symbol)))
			continue;
		name = function_at(elf, header->sh_info, relocation.r_offset);
		if (!*name || (*programs ? !is_in(programs, name) : is_in(newer_programs, name)))
			continue;
		fprintf(stderr, "floor: %s uses the map %s, which 5.4 does not have\n", name,
			symbol_name(elf, &symbol));
		faults++;
	}
	return faults;
}

static int check_map_uses(const char *path, const char *const *programs)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), faults = 0;
	struct elf elf = {0};
	Elf_Scn *section = NULL;
	GElf_Shdr header;

	elf_version(EV_CURRENT);
	elf.elf = fd < 0 ? NULL : elf_begin(fd, ELF_C_READ, NULL);
	if (!elf.elf || !elf_begin_symbols(&elf)) {
		fprintf(stderr, "floor: %s has no symbols\n", path);
		exit(2);
	}
	while ((section = elf_nextscn(elf.elf, section)))
		if (gelf_getshdr(section, &header) && header.sh_type == SHT_REL)
			faults += check_relocations(&elf, section, &header, programs);
	elf_end(elf.elf);
	close(fd);
	return faults;
}

int main(int argc, char **argv)
{
	const char *const *named = (const char *const *)argv + 2;
	struct bpf_object *object;
	struct bpf_program *program;
	int checked = 0, faults;

	if (argc < 2) {
		fprintf(stderr, "usage: floor OBJECT [PROGRAM...]\n");
		return 2;
	}
	object = bpf_object__open(argv[1]);
	if (!object) {
		fprintf(stderr, "floor: %s: %s\n", argv[1], strerror(errno));
		return 2;
	}
	faults = check_maps(object) + check_map_uses(argv[1], named);
	bpf_object__for_each_program (program, object) {
		const char *name = bpf_program__name(program);

		if (*named ? !is_in(named, name) : is_in(newer_programs, name))
			continue;
		faults += check_program(program);
		checked++;
	}
	bpf_object__close(object);
	printf("%d programs for 5.4, %d faults\n", checked, faults);
	return faults || !checked;
}
