// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lost lines that another process reads: process_vm, /proc/PID/mem, ptrace.
 *
 * With patches 0024 and 0029 the kernel's copies of another process's memory
 * survive a machine check, so new poison is used as well; on base it panics.
 */
#define _GNU_SOURCE
#include <elf.h>
#include <signal.h>
#include <stdint.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include "descriptors.h"
#include "places.h"
#include "scenes.h"
#include "user.h"

void scene_vm(struct rng *rng)
{
	struct iovec remote = { place_raw(rng, 128, true), 128 };
	struct iovec local = { place_raw(rng, 128, true), 128 };

	if (rng_percent(rng, 50))
		local.iov_base = place_healthy(128);
	if (rng_percent(rng, 50))
		process_vm_readv(getpid(), &local, 1, &remote, 1, 0);
	else
		process_vm_writev(getpid(), &local, 1, &remote, 1, 0);
}

void scene_mem(struct rng *rng)
{
	off_t at = (uintptr_t)place_raw(rng, 128, true);
	void *data = rng_percent(rng, 50) ? place_healthy(128)
					  : place_raw(rng, 128, true);

	if (rng_percent(rng, 50))
		pread(descriptor(FD_MEM), data, 128, at);
	else
		pwrite(descriptor(FD_MEM), data, 128, at);
}

static void stop_and_wait(void)
{
	ptrace(PTRACE_TRACEME, 0, NULL, NULL);
	raise(SIGSTOP);
	_exit(0);
}

static void look_into(struct rng *rng, pid_t child)
{
	struct iovec regs = { place_raw(rng, 216, true), 216 };
	void *iov = place_struct(rng, &regs, sizeof(regs), 2);

	ptrace(PTRACE_PEEKDATA, child, place_raw(rng, 8, true), 0);
	ptrace(PTRACE_POKEDATA, child, place_raw(rng, 8, true), 0);
	ptrace(PTRACE_GETREGS, child, 0, place_raw(rng, 216, true));
	ptrace(PTRACE_GETFPREGS, child, 0, place_raw(rng, 512, true));
	ptrace(PTRACE_SETFPREGS, child, 0, place_raw(rng, 512, true));
	ptrace(PTRACE_SETREGS, child, 0, place_raw(rng, 216, true));
	ptrace(PTRACE_GETREGSET, child, NT_X86_XSTATE, iov);
	ptrace(PTRACE_SETREGSET, child, NT_X86_XSTATE, iov);
	ptrace(PTRACE_GETSIGINFO, child, 0, place_raw(rng, 128, true));
	ptrace(PTRACE_SETSIGINFO, child, 0, place_raw(rng, 128, true));
	ptrace(PTRACE_PEEKSIGINFO, child, place_raw(rng, 16, true),
	       place_raw(rng, 128, true));
}

void scene_ptrace(struct rng *rng)
{
	pid_t child = user_fork();
	int tries = 5;

	if (!child)
		stop_and_wait();
	if (child < 0)
		return;
	while (waitpid(child, NULL, WUNTRACED | __WALL) < 0 && tries--)
		;
	look_into(rng, child);
	kill(child, SIGKILL);
	while (waitpid(child, NULL, __WALL) < 0 && tries-- > -20)
		;
}
