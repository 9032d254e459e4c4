// SPDX-License-Identifier: MIT
#define _GNU_SOURCE
#include "region.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/mempolicy.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "context.h"
#include "fdinfo.h"
#include "page.h"
#include "sized.h"

#define OBJECT_MAGIC	0x6e6f69676572666dULL
#define HUGETLBFS_MAGIC	0x958458f6	/* include/uapi/linux/magic.h */
#define NODES_MAX	1024

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE	23	/* include/uapi/asm-generic/mman-common.h */
#endif
#ifndef MFD_HUGE_SHIFT
#define MFD_HUGE_SHIFT	26
#endif
#ifndef MFD_HUGETLB
#define MFD_HUGETLB	0x0004U
#endif

static bool is_page_size(uint64_t bytes)
{
	return bytes >= MFR_PAGE_BYTES && bytes <= 1ULL << 40 &&
	       !(bytes & (bytes - 1));
}

static int open_memfd(const char *name, uint64_t page_bytes, unsigned int flags)
{
	int fd;

	flags |= MFD_CLOEXEC | MFD_ALLOW_SEALING;
	if (page_bytes != MFR_PAGE_BYTES)
		flags |= MFD_HUGETLB |
			 (unsigned int)__builtin_ctzll(page_bytes) << MFD_HUGE_SHIFT;
	fd = memfd_create(name, flags);
	return fd < 0 ? -errno : fd;
}

/* Returns 1 if a file made with the flag says that it has the policy. */
static int flag_is_policy(uint64_t page_bytes)
{
	int fd = open_memfd("mfr-probe", page_bytes, MFD_MF_KEEP_UE_MAPPED);
	int kept;

	if (fd < 0)
		return fd == -EINVAL ? 0 : fd;
	kept = mfr_fdinfo_has_policy(fd);
	close(fd);
	/* Without /proc the kernel's word is all there is */
	return kept == -ENOENT ? 1 : kept;
}

int mfr_probe(uint64_t page_bytes)
{
	int saved = errno, fd, kept;

	if (!is_page_size(page_bytes) || page_bytes == MFR_PAGE_BYTES)
		return -EINVAL;
	fd = open_memfd("mfr-probe", page_bytes, 0);
	if (fd >= 0) {
		close(fd);
		kept = flag_is_policy(page_bytes);
	} else {
		kept = fd == -ENOENT || fd == -EINVAL ? -ENODEV : fd;
	}
	errno = saved;
	return kept;
}

/* With the policy if the kernel has it. */
static int create_file(struct mfr_region *r, const struct mfr_region_options *o)
{
	const char *name = o->name ? o->name : "mfr";
	int keeps = 0;

	if (o->page_bytes != MFR_PAGE_BYTES) {
		keeps = mfr_probe(o->page_bytes);
		if (keeps < 0)
			return keeps;
	}
	if (!keeps && o->flags & MFR_REGION_NEED_KEEP)
		return -EOPNOTSUPP;
	if (!keeps && o->page_bytes != MFR_PAGE_BYTES)
		mfr_context_say(r->context,
				"this kernel has no MFD_MF_KEEP_UE_MAPPED: an error will take %llu bytes of region %s",
				(unsigned long long)o->page_bytes, name);
	r->fd = open_memfd(name, o->page_bytes,
			   keeps ? MFD_MF_KEEP_UE_MAPPED : 0);
	r->kept = keeps;
	r->whole = !keeps;
	return r->fd < 0 ? r->fd : 0;
}

/* F_SEAL_SEAL: otherwise a receiver could seal the file against writing. */
static int size_file(struct mfr_region *r)
{
	if (ftruncate(r->fd, r->bytes) ||
	    fcntl(r->fd, F_ADD_SEALS,
		  F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL))
		return -errno;
	return 0;
}

static int map_file(struct mfr_region *r)
{
	r->address = mmap(NULL, r->bytes, PROT_READ | PROT_WRITE, MAP_SHARED,
			  r->fd, 0);
	if (r->address != MAP_FAILED)
		return 0;
	r->address = NULL;
	return -errno;
}

/*
 * A hugetlb file has no NUMA policy, only its mapping has one.  With a node,
 * take_pages() therefore has to fault: fallocate() would use any node.
 */
static int bind_to_node(struct mfr_region *r)
{
	unsigned long mask[NODES_MAX / 8 / sizeof(long)] = { };
	const int bits = 8 * sizeof(*mask);

	if (r->node < 0)
		return 0;
	mask[r->node / bits] |= 1UL << r->node % bits;
	if (syscall(SYS_mbind, r->address, r->bytes, MPOL_BIND, mask,
		    NODES_MAX + 1, 0))
		return -errno;
	return 0;
}

/* Huge pages take long, so signals are likely; they are not a failure. */
static int allocate(int fd, int mode, uint64_t offset, uint64_t length)
{
	int err;

	do {
		err = fallocate(fd, mode | FALLOC_FL_KEEP_SIZE, offset, length);
	} while (err && errno == EINTR);
	return err ? -errno : 0;
}

static int take_pages(struct mfr_region *r, uint64_t offset, uint64_t length)
{
	int err;

	if (r->node < 0) {
		err = allocate(r->fd, 0, offset, length);
		return err == -ENOSPC ? -ENOMEM : err;
	}
	if (!madvise(r->address + offset, length, MADV_POPULATE_WRITE))
		return 0;
	return errno == EFAULT ? -ENOMEM : -errno;	/* empty pool */
}

static bool options_are_valid(const struct mfr_region_options *o)
{
	return is_page_size(o->page_bytes) && o->bytes &&
	       !(o->bytes % o->page_bytes) && o->bytes <= LLONG_MAX / 2 &&
	       o->node >= 0 && o->node < NODES_MAX &&
	       (!o->node || o->flags & MFR_REGION_BIND) &&
	       !(o->flags & ~(MFR_REGION_PREALLOC | MFR_REGION_NEED_KEEP |
			      MFR_REGION_BIND));
}

/* Also frees a partly built region. */
static void release(struct mfr_region *r)
{
	if (r->address)
		munmap(r->address, r->bytes);
	if (r->ledger)
		mfr_ledger_close(r->ledger);
	if (r->sender)
		mfr_ledger_close(r->sender);
	if (r->taken)
		mfr_ledger_close(r->taken);
	if (r->ledger_fd >= 0)
		close(r->ledger_fd);
	if (r->fd >= 0)
		close(r->fd);
	r->magic = 0;
	free(r);
}

static int new_region(struct mfr_context *context, struct mfr_region **region)
{
	int saved = errno;
	struct mfr_region *r = calloc(1, sizeof(*r));

	errno = saved;
	if (!r)
		return -ENOMEM;
	r->context = context;
	r->fd = -1;
	r->ledger_fd = -1;
	r->node = -1;
	*region = r;
	return 0;
}

/* From here on mfr_sigbus() handles errors in @r. */
static int publish(struct mfr_region *r, struct mfr_region **region)
{
	int err;

	r->id = atomic_fetch_add(&r->context->regions, 1) + 1;
	r->magic = OBJECT_MAGIC;
	err = mfr_context_add(r->context, r, r->address, 0, r->bytes);
	if (err == -EEXIST)
		mfr_context_say(r->context,
				"a mapping that was told lies where a new region is, at %p: was it unmapped without mfr_region_remove_mapping()?",
				(void *)r->address);
	if (err)
		return err;
	*region = r;
	return 0;
}

static int build(struct mfr_region *r, const struct mfr_region_options *o)
{
	int err = create_file(r, o);

	if (!err)
		err = size_file(r);
	if (!err)
		err = map_file(r);
	if (!err)
		err = bind_to_node(r);
	if (!err)
		err = mfr_ledger_create(r->bytes, &r->ledger, &r->ledger_fd);
	if (!err && o->flags & MFR_REGION_PREALLOC)
		err = take_pages(r, 0, r->bytes);
	return err;
}

int mfr_region_create(struct mfr_context *context,
		      const struct mfr_region_options *options,
		      struct mfr_region **region)
{
	int saved = errno, err = mfr_context_check(context);
	struct mfr_region_options o;
	struct mfr_region *r;

	if (err)
		return err;
	if (!options || !region)
		return -EFAULT;
	err = mfr_sized_read(&o, sizeof(o), options, MFR_REGION_OPTIONS_FIRST);
	if (err)
		return err;
	if (!o.page_bytes)
		o.page_bytes = MFR_PAGE_BYTES;
	if (!options_are_valid(&o))
		return -EINVAL;
	err = new_region(context, &r);
	if (err)
		return err;
	r->bytes = o.bytes;
	r->page_bytes = o.page_bytes;
	r->value = o.value;
	if (o.flags & MFR_REGION_BIND)
		r->node = o.node;
	err = build(r, &o);
	if (!err)
		err = publish(r, region);
	if (err)
		release(r);
	errno = saved;
	return err;
}

static int examine_file(struct mfr_region *r, int fd,
			const struct mfr_import_options *o)
{
	struct statfs fs;
	struct stat st;
	int seals;

	r->fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	if (r->fd < 0)
		return -errno;
	/* First, as it never leaves the kernel: others may be files of FUSE. */
	seals = fcntl(r->fd, F_GET_SEALS);
	if (seals < 0)
		return -EMEDIUMTYPE;
	if (fstat(r->fd, &st) || fstatfs(r->fd, &fs))
		return -errno;
	if (!(seals & F_SEAL_SHRINK) && !(o->flags & MFR_IMPORT_UNSEALED))
		return -EPERM;
	r->page_bytes = MFR_PAGE_BYTES;
	if ((uint32_t)fs.f_type == HUGETLBFS_MAGIC)
		r->page_bytes = fs.f_bsize;
	r->bytes = st.st_size / MFR_PAGE_BYTES * MFR_PAGE_BYTES;
	if (o->max_bytes && r->bytes > o->max_bytes)
		return -EFBIG;
	return r->bytes ? 0 : -ENODATA;
}

static int adopt(struct mfr_region *r, int fd,
		 const struct mfr_import_options *o)
{
	int err = examine_file(r, fd, o);
	uint64_t pages;

	if (!err)
		err = map_file(r);
	if (!err)
		err = mfr_ledger_create(r->bytes, &r->ledger, &r->ledger_fd);
	if (!err)
		err = mfr_fdinfo_load(r, &pages);
	return err;
}

int mfr_region_options(const struct mfr_import_options *theirs,
		       struct mfr_import_options *options)
{
	int err = 0;

	*options = (struct mfr_import_options){ };
	if (theirs)
		err = mfr_sized_read(options, sizeof(*options), theirs,
				     MFR_IMPORT_OPTIONS_FIRST);
	if (err)
		return err;
	options->size = sizeof(*options);
	return options->flags & ~MFR_IMPORT_UNSEALED ? -EINVAL : 0;
}

int mfr_region_import(struct mfr_context *context, int fd,
		      const struct mfr_import_options *options,
		      struct mfr_region **region)
{
	int saved = errno, err = mfr_context_check(context);
	struct mfr_import_options o;
	struct mfr_region *r;

	if (err)
		return err;
	if (!region)
		return -EFAULT;
	err = mfr_region_options(options, &o);
	if (err)
		return err;
	err = new_region(context, &r);
	if (err)
		return err;
	r->value = o.value;
	err = adopt(r, fd, &o);
	if (!err)
		err = publish(r, region);
	if (err)
		release(r);
	errno = saved;
	return err;
}

int mfr_region_check(const struct mfr_region *region)
{
	if (!region)
		return -EFAULT;
	return region->magic == OBJECT_MAGIC ? 0 : -EINVAL;
}

int mfr_region_check_range(const struct mfr_region *region, uint64_t offset,
			   uint64_t length)
{
	int err = mfr_region_check(region);

	return err ? err : mfr_ledger_check_range(region->ledger, offset, length);
}

int mfr_region_destroy(struct mfr_region *region)
{
	int saved = errno, err = mfr_region_check(region);

	if (err)
		return err;
	mfr_context_remove(region->context, region, NULL);
	release(region);
	errno = saved;
	return 0;
}

void *mfr_region_address(const struct mfr_region *region)
{
	return mfr_region_check(region) ? NULL : region->address;
}

uint64_t mfr_region_bytes(const struct mfr_region *region)
{
	return mfr_region_check(region) ? 0 : region->bytes;
}

uint64_t mfr_region_page_bytes(const struct mfr_region *region)
{
	return mfr_region_check(region) ? 0 : region->page_bytes;
}

void *mfr_region_value(const struct mfr_region *region)
{
	return mfr_region_check(region) ? NULL : region->value;
}

int mfr_region_fd(const struct mfr_region *region)
{
	return mfr_region_check(region) ? -1 : region->fd;
}

int mfr_region_is_kept(const struct mfr_region *region)
{
	return mfr_region_check(region) ? 0 : region->kept;
}

const struct mfr_ledger *mfr_region_ledger(const struct mfr_region *region)
{
	return mfr_region_check(region) ? NULL : region->ledger;
}

int mfr_region_ledger_fd(const struct mfr_region *region)
{
	return mfr_region_check(region) ? -1 : region->ledger_fd;
}

int64_t mfr_region_mark(struct mfr_region *region, uint64_t offset,
			uint64_t length)
{
	int err = mfr_region_check_range(region, offset, length);

	return err ? err : (int64_t)mfr_ledger_mark(region->ledger, offset, length);
}

/*
 * Clear the ledger while no page is there: an error in the new page, which can
 * come at once, then stays on the ledger.
 */
static int exchange(struct mfr_region *r, uint64_t offset, uint64_t length)
{
	int err = allocate(r->fd, FALLOC_FL_PUNCH_HOLE, offset, length);

	if (err)
		return err;
	mfr_ledger_clear(r->ledger, offset, length);
	err = take_pages(r, offset, length);
	if (err)
		mfr_ledger_mark(r->ledger, offset, length);
	return err;
}

int mfr_region_replace(struct mfr_region *region, uint64_t offset)
{
	int saved = errno, err = mfr_region_check_range(region, offset, 1);
	uint64_t length;

	if (err)
		return err;
	offset &= ~(region->page_bytes - 1);
	length = region->bytes - offset;
	if (length > region->page_bytes)
		length = region->page_bytes;
	if (mfr_ledger_is_clean(region->ledger, offset, length) == 1)
		return -ENODATA;
	err = exchange(region, offset, length);
	errno = saved;
	return err;
}
