// SPDX-License-Identifier: GPL-2.0-only
/*
 * In the lab: the instructions that memscan executes for a page, all of them and
 * those of its loop. Prints lines "figure NAME instructions SAMPLES Q1 MEDIAN Q3".
 *
 * usage: pages MODULE
 */
#define _GNU_SOURCE
#include <count.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "load.h"
#include "module.h"
#include "need.h"

#define PAGE		4096UL
#define PAGES		16384UL		/* sixteen bursts */
#define SAMPLES		31
#define RANGE		(64UL << 20)	/* RAM on each machine of the lab */

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void figure(const char *name, double *samples)
{
	qsort(samples, SAMPLES, sizeof(*samples), compare);
	printf("figure %s instructions %d %.6g %.6g %.6g\n", name, SAMPLES,
	       samples[SAMPLES / 4], samples[SAMPLES / 2],
	       samples[SAMPLES - 1 - SAMPLES / 4]);
}

static void read_range(int fd)
{
	char line[512];
	ssize_t n;

	n = snprintf(line, sizeof(line), "%lu %lu 100\n", RANGE,
		     PAGES * PAGE);
	need(write(fd, line, n) == n, "start a range");
	while ((n = read(fd, line, sizeof(line) - 1)) > 0)
		line[n] = '\0';
	need(!n, "read a range");
	if (!strstr(line, " read_pages=16384 "))
		die("count, as not all pages were read: %s", line);
}

int main(int argc, char **argv)
{
	double all[SAMPLES], loop[SAMPLES];
	static char page[PAGE] __attribute__((aligned(4096)));
	int64_t before;
	int fd, i;

	need(argc == 2 && !module_load(argv[1], "force=1"), "load the module");
	fd = open("/dev/memscan", O_RDWR | O_CLOEXEC);
	need(fd >= 0, "open /dev/memscan");
	need(!lab_count_start(), "count instructions: run this in the lab");
	for (i = 0; i < SAMPLES; i++) {
		before = lab_count();
		read_range(fd);
		all[i] = (double)(lab_count() - before) / PAGES;
		before = lab_count();
		memscan_load(page, page + PAGE, page + PAGE);
		loop[i] = lab_count() - before;
	}
	lab_count_stop();
	figure("page_all", all);
	figure("page_loop", loop);
	printf("end\n");
	return 0;
}
