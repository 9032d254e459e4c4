/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The plugin's count of guest instructions (count.h).
 *
 * QEMU calls us at the start of each block of translated code, and we add the
 * number of its instructions.  A block is left early only by an exception.
 * Each CPU has a thread and a counter of its own: nothing is shared on the
 * way, and nothing is lost.
 */
#include <errno.h>

#include "plugin.h"

static struct counter {
	_Atomic uint64_t insns;		/* written by the CPU's thread alone */
} __attribute__((aligned(64))) counters[MAX_VCPUS];

int64_t count_start(struct CPUState *cpu)
{
	watch(cpu, WATCH_BLOCKS, true);
	return 0;
}

int64_t count_stop(struct CPUState *cpu)
{
	watch(cpu, WATCH_BLOCKS, false);
	return 0;
}

int64_t count_cpu(unsigned int vcpu)
{
	if (!watched(WATCH_BLOCKS))
		return -ENODATA;
	return atomic_load_explicit(&counters[vcpu].insns,
				    memory_order_relaxed);
}

int64_t count(void)
{
	int64_t sum = 0;
	unsigned int i;

	if (!watched(WATCH_BLOCKS))
		return -ENODATA;
	for (i = 0; i < MAX_VCPUS; i++)
		sum += atomic_load_explicit(&counters[i].insns,
					    memory_order_relaxed);
	return sum;
}

static void block_begins(unsigned int vcpu, void *n)
{
	_Atomic uint64_t *insns;

	if (vcpu >= MAX_VCPUS)
		return;
	insns = &counters[vcpu].insns;
	atomic_store_explicit(insns, atomic_load_explicit(insns,
		memory_order_relaxed) + (uintptr_t)n, memory_order_relaxed);
}

/* Intel SDM Vol. 2A, "Instruction Prefixes"; REX comes last. */
static bool is_prefix(uint8_t byte)
{
	switch (byte) {
	case 0x26: case 0x2e: case 0x36: case 0x3e:	/* segments */
	case 0x64: case 0x65:
	case 0x66: case 0x67:				/* sizes */
	case 0xf0: case 0xf2: case 0xf3:		/* LOCK, REP */
		return true;
	default:
		return byte >> 4 == 4;			/* REX */
	}
}

/* INS, OUTS, MOVS, CMPS; STOS, LODS, SCAS */
static bool is_string_opcode(uint8_t byte)
{
	return (byte >= 0x6c && byte <= 0x6f) ||
	       (byte >= 0xa4 && byte <= 0xa7) ||
	       (byte >= 0xaa && byte <= 0xaf);
}

static bool repeats(const struct qemu_plugin_insn *insn)
{
	const uint8_t *byte = qemu_plugin_insn_data(insn);
	size_t left = qemu_plugin_insn_size(insn);
	bool rep = false;

	for (; left && is_prefix(*byte); byte++, left--)
		rep |= *byte == 0xf2 || *byte == 0xf3;
	return rep && left && is_string_opcode(*byte);
}

/*
 * QEMU repeats a string instruction by a jump to it, so each repetition is a
 * block that begins with it.
 */
void count_block(struct qemu_plugin_tb *tb, size_t n)
{
	if (!watched(WATCH_BLOCKS))
		return;
	if (repeats(qemu_plugin_tb_get_insn(tb, 0)))
		n--;
	if (n)
		qemu_plugin_register_vcpu_tb_exec_cb(tb, block_begins,
						     CB_NO_REGS, (void *)n);
}
