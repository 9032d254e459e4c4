// SPDX-License-Identifier: GPL-2.0-only
/* perf: attributes that are lost, and stacks that it walks in an interrupt. */
#define _GNU_SOURCE
#include <linux/perf_event.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "places.h"
#include "scenes.h"
#include "user.h"

#define MAP_BYTES	(4096 * 9)
#define SPINS		2000000

static struct perf_event_attr clock_attr(void)
{
	return (struct perf_event_attr){
		.type = PERF_TYPE_SOFTWARE, .size = sizeof(clock_attr()),
		.config = PERF_COUNT_SW_CPU_CLOCK, .sample_period = 200000,
		.exclude_kernel = 1, .exclude_hv = 1,
		.exclude_callchain_kernel = 1,
	};
}

void scene_perf(struct rng *rng)
{
	struct perf_event_attr attr = clock_attr();
	long fd;

	fd = syscall(SYS_perf_event_open,
		     place_struct(rng, &attr, sizeof(attr), 4), 0, -1, -1, 0);
	if (fd < 0)
		return;
	ioctl(fd, PERF_EVENT_IOC_PERIOD, place_raw(rng, 8, true));
	ioctl(fd, PERF_EVENT_IOC_ID, place_raw(rng, 8, true));
	ioctl(fd, PERF_EVENT_IOC_SET_FILTER, place_raw(rng, 64, true));
	ioctl(fd, PERF_EVENT_IOC_QUERY_BPF, place_raw(rng, 64, true));
	read(fd, place_raw(rng, 64, true), 64);
	close(fd);
}

/* No load and no store, so that only the kernel reads the stack. */
static void spin_on(void *stack)
{
	__asm__ volatile("mov %%rsp, %%r14\n\tmov %%rbp, %%r15\n\t"
			 "mov %0, %%rsp\n\tmov %0, %%rbp\n"
			 "1:\tdec %1\n\tjnz 1b\n\t"
			 "mov %%r14, %%rsp\n\tmov %%r15, %%rbp"
			 : : "r" (stack), "c" ((long)SPINS)
			 : "r14", "r15", "memory");
}

static struct perf_event_attr wanted;

static void sample_on(void *stack)
{
	long fd = syscall(SYS_perf_event_open, &wanted, 0, -1, -1, 0);
	void *map;

	if (fd < 0)
		return;
	map = mmap(NULL, MAP_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (map != MAP_FAILED)
		spin_on(stack);
}

void scene_callchain(struct rng *rng)
{
	wanted = clock_attr();
	wanted.sample_type = PERF_SAMPLE_CALLCHAIN;
	if (rng_percent(rng, 50)) {
		wanted.sample_type = PERF_SAMPLE_STACK_USER |
				     PERF_SAMPLE_REGS_USER;
		wanted.sample_stack_user = 4096;
		wanted.sample_regs_user = 0xff;
	}
	user_child(sample_on,
		   (void *)((uintptr_t)place_raw(rng, 1024, true) & -16UL));
}
