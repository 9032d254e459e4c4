// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include "arena.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hugepage.h"
#include "poison.h"
#include "pool.h"
#include "procfile.h"

#define LINE		LAB_POISON_LINE_BYTES
#define LAST_LINE	(BASE_PAGE - LINE)

/* The first file has known poison, the second new poison, the third both. */
enum { KNOWN, NEW, GIGANTIC };

static struct file {
	char *map;
	size_t size;
	int fd, reader;
} files[ARENA_FILES] = {
	[KNOWN] = { (char *)(0x10UL << 40), SIZE_2M, -1, -1 },
	[NEW] = { (char *)(0x11UL << 40), SIZE_2M, -1, -1 },
	[GIGANTIC] = { (char *)(0x12UL << 40), SIZE_1G, -1, -1 },
};

static const struct place {
	unsigned int page;
	unsigned int at;
	size_t bytes;
} known_places[] = {
	{ 1, 0, LINE },			/* first line of a base page */
	{ 3, LAST_LINE, LINE },		/* its last line */
	{ 6, 0, BASE_PAGE },
	{ 9, 31 * LINE, 2 * LINE },
	{ 511, LAST_LINE, LINE },	/* last line of the huge page */
}, new_places[] = {
	{ 0, 0, LINE }, { 2, LAST_LINE, LINE }, { 4, 0, BASE_PAGE },
	{ 6, 17 * LINE, LINE },
};

#define FDS_MAX		256
#define ELEMENTS(a)	(sizeof(a) / sizeof(*(a)))
/* New poison moves by this many base pages per batch, from FIRST_PAGE on. */
#define STRIDE		8
#define FIRST_PAGE	16
#define BATCHES_A_FILE	((512 - FIRST_PAGE) / STRIDE)

static struct lost lost[LOST_MAX];
static size_t nr_lost, nr_known;
static bool has_gigantic;
static long ended;
static sigjmp_buf consumed;
static volatile bool consuming;

/* SIGBUS AO, for an error that another task consumed, is ignored. */
static void on_sigbus(int signal)
{
	(void)signal;
	if (consuming)
		siglongjmp(consumed, 1);
}

static void consume(const char *addr)
{
	consuming = true;
	if (!sigsetjmp(consumed, 1))
		(void)*(volatile const char *)addr;
	consuming = false;
}

/* False if the policy has ended for the page after too many loads of poison. */
static bool touch(char *addr)
{
	volatile bool done = false;

	consuming = true;
	if (!sigsetjmp(consumed, 1)) {
		*(volatile char *)addr = 1;
		done = true;
	}
	consuming = false;
	return done;
}

static int memfd(size_t size)
{
	int fd = hugepage_memfd(size);

	if (fd == -EINVAL && !setenv("MFR_CONTROL", "1", 1))
		fd = hugepage_memfd(size);
	return fd;
}

static bool file_open(struct file *file)
{
	char path[64];
	void *map;

	file->fd = memfd(file->size);
	if (file->fd < 0 || ftruncate(file->fd, file->size))
		return false;
	map = mmap(file->map, file->size, PROT_READ | PROT_WRITE,
		   MAP_SHARED | MAP_FIXED, file->fd, 0);
	if (map == MAP_FAILED)
		return false;
	sprintf(path, "/proc/self/fd/%d", file->fd);
	fchmod(file->fd, 0444);
	file->reader = open(path, O_RDONLY | O_CLOEXEC);
	*(volatile char *)file->map = 1;
	return file->reader >= 0;
}

static void file_close(struct file *file)
{
	if (file->fd < 0)
		return;
	munmap(file->map, file->size);
	close(file->fd);
	close(file->reader);
	file->fd = -1;
}

static bool lose(struct file *file, const struct place *place,
		 unsigned int page, bool known)
{
	struct lost *new = &lost[nr_lost];
	char *addr = file->map + (page + place->page) * BASE_PAGE + place->at;

	if (!touch(addr))
		return false;
	*new = (struct lost){ addr, lab_pa(addr), place->bytes, known };
	if (nr_lost == LOST_MAX || (int64_t)new->pa < 0 ||
	    lab_poison_add(new->pa, new->bytes))
		return false;
	if (known)
		consume(addr);
	nr_lost++;
	nr_known += known;
	return true;
}

static bool lose_known(void)
{
	size_t i;

	nr_lost = nr_known = 0;
	for (i = 0; i < ELEMENTS(known_places); i++)
		if (!lose(&files[KNOWN], &known_places[i], 0, true))
			return false;
		else if (policy_omitted())
			return true;	/* the whole huge page is gone */
	for (i = 0; i < 2 && has_gigantic; i++)
		has_gigantic = lose(&files[GIGANTIC], &known_places[i], 512,
				    true);
	return true;
}

static bool open_small(void)
{
	int err = pool_want(SIZE_2M, 8);

	file_close(&files[KNOWN]);
	file_close(&files[NEW]);
	ended = procfile_value("/proc/vmstat", "mf_keep_unmapped ");
	if (!err && file_open(&files[KNOWN]) && file_open(&files[NEW]) &&
	    lose_known())
		return true;
	printf("# cannot prepare files with lost lines: %s\n", strerror(errno));
	return false;
}

bool arena_has_gigantic(void)
{
	return has_gigantic;
}

bool arena_open(bool gigantic)
{
	struct sigaction action = { .sa_handler = on_sigbus };

	sigaction(SIGBUS, &action, NULL);
	prctl(PR_MCE_KILL, PR_MCE_KILL_SET, PR_MCE_KILL_LATE, 0, 0);
	has_gigantic = gigantic && file_open(&files[GIGANTIC]);
	if (gigantic && !has_gigantic)
		printf("# no page of 1 GiB here: %s\n", strerror(errno));
	return gigantic == has_gigantic && open_small();
}

static bool worn_out(unsigned long n)
{
	return !(n % BATCHES_A_FILE) ||
		procfile_value("/proc/vmstat", "mf_keep_unmapped ") != ended;
}

static bool lose_new(unsigned int page)
{
	size_t i;

	for (i = 0; i < ELEMENTS(new_places); i++)
		if (!lose(&files[NEW], &new_places[i], page, false))
			return false;
	return true;
}

/* There is only one page of 1 GiB: it is not replaced if its policy ends. */
static void lose_in_gigantic(unsigned int page)
{
	size_t i;

	for (i = 0; i < 2 && has_gigantic; i++)
		has_gigantic = lose(&files[GIGANTIC], &new_places[i], page,
				    false);
}

bool arena_prepare(unsigned long n)
{
	unsigned int page = FIRST_PAGE + n % BATCHES_A_FILE * STRIDE;
	static bool fresh = true;

	if (!fresh && worn_out(n) && !open_small())
		return false;
	fresh = false;
	nr_lost = nr_known;
	if (!lose_new(page) && (!open_small() || !lose_new(page)))
		return false;
	lose_in_gigantic(1024 + n * STRIDE % (1 << 17));
	return true;
}

const struct lost *arena_lost(size_t *n, size_t *known)
{
	*n = nr_lost;
	*known = nr_known;
	return lost;
}

void arena_settle(void)
{
	size_t i, at;

	for (i = nr_known; i < nr_lost; i++)
		for (at = 0; at < lost[i].bytes; at += LINE)
			if (!lab_poison_met(lost[i].pa + at))
				lab_poison_del(lost[i].pa + at, 1);
	nr_lost = nr_known;
}

int arena_fd(unsigned int which)
{
	return files[which].reader;
}

size_t arena_size(unsigned int which)
{
	return files[which].size;
}

char *arena_map(unsigned int which)
{
	return files[which].fd < 0 ? NULL : files[which].map;
}

static bool is_reader(int fd)
{
	unsigned int i;

	for (i = 0; i < ARENA_FILES; i++)
		if (files[i].fd >= 0 && files[i].reader == fd)
			return true;
	return false;
}

void arena_disown(void)
{
	int fd = open("/dev/null", O_RDWR);

	dup2(fd, 0);
	dup2(fd, 1);
	dup2(fd, 2);
	for (fd = 3; fd < FDS_MAX; fd++)
		if (!is_reader(fd))
			close(fd);
}

void arena_heal(void)
{
	lab_poison_clear();
}
