/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel changes its own code while other CPUs execute it: it writes INT3 over
 * an instruction, makes all CPUs synchronize, and then writes the new one.  QEMU 7.2
 * discards the blocks of a page before it stores into it; a CPU that translates one
 * in between keeps an INT3 that memory no longer has, for ever.  The kernel does not
 * know such a trap, and dies of it ("Oops: int3").
 *
 * So a block with an INT3 looks at its start whether memory still has it: no
 * interrupt can come between that and the trap, so the CPU cannot have been
 * synchronized.  If not, all translations are discarded and the block is begun again.
 *
 * By the same race a CPU may keep the old instruction where INT3 was written.  That
 * cannot be seen from here: it goes on as if the change had not been made.
 */
#include "plugin.h"
#include "watch.h"

/* QEMU's own */
void tb_flush(struct CPUState *cpu);
void cpu_loop_exit_restore(struct CPUState *cpu, uintptr_t ra)
	__attribute__((noreturn));

#define INT3	0xcc

static atomic_llong met;

long long stale_met(void)
{
	return met;
}

/* @host is where the guest's memory has @ra's INT3, or had it. */
__attribute__((used))
static void check_int3(unsigned int vcpu, const volatile uint8_t *host,
		       uintptr_t ra)
{
	struct CPUState *cpu = qemu_get_cpu(vcpu);

	if (*host == INT3)
		return;
	atomic_fetch_add(&met, 1);
	tb_flush(cpu);
	cpu_loop_exit_restore(cpu, ra);
}

void entry_check_int3(void);
__asm__(".text\n.type entry_check_int3, @function\nentry_check_int3:\n\t"
	"mov (%rsp), %rdx\n\t"
	"jmp check_int3\n");

static bool is_int3(const struct qemu_plugin_insn *insn)
{
	return qemu_plugin_insn_size(insn) == 1 &&
	       *(const uint8_t *)qemu_plugin_insn_data(insn) == INT3;
}

/* INT3 ends its block.  Only at its start may a block be left. */
void watch_int3(const struct qemu_plugin_tb *tb, size_t n)
{
	struct qemu_plugin_insn *last = qemu_plugin_tb_get_insn(tb, n - 1);
	void *host = is_int3(last) ? qemu_plugin_insn_haddr(last) : NULL;

	if (host)
		qemu_plugin_register_vcpu_insn_exec_cb(
			qemu_plugin_tb_get_insn(tb, 0), entry_check_int3,
			CB_RW_REGS, host);
}
