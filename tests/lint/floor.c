/* SPDX-License-Identifier: GPL-2.0 */
/*
 * floor - does the BPF object still load on 5.4?
 *
 *	floor OBJECT [PROGRAM...]
 *
 * Looks at every function of every executable section but the programs that are loaded on newer
 * kernels only (or at the functions that are named) and at every map, and refuses what 5.4 does not
 * have. A program is for 5.4 unless newer_programs says else.
 *
 * The helpers are a list of what has been looked up, not of what there is: whoever uses another one
 * looks it up in net/core/filter.c of 5.4 and writes it down here.
 *
 * Not seen: fields of the context and flags of helpers that came later, CO-RE relocations (5.4 has
 * them only where it was built with BTF), what a helper may do with which type of map, and what the
 * verifier of 5.4 does not follow.
 */
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <bpf/libbpf.h>
#include <gelf.h>
#include <linux/bpf.h>

#include "shapes.h"

#define LAST_MAP_TYPE BPF_MAP_TYPE_DEVMAP_HASH
#define LAST_MAP_FLAG BPF_F_CLONE

/* load.c takes these only where the kernel was asked and said yes; the last four are called by them alone. */
static const char *const newer_programs[] = {
	"rolewall_xdp",
	"rolewall_frags",
	"rolewall_tc",
	"rolewall_ingress",
	"rolewall_ingress_mark",
	"rolewall_ingress_58",
	"rolewall_egress",
	"rolewall_egress_mark",
	"rolewall_sock",
	"rolewall_bind4",
	"rolewall_bind6",
	"rolewall_connect6",
	"answer_by_xdp",
	"answer_by_tc",
	"is_stray_to_xdp",
	"is_stray_to_tc",
	"rolewall_shield",
	"rolewall_leave",
	"rolewall_established",
	"rolewall_established_mark",
	NULL,
};
/* Of these only what loads below 5.10, where RHEL 8 has what they need: not `rolewall_frags`. */
static const char *const newest_programs[] = {"rolewall_frags", "rolewall_ingress",
					      "rolewall_egress", NULL};
static const char *const newer_maps[] = {"events", "foreign_sockets", NULL};

/* What every kind of program may call; a function of .text is called by anybody. */
#define HELPERS_OF_ALL                                                                             \
	BPF_FUNC_map_lookup_elem, BPF_FUNC_map_update_elem, BPF_FUNC_map_delete_elem,              \
		BPF_FUNC_ktime_get_ns, BPF_FUNC_get_prandom_u32

/* Sections, from which libbpf takes a program's type, and what may be called in them on 5.4. */
static const struct kind {
	const char *section;
	int helpers[14]; /* 0 ends the list */
} kinds[] = {
	{".text", {HELPERS_OF_ALL}},
	{"xdp",
	 {HELPERS_OF_ALL, BPF_FUNC_perf_event_output, BPF_FUNC_skc_lookup_tcp,
	  BPF_FUNC_sk_release}},
	{"tc",
	 {HELPERS_OF_ALL, BPF_FUNC_perf_event_output, BPF_FUNC_skc_lookup_tcp, BPF_FUNC_sk_release,
	  BPF_FUNC_skb_load_bytes, BPF_FUNC_skb_pull_data, BPF_FUNC_sk_fullsock,
	  BPF_FUNC_sk_lookup_udp}},
	{"cgroup_skb/ingress", {HELPERS_OF_ALL, BPF_FUNC_perf_event_output}},
	{"cgroup_skb/egress", {HELPERS_OF_ALL, BPF_FUNC_perf_event_output}},
	{"sockops", {HELPERS_OF_ALL}},
	{"cgroup/bind4", {HELPERS_OF_ALL, BPF_FUNC_get_current_uid_gid}},
	{"cgroup/bind6", {HELPERS_OF_ALL, BPF_FUNC_get_current_uid_gid}},
	{"cgroup/connect6", {HELPERS_OF_ALL}},
};

static bool is_in(const char *const *list, const char *name)
{
	for (; *list; list++)
		if (strcmp(*list, name) == 0)
			return true;
	return false;
}

/* --- the object --- */

struct object {
	Elf *elf;
	Elf_Data *symbols;
	GElf_Shdr symbols_header;
};

struct function {
	const char *name, *section;
	size_t section_index, offset; /* in bytes, in that section */
	const struct bpf_insn *insns;
	size_t count;
};

static Elf_Data *section_next(const struct object *object, Elf_Scn **section, __u32 type,
			      GElf_Shdr *ret)
{
	while ((*section = elf_nextscn(object->elf, *section)))
		if (gelf_getshdr(*section, ret) && ret->sh_type == type && ret->sh_entsize)
			return elf_getdata(*section, NULL);
	return NULL;
}

static const char *symbol_name(const struct object *object, const GElf_Sym *symbol)
{
	const char *name = elf_strptr(object->elf, object->symbols_header.sh_link, symbol->st_name);

	return name ? name : "";
}

/* The name of an executable section; NULL: it is not executable. */
static const char *code_name(const struct object *object, size_t index)
{
	Elf_Scn *section = elf_getscn(object->elf, index);
	GElf_Shdr header;
	size_t strings;

	if (!section || !gelf_getshdr(section, &header) || !(header.sh_flags & SHF_EXECINSTR) ||
	    elf_getshdrstrndx(object->elf, &strings) != 0)
		return NULL;
	return elf_strptr(object->elf, strings, header.sh_name);
}

/* The function that a symbol stands for; false: it stands for something else. */
static bool function_get(const struct object *object, size_t number, struct function *ret)
{
	GElf_Sym symbol;
	const char *section;
	Elf_Data *data;

	if (!gelf_getsym(object->symbols, number, &symbol) ||
	    GELF_ST_TYPE(symbol.st_info) != STT_FUNC)
		return false;
	section = code_name(object, symbol.st_shndx);
	data = section ? elf_getdata(elf_getscn(object->elf, symbol.st_shndx), NULL) : NULL;
	if (!data || symbol.st_value + symbol.st_size > data->d_size)
		return false;
	*ret = (struct function){
		.name = symbol_name(object, &symbol),
		.section = section,
		.section_index = symbol.st_shndx,
		.offset = symbol.st_value,
		.insns = (const void *)((const char *)data->d_buf + symbol.st_value),
		.count = symbol.st_size / sizeof(struct bpf_insn),
	};
	return true;
}

/* The symbol that the instruction at `offset` of a section refers to. */
static bool relocation_find(const struct object *object, size_t owner, size_t offset, GElf_Sym *ret)
{
	Elf_Scn *section = NULL;
	GElf_Shdr header;
	GElf_Rel entry;
	Elf_Data *data;

	while ((data = section_next(object, &section, SHT_REL, &header)))
		for (size_t i = 0; header.sh_info == owner && gelf_getrel(data, i, &entry); i++)
			if (entry.r_offset == offset)
				return gelf_getsym(object->symbols, GELF_R_SYM(entry.r_info), ret);
	return false;
}

/* --- functions: what is wrong; NULL: nothing --- */

static const struct kind *kind_of(const char *section)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (strcmp(kinds[i].section, section) == 0)
			return &kinds[i];
	return NULL;
}

static bool has_helper(const struct kind *kind, int helper)
{
	for (int i = 0; kind->helpers[i]; i++)
		if (kind->helpers[i] == helper)
			return true;
	return false;
}

static const char *jump_fault(const struct kind *kind, const struct bpf_insn *insn)
{
	__u8 op = BPF_OP(insn->code);

	if (op > BPF_JSLE || (insn->code & BPF_X && (op == BPF_JA || op == BPF_CALL)))
		return "jumps or calls in a way newer than 5.4";
	if (op != BPF_CALL)
		return NULL;
	if (insn->src_reg > BPF_PSEUDO_CALL)
		return "calls a function of the kernel (5.13)";
	if (insn->src_reg == 0 && !has_helper(kind, insn->imm))
		return "calls a helper that is not on the list for 5.4";
	return NULL;
}

static const char *memory_fault(const struct bpf_insn *insn)
{
	if (BPF_MODE(insn->code) == BPF_MEM)
		return NULL;
	if (BPF_CLASS(insn->code) != BPF_STX || BPF_MODE(insn->code) != BPF_ATOMIC)
		return "loads or stores in a way newer than 5.4 (sign extension: 6.6)";
	return insn->imm == BPF_ADD ? NULL : "uses an atomic instruction other than add (5.12)";
}

static const char *arithmetic_fault(const struct bpf_insn *insn)
{
	if (insn->off || insn->code == (BPF_ALU64 | BPF_END) || BPF_OP(insn->code) > BPF_END)
		return "uses arithmetic of -mcpu=v4 (6.6)";
	return NULL;
}

static const char *insn_fault(const struct kind *kind, const struct bpf_insn *insn)
{
	switch (BPF_CLASS(insn->code)) {
	case BPF_LD:
		if (insn->code == (BPF_LD | BPF_IMM | BPF_DW) && insn->src_reg == 0)
			return NULL;
		return "loads in a way that these programs may not";
	case BPF_JMP:
		return jump_fault(kind, insn);
	case BPF_JMP32:
		return "uses 32-bit jumps, which -mcpu=v2 does not make";
	case BPF_ALU:
	case BPF_ALU64:
		return arithmetic_fault(insn);
	default:
		return memory_fault(insn);
	}
}

static const char *symbol_fault(const struct object *object, const struct function *function,
				size_t number)
{
	const struct bpf_insn *insn = &function->insns[number];
	GElf_Sym symbol;

	if (!relocation_find(object, function->section_index,
			     function->offset + number * sizeof(*insn), &symbol))
		return NULL;
	if (symbol.st_shndx == SHN_UNDEF)
		return "refers to a symbol of the kernel (kfuncs: 5.13)";
	if (BPF_CLASS(insn->code) == BPF_LD && code_name(object, symbol.st_shndx))
		return "takes the address of a function (5.13)";
	if (is_in(newer_maps, symbol_name(object, &symbol)))
		return "uses a map that 5.4 does not have";
	return NULL;
}

struct place {
	const struct object *object;
	const struct function *function;
};

static bool is_relocated(const void *context, size_t number)
{
	const struct place *place = context;
	GElf_Sym symbol;

	return relocation_find(place->object, place->function->section_index,
			       place->function->offset + number * sizeof(struct bpf_insn), &symbol);
}

/* What verifiers below 5.10 get wrong: shapes.h. */
static int shapes_check(const struct object *object, const struct function *function)
{
	const struct place place = {object, function};
	const struct shapes shapes = {
		.insns = function->insns,
		.count = function->count,
		.is_program = strcmp(function->section, ".text") != 0,
		.returns_verdict = strncmp(function->section, "cgroup", 6) == 0,
		.is_relocated = is_relocated,
		.context = &place,
	};
	const char *fault;
	int faults = 0;

	for (size_t at = 0; (fault = shapes_fault(&shapes, &at)); at++, faults++)
		fprintf(stderr, "floor: %s: %s; instruction %zu\n", function->name, fault, at);
	return faults;
}

static int function_check(const struct object *object, const struct function *function)
{
	const struct kind *kind = kind_of(function->section);
	int faults = 0;

	if (!kind) {
		fprintf(stderr, "floor: %s: the section %s is not on the list for 5.4\n",
			function->name, function->section);
		return 1;
	}
	for (size_t i = 0; i < function->count; i++) {
		const struct bpf_insn *insn = &function->insns[i];
		const char *fault = insn_fault(kind, insn);

		fault = fault ? fault : symbol_fault(object, function, i);
		if (fault) {
			fprintf(stderr, "floor: %s: %s; instruction %zu, code 0x%02x, imm %d\n",
				function->name, fault, i, insn->code, insn->imm);
			faults++;
		}
		/* The second half of a 64-bit constant is no instruction. */
		if (insn->code == (BPF_LD | BPF_IMM | BPF_DW))
			i++;
	}
	return faults;
}

/* Returns the number of faults, -1 if there was nothing to look at. */
static int functions_check(const struct object *object, const char *const *named)
{
	int checked = 0, faults = 0;
	struct function function;

	for (size_t i = 0; i < object->symbols_header.sh_size / sizeof(Elf64_Sym); i++) {
		if (!function_get(object, i, &function))
			continue;
		if (*named && !is_in(named, function.name))
			continue;
		if (!is_in(newest_programs, function.name))
			faults += shapes_check(object, &function);
		if (!*named && is_in(newer_programs, function.name))
			continue;
		faults += function_check(object, &function);
		checked++;
	}
	printf("%d functions for 5.4, %d faults\n", checked, faults);
	return checked ? faults : -1;
}

/* --- maps --- */

/* On old kernels libbpf itself takes BPF_F_MMAPABLE off the maps that it makes of sections. */
static const char *map_fault(const struct bpf_map *map)
{
	__u32 known = (LAST_MAP_FLAG << 1) - 1;

	if (bpf_map__is_internal(map))
		known |= BPF_F_MMAPABLE;
	if (bpf_map__type(map) > LAST_MAP_TYPE)
		return "has a type that 5.4 does not have";
	if (bpf_map__map_flags(map) & ~known)
		return "has flags that 5.4 does not have";
	return bpf_map__map_extra(map) ? "has map_extra (5.16)" : NULL;
}

static int maps_check(const char *path)
{
	struct bpf_object *object = bpf_object__open(path);
	struct bpf_map *map;
	int faults = 0;

	if (!object)
		return -1;
	bpf_object__for_each_map (map, object) {
		const struct bpf_map *one = map;

		if (is_in(newer_maps, bpf_map__name(map)))
			continue;
		for (; one; one = bpf_map__inner_map((struct bpf_map *)one)) {
			const char *fault = map_fault(one);

			if (!fault)
				continue;
			fprintf(stderr, "floor: %s: %s\n", bpf_map__name(one), fault);
			faults++;
		}
	}
	bpf_object__close(object);
	return faults;
}

int main(int argc, char **argv)
{
	const char *const *named = (const char *const *)argv + 2;
	int fd = argc < 2 ? -1 : open(argv[1], O_RDONLY | O_CLOEXEC);
	struct object object = {0};
	Elf_Scn *section = NULL;
	int maps, functions;

	elf_version(EV_CURRENT);
	object.elf = fd < 0 ? NULL : elf_begin(fd, ELF_C_READ, NULL);
	object.symbols = section_next(&object, &section, SHT_SYMTAB, &object.symbols_header);
	if (!object.symbols) {
		fprintf(stderr, "usage: floor OBJECT [PROGRAM...]; the OBJECT needs symbols\n");
		return 2;
	}
	maps = maps_check(argv[1]);
	functions = functions_check(&object, named);
	elf_end(object.elf);
	close(fd);
	if (maps < 0 || functions < 0) {
		fprintf(stderr, "floor: %s: no maps or no functions to look at\n", argv[1]);
		return 2;
	}
	return maps || functions;
}
