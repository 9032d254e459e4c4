// SPDX-License-Identifier: GPL-2.0-only
/*
 * A program without libmfr, for mfr-preload.so: creates a hugetlb memfd, and
 * prints 1 if fdinfo shows the policy, else 0.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

int main(void)
{
	int fd = memfd_create("plain", MFD_CLOEXEC | MFD_HUGETLB | 21 << 26);
	char path[64], line[200];
	int kept = 0;
	FILE *file;

	if (fd < 0)
		return 1;
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	file = fopen(path, "r");
	while (file && fgets(line, sizeof(line), file))
		sscanf(line, "mf_keep_ue_mapped: %d", &kept);
	printf("%d\n", kept);
	return !file;
}
