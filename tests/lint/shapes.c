/* SPDX-License-Identifier: GPL-2.0 */
/*
 * shapes.c - what each register can hold before each instruction, as far as that matters here.
 *
 * A value is a set of kinds; where ways meet, the sets are joined. In doubt (arguments of
 * functions, what such an argument points to) it is ANY, of which nothing is said.
 */
#include "shapes.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define SMALL	0x01 /* a number of at most 31 bits, and known to be */
#define WIDE	0x02 /* any number */
#define POINTER 0x04
#define CONTEXT 0x08
#define ANY	0x10
#define FILLED	0x20 /* came back from the stack */
#define RAISED	0x40 /* SMALL, shifted left by 32: half of a zero extension */

#define REGISTERS 11
#define SLOTS	  64

struct state {
	uint8_t registers[REGISTERS];
	uint8_t slots[SLOTS]; /* of the stack, 8 bytes each */
	bool seen;
};

/* Offsets of pointers in struct xdp_md and struct __sk_buff; the two do not meet. */
static bool is_pointer_in_context(int offset)
{
	static const int offsets[] = {
		offsetof(struct xdp_md, data),	  offsetof(struct xdp_md, data_end),
		offsetof(struct __sk_buff, data), offsetof(struct __sk_buff, data_end),
		offsetof(struct __sk_buff, sk),
	};

	for (size_t i = 0; i < sizeof(offsets) / sizeof(*offsets); i++)
		if (offsets[i] == offset)
			return true;
	return false;
}

static int slot_of(int offset)
{
	return offset < 0 && offset >= -8 * SLOTS ? -(offset + 1) / 8 : -1;
}

static uint8_t load(const struct state *state, const struct bpf_insn *insn)
{
	uint8_t base = state->registers[insn->src_reg];
	bool is_narrow = BPF_SIZE(insn->code) == BPF_B || BPF_SIZE(insn->code) == BPF_H;
	uint8_t number = is_narrow ? SMALL : WIDE;
	int slot = slot_of(insn->off);

	if (insn->src_reg == 10) {
		if (BPF_SIZE(insn->code) == BPF_DW && slot >= 0 &&
		    state->slots[slot] & (POINTER | CONTEXT | ANY))
			return state->slots[slot];
		return number | FILLED;
	}
	if (base & CONTEXT)
		return is_pointer_in_context(insn->off) ? POINTER : number;
	return base & ANY && !is_narrow ? ANY : number;
}

static void store(struct state *state, const struct bpf_insn *insn)
{
	int slot = insn->dst_reg == 10 ? slot_of(insn->off) : -1;

	if (slot < 0)
		return;
	state->slots[slot] = BPF_CLASS(insn->code) == BPF_STX && BPF_SIZE(insn->code) == BPF_DW
				     ? state->registers[insn->src_reg]
				     : WIDE;
}

static uint8_t shift(uint8_t op, uint8_t value, const struct bpf_insn *insn)
{
	if (BPF_SRC(insn->code) == BPF_X)
		return WIDE;
	if (op == BPF_LSH && insn->imm == 32 && value == SMALL)
		return RAISED;
	if (op != BPF_LSH && insn->imm == 32 && value == RAISED)
		return SMALL;
	if (op == BPF_LSH ? insn->imm <= 8 && value == SMALL : insn->imm > 32 || value == SMALL)
		return op == BPF_ARSH && value != SMALL ? WIDE : SMALL;
	return WIDE;
}

/* Of two numbers, or of a pointer and a number. */
static uint8_t combine(uint8_t op, uint8_t value, uint8_t other, bool is_constant)
{
	if ((value | other) & ANY)
		return ANY;
	if (op == BPF_SUB && value & POINTER && other & POINTER)
		return WIDE;
	if ((value | other) & (POINTER | CONTEXT))
		return POINTER;
	if (op == BPF_AND && (value == SMALL || other == SMALL))
		return SMALL;
	if (op == BPF_MOD && is_constant)
		return SMALL;
	if (op == BPF_DIV)
		return value == SMALL ? SMALL : WIDE;
	return value == SMALL && other == SMALL ? SMALL : WIDE;
}

static void arithmetic(struct state *state, const struct bpf_insn *insn)
{
	bool is_constant = BPF_SRC(insn->code) == BPF_K;
	uint8_t *value = &state->registers[insn->dst_reg], op = BPF_OP(insn->code);
	uint8_t other = !is_constant ? state->registers[insn->src_reg]
			: insn->imm >= 0 || op == BPF_ADD || op == BPF_MOV ? SMALL
									   : WIDE;

	if (op == BPF_MOV)
		*value = other;
	else if (op == BPF_END || op == BPF_NEG)
		*value = WIDE;
	else if (op == BPF_LSH || op == BPF_RSH || op == BPF_ARSH)
		*value = shift(op, *value, insn);
	else
		*value = combine(op, *value, other, is_constant);
}

static void call(struct state *state, const struct bpf_insn *insn)
{
	bool is_lookup =
		insn->src_reg == 0 &&
		(insn->imm == BPF_FUNC_map_lookup_elem || insn->imm == BPF_FUNC_skc_lookup_tcp ||
		 insn->imm == BPF_FUNC_sk_lookup_udp || insn->imm == BPF_FUNC_sk_lookup_tcp ||
		 insn->imm == BPF_FUNC_sk_fullsock);

	state->registers[0] = is_lookup ? POINTER : WIDE;
	for (size_t i = 1; i <= 5; i++)
		state->registers[i] = ANY;
}

/* What a comparison says of its register on one of its ways. */
static void compare(struct state *state, const struct bpf_insn *insn, bool is_taken)
{
	bool is_small = BPF_SRC(insn->code) == BPF_K ? insn->imm >= 0
						     : state->registers[insn->src_reg] == SMALL;
	uint8_t op = BPF_OP(insn->code), *value = &state->registers[insn->dst_reg];

	if (!is_small || *value & ~(WIDE | FILLED | SMALL))
		return;
	if (is_taken ? op == BPF_JLT || op == BPF_JLE || op == BPF_JEQ
		     : op == BPF_JGT || op == BPF_JGE || op == BPF_JNE)
		*value = SMALL;
}

static void step(const struct shapes *shapes, struct state *state, size_t number)
{
	const struct bpf_insn *insn = &shapes->insns[number];

	switch (BPF_CLASS(insn->code)) {
	case BPF_LD: /* a constant of 64 bits */
		state->registers[insn->dst_reg] =
			insn->src_reg || shapes->is_relocated(shapes->context, number) ? POINTER
			: insn[1].imm == 0 && insn->imm >= 0			       ? SMALL
										       : WIDE;
		break;
	case BPF_LDX:
		state->registers[insn->dst_reg] = load(state, insn);
		break;
	case BPF_ST:
	case BPF_STX:
		store(state, insn);
		break;
	case BPF_ALU:
	case BPF_ALU64:
		arithmetic(state, insn);
		break;
	default:
		if (BPF_OP(insn->code) == BPF_CALL)
			call(state, insn);
	}
}

/* Join what comes by one way into what is known. Returns true if that is news. */
static bool join(struct state *into, const struct state *from)
{
	bool news = !into->seen;

	for (size_t i = 0; i < REGISTERS; i++) {
		news |= from->registers[i] & ~into->registers[i];
		into->registers[i] |= from->registers[i];
	}
	for (size_t i = 0; i < SLOTS; i++) {
		news |= from->slots[i] & ~into->slots[i];
		into->slots[i] |= from->slots[i];
	}
	into->seen = true;
	return news;
}

/* One instruction, and what follows from it for those behind it. */
static bool visit(const struct shapes *shapes, struct state *states, size_t number)
{
	const struct bpf_insn *insn = &shapes->insns[number];
	bool is_wide = insn->code == (BPF_LD | BPF_IMM | BPF_DW);
	bool is_jump = BPF_CLASS(insn->code) == BPF_JMP && BPF_OP(insn->code) != BPF_CALL;
	size_t next = number + 1 + is_wide, target = number + 1 + insn->off;
	struct state after = states[number], taken;
	bool news = false;

	step(shapes, &after, number);
	if (is_jump && BPF_OP(insn->code) == BPF_EXIT)
		return false;
	taken = after;
	if (is_jump && BPF_OP(insn->code) != BPF_JA) {
		compare(&taken, insn, true);
		compare(&after, insn, false);
	}
	if (is_jump && target < shapes->count)
		news |= join(&states[target], &taken);
	if ((!is_jump || BPF_OP(insn->code) != BPF_JA) && next < shapes->count)
		news |= join(&states[next], &after);
	return news;
}

static void states_find(const struct shapes *shapes, struct state *states)
{
	bool news = true;

	for (size_t i = 1; i <= 5; i++)
		states[0].registers[i] = ANY;
	if (shapes->is_program)
		states[0].registers[1] = CONTEXT;
	states[0].registers[10] = POINTER;
	states[0].seen = true;
	while (news) {
		news = false;
		for (size_t i = 0; i < shapes->count; i++)
			if (states[i].seen)
				news |= visit(shapes, states, i);
	}
}

static const char *fault(const struct shapes *shapes, const struct state *state,
			 const struct bpf_insn *insn)
{
	uint8_t both = state->registers[insn->dst_reg] | state->registers[insn->src_reg];

	if (insn->code == (BPF_ALU64 | BPF_SUB | BPF_X) && !(both & (POINTER | CONTEXT | ANY)) &&
	    both & (WIDE | RAISED))
		return "subtracts numbers without bounds (wrong on RHEL 8.4)";
	if (insn->code == (BPF_JMP | BPF_EXIT) && shapes->returns_verdict &&
	    state->registers[0] & FILLED)
		return "returns what was spilled (refused below 5.10)";
	return NULL;
}

const char *shapes_fault(const struct shapes *shapes, size_t *at)
{
	struct state *states = calloc(shapes->count, sizeof(*states));
	const char *what = NULL;

	if (!states) {
		*at = (size_t)-1;
		return NULL;
	}
	states_find(shapes, states);
	for (size_t i = *at; !what && i < shapes->count; i++) {
		*at = i;
		if (states[i].seen)
			what = fault(shapes, &states[i], &shapes->insns[i]);
	}
	free(states);
	return what;
}
