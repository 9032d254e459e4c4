// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include "kmsg.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "polling.h"
#include "procfile.h"

/* One record, as read(2) of /dev/kmsg returns it, is at most 8 KiB. */
#define RECORD_MAX	8192

static int kmsg_fd = -1;
static char log_text[1 << 20];
static size_t log_len;

static int start(int whence)
{
	if (kmsg_fd < 0)
		kmsg_fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (kmsg_fd < 0 || lseek(kmsg_fd, 0, whence) < 0)
		return -errno;
	log_len = 0;
	return 0;
}

int kmsg_start(void)
{
	return start(SEEK_END);
}

int kmsg_start_at_boot(void)
{
	return start(SEEK_SET);
}

void kmsg_forget(void)
{
	log_len = 0;
}

/* EPIPE: the oldest records were overwritten; the next read continues. */
static void drain(void)
{
	ssize_t got;

	while (log_len + RECORD_MAX < sizeof(log_text)) {
		got = read(kmsg_fd, log_text + log_len, RECORD_MAX);
		if (got < 0 && errno == EPIPE)
			continue;
		if (got <= 0)
			break;
		log_len += got;
	}
	log_text[log_len] = '\0';
}

size_t kmsg_count(const char *format, ...)
{
	const char *at = log_text;
	char want[256];
	va_list args;
	size_t n = 0;

	va_start(args, format);
	vsnprintf(want, sizeof(want), format, args);
	va_end(args);
	drain();
	while ((at = strstr(at, want))) {
		n++;
		at += strlen(want);
	}
	return n;
}

bool kmsg_await(const char *text, size_t n)
{
	static char record[RECORD_MAX + 1];
	struct pollfd log = { .fd = kmsg_fd, .events = POLLIN };
	ssize_t got;

	while (n && poll(&log, 1, poll_limit_ms()) == 1) {
		got = read(kmsg_fd, record, RECORD_MAX);
		if (got <= 0)
			continue;
		record[got] = '\0';
		n -= !!strstr(record, text);
	}
	return !n;
}

/*
 * The console shows lines of a level below the number.  Each machine check logs
 * four lines of KERN_EMERG, which is level 0.
 */
int kmsg_console(bool loud)
{
	return procfile_write("/proc/sys/kernel/printk", "%d", loud ? 7 : 0);
}

#define TAINT_MACHINE_CHECK	(1L << 4)

long kernel_taint(void)
{
	return procfile_number("/proc/sys/kernel/tainted") &
	       ~TAINT_MACHINE_CHECK;
}
