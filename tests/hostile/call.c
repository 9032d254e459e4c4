// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include "call.h"

#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "arena.h"
#include "descriptors.h"
#include "hugepage.h"
#include "journal.h"
#include "places.h"
#include "scenes.h"
#include "table.h"
#include "user.h"

#define SPOILT		((char *)(0x20UL << 40))
#define PERCENT_SCENES	35

static const struct entry *only_entry;
static const struct scene *only_scene;

/* More mappings of the files, which calls may change or unmap. */
bool call_prepare(void)
{
	unsigned int i;

	for (i = 0; i < 2; i++)
		if (mmap(SPOILT + i * SIZE_1G, SIZE_2M, PROT_READ,
			 MAP_SHARED | MAP_FIXED, arena_fd(i), 0) == MAP_FAILED)
			return false;
	return true;
}

static unsigned long spoilt(struct rng *rng)
{
	char *raw = place_page(rng, true);
	unsigned int file = rng_below(rng, 2);
	char *at = SPOILT + file * SIZE_1G;

	if (rng_percent(rng, 30))
		return (uintptr_t)at;
	return (uintptr_t)at + ((uintptr_t)raw & (SIZE_2M - 1));
}

static unsigned long size(struct rng *rng)
{
	static const unsigned int sizes[] = {
		0, 1, 4, 8, 16, 24, 32, 48, 56, 64, 88, 112, 128, 144, 192, 256,
		512, 1024, 4095, 4096, 8192, 65536,
	};

	return sizes[rng_below(rng, sizeof(sizes) / sizeof(*sizes))];
}

static unsigned long path(struct rng *rng)
{
	static const char * const paths[] = {
		"/proc/self/status", "/tmp/hostile", "/dev/null", ".", "/",
		"user.hostile", "user", "security.capability", "key", "sha256",
	};
	const char *name;

	name = paths[rng_below(rng, sizeof(paths) / sizeof(*paths))];
	return (uintptr_t)place_struct(rng, name, strlen(name) + 1, 5);
}

static unsigned long vectors(struct rng *rng)
{
	struct iovec iov[8];
	unsigned int i;

	for (i = 0; i < 8; i++) {
		iov[i].iov_len = size(rng) % 8192;
		iov[i].iov_base = rng_percent(rng, 60) ?
			place_raw(rng, iov[i].iov_len, true) :
			place_healthy(iov[i].iov_len);
	}
	return (uintptr_t)place_struct(rng, iov, sizeof(iov), 2);
}

static unsigned long strings(struct rng *rng)
{
	unsigned long array[4] = { path(rng), path(rng), path(rng), 0 };

	return (uintptr_t)place_struct(rng, array, sizeof(array), 2);
}

static unsigned long message(struct rng *rng)
{
	struct mmsghdr header = { .msg_hdr = {
		.msg_iov = (void *)vectors(rng),
		.msg_iovlen = rng_below(rng, 8),
		.msg_name = rng_percent(rng, 30) ? place_words(rng) : NULL,
		.msg_namelen = rng_below(rng, 128),
		.msg_control = rng_percent(rng, 30) ? place_words(rng) : NULL,
		.msg_controllen = rng_below(rng, 128),
	} };

	return (uintptr_t)place_struct(rng, &header, sizeof(header), 3);
}

static unsigned long when(struct rng *rng)
{
	struct timespec t = { 0, rng_below(rng, 1000000) };

	return (uintptr_t)place_struct(rng, &t, sizeof(t), 3);
}

/* Only the calling process itself. */
static unsigned long process(struct rng *rng)
{
	return rng_percent(rng, 50) ? getpid() : 0;
}

/* Only signals that are caught: any other would just end the attacker. */
static unsigned long some_signal(struct rng *rng)
{
	return rng_percent(rng, 80) ? SIGUSR1 : SIGUSR2;
}

static unsigned long bits(struct rng *rng)
{
	return rng_percent(rng, 40) ? 0 : 1UL << rng_below(rng, 24) |
		(rng_percent(rng, 30) ? 1UL << rng_below(rng, 12) : 0);
}

static unsigned long word(struct rng *rng)
{
	return rng_next(rng) >> rng_below(rng, 64);
}

static unsigned long argument(struct rng *rng, char type)
{
	switch (type) {
	case 'f':
		return descriptors_any(rng);
	case 'p':
		return (uintptr_t)place_raw(rng, size(rng), true);
	case 'w':
		return rng_percent(rng, 90) ? (uintptr_t)place_words(rng) : 0;
	case 'z':
		return size(rng);
	case 'i':
		return rng_below(rng, 64);
	case 'n':
		return rng_below(rng, 9);
	case 'b':
		return bits(rng);
	case 'x':
		return word(rng);
	case 's':
		return path(rng);
	case 'v':
		return vectors(rng);
	case 'a':
		return strings(rng);
	case 't':
		return when(rng);
	case 'o':
		return BASE_PAGE * rng_below(rng, 512) + size(rng);
	case 'g':
		return some_signal(rng);
	case 'k':
		return process(rng);
	case 'd':
		return spoilt(rng);
	case 'l':
		return BASE_PAGE * rng_below(rng, 512);
	case 'r': return rng_below(rng, 4);	/* never PROT_EXEC */
	case 'm':
		return message(rng);
	}
	return 0;
}

/* Change arguments that would end more than this call, or take pages away. */
static void tame(const struct entry *entry, unsigned long *a)
{
	switch (entry->nr) {
	case SYS_madvise:
		if (a[2] == MADV_REMOVE)
			a[2] = MADV_DONTNEED;
		break;
	case SYS_fcntl:
		a[1] %= 40;
		break;
	case SYS_clone:		/* no CLONE_VM, CLONE_VFORK, CLONE_THREAD */
		a[0] &= ~(0x100UL | 0x4000 | 0x10000) & ~0xffUL;
		a[0] |= SIGCHLD;
		break;
	case SYS_prctl:
		if (a[0] == 22 || a[0] == 59 || a[0] == 26)
			a[0] = 15;
		break;
	case SYS_ptrace:
		a[0] = a[0] ? a[0] : 1;
		break;
	case SYS_seccomp:
		a[0] = a[0] % 3 + 1;
		break;
	}
}

static void make_entry(struct rng *rng, uint64_t index,
		       const struct entry *entry)
{
	unsigned long a[6] = { 0 };
	unsigned int i;

	for (i = 0; entry->types[i]; i++)
		a[i] = argument(rng, entry->types[i]);
	tame(entry, a);
	journal_call(index, "%s(%#lx, %#lx, %#lx, %#lx, %#lx, %#lx)",
		     entry->name, a[0], a[1], a[2], a[3], a[4], a[5]);
	user_call(entry->nr, a[0], a[1], a[2], a[3], a[4], a[5]);
}

static void make_scene(struct rng *rng, uint64_t index,
		       const struct scene *scene)
{
	journal_call(index, "scene %s", scene->name);
	scene->run(rng);
}

static void tidy_up(void)
{
	user_signals();
	while (waitpid(-1, NULL, __WALL | WNOHANG) > 0)
		;
}

void call_make(uint64_t seed, uint64_t index)
{
	struct rng rng = { seed * 0x9e3779b97f4a7c15 ^ index << 20 };

	if (!(index % 8))
		tidy_up();
	if (only_scene || (!only_entry && rng_percent(&rng, PERCENT_SCENES)))
		make_scene(&rng, index, only_scene ?: scene_some(&rng));
	else
		make_entry(&rng, index, only_entry ?: table_some(&rng));
}

bool call_only(const char *name)
{
	only_entry = table_find(name);
	only_scene = scene_find(name);
	return only_entry || only_scene;
}
