// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "polling.h"
#include "ranges.h"
#include "scanner.h"

/* Written by the thread that reads, and looked at by the test. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int ended;
static char last_end[256];
static long recovered, known, not_recovered;
static uint64_t last_hit_pa;

int range_open(void)
{
	int fd = open(DEV_MEMSCAN, O_RDWR | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

int range_order(int fd, uint64_t pa, size_t len, int max_cpu_percent)
{
	char line[128];
	int n = snprintf(line, sizeof(line), "%#llx %zu %d\n",
			 (unsigned long long)pa, len, max_cpu_percent);

	return write(fd, line, n) == n ? 0 : -errno;
}

int range_line(int fd, char line[256])
{
	ssize_t n = read(fd, line, 256);

	if (n <= 0)
		return n ? -errno : 0;
	if (line[n - 1] != '\n')
		return -EPROTO;
	line[n - 1] = '\0';
	return n - 1;
}

static void note_hit(const char *line)
{
	char outcome[32] = "";
	unsigned long long pa = 0;

	sscanf(line, "hit %llx %31[^\n]", &pa, outcome);
	recovered += !strcmp(outcome, "recovered");
	known += !strcmp(outcome, "known");
	not_recovered += !strcmp(outcome, "not recovered");
	last_hit_pa = pa;
}

static void note(const char *line)
{
	pthread_mutex_lock(&lock);
	if (!strncmp(line, "hit ", 4)) {
		note_hit(line);
	} else if (!strncmp(line, "end ", 4)) {
		strcpy(last_end, line);
		ended++;
	}
	pthread_mutex_unlock(&lock);
}

/* To its end; 0 or -errno. */
static int follow(int fd)
{
	char line[256];
	int n;

	do {
		n = range_line(fd, line);
		if (n > 0)
			note(line);
		else if (n == -EAGAIN)
			poll_pause();
	} while (n > 0 || n == -EINTR || n == -EAGAIN);
	return n;
}

static int open_ordered(uint64_t pa, size_t len)
{
	int fd = range_open(), err;

	if (fd < 0)
		return fd;
	err = range_order(fd, pa, len, 100);
	if (!err)
		return fd;
	close(fd);
	return err;
}

int range_read(uint64_t pa, size_t len)
{
	int fd, err;

	if (scanner_omitted())
		return 0;
	fd = open_ordered(pa, len);
	if (fd < 0)
		return fd;
	err = follow(fd);
	close(fd);
	return err;
}

static void *read_in_thread(void *data)
{
	int fd = (intptr_t)data;

	follow(fd);
	close(fd);
	return NULL;
}

int range_start(uint64_t pa, size_t len)
{
	int fd = open_ordered(pa, len);
	pthread_t thread;

	if (fd < 0)
		return fd;
	return -pthread_create(&thread, NULL, read_in_thread,
			       (void *)(intptr_t)fd);
}

int range_ended(void)
{
	int n;

	pthread_mutex_lock(&lock);
	n = ended;
	pthread_mutex_unlock(&lock);
	return n;
}

long range_last(const char *figure)
{
	char want[64];
	const char *found;
	long value = -1;

	snprintf(want, sizeof(want), " %s=", figure);
	pthread_mutex_lock(&lock);
	found = strstr(last_end, want);
	if (found)
		value = atol(found + strlen(want));
	pthread_mutex_unlock(&lock);
	return value;
}

long range_hits(const char *outcome)
{
	long n;

	pthread_mutex_lock(&lock);
	n = !strcmp(outcome, "recovered") ? recovered :
	    !strcmp(outcome, "known") ? known : not_recovered;
	pthread_mutex_unlock(&lock);
	return n;
}

uint64_t range_last_hit_pfn(void)
{
	uint64_t pa;

	pthread_mutex_lock(&lock);
	pa = last_hit_pa;
	pthread_mutex_unlock(&lock);
	return pa / 4096;
}
