// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include "exhaust.h"

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hugepage.h"
#include "pool.h"
#include "procfile.h"

long exhaust_by_huge_pages(long nr, long spare_kb)
{
	long free_kb = procfile_value("/proc/meminfo", "MemFree:");

	return pool_set(SIZE_2M, nr + (free_kb - spare_kb) / (SIZE_2M >> 10));
}

int exhaust_by_base_pages(void)
{
	const size_t step = 1UL << 20;
	int status = -1;
	pid_t pid;

	pid = fork();
	if (!pid) {
		procfile_write("/proc/self/oom_score_adj", "1000");
		while (mmap(NULL, step, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1,
			    0) != MAP_FAILED)
			;
		_exit(1);
	}
	waitpid(pid, &status, 0);
	return status;
}
