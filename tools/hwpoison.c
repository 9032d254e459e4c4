// SPDX-License-Identifier: GPL-2.0-only
/*
 * A raw page of a kept folio has no flag of its own.  The kernel reports its
 * offset in a file; the page table of a process that maps the file has its
 * physical address.
 *
 * When stock Linux takes a huge page away, it flags only the first base page
 * and does not report which part is bad, so the whole huge page counts as bad.
 */
#include <err.h>
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "hwpoison.h"
#include "kept.h"
#include "patience.h"
#include "root.h"

/* uapi/linux/kernel-page-flags.h */
#define KPF_LRU			(1ULL << 5)
#define KPF_SLAB		(1ULL << 7)
#define KPF_BUDDY		(1ULL << 10)
#define KPF_MMAP		(1ULL << 11)
#define KPF_COMPOUND_HEAD	(1ULL << 15)
#define KPF_COMPOUND_TAIL	(1ULL << 16)
#define KPF_HUGE		(1ULL << 17)
#define KPF_HWPOISON		(1ULL << 19)
#define KPF_THP			(1ULL << 22)
#define KPF_PGTABLE		(1ULL << 26)
#define KPF_USED		(KPF_LRU | KPF_SLAB | KPF_BUDDY | KPF_MMAP | \
				 KPF_THP | KPF_PGTABLE)

/* Documentation/admin-guide/mm/pagemap.rst */
#define PAGEMAP_PRESENT		(1ULL << 63)
#define PAGEMAP_PFN		((1ULL << 55) - 1)

#define BATCH			65536u
#define BASE			((uint64_t)PAGE_LIST_BASE_BYTES)

struct search {
	struct page_list *list;
	bool in_bad_huge_page;
};

static int look_at(struct search *s, uint64_t pfn, uint64_t flags)
{
	s->in_bad_huge_page =
		(flags & KPF_COMPOUND_TAIL && s->in_bad_huge_page) ||
		(flags & KPF_HUGE && flags & KPF_COMPOUND_HEAD &&
		 flags & KPF_HWPOISON);
	if (!(flags & KPF_HWPOISON) && !s->in_bad_huge_page)
		return 0;
	return page_list_add(s->list, pfn * BASE, BASE);
}

static int search_flags(struct search *s, FILE *f, uint64_t *flags)
{
	uint64_t pfn = 0;
	size_t i, n;
	int err = 0;

	while (!err && (n = fread(flags, sizeof(*flags), BATCH, f))) {
		for (i = 0; i < n && !err; i++)
			err = look_at(s, pfn + i, flags[i]);
		pfn += n;
	}
	return err ? err : ferror(f) ? -errno : 0;
}

static int find_flagged(struct page_list *list)
{
	struct search s = { .list = list };
	uint64_t *flags = malloc(BATCH * sizeof(*flags));
	FILE *f = root_fopen("/proc/kpageflags");
	int err = !f ? -errno : !flags ? -ENOMEM : search_flags(&s, f, flags);

	if (f)
		fclose(f);
	free(flags);
	if (err == -ENOENT)
		warnx("/proc/kpageflags is missing: the kernel needs CONFIG_PROC_PAGE_MONITOR");
	else if (err)
		warnx("cannot read /proc/kpageflags: %s; run as root",
		      strerror(-err));
	return err;
}

/* A mapping of a file, from a line of /proc/PID/maps. */
struct mapping {
	uint64_t start, end, offset, device, inode;
};

static bool parse_mapping(const char *line, struct mapping *m)
{
	unsigned int major, minor;

	if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %*s %" SCNx64
		   " %x:%x %" SCNu64, &m->start, &m->end, &m->offset,
		   &major, &minor, &m->inode) != 6)
		return false;
	m->device = makedev(major, minor);
	return true;
}

/* The physical address that @va of the process maps to, or 0. */
static uint64_t translate(pid_t pid, uint64_t va)
{
	uint64_t entry = 0;
	FILE *f = root_fopen("/proc/%d/pagemap", pid);

	if (!f)
		return 0;
	if (fseeko(f, (off_t)(va / BASE * sizeof(entry)), SEEK_SET) ||
	    fread(&entry, sizeof(entry), 1, f) != 1 ||
	    !(entry & PAGEMAP_PRESENT))
		entry = 0;
	fclose(f);
	return (entry & PAGEMAP_PFN) * BASE;
}

/* Where is the file's page at @offset? */
struct placed {
	pid_t pid;
	uint64_t device, inode, offset;
	uint64_t address;	/* physical; 0 if @pid does not map it */
};

static int find_place(void *about)
{
	struct placed *p = about;
	struct mapping m;
	char line[512];
	FILE *f = root_fopen("/proc/%d/maps", p->pid);

	while (f && !p->address && fgets(line, sizeof(line), f))
		if (parse_mapping(line, &m) && m.device == p->device &&
		    m.inode == p->inode && p->offset >= m.offset &&
		    p->offset - m.offset < m.end - m.start)
			p->address = translate(p->pid,
					       m.start + p->offset - m.offset);
	if (f)
		fclose(f);
	return 0;
}

static uint64_t place_by(pid_t pid, const struct kept_file *file,
			 uint64_t offset)
{
	static const struct question question = { find_place, free };
	struct placed *p = malloc(sizeof(*p));
	uint64_t address = 0;

	if (!p)
		return 0;
	*p = (struct placed){ pid, file->device, file->inode, offset, 0 };
	if (ask_patiently(&question, pid, p))
		return 0;
	address = p->address;
	free(p);
	return address;
}

static uint64_t place(const struct kept_file *file, uint64_t offset)
{
	uint64_t address = 0;
	size_t i;

	for (i = 0; i < file->n_holders && !address; i++)
		address = place_by(file->holder[i].pid, file, offset);
	return address;
}

static int add_lost(struct page_list *list, const struct kept_file *file,
		    const struct lost *lost, uint64_t *unplaced_bytes)
{
	uint64_t at, address;
	int err = 0;

	for (at = 0; at < lost->length && !err; at += BASE) {
		address = place(file, lost->offset + at);
		if (address)
			err = page_list_add(list, address, BASE);
		else
			*unplaced_bytes += BASE;
	}
	return err;
}

static int find_kept(struct page_list *list, uint64_t *unplaced_bytes)
{
	struct kept kept;
	size_t i, j;
	int err;

	kept_read(&kept);
	err = kept.err;
	for (i = 0; i < kept.n && !err; i++)
		for (j = 0; j < kept.file[i].n_lost && !err; j++)
			err = add_lost(list, &kept.file[i],
				       &kept.file[i].lost[j], unplaced_bytes);
	if (kept.hanging)
		warnx("pages that %zu process%s lost may be missing, such as those of %d: the kernel waits for a server (FUSE, NFS) that does not answer; restart it, or end the process",
		      kept.hanging, kept.hanging == 1 ? " has" : "es have",
		      kept.first_hanging);
	kept_free(&kept);
	if (err)
		warnx("cannot look for kept files: %s", strerror(-err));
	return err;
}

int hwpoison_find(struct page_list *list, uint64_t *unplaced_bytes)
{
	int err = find_flagged(list);

	*unplaced_bytes = 0;
	return err ? err : find_kept(list, unplaced_bytes);
}

int hwpoison_retire(uint64_t address)
{
	char text[32];

	snprintf(text, sizeof(text), "0x%" PRIx64, address);
	return write_text(text, "/sys/devices/system/memory/hard_offline_page");
}

/* EHWPOISON of the kernel tells that the flag is set, not that it worked. */
int hwpoison_is_used(uint64_t address)
{
	FILE *f = root_fopen("/proc/kpageflags");
	uint64_t flags;
	int err = f ? 0 : -errno;

	if (f && (fseeko(f, (off_t)(address / BASE * sizeof(flags)),
			 SEEK_SET) ||
		  fread(&flags, sizeof(flags), 1, f) != 1))
		err = -ENODATA;
	if (f)
		fclose(f);
	return err ? err : flags & KPF_HWPOISON && flags & KPF_USED;
}
