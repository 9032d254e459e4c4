/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A block is translated for the bits of what is watched.  These bits are also
 * the CPUs' cluster number: a CPU finds only blocks translated for them.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

#include "watch.h"

/* QEMU's own */
void async_safe_run_on_cpu(struct CPUState *cpu,
			   void (*work)(struct CPUState *, union work_arg),
			   union work_arg arg);
uint32_t curr_cflags(struct CPUState *cpu);
void qemu_plugin_disable_mem_helpers(struct CPUState *cpu);

/*
 * The offset of the flags with which a CPU looks up its blocks; set_cluster()
 * checks it.  Their upper byte is the number of a cluster of CPUs that share
 * blocks: nothing else depends on it, and a PC has one cluster.
 */
#define CFLAGS_OFFSET		0x2f8
#define CFLAGS_CLUSTER_SHIFT	24

static pthread_mutex_t watch_lock = PTHREAD_MUTEX_INITIALIZER;
static unsigned int watch_wanted;	/* watch_lock */
static atomic_uint watch_now;		/* changes while no CPU executes */

bool watched(enum watch what)
{
	return watch_now & what;
}

static void set_cluster(struct CPUState *cpu, uint32_t cluster)
{
	uint32_t *cflags = (uint32_t *)((char *)cpu + CFLAGS_OFFSET);
	bool found = *cflags == curr_cflags(cpu);

	if (found)
		*cflags = (*cflags & ((1u << CFLAGS_CLUSTER_SHIFT) - 1)) |
			  cluster << CFLAGS_CLUSTER_SHIFT;
	if (found && *cflags == curr_cflags(cpu))
		return;
	fprintf(stderr, "poison: the flags of a CPU are not where QEMU 7.2 has them; use Debian 12's qemu-system-x86\n");
	_exit(1);
}

/*
 * In QEMU 7.2, an instruction that leaves its block from a helper, such as
 * IRET, does not reset the CPU's pointer to its callbacks.  They would be
 * called for other instructions, or after being freed with the code.
 */
void forget_callbacks(uint64_t id)
{
	struct CPUState *cpu;
	int i;

	(void)id;
	for (i = 0; (cpu = qemu_get_cpu(i)); i++)
		qemu_plugin_disable_mem_helpers(cpu);
}

static void change_watch(struct CPUState *any, union work_arg unused)
{
	struct CPUState *cpu;
	int i;

	(void)any;
	(void)unused;
	pthread_mutex_lock(&watch_lock);
	watch_now = watch_wanted;
	for (i = 0; (cpu = qemu_get_cpu(i)); i++)
		set_cluster(cpu, watch_wanted);
	pthread_mutex_unlock(&watch_lock);
	forget_callbacks(0);
}

/*
 * QEMU first stops every CPU at the end of its block, this one included: the
 * doorbell is the last but one instruction of its block, so nothing the guest
 * does after the request runs in old code.  A CPU whose request comes while
 * another one's change is pending has to stop as well.
 */
void watch(struct CPUState *cpu, enum watch what, bool on)
{
	pthread_mutex_lock(&watch_lock);
	watch_wanted = on ? watch_wanted | what : watch_wanted & ~what;
	if (watch_wanted != watch_now)
		async_safe_run_on_cpu(cpu, change_watch, (union work_arg){ 0 });
	pthread_mutex_unlock(&watch_lock);
}
