// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include "raise.h"

#include <errno.h>
#include <poison.h>
#include <sched.h>

#include "kmsg.h"
#include "polling.h"
#include "procfile.h"

int error_inject_pfn(unsigned long pfn)
{
	return procfile_write("/sys/kernel/debug/hwpoison/corrupt-pfn", "%#lx",
			      pfn);
}

int error_unpoison_pfn(unsigned long pfn)
{
	return procfile_write("/sys/kernel/debug/hwpoison/unpoison-pfn", "%#lx",
			      pfn);
}

unsigned long error_results(unsigned long pfn)
{
	return kmsg_count("%#lx: recovery action for ", pfn);
}

static int madvise_hwpoison(const struct hugepage *hp, size_t offset,
			    struct sigbus *seen)
{
	int err;

	if (sigbus_on_hwpoison(hp->map + offset, seen, &err))
		return 0;
	return err ? err : -ENODATA;
}

static int consume(const struct hugepage *hp, size_t offset,
		   struct sigbus *seen)
{
	int err = lab_poison_add(hp->pa + offset, 1);

	if (err)
		return err;
	return sigbus_on_load(hp->map + offset, seen) ? 0 : -ENODATA;
}

/* A scrubber reports real errors, so poison the line as well. */
static int scrub(const struct hugepage *hp, size_t offset)
{
	int err = lab_poison_add(hp->pa + offset, 1);

	return err ? err : lab_scrub_report(hp->pa + offset);
}

/*
 * A scrubber's report is broadcast.  A CPU that is still in the handler of the
 * last report would miss the next one, and the others would wait for it in
 * vain.  Running on each CPU proves that its handler has ended.
 */
static int visit_all_cpus(void)
{
	cpu_set_t before, one;
	int cpu, err = 0;

	if (sched_getaffinity(0, sizeof(before), &before))
		return -errno;
	for (cpu = 0; cpu < CPU_SETSIZE && !err; cpu++) {
		if (!CPU_ISSET(cpu, &before))
			continue;
		CPU_ZERO(&one);
		CPU_SET(cpu, &one);
		err = sched_setaffinity(0, sizeof(one), &one);
	}
	if (sched_setaffinity(0, sizeof(before), &before))
		err = -1;
	return err ? -errno : 0;
}

static int raise_by(const struct hugepage *hp, size_t offset,
		    enum error_way way, struct sigbus *seen)
{
	switch (way) {
	case ERROR_MADVISE:
		return madvise_hwpoison(hp, offset, seen);
	case ERROR_INJECT:
		return error_inject_pfn(hugepage_pfn(hp, offset));
	case ERROR_CONSUME:
		return consume(hp, offset, seen);
	case ERROR_SCRUB:
		return scrub(hp, offset);
	}
	return -EINVAL;
}

int error_raise(const struct hugepage *hp, size_t offset, enum error_way way,
		struct sigbus *seen)
{
	unsigned long pfn = hugepage_pfn(hp, offset);
	unsigned long before = error_results(pfn);
	int err = raise_by(hp, offset, way, seen);

	if (err)
		return err;
	if (!poll_until(error_results(pfn) > before))
		return -ENOMSG;
	return way == ERROR_SCRUB ? visit_all_cpus() : 0;
}
