// SPDX-License-Identifier: GPL-2.0-only
/*
 * A program that holds a huge page of 2 MiB in each way that can be without the
 * policy, says so, and waits to be killed.  Arguments: a directory on hugetlbfs,
 * and the same on one with the policy.
 */
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <unistd.h>

#define SIZE_2M		(2UL << 20)
#define HUGE_2M		(21U << 26)

static void map(int type, int fd)
{
	char *p = mmap(NULL, SIZE_2M, PROT_READ | PROT_WRITE, type, fd, 0);

	if (p == MAP_FAILED)
		err(1, "mmap of a huge page");
	*p = 1;
}

static void map_anonymous(int type)
{
	map(type | MAP_ANONYMOUS | MAP_HUGETLB | (int)HUGE_2M, -1);
}

static void map_file(int fd)
{
	if (fd < 0 || ftruncate(fd, SIZE_2M))
		err(1, "a file of huge pages");
	map(MAP_SHARED, fd);
	close(fd);
}

static void map_at(const char *dir)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/guest ram", dir);
	map_file(open(path, O_RDWR | O_CREAT | O_TRUNC, 0600));
}

static void map_segment(void)
{
	int id = shmget(IPC_PRIVATE, SIZE_2M, SHM_HUGETLB | (int)HUGE_2M | 0600);
	char *p = id < 0 ? (void *)-1 : shmat(id, NULL, 0);

	if (p == (void *)-1 || shmctl(id, IPC_RMID, NULL))
		err(1, "a segment of huge pages");
	*p = 1;
}

int main(int argc, char **argv)
{
	if (argc != 3)
		errx(2, "usage: unkept DIR KEPT_DIR");
	map_anonymous(MAP_PRIVATE);
	map_anonymous(MAP_SHARED);
	map_segment();
	map_file(memfd_create("plain", MFD_HUGETLB | HUGE_2M));
	map_at(argv[1]);
	map_at(argv[2]);
	puts("ready");
	fflush(stdout);
	pause();
	return 0;
}
