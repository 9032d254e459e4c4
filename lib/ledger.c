// SPDX-License-Identifier: MIT
#define _GNU_SOURCE
#include "ledger.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#ifndef F_SEAL_FUTURE_WRITE
#define F_SEAL_FUTURE_WRITE	0x0010	/* include/uapi/linux/fcntl.h */
#endif

#define OBJECT_MAGIC	0x726567646c72666dULL
#define NONE		UINT64_MAX
#define BYTES_MAX	(1ULL << 62)

static const char file_magic[8] = "mfrledgr";

static uint64_t words_for(uint64_t bits)
{
	return (bits + 63) / 64;
}

/* The region's size alone determines the position of each level. */
static void lay_out(struct mfr_ledger *l, uint64_t bytes)
{
	uint64_t bits = bytes / MFR_PAGE_BYTES, at = MFR_PAGE_BYTES;

	l->bytes = bytes;
	l->levels = 0;
	do {
		l->bits[l->levels] = bits;
		l->words[l->levels++] = (void *)(uintptr_t)at;
		bits = words_for(bits);
		at += bits * 8;
	} while (bits > 1);
	l->map_bytes = (at + MFR_PAGE_BYTES - 1) / MFR_PAGE_BYTES *
		       MFR_PAGE_BYTES;
}

/* Populate a writable map for use by signal handlers; readers may fault. */
static int map(struct mfr_ledger *l, int fd, int protection)
{
	int flags = MAP_SHARED | (protection & PROT_WRITE ? MAP_POPULATE : 0);
	char *base = mmap(NULL, l->map_bytes, protection, flags, fd, 0);
	unsigned int i;

	if (base == MAP_FAILED)
		return -errno;
	l->header = (void *)base;
	for (i = 0; i < l->levels; i++)
		l->words[i] = (void *)(base + (uintptr_t)l->words[i]);
	l->magic = OBJECT_MAGIC;
	return 0;
}

/* Allocate all of the memory now, so that a signal handler never has to. */
static int make_file(struct mfr_ledger *l)
{
	int err, fd = memfd_create("mfr-ledger",
				   MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0)
		return -errno;
	if (ftruncate(fd, l->map_bytes) ||
	    fallocate(fd, 0, 0, l->map_bytes)) {
		err = -errno;
		goto close;
	}
	err = map(l, fd, PROT_READ | PROT_WRITE);
	if (err)
		goto close;
	if (fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW |
		  F_SEAL_FUTURE_WRITE)) {
		err = -errno;
		goto unmap;
	}
	return fd;
unmap:
	munmap(l->header, l->map_bytes);
close:
	close(fd);
	return err;
}

int mfr_ledger_create(uint64_t bytes, struct mfr_ledger **ledger, int *fd)
{
	int saved = errno, file;
	struct mfr_ledger *l = calloc(1, sizeof(*l));

	errno = saved;
	if (!l)
		return -ENOMEM;
	lay_out(l, bytes);
	file = make_file(l);
	errno = saved;
	if (file < 0) {
		free(l);
		return file;
	}
	memcpy(l->header->magic, file_magic, sizeof(file_magic));
	l->header->version = MFR_LEDGER_VERSION;
	l->header->page_bytes = MFR_PAGE_BYTES;
	l->header->bytes = bytes;
	*ledger = l;
	*fd = file;
	return 0;
}

static int check_file(int fd, struct stat *st)
{
	int seals;

	/* First, as it never leaves the kernel: others may be files of FUSE. */
	seals = fcntl(fd, F_GET_SEALS);
	if (seals < 0)
		return errno == EBADF ? -EBADF : -EBADMSG;
	if (!(seals & F_SEAL_SHRINK))
		return -EPERM;
	if (fstat(fd, st))
		return -errno;
	return st->st_size < MFR_PAGE_BYTES ? -EMSGSIZE : 0;
}

static int check_header(const struct mfr_ledger_header *h)
{
	if (memcmp(h->magic, file_magic, sizeof(file_magic)))
		return -EBADMSG;
	if (h->version != MFR_LEDGER_VERSION)
		return -EPROTONOSUPPORT;
	if (h->page_bytes != MFR_PAGE_BYTES || !h->bytes ||
	    h->bytes % MFR_PAGE_BYTES || h->bytes > BYTES_MAX)
		return -EBADMSG;
	return 0;
}

static int read_header(int fd, struct mfr_ledger_header *h)
{
	ssize_t got = pread(fd, h, sizeof(*h), 0);

	if (got < 0)
		return -errno;
	return got == sizeof(*h) ? check_header(h) : -EMSGSIZE;
}

int mfr_ledger_open(int fd, struct mfr_ledger **ledger)
{
	struct mfr_ledger_header h;
	struct mfr_ledger *l;
	int saved = errno, err;
	struct stat st;

	if (!ledger)
		return -EFAULT;
	l = calloc(1, sizeof(*l));
	if (!l) {
		errno = saved;
		return -ENOMEM;
	}
	err = check_file(fd, &st);
	if (!err)
		err = read_header(fd, &h);
	if (err)
		goto out;
	lay_out(l, h.bytes);
	if ((uint64_t)st.st_size != l->map_bytes) {
		err = -EMSGSIZE;
		goto out;
	}
	err = map(l, fd, PROT_READ);
out:
	errno = saved;
	if (err)
		free(l);
	else
		*ledger = l;
	return err;
}

int mfr_ledger_close(struct mfr_ledger *ledger)
{
	int saved = errno, err = mfr_ledger_check(ledger);

	if (err)
		return err;
	munmap(ledger->header, ledger->map_bytes);
	ledger->magic = 0;
	free(ledger);
	errno = saved;
	return 0;
}

int mfr_ledger_check(const struct mfr_ledger *ledger)
{
	if (!ledger)
		return -EFAULT;
	return ledger->magic == OBJECT_MAGIC ? 0 : -EINVAL;
}

int mfr_ledger_check_range(const struct mfr_ledger *ledger, uint64_t offset,
			   uint64_t length)
{
	if (!length || offset >= ledger->bytes ||
	    length > ledger->bytes - offset)
		return -ERANGE;
	return 0;
}

static void summarise(struct mfr_ledger *l, uint64_t word)
{
	unsigned int level;

	for (level = 1; level < l->levels; level++, word /= 64) {
		_Atomic uint64_t *above = &l->words[level][word / 64];
		uint64_t bit = 1ULL << word % 64;

		if (!(atomic_load(above) & bit))
			atomic_fetch_or(above, bit);
	}
}

/* The bits of @page's word that are in [@page, @end). */
static uint64_t mask_of(uint64_t page, uint64_t end)
{
	uint64_t mask = ~0ULL << page % 64;

	if (page / 64 == end / 64)
		mask &= (1ULL << end % 64) - 1;
	return mask;
}

static uint64_t change(struct mfr_ledger *l, uint64_t offset, uint64_t length,
		       bool lost)
{
	uint64_t page = offset / MFR_PAGE_BYTES, changed = 0;
	uint64_t end = (offset + length - 1) / MFR_PAGE_BYTES + 1;

	for (; page < end; page = (page / 64 + 1) * 64) {
		_Atomic uint64_t *word = &l->words[0][page / 64];
		uint64_t mask = mask_of(page, end);

		if (lost) {
			mask &= ~atomic_fetch_or(word, mask);
			summarise(l, page / 64);
		} else {
			mask &= atomic_fetch_and(word, ~mask);
		}
		changed += __builtin_popcountll(mask);
	}
	return changed;
}

uint64_t mfr_ledger_mark(struct mfr_ledger *ledger, uint64_t offset,
			 uint64_t length)
{
	uint64_t pages = length ? change(ledger, offset, length, true) : 0;

	if (pages)
		atomic_fetch_add(&ledger->header->lost_pages, pages);
	return pages;
}

uint64_t mfr_ledger_clear(struct mfr_ledger *ledger, uint64_t offset,
			  uint64_t length)
{
	uint64_t pages = change(ledger, offset, length, false);

	atomic_fetch_sub(&ledger->header->lost_pages, pages);
	return pages;
}

/* The first lost page at @at or later: up from an empty word, else down. */
static uint64_t find_lost(const struct mfr_ledger *l, uint64_t at)
{
	unsigned int level = 0;

	while (level < l->levels && at < l->bits[level]) {
		uint64_t word = atomic_load(&l->words[level][at / 64]) &
				~0ULL << at % 64;

		if (!word) {
			level++;
			at = at / 64 + 1;
			continue;
		}
		at = at / 64 * 64 + __builtin_ctzll(word);
		if (!level)
			return at < l->bits[0] ? at : NONE;
		level--;
		at *= 64;
	}
	return NONE;
}

uint64_t mfr_ledger_clean_bytes(const struct mfr_ledger *ledger, uint64_t offset,
				uint64_t length)
{
	uint64_t lost = find_lost(ledger, offset / MFR_PAGE_BYTES);

	if (lost == NONE || lost * MFR_PAGE_BYTES >= offset + length)
		return length;
	lost *= MFR_PAGE_BYTES;
	return lost > offset ? lost - offset : 0;
}

static uint64_t find_clean(const struct mfr_ledger *l, uint64_t at)
{
	while (at < l->bits[0]) {
		uint64_t word = ~atomic_load(&l->words[0][at / 64]) &
				~0ULL << at % 64;

		if (word) {
			at = at / 64 * 64 + __builtin_ctzll(word);
			break;
		}
		at = (at / 64 + 1) * 64;
	}
	return at < l->bits[0] ? at : NONE;
}

typedef uint64_t find_fn(const struct mfr_ledger *l, uint64_t at);

static int next(const struct mfr_ledger *l, uint64_t offset,
		struct mfr_range *range, find_fn *first, find_fn *behind)
{
	uint64_t start, end;
	int err = mfr_ledger_check(l);

	if (err)
		return err;
	if (!range)
		return -EFAULT;
	if (offset >= l->bytes)
		return 0;
	start = first(l, offset / MFR_PAGE_BYTES);
	if (start == NONE)
		return 0;
	/* Behind the first page at least, whatever others change meanwhile */
	end = behind(l, start + 1);
	if (end == NONE)
		end = l->bits[0];
	start *= MFR_PAGE_BYTES;
	range->offset = start < offset ? offset : start;
	range->length = end * MFR_PAGE_BYTES - range->offset;
	return 1;
}

int mfr_ledger_next_lost(const struct mfr_ledger *ledger, uint64_t offset,
			 struct mfr_range *range)
{
	return next(ledger, offset, range, find_lost, find_clean);
}

int mfr_ledger_next_clean(const struct mfr_ledger *ledger, uint64_t offset,
			  struct mfr_range *range)
{
	return next(ledger, offset, range, find_clean, find_lost);
}

int mfr_ledger_is_clean(const struct mfr_ledger *ledger, uint64_t offset,
			uint64_t length)
{
	uint64_t last;
	int err = mfr_ledger_check(ledger);

	if (!err)
		err = mfr_ledger_check_range(ledger, offset, length);
	if (err)
		return err;
	last = (offset + length - 1) / MFR_PAGE_BYTES;
	offset = find_lost(ledger, offset / MFR_PAGE_BYTES);
	return offset == NONE || offset > last;
}

uint64_t mfr_ledger_lost_bytes(const struct mfr_ledger *ledger)
{
	if (mfr_ledger_check(ledger))
		return 0;
	return atomic_load(&ledger->header->lost_pages) * MFR_PAGE_BYTES;
}
