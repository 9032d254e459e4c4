/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The plugin's count of guest instructions (count.h).
 *
 * QEMU calls us at the start of each block of translated code, and we add the
 * number of its instructions.  Only an exception leaves a block early.  Each
 * CPU has its own thread and counter: no lock is needed, and no count is lost.
 */
#include <errno.h>

#include "insn.h"
#include "plugin.h"
#include "watch.h"

static struct counter {
	_Atomic uint64_t insns;		/* written only by the CPU's thread */
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

/*
 * QEMU repeats a string instruction with a jump to it, so each repetition is a
 * block that begins with the instruction: leave it out.
 */
void count_block(struct qemu_plugin_tb *tb, size_t n)
{
	if (!watched(WATCH_BLOCKS))
		return;
	if (insn_repeats(qemu_plugin_tb_get_insn(tb, 0)))
		n--;
	if (n)
		qemu_plugin_register_vcpu_tb_exec_cb(tb, block_begins,
						     CB_NO_REGS, (void *)n);
}
