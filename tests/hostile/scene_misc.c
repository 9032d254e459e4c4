// SPDX-License-Identifier: GPL-2.0-only
/* Keys, queues, System V IPC, ioctls, and the attacker's own loads. */
#define _GNU_SOURCE
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <linux/if_tun.h>
#include <linux/sockios.h>
#include <mqueue.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <termios.h>
#include <unistd.h>

#include "descriptors.h"
#include "places.h"
#include "scenes.h"
#include "user.h"

static void use_messages(struct rng *rng)
{
	int id = msgget(IPC_PRIVATE, 0600);
	long type[2] = { 1, 0 };

	msgsnd(id, place_struct(rng, type, sizeof(type), 1), 8, IPC_NOWAIT);
	msgsnd(id, place_struct(rng, type, sizeof(type), 8),
	       rng_below(rng, 5000), IPC_NOWAIT);
	msgrcv(id, place_raw(rng, 64, true), 64, 0, IPC_NOWAIT);
	msgctl(id, IPC_STAT, place_raw(rng, 120, true));
	msgctl(id, IPC_SET, place_raw(rng, 120, true));
	msgctl(id, IPC_RMID, NULL);
}

static void use_semaphores(struct rng *rng)
{
	int id = semget(IPC_PRIVATE, 4, 0600);
	struct sembuf up[2] = { { 0, 1, 0 }, { 1, 1, SEM_UNDO } };

	semop(id, place_struct(rng, up, sizeof(up), 2), 2);
	semctl(id, 0, SETALL, place_raw(rng, 8, true));
	semctl(id, 0, GETALL, place_raw(rng, 8, true));
	semctl(id, 0, IPC_SET, place_raw(rng, 104, true));
	semctl(id, 0, IPC_RMID);
}

void scene_ipc(struct rng *rng)
{
	int id;

	if (rng_percent(rng, 40)) {
		use_messages(rng);
	} else if (rng_percent(rng, 70)) {
		use_semaphores(rng);
	} else {
		id = shmget(IPC_PRIVATE, 4096, 0600);
		shmctl(id, IPC_STAT, place_raw(rng, 112, true));
		shmctl(id, IPC_SET, place_raw(rng, 112, true));
		shmctl(id, IPC_RMID, NULL);
	}
}

void scene_keys(struct rng *rng)
{
	void *payload = place_raw(rng, 64, true);
	long key;

	key = syscall(SYS_add_key, place_struct(rng, "user", 5, 2),
		      place_struct(rng, "hostile", 8, 2), payload,
		      1 + rng_below(rng, 128), -2);
	syscall(SYS_keyctl, rng_below(rng, 33), key, payload, 64, 0);
	key = syscall(SYS_add_key, "user", "k", "1", 1, -2);
	syscall(SYS_keyctl, 2, key, payload, 64);	/* update */
	syscall(SYS_keyctl, 11, key, payload, 64);	/* read */
	syscall(SYS_keyctl, 6, key, payload, 64);	/* describe */
	syscall(SYS_keyctl, 9, key, -2);		/* unlink */
}

void scene_queue(struct rng *rng)
{
	struct timespec past = { 1, 0 };
	int queue = descriptor(FD_QUEUE);
	unsigned int i;

	syscall(SYS_mq_timedsend, queue, place_raw(rng, 64, true), 64, 1,
		place_struct(rng, &past, sizeof(past), 2));
	for (i = 0; i < 2; i++)
		syscall(SYS_mq_timedsend, queue, place_healthy(64), 64, 1, NULL);
	syscall(SYS_mq_timedreceive, queue, place_raw(rng, 8192, true), 8192,
		place_raw(rng, 4, true), NULL);
	syscall(SYS_mq_notify, queue, place_words(rng));
	syscall(SYS_mq_notify, queue, NULL);
}

/* Loads that a program makes itself, without a system call. */
static void load_string(const void *from)
{
	char to[64];
	void *dest = to;
	unsigned long n = sizeof(to);

	__asm__ volatile("rep movsb" : "+S" (from), "+D" (dest), "+c" (n)
			 : : "memory");
}

void scene_load(struct rng *rng)
{
	char *at = place_raw(rng, 64, true);

	if (rng_percent(rng, 50))
		user_try(load_string(at));
	else if (rng_percent(rng, 50))
		user_try(__atomic_fetch_add((int *)((uintptr_t)at & -4UL), 1,
					    __ATOMIC_SEQ_CST));
	else
		user_try((void)*(volatile char *)at);
}

void scene_ioctl(struct rng *rng)
{
	static const unsigned int requests[] = {
		FIONREAD, FIONBIO, FIOASYNC, TCGETS, TCSETS, TCSETSW, TIOCGWINSZ,
		TIOCSWINSZ, TIOCGPTN, TIOCSPTLCK, TIOCSTI, TIOCGPGRP,
		SIOCGIFCONF, SIOCGIFFLAGS, SIOCGIFHWADDR, SIOCADDRT, SIOCGARP,
		SIOCGSTAMP, FS_IOC_GETFLAGS, FS_IOC_SETFLAGS, FIGETBSZ,
		FICLONERANGE, FIDEDUPERANGE, FS_IOC_FIEMAP, FIBMAP,
		_IOWR('f', 16, char[96]),	/* PAGEMAP_SCAN */
		_IOW('T', 202, int),		/* TUNSETIFF */
		_IOC(_IOC_READ, 'E', 0x6, 64), _IOW('i', 1, int),
		_IOR(0xb8, 1, char[96]), _IOW(0xff, 11, char[64]),
	};
	unsigned int request;

	request = requests[rng_below(rng, sizeof(requests) / sizeof(*requests))];
	ioctl(descriptors_any(rng), request,
	      rng_percent(rng, 50) ? place_raw(rng, 64, true) : place_words(rng));
}
