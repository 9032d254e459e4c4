// SPDX-License-Identifier: GPL-2.0-only
/*
 * The rules of what is read.
 */

#include "skip.h"

static bool in_scope(const struct memscan_page *page, enum memscan_scope scope)
{
	switch (scope) {
	case MEMSCAN_SCOPE_HUGETLB:
		return page->hugetlb;
	case MEMSCAN_SCOPE_NOHUGETLB:
		return !page->hugetlb;
	case MEMSCAN_SCOPE_FREE:
		return page->free;
	default:
		return true;
	}
}

/**
 * memscan_skip_reason - why is a base page not read?
 * @page: what is known about it
 * @scope: what is asked for
 *
 * Return: the first reason that holds, or MEMSCAN_READ.
 */
enum memscan_reason memscan_skip_reason(const struct memscan_page *page,
					enum memscan_scope scope)
{
	if (!page->online)
		return MEMSCAN_SKIP_ABSENT;
	if (page->other_node)
		return MEMSCAN_SKIP_OTHER_NODE;
	if (!page->ram)
		return MEMSCAN_SKIP_NOT_RAM;
	if (page->leaving)
		return MEMSCAN_SKIP_LEAVING;
	if (page->offline)
		return MEMSCAN_SKIP_OFFLINE;
	if (page->hwpoison)
		return MEMSCAN_SKIP_HWPOISON;
	if (page->known)
		return MEMSCAN_SKIP_KNOWN;
	if (!in_scope(page, scope))
		return MEMSCAN_SKIP_SCOPE;
	return MEMSCAN_READ;
}
