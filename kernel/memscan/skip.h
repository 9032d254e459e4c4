/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which base pages are read, and why others are not.
 */
#ifndef MEMSCAN_SKIP_H
#define MEMSCAN_SKIP_H

#include <linux/types.h>

/*
 * The first three are not present pages of the node; of those that are, each
 * is read or skipped for one of the other reasons. UNMAPPED is only known by
 * the trap of the load.
 */
enum memscan_reason {
	MEMSCAN_READ,
	MEMSCAN_SKIP_ABSENT,
	MEMSCAN_SKIP_OTHER_NODE,
	MEMSCAN_SKIP_NOT_RAM,
	MEMSCAN_SKIP_LEAVING,
	MEMSCAN_SKIP_OFFLINE,
	MEMSCAN_SKIP_HWPOISON,
	MEMSCAN_SKIP_KNOWN,
	MEMSCAN_SKIP_SCOPE,
	MEMSCAN_SKIP_UNMAPPED,
	MEMSCAN_REASONS,
};

enum memscan_scope {
	MEMSCAN_SCOPE_ALL,
	MEMSCAN_SCOPE_HUGETLB,
	MEMSCAN_SCOPE_NOHUGETLB,
	MEMSCAN_SCOPE_FREE,
	MEMSCAN_SCOPES,
};

/**
 * struct memscan_page - what the rules look at
 * @online: has a struct page, and the kernel uses it as memory
 * @other_node: belongs to another node whose span overlaps
 * @ram: the firmware calls it memory
 * @leaving: about to be taken offline
 * @offline: a balloon's, or an unplugged part of a virtio-mem device
 * @hwpoison: the kernel knows it as poisoned, or the huge page around it
 * @known: poison was found before, and the kernel does not mark it: a raw page
 *	of a kept huge page
 * @hugetlb: part of a HugeTLB folio, used or not
 * @free: in the buddy allocator
 */
struct memscan_page {
	bool online;
	bool other_node;
	bool ram;
	bool leaving;
	bool offline;
	bool hwpoison;
	bool known;
	bool hugetlb;
	bool free;
};

enum memscan_reason memscan_skip_reason(const struct memscan_page *page,
					enum memscan_scope scope);

#endif /* MEMSCAN_SKIP_H */
