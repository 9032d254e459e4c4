// SPDX-License-Identifier: GPL-2.0-only
/*
 * A child takes all memory that there is, until it is killed for it.  What it
 * gets, by page frame, it notes in memory that outlives it.
 */
#define _GNU_SOURCE
#include "sweep.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/sysinfo.h>
#include <sys/wait.h>
#include <unistd.h>

#include "checks.h"
#include "counters.h"
#include "failure.h"
#include "hugepage.h"
#include "pageflags.h"
#include "pool.h"
#include "procfile.h"

#define CHUNK_MAX	SIZE_2M
#define WORDS_A_LINE	(64 / sizeof(uint64_t))

static size_t free_bytes(void)
{
	struct sysinfo info;

	return sysinfo(&info) ? 0 : info.freeram * info.mem_unit;
}

/*
 * The last chunk is lost when the end comes: so make chunks small then, but
 * not before, for a CPU can have huge pages on lists of its own.
 */
static size_t chunk_bytes(void)
{
	size_t size = CHUNK_MAX;

	while (size > BASE_PAGE && size > free_bytes() / 4)
		size /= 2;
	return size;
}

/*
 * The kernel has written all of it, with zeroes. Write each line once more and
 * read it: a line of poison among it is a machine check.
 */
static bool use(uint64_t *chunk, size_t size)
{
	size_t i, words = size / sizeof(*chunk);
	uint64_t pattern = (uintptr_t)chunk;

	for (i = 0; i < words; i += WORDS_A_LINE)
		chunk[i] = pattern;
	for (i = 0; i < words; i += WORDS_A_LINE)
		if (((volatile uint64_t *)chunk)[i] != pattern)
			return false;
	return true;
}

static bool take(size_t size)
{
	static uint64_t pfns[CHUNK_MAX / BASE_PAGE];
	size_t i, n = size / BASE_PAGE;
	void *chunk;

	chunk = mmap(NULL, size, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (chunk == MAP_FAILED)
		return false;
	madvise(chunk, size, MADV_HUGEPAGE);
	if (madvise(chunk, size, MADV_POPULATE_WRITE) || !use(chunk, size) ||
	    pagemap_pfns(chunk, n, pfns))
		return false;
	for (i = 0; i < n; i++)
		if (pfns[i] && pfns[i] < frames.end)
			frame_set(frames.taken, pfns[i]);
	return true;
}

/*
 * Each CPU has lists of free pages of its own, out of which it takes first.
 * To go elsewhere takes a while, so that is for the end.
 */
static void visit_next_cpu(void)
{
	static int cpu;
	cpu_set_t set;

	if (free_bytes() > 64 * CHUNK_MAX)
		return;
	CPU_ZERO(&set);
	CPU_SET(cpu++ % get_nprocs(), &set);
	sched_setaffinity(0, sizeof(set), &set);
}

static void take_all(void)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGBUS, SIG_DFL);
	signal(SIGINT, SIG_IGN);
	procfile_write("/proc/self/oom_score_adj", "1000");
	do
		visit_next_cpu();
	while (take(chunk_bytes()));
	_exit(1);
}

/*
 * What is on the list of a CPU at the end, another one dies for lack of.  Have
 * short lists, and each refresh give back a part of what is too much.
 */
#define REFRESHES	32

static void shorten_percpu_lists(void)
{
	int i;

	procfile_write("/proc/sys/vm/percpu_pagelist_high_fraction", "100000");
	for (i = 0; i < REFRESHES; i++)
		procfile_write("/proc/sys/vm/stat_refresh", "1");
}

/* Nothing is held back from who asks, as far as the kernel allows. */
static void lower_watermarks(void)
{
	procfile_write("/proc/sys/vm/overcommit_memory", "1");
	procfile_write("/proc/sys/vm/min_free_kbytes", "64");
	procfile_write("/proc/sys/vm/watermark_boost_factor", "0");
	procfile_write("/proc/sys/vm/lowmem_reserve_ratio", "0 0 0 0 0");
	procfile_write("/proc/sys/vm/drop_caches", "3");
	shorten_percpu_lists();
	/* Huge pages while there are some: to make any takes long. */
	procfile_write("/sys/kernel/mm/transparent_hugepage/defrag", "never");
	/* A page that has been looked at is not exchanged for another. */
	procfile_write("/proc/sys/vm/compaction_proactiveness", "0");
	procfile_write("/sys/kernel/mm/transparent_hugepage/khugepaged/scan_sleep_millisecs",
		       "3600000");
}

static unsigned long count(const uint8_t *a, const uint8_t *b)
{
	unsigned long byte, n = 0;

	for (byte = 0; byte < frames.end / 8 + 1; byte++)
		n += __builtin_popcount(a[byte] & b[byte]);
	return n;
}

/* Page frames of @in, but not @without, that have @flag, or do not have it. */
static unsigned long count_flag(const uint8_t *in, const uint8_t *without,
				uint64_t flag, bool has)
{
	unsigned long pfn, n = 0;
	uint64_t flags[8];
	size_t i;

	for (pfn = 0; pfn < frames.end; pfn += 8) {
		if (!(in[pfn / 8] & ~without[pfn / 8]) ||
		    page_flags_read(pfn, 8, flags))
			continue;
		for (i = 0; i < 8; i++)
			n += frame_is(in, pfn + i) &&
			     !frame_is(without, pfn + i) &&
			     !!(flags[i] & flag) == has;
	}
	return n;
}

/* What is in @b is left in @a no more. */
static void subtract(uint8_t *a, const uint8_t *b)
{
	unsigned long byte;

	for (byte = 0; byte < frames.end / 8 + 1; byte++)
		a[byte] &= ~b[byte];
}

static void judge(struct sweep *s)
{
	static const uint8_t none[FRAMES_MAX / 8 + 1];

	s->taken = count(frames.taken, frames.taken);
	s->raw = count(frames.raw, frames.raw);
	s->raw_taken = count(frames.raw, frames.taken);
	s->raw_unmarked = count_flag(frames.raw, none, PAGE_HWPOISON, false);
	/* A page can break after a release has freed it */
	subtract(frames.freed, frames.raw);
	s->freed = count(frames.freed, frames.freed);
	s->freed_marked = count_flag(frames.freed, none, PAGE_HWPOISON, true);
	s->freed_missing = count_flag(frames.freed, frames.taken, PAGE_BUDDY,
				      false);
}

static bool empty_pool(size_t size)
{
	return expect_number("huge pages in a pool that was emptied", 0,
			     pool_set(size, 0));
}

static bool killed_for_memory(int status)
{
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
		return true;
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGBUS)
		return unexpected("who takes all memory", "healthy memory",
				  "poison");
	return unexpected("who takes all memory", "killed for lack of it",
			  "its own end");
}

static unsigned long free_pages(void)
{
	struct buddy buddy;

	return buddy_read(&buddy) ? 0 : buddy.bytes / BASE_PAGE;
}

static unsigned long slab_pages(void)
{
	return procfile_value("/proc/meminfo", "Slab:") * 1024 / BASE_PAGE;
}

static unsigned long pool_pages(size_t size)
{
	struct pool pool;

	return pool_read(size, &pool) ? 0 : pool.nr * (size / BASE_PAGE);
}

void sweep_begin(struct sweep *s)
{
	s->before = free_pages() + pool_pages(SIZE_2M) + pool_pages(SIZE_1G);
	s->slabs_before = slab_pages();
}

long sweep_unexplained(const struct sweep *s)
{
	return (long)(s->before + s->slabs_before) -
	       (long)(s->free + s->slabs) - (long)s->raw;
}

bool sweep_all_memory(struct sweep *s)
{
	int status = 0;
	pid_t pid;

	if (!empty_pool(SIZE_2M) || !empty_pool(SIZE_1G))
		return false;
	lower_watermarks();
	s->free = free_pages();
	s->slabs = slab_pages();
	pid = fork();
	if (!pid)
		take_all();
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	judge(s);
	return killed_for_memory(status);
}
