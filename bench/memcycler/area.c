// SPDX-License-Identifier: GPL-2.0-only
#include "area.h"

#include <err.h>
#include <errno.h>
#include <linux/memfd.h>
#include <poison.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#ifndef MFD_MF_KEEP_UE_MAPPED
#define MFD_MF_KEEP_UE_MAPPED	0x0020U
#endif

#define MIB(bytes)	((bytes) >> 20)

size_t backing_bytes(enum backing backing)
{
	return backing == BACKING_1G ? 1UL << 30 : 2UL << 20;
}

static bool is_hugetlb(const struct area *a)
{
	return a->backing == BACKING_2M || a->backing == BACKING_1G;
}

/* The kB after @key at the start of a line of @path, in bytes; 0 if none. */
static size_t kernel_bytes(const char *path, const char *key)
{
	FILE *f = fopen(path, "r");
	char line[256];
	size_t kib = 0;

	while (f && fgets(line, sizeof(line), f))
		if (!strncmp(line, key, strlen(key)))
			kib = strtoul(line + strlen(key), NULL, 10);
	if (f)
		fclose(f);
	return kib << 10;
}

static void need_memory(size_t bytes)
{
	size_t available = kernel_bytes("/proc/meminfo", "MemAvailable:");

	if (bytes > available)
		errx(STATUS_REFUSED,
		     "too little memory: %zu MiB are available, not %zu; give a smaller --size",
		     MIB(available), MIB(bytes));
}

static int hugetlb_memfd(size_t huge_bytes, bool keep)
{
	unsigned int shift = __builtin_ctzl(huge_bytes);
	int fd = memfd_create("memcycler", MFD_CLOEXEC | MFD_HUGETLB |
			      shift << MFD_HUGE_SHIFT |
			      (keep ? MFD_MF_KEEP_UE_MAPPED : 0));

	if (fd < 0 && keep)
		err(STATUS_REFUSED,
		    "cannot create a memfd with MFD_MF_KEEP_UE_MAPPED, is this a kernel with keep?");
	if (fd < 0 && errno == ENODEV)
		errx(STATUS_REFUSED,
		     "this machine has no pages of %zu MiB: see /sys/kernel/mm/hugepages",
		     MIB(huge_bytes));
	if (fd < 0)
		err(STATUS_REFUSED, "cannot create a memfd of %zu MiB pages",
		    MIB(huge_bytes));
	return fd;
}

/* Anonymous memory of base pages, or of huge pages where available. */
static char *map_anonymous(void *at, size_t bytes, int advice)
{
	char *p = mmap(at, bytes, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE |
		       (at ? MAP_FIXED : 0), -1, 0);

	if (p == MAP_FAILED)
		err(STATUS_REFUSED, "cannot map %zu MiB", MIB(bytes));
	if (madvise(p, bytes, advice) && advice == MADV_HUGEPAGE)
		err(STATUS_REFUSED,
		    "no transparent huge pages here (MADV_HUGEPAGE)");
	return p;
}

/* Map as at the start: the same file, or fresh anonymous memory. */
static void map_healthy(struct area *a, size_t offset, size_t bytes)
{
	char *p = a->start + offset;

	if (!is_hugetlb(a)) {
		map_anonymous(p, bytes, a->backing == BACKING_THP ?
			      MADV_HUGEPAGE : MADV_NOHUGEPAGE);
		return;
	}
	p = mmap(p, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
		 a->fd, offset);
	if (p == MAP_FAILED)
		err(STATUS_REFUSED,
		    "no %zu MiB of huge pages left in /sys/kernel/mm/hugepages/hugepages-%zukB; write %zu to its nr_hugepages",
		    MIB(bytes), a->huge_bytes >> 10, a->bytes / a->huge_bytes);
}

/* Reserve addresses, aligned to a huge page. */
static char *reserve(size_t bytes, size_t align)
{
	char *p = mmap(NULL, bytes + align, PROT_NONE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED)
		err(STATUS_REFUSED, "cannot reserve %zu MiB of addresses",
		    MIB(bytes + align));
	return (char *)(((uintptr_t)p + align - 1) & -align);
}

/* Shuffle all huge pages: a share hits the first ones. */
void area_choose_hits(struct area *a, unsigned int turn)
{
	size_t n = a->bytes / a->huge_bytes, i, other;
	struct hit swap;

	srandom(turn);
	for (i = 0; i < n; i++) {
		size_t each = a->huge_bytes / BASE_PAGE_BYTES;

		a->hits[i].huge = i;
		a->hits[i].base = i * each + random() % each;
	}
	for (i = n - 1; i > 0; i--) {
		other = random() % (i + 1);
		swap = a->hits[i];
		a->hits[i] = a->hits[other];
		a->hits[other] = swap;
	}
}

void area_create(struct area *a, enum backing backing, size_t bytes, bool keep)
{
	*a = (struct area){
		.backing = backing,
		.bytes = bytes,
		.huge_bytes = backing_bytes(backing),
		.fd = -1,
	};
	if (!is_hugetlb(a))
		need_memory(bytes);
	a->lost = calloc(bytes / BASE_PAGE_BYTES, sizeof(*a->lost));
	a->hits = calloc(bytes / a->huge_bytes, sizeof(*a->hits));
	a->is_hit = calloc(bytes / a->huge_bytes, sizeof(*a->is_hit));
	if (!a->lost || !a->hits || !a->is_hit)
		err(STATUS_REFUSED, "cannot note the state of %zu MiB",
		    MIB(bytes));
	if (is_hugetlb(a)) {
		a->fd = hugetlb_memfd(a->huge_bytes, keep);
		if (ftruncate(a->fd, bytes))
			err(STATUS_REFUSED, "cannot give the memfd its size");
	}
	a->start = reserve(bytes, a->huge_bytes);
	map_healthy(a, 0, bytes);
}

static char *hit_page(const struct area *a, const struct hit *h)
{
	return a->start + h->huge * a->huge_bytes;
}

static char *hit_base(const struct area *a, const struct hit *h)
{
	return a->start + h->base * BASE_PAGE_BYTES;
}

void area_heal(struct area *a)
{
	size_t i;

	for (i = 0; i < a->n_hits; i++) {
		a->lost[a->hits[i].base] = false;
		a->is_hit[a->hits[i].huge] = false;
		if (a->how == HOW_SPLIT)
			map_healthy(a, a->hits[i].huge * a->huge_bytes,
				    a->huge_bytes);
	}
	a->n_hits = 0;
}

/*
 * Leave what memory_failure() leaves of a transparent huge page: the base pages
 * stay where they were, mapped by page table entries, except for the lost one.
 * The kernel's entry for poison prevents khugepaged from making the page huge
 * again; here the advice does.
 */
static void split_thp(struct area *a, const struct hit *h)
{
	if (madvise(hit_page(a, h), a->huge_bytes, MADV_NOHUGEPAGE) ||
	    madvise(hit_base(a, h), BASE_PAGE_BYTES, MADV_DONTNEED))
		err(STATUS_REFUSED, "cannot split a huge page");
}

/*
 * Stock Linux leaves nothing of a hugetlb page.  With an empty pool, a program
 * can only replace it with base pages.
 */
static void replace_hugetlb(struct area *a, const struct hit *h)
{
	char *p = map_anonymous(NULL, a->huge_bytes + a->huge_bytes,
				MADV_NOHUGEPAGE);
	char *at = (char *)(((uintptr_t)p + a->huge_bytes - 1) &
			    -a->huge_bytes);

	memcpy(at, hit_page(a, h), a->huge_bytes);
	if (mremap(at, a->huge_bytes, a->huge_bytes,
		   MREMAP_MAYMOVE | MREMAP_FIXED, hit_page(a, h)) == MAP_FAILED)
		err(STATUS_REFUSED, "cannot replace a huge page");
	munmap(p, a->huge_bytes + a->huge_bytes);
}

static void poison(struct area *a, const struct hit *h)
{
	int ret = lab_poison_add(lab_pa(hit_base(a, h)), 1);

	if (ret == -ENODEV)
		errx(STATUS_REFUSED,
		     "only the memory of the lab (lab/vm) can be poisoned; elsewhere there is hwpoison");
	if (ret)
		errx(STATUS_REFUSED, "the lab cannot poison memory: %s",
		     strerror(-ret));
}

static void hwpoison(struct area *a, const struct hit *h)
{
	if (madvise(hit_base(a, h), BASE_PAGE_BYTES, MADV_HWPOISON))
		err(STATUS_REFUSED,
		    "cannot poison memory (MADV_HWPOISON): that wants root and a kernel with CONFIG_MEMORY_FAILURE");
}

size_t area_hits(const struct area *a, const struct damage *d)
{
	return d->share * (a->bytes / a->huge_bytes) + 0.5;
}

void area_hit(struct area *a, const struct damage *d)
{
	size_t n = area_hits(a, d), i;

	a->how = d->how;
	if (d->how == HOW_SPLIT && is_hugetlb(a))
		need_memory(n * a->huge_bytes);
	for (i = 0; i < n; i++) {
		const struct hit *h = &a->hits[i];

		a->is_hit[h->huge] = true;
		if (d->how == HOW_POISON)
			poison(a, h);
		else if (d->how == HOW_HWPOISON)
			hwpoison(a, h);
		else if (d->how == HOW_SPLIT && is_hugetlb(a))
			replace_hugetlb(a, h);
		else if (d->how == HOW_SPLIT)
			split_thp(a, h);
		if (!how_is_poison(d->how))
			a->lost[h->base] = true;
	}
	a->n_hits = n;
}

/* Count only the mappings that are within the area. */
size_t area_mapped_huge(const struct area *a)
{
	static const char *const keys[] = {
		"AnonHugePages:", "Shared_Hugetlb:", "Private_Hugetlb:",
	};
	FILE *f = fopen("/proc/self/smaps", "r");
	uintptr_t first = (uintptr_t)a->start;
	unsigned long from, to;
	bool ours = false;
	char line[512];
	size_t kib = 0, i;

	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%lx-%lx ", &from, &to) == 2)
			ours = from >= first && from < first + a->bytes;
		for (i = 0; ours && i < sizeof(keys) / sizeof(*keys); i++)
			if (!strncmp(line, keys[i], strlen(keys[i])))
				kib += strtoul(line + strlen(keys[i]), NULL, 10);
	}
	if (f)
		fclose(f);
	return kib << 10;
}

void area_need_huge(const struct area *a)
{
	size_t have = area_mapped_huge(a), want = a->bytes;

	if (a->backing == BACKING_BASE)
		want = 0;
	else if (a->how == HOW_SPLIT)
		want -= a->n_hits * a->huge_bytes;
	if (have < want)
		errx(STATUS_REFUSED,
		     "no huge pages left: only %zu of %zu MiB are mapped huge; memory is fragmented, or /sys/kernel/mm/transparent_hugepage/enabled is never",
		     MIB(have), MIB(want));
	if (have > want)
		errx(STATUS_REFUSED,
		     "this kernel has mapped %zu MiB huge that should be base pages",
		     MIB(have - want));
}

size_t area_lost_bytes(const struct area *a)
{
	size_t i, n = 0;

	for (i = 0; i < a->bytes / BASE_PAGE_BYTES; i++)
		n += a->lost[i];
	return n * BASE_PAGE_BYTES;
}

void area_clear_poison(void)
{
	lab_poison_clear();
}
