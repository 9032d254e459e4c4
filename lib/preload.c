// SPDX-License-Identifier: MIT
/*
 * LD_PRELOAD=mfr-preload.so PROGRAM: the program's files of huge pages get the
 * policy, and so do its shared anonymous mappings of huge pages, which become
 * files for that.  If the kernel refuses, the call is made as the program made it.
 * With MFR_VERBOSE in the environment it says of each whether it is kept.
 *
 * Programs that link libc statically are not reached, nor are private mappings and
 * files on hugetlbfs: those have no policy.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <mfr.h>

/* Both kinds of flags have the size of the page here: mmap(2), memfd_create(2). */
#define HUGE_SIZE_MASK	(63U << 26)

/* libc's own syscall() is the one below. */
static long raw(long number, const long a[6])
{
	register long r10 __asm__("r10") = a[3];
	register long r8 __asm__("r8") = a[4];
	register long r9 __asm__("r9") = a[5];
	long result;

	__asm__ volatile("syscall"
			 : "=a" (result)
			 : "0" (number), "D" (a[0]), "S" (a[1]), "d" (a[2]),
			   "r" (r10), "r" (r8), "r" (r9)
			 : "rcx", "r11", "memory");
	return result;
}

static long raw3(long number, long a, long b, long c)
{
	const long args[6] = { a, b, c };

	return raw(number, args);
}

static long huge_memfd(const char *name, unsigned int flags)
{
	return raw3(SYS_memfd_create, (long)name,
		    flags | MFD_MF_KEEP_UE_MAPPED, 0);
}

/* Of a file with the policy; the file stays open for as long as it is mapped. */
static long map_kept(const long a[6])
{
	const unsigned int kind = MAP_ANONYMOUS | MAP_HUGETLB | HUGE_SIZE_MASK;
	long map[6] = { a[0], a[1], a[2], a[3] & ~(long)kind };
	struct stat st;
	long size, result = -EINVAL;

	map[4] = huge_memfd("anon_hugepage", MFD_CLOEXEC | MFD_HUGETLB |
					     (a[3] & HUGE_SIZE_MASK));
	if (map[4] < 0)
		return map[4];
	if (!raw3(SYS_fstat, map[4], (long)&st, 0)) {
		size = (a[1] + st.st_blksize - 1) & -st.st_blksize;
		result = raw3(SYS_ftruncate, map[4], size, 0);
		if (!result)
			result = raw(SYS_mmap, map);
	}
	raw3(SYS_close, map[4], 0, 0);
	return result;
}

static bool is_error(long result)
{
	return (unsigned long)result >= -4095UL;
}

static bool is_shared_huge(const long a[6])
{
	const long kind = MAP_ANONYMOUS | MAP_HUGETLB;
	const long type = a[3] & MAP_TYPE;

	return (a[3] & kind) == kind &&
	       (type == MAP_SHARED || type == MAP_SHARED_VALIDATE);
}

static bool is_huge(long number, const long a[6])
{
	return (number == SYS_memfd_create && a[1] & MFD_HUGETLB) ||
	       (number == SYS_mmap && a[3] & MAP_ANONYMOUS &&
		a[3] & MAP_HUGETLB);
}

/* MFR_VERBOSE, which mfr run --verbose sets, was there at the start. */
static bool verbose;

static __attribute__((constructor)) void start(void)
{
	verbose = getenv("MFR_VERBOSE");
}

/* A line on the standard error. */
static void tell(long number, const long a[6], bool kept)
{
	char line[160];
	int n;

	if (number == SYS_mmap)
		n = snprintf(line, sizeof(line),
			     "mfr: mmap() of %lu bytes of huge pages: %s\n",
			     (unsigned long)a[1], kept ? "kept" :
			     is_shared_huge(a) ? "not kept: refused" :
			     "not kept: MAP_PRIVATE");
	else
		n = snprintf(line, sizeof(line),
			     "mfr: memfd_create(\"%.64s\") of huge pages: %s\n",
			     (const char *)a[0],
			     kept ? "kept" : "not kept: refused");
	raw3(SYS_write, STDERR_FILENO, (long)line, n);
}

/* With the policy if the call can have it, and as it is if that fails. */
static long call(long number, const long a[6])
{
	long result = -1;
	bool kept;

	if (number == SYS_memfd_create && a[1] & MFD_HUGETLB)
		result = huge_memfd((const char *)a[0], a[1]);
	else if (number == SYS_mmap && is_shared_huge(a))
		result = map_kept(a);
	kept = !is_error(result);
	if (!kept)
		result = raw(number, a);
	if (verbose && !is_error(result) && is_huge(number, a))
		tell(number, a, kept);
	if (!is_error(result))
		return result;
	errno = -result;
	return -1;
}

int memfd_create(const char *name, unsigned int flags)
{
	const long a[6] = { (long)name, flags };

	return call(SYS_memfd_create, a);
}

void *mmap(void *addr, size_t length, int prot, int flags, int fd, off_t offset)
{
	const long a[6] = { (long)addr, length, prot, flags, fd, offset };

	return (void *)call(SYS_mmap, a);
}

#ifndef mmap64	/* musl has but one */
/* What mmap() is with _FILE_OFFSET_BITS=64 */
void *mmap64(void *addr, size_t length, int prot, int flags, int fd,
	     off64_t offset)
{
	const long a[6] = { (long)addr, length, prot, flags, fd, offset };

	return (void *)call(SYS_mmap, a);
}

#endif

long syscall(long number, ...)
{
	long a[6];
	va_list args;
	int i;

	va_start(args, number);
	for (i = 0; i < 6; i++)
		a[i] = va_arg(args, long);
	va_end(args);
	return call(number, a);
}
