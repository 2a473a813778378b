/* SPDX-License-Identifier: GPL-2.0 */
/*
 * newer.bpf.c - one thing newer than 5.4 in each function and map: what floor.c has to find.
 *
 * The line "floor: NAME: ..." above each is what the floor says of it; newer.sh compares. Whatever
 * has no such line has to pass. Nothing of this is ever loaded.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#define FUNCTION(section, name)                                                                    \
	SEC(section) int name(void *ctx);                                                          \
	SEC(section) int name(void *ctx)

/* The instruction, of r0 and r2, as it stands in the object: the assembler does not know all. */
#define INSN(name, code, off, imm)                                                                 \
	FUNCTION("xdp", name)                                                                      \
	{                                                                                          \
		asm volatile(".byte %0, 0x20; .2byte %1; .4byte %2" ::"i"(code), "i"(off),         \
			     "i"(imm));                                                            \
		return 0;                                                                          \
	}

#define MAP(name, kind, flags)                                                                     \
	struct {                                                                                   \
		__uint(type, kind);                                                                \
		__uint(max_entries, 4096);                                                         \
		__uint(map_flags, flags);                                                          \
		__type(key, __u32);                                                                \
		__type(value, __u32);                                                              \
	} name SEC(".maps")

/* --- maps --- */

MAP(known, BPF_MAP_TYPE_ARRAY, BPF_F_RDONLY_PROG);

/* floor: newer_type: has a type that 5.4 does not have */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} newer_type SEC(".maps");

/* On the floor's list of newer maps; uses_newer_map leans on it all the same. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} events SEC(".maps");

/* floor: mapped: has flags that 5.4 does not have */
MAP(mapped, BPF_MAP_TYPE_ARRAY, BPF_F_MMAPABLE);

/* floor: preserved: has flags that 5.4 does not have */
MAP(preserved, BPF_MAP_TYPE_PERF_EVENT_ARRAY, BPF_F_PRESERVE_ELEMS);

/* floor: extra: has map_extra (5.16) */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__uint(map_extra, 3);
	__type(key, __u32);
	__type(value, __u32);
} extra SEC(".maps");

/* floor: newer_inside.inner: has flags that 5.4 does not have */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 1);
	__type(key, __u32);
	__array(
		values, struct {
			__uint(type, BPF_MAP_TYPE_ARRAY);
			__uint(max_entries, 1);
			__uint(map_flags, BPF_F_INNER_MAP);
			__type(key, __u32);
			__type(value, __u32);
		});
} newer_inside SEC(".maps");

/* floor: ring_inside.inner: has a type that 5.4 does not have */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 1);
	__type(key, __u32);
	__array(
		values, struct {
			__uint(type, BPF_MAP_TYPE_RINGBUF);
			__uint(max_entries, 4096);
		});
} ring_inside SEC(".maps");

/* floor: uses_newer_map: uses a map that 5.4 does not have */
FUNCTION("xdp", uses_newer_map)
{
	return bpf_map_lookup_elem(&events, &(__u32){0}) ? 1 : 0;
}

/* --- calls --- */

/* floor: helper_in_subprogram: calls a helper that is not on the list for 5.4 */
static __noinline int helper_in_subprogram(void)
{
	return bpf_jiffies64();
}

/* On the list of some kinds of programs only. */
/* floor: helper_of_some: calls a helper that is not on the list for 5.4 */
static __noinline int helper_of_some(void *ctx)
{
	return bpf_perf_event_output(ctx, &known, 0, ctx, 1);
}

FUNCTION("xdp", calls_subprograms)
{
	const int *value = bpf_map_lookup_elem(&known, &(__u32){0});

	return helper_in_subprogram() + helper_of_some(ctx) + (value ? *value : 0);
}

/* floor: newer_helper: calls a helper that is not on the list for 5.4 */
FUNCTION("xdp", newer_helper)
{
	return bpf_ktime_get_boot_ns();
}

/* floor: helper_of_xdp: calls a helper that is not on the list for 5.4 */
FUNCTION("cgroup_skb/ingress", helper_of_xdp)
{
	return bpf_skc_lookup_tcp(ctx, ctx, 0, 0, 0) ? 1 : 0;
}

extern int kernel_function(void) __ksym;
extern const int kernel_variable __ksym;

/* floor: calls_kfunc: refers to a symbol of the kernel (kfuncs: 5.13) */
FUNCTION("xdp", calls_kfunc)
{
	return kernel_function();
}

/* As it stands in the kernel, where no relocation tells. */
/* floor: calls_number: calls a function of the kernel (5.13) */
INSN(calls_number, BPF_JMP | BPF_CALL, 0, 1)

/* floor: reads_ksym: refers to a symbol of the kernel (kfuncs: 5.13) */
FUNCTION("xdp", reads_ksym)
{
	return kernel_variable;
}

/* floor: function_address: takes the address of a function (5.13) */
FUNCTION("xdp", function_address)
{
	asm volatile("" ::"r"(&helper_in_subprogram));
	return 0;
}

/* --- sections --- */

/* floor: devmap: the section xdp/devmap is not on the list for 5.4 */
FUNCTION("xdp/devmap", devmap)
{
	return 0;
}

/* floor: frags: the section xdp.frags is not on the list for 5.4 */
FUNCTION("xdp.frags", frags)
{
	return 0;
}

/* floor: getpeername4: the section cgroup/getpeername4 is not on the list for 5.4 */
FUNCTION("cgroup/getpeername4", getpeername4)
{
	return 0;
}

/* floor: lookup: the section sk_lookup is not on the list for 5.4 */
FUNCTION("sk_lookup", lookup)
{
	return 0;
}

/* --- instructions --- */

INSN(atomic_add, BPF_STX | BPF_ATOMIC | BPF_DW, 0, BPF_ADD)

/* floor: atomic_fetch: uses an atomic instruction other than add (5.12) */
INSN(atomic_fetch, BPF_STX | BPF_ATOMIC | BPF_DW, 0, BPF_ADD | BPF_FETCH)

/* floor: exchange: uses an atomic instruction other than add (5.12) */
INSN(exchange, BPF_STX | BPF_ATOMIC | BPF_DW, 0, BPF_XCHG)

/* floor: load_acquire: uses an atomic instruction other than add (5.12) */
INSN(load_acquire, BPF_STX | BPF_ATOMIC | BPF_DW, 0, 0x100)

/* floor: jump32: uses 32-bit jumps, which -mcpu=v2 does not make */
INSN(jump32, BPF_JMP32 | BPF_JEQ | BPF_X, 0, 0)

/* floor: far_jump: uses 32-bit jumps, which -mcpu=v2 does not make */
INSN(far_jump, BPF_JMP32 | BPF_JA, 0, 0)

/* floor: may_goto: jumps or calls in a way newer than 5.4 */
INSN(may_goto, BPF_JMP | 0xe0, 0, 0)

/* floor: register_jump: jumps or calls in a way newer than 5.4 */
INSN(register_jump, BPF_JMP | BPF_JA | BPF_X, 0, 0)

/* floor: register_call: jumps or calls in a way newer than 5.4 */
INSN(register_call, BPF_JMP | BPF_CALL | BPF_X, 0, 0)

/* floor: signed_division: uses arithmetic of -mcpu=v4 (6.6) */
INSN(signed_division, BPF_ALU64 | BPF_DIV | BPF_X, 1, 0)

/* floor: signed_move: uses arithmetic of -mcpu=v4 (6.6) */
INSN(signed_move, BPF_ALU | BPF_MOV | BPF_X, 8, 0)

/* floor: byte_swap: uses arithmetic of -mcpu=v4 (6.6) */
INSN(byte_swap, BPF_ALU64 | BPF_END, 0, 64)

/* floor: signed_load: loads or stores in a way newer than 5.4 (sign extension: 6.6) */
INSN(signed_load, BPF_LDX | 0x80 | BPF_B, 0, 0)

/* floor: packet_load: loads in a way that these programs may not */
INSN(packet_load, BPF_LD | BPF_ABS | BPF_B, 0, 0)

/* --- shapes that verifiers below 5.10 get wrong --- */

/* floor: difference: subtracts numbers without bounds (wrong on RHEL 8.4) */
FUNCTION("xdp", difference)
{
	const __u64 *then = bpf_map_lookup_elem(&known, &(__u32){0});

	return then && bpf_ktime_get_ns() - *then < 1000 ? 1 : 0;
}

FUNCTION("xdp", sum)
{
	const __u64 *then = bpf_map_lookup_elem(&known, &(__u32){0});

	return then && bpf_ktime_get_ns() < *then + 1000 ? 1 : 0;
}

/* With bounds it is right. */
FUNCTION("xdp", difference_of_small_numbers)
{
	const __u8 *bytes = bpf_map_lookup_elem(&known, &(__u32){0});
	__u64 one = bpf_ktime_get_ns() & 0xffff;

	return bytes && one - *bytes > 5 ? 1 : 0;
}

FUNCTION("xdp", difference_of_pointers)
{
	struct xdp_md *packet = ctx;

	return (__u64)packet->data_end - packet->data > 100 ? 1 : 0;
}

/* By hand, as whether a compiler spills is its own affair. */
#define THROUGH_THE_STACK(name, more)                                                              \
	SEC("cgroup/bind4") __attribute__((naked)) int name(void *ctx);                            \
	SEC("cgroup/bind4") __attribute__((naked)) int name(void *ctx)                             \
	{                                                                                          \
		asm volatile("r6 = 1; *(u64 *)(r10 - 8) = r6; call %[time];"                       \
			     "r0 = *(u64 *)(r10 - 8);" more                                        \
			     "exit;" ::[time] "i"(BPF_FUNC_ktime_get_ns));                         \
	}

/* floor: spilled: returns what was spilled (refused below 5.10) */
THROUGH_THE_STACK(spilled, "")
THROUGH_THE_STACK(spilled_and_masked, "r0 &= 1;")

char LICENSE[] SEC("license") = "GPL";
