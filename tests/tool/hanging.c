// SPDX-License-Identifier: GPL-2.0-only
/*
 * A program that nobody can look at: it has, open and mapped, a file named as those of
 * memfd_create() are, of a server that does not answer, and for ever takes the lock of
 * its mappings.  Says the server's pid first: once that is killed, it ends.
 */
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fuseserver.h"

#define NAME	"/memfd:guest ram"
#define SIZE	(2UL << 20)

/* At a multiple of its size, as huge pages are. */
static char *map(int fd, int type)
{
	char *at = mmap((void *)(1UL << 40), SIZE, PROT_READ | PROT_WRITE, type, fd, 0);

	if (at == MAP_FAILED)
		err(1, "mmap of %s", NAME);
	return at;
}

static int open_file(int flags)
{
	int fd = open(NAME, O_RDWR | flags, 0600);

	if (fd < 0)
		err(1, "open %s", NAME);
	return fd;
}

/* What is dirty is written back first, with the lock taken for writing. */
static void hang(int fd)
{
	map(fd, MAP_PRIVATE);
}

int main(void)
{
	int fd, direct;
	pid_t server;

	close(open_file(O_CREAT));
	server = fuseserver_start(NAME, SIZE);
	if (server < 0)
		errx(1, "mount on %s: %s", NAME, strerror(-server));
	fd = open_file(0);
	direct = open_file(O_DIRECT);
	if (ftruncate(fd, SIZE))
		err(1, "ftruncate of %s", NAME);
	*map(fd, MAP_SHARED) = 1;
	if (kill(server, SIGSTOP))
		err(1, "stop the server");
	printf("%d\n", server);
	fflush(stdout);
	hang(direct);
	return 0;
}
