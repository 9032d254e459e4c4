// SPDX-License-Identifier: GPL-2.0-only
/*
 * Kept folios: show the lost ranges of a file in /proc/PID/fdinfo/FD.
 */

#include <linux/hugetlb.h>
#include <linux/mf_keep.h>
#include <linux/pagemap.h>
#include <linux/mf_keep_base.h>
#include <linux/seq_file.h>
#include "mf_keep.h"

/* A range [start, end) of lost base pages of a file, not printed yet. */
struct mf_keep_range {
	struct seq_file *m;
	pgoff_t start;
	pgoff_t end;
};

static void mf_keep_show_range(struct mf_keep_range *range)
{
	if (range->start == range->end)
		return;
	seq_printf(range->m, "mf_ue: %#llx+%#llx\n",
		   (u64)range->start << PAGE_SHIFT,
		   (u64)(range->end - range->start) << PAGE_SHIFT);
}

static void mf_keep_extend_range(struct mf_keep_range *range, pgoff_t start,
				 pgoff_t end)
{
	if (start != range->end) {
		mf_keep_show_range(range);
		range->start = start;
	}
	range->end = end;
}

static void mf_keep_show_folio(struct mf_keep_range *range, struct folio *folio)
{
	unsigned long nr = folio_nr_pages(folio);
	unsigned long start, end;

	/* Unmapped as a whole, see mf_keep_charge(). */
	if (folio_test_hwpoison(folio)) {
		mf_keep_extend_range(range, folio->index, folio->index + nr);
		return;
	}
	for (start = mf_keep_next_raw(folio, 0, nr); start < nr;
	     start = mf_keep_next_raw(folio, end, nr)) {
		end = mf_keep_next_healthy(folio, start, nr);
		mf_keep_extend_range(range, folio->index + start,
				     folio->index + end);
	}
}

/**
 * mf_keep_show_fdinfo - show the lost ranges of a file
 * @m: where to print
 * @file: HugeTLB file
 *
 * Prints nothing for a file without the policy. The cost depends on what is
 * lost, not on the size of the file.
 */
void mf_keep_show_fdinfo(struct seq_file *m, struct file *file)
{
	struct address_space *mapping = file->f_mapping;
	struct mf_keep_range range = { .m = m };
	struct folio_batch fbatch;
	pgoff_t index = 0;
	unsigned int i;

	if (!mapping_mf_keep(mapping))
		return;

	seq_puts(m, "mf_keep_ue_mapped: 1\n");
	folio_batch_init(&fbatch);
	while (filemap_get_folios_tag(mapping, &index, -1, MF_KEEP_TAG,
				      &fbatch)) {
		for (i = 0; i < folio_batch_count(&fbatch); i++) {
			struct folio *folio = fbatch.folios[i];

			if (folio_mf_keep_poisoned(folio))
				mf_keep_show_folio(&range, folio);
		}
		folio_batch_release(&fbatch);
		cond_resched();
	}
	mf_keep_show_range(&range);
}
