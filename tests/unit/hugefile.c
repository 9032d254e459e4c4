// SPDX-License-Identifier: GPL-2.0-only
/*
 * A program without libmfr, for mfr-preload.so: takes huge pages in each way, and
 * prints a word for each: 1 if fdinfo of the file shows the policy, else 0.  Needs
 * root, to look at the files of mappings.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define SIZE_2M		(2UL << 20)
#define HUGE_2M		(21U << 26)

static int is_kept(int fd)
{
	char path[64], line[200];
	int kept = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	file = fopen(path, "r");
	while (file && fgets(line, sizeof(line), file))
		sscanf(line, "mf_keep_ue_mapped: %d", &kept);
	if (file)
		fclose(file);
	return file ? kept : -1;
}

/* Of 3 MiB: the kernel rounds up, and all of it can be used. */
static int is_mapping_kept(int type)
{
	char *p = mmap(NULL, SIZE_2M + SIZE_2M / 2, PROT_READ | PROT_WRITE,
		       type | MAP_ANONYMOUS | MAP_HUGETLB | (int)HUGE_2M, -1, 0);
	char path[64];
	int fd, kept;

	if (p == MAP_FAILED)
		return -1;
	p[2 * SIZE_2M - 1] = 1;
	snprintf(path, sizeof(path), "/proc/self/map_files/%lx-%lx",
		 (unsigned long)p, (unsigned long)p + 2 * SIZE_2M);
	fd = open(path, O_RDONLY);
	kept = is_kept(fd);
	close(fd);
	munmap(p, 2 * SIZE_2M);
	return kept;
}

int main(void)
{
	const unsigned int flags = MFD_CLOEXEC | MFD_HUGETLB | HUGE_2M;

	printf("%d %d %d %d %d\n", is_kept(memfd_create("plain", flags)),
	       is_kept(syscall(SYS_memfd_create, "raw", flags)),
	       is_kept(syscall(SYS_memfd_create, "base pages", MFD_CLOEXEC)),
	       is_mapping_kept(MAP_SHARED), is_mapping_kept(MAP_PRIVATE));
	return 0;
}
