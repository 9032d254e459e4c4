// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include "raise.h"

#include <errno.h>
#include <poison.h>

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

/* A scrubber finds what is broken, so the line is poisoned as well. */
static int scrub(const struct hugepage *hp, size_t offset)
{
	int err = lab_poison_add(hp->pa + offset, 1);

	return err ? err : lab_scrub_report(hp->pa + offset);
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
	return poll_until(error_results(pfn) > before) ? 0 : -ENOMSG;
}
