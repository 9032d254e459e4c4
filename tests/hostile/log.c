// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include "log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define RECORD_MAX	8192
#define PFNS		(1UL << 24)	/* 64 GiB */

static const char * const reports[] = {
	"BUG:", "kernel BUG at", "WARNING:", "Oops", "Internal error",
	"Bad page state", "Bad page map", "Bad page cache", "KASAN:", "UBSAN:",
	"possible circular locking", "possible recursive locking",
	"possible irq lock", "INFO: task", "INFO: rcu", "suspicious RCU usage",
	"rcu_preempt detected", "rcu_sched detected", "self-detected stall",
	"soft lockup", "hard LOCKUP", "list_add corruption",
	"list_del corruption", "refcount_t:", "unable to handle",
	"Voluntary context switch within RCU", "scheduling while atomic",
};

static uint8_t told[PFNS / 8];
static char report[512];
static size_t lines, overruns;
static int fd = -1;

bool log_start(void)
{
	fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	return fd >= 0 && lseek(fd, 0, SEEK_END) >= 0;
}

static void look_for_report(const char *text)
{
	size_t i;

	for (i = 0; i < sizeof(reports) / sizeof(*reports) && !*report; i++)
		if (strstr(text, reports[i]))
			snprintf(report, sizeof(report), "%.*s",
				 (int)strcspn(text, "\n"), text);
}

static void look_for_page(const char *text)
{
	const char *at = strstr(text, "Memory failure: 0x");
	unsigned long pfn;

	if (!at)
		return;
	pfn = strtoul(at + strlen("Memory failure: "), NULL, 16);
	if (pfn < PFNS)
		told[pfn / 8] |= 1 << pfn % 8;
}

/* "priority,sequence,time,flags;text" */
static void look_at(char *record, size_t len)
{
	const char *text;

	record[len] = '\0';
	text = strchr(record, ';');
	lines++;
	if (!text)
		return;
	look_for_report(text + 1);
	look_for_page(text + 1);
}

void log_drain(void)
{
	static char record[RECORD_MAX + 1];
	ssize_t got;

	for (;;) {
		got = read(fd, record, RECORD_MAX);
		if (got < 0 && errno == EPIPE)
			overruns++;
		else if (got <= 0)
			return;
		else
			look_at(record, got);
	}
}

const char *log_report(void)
{
	return *report ? report : NULL;
}

void log_forget_report(void)
{
	*report = '\0';
}

bool log_told(unsigned long pfn)
{
	return pfn < PFNS && told[pfn / 8] >> pfn % 8 & 1;
}

size_t log_lines(void)
{
	return lines;
}

size_t log_overruns(void)
{
	return overruns;
}
