// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lost_events.h"
#include "root.h"

/* Lines of per_cpu/cpu0/stats (Documentation/trace/ftrace.rst). */
static const char *const figures[] = {
	"\noverrun: ", "\ncommit overrun: ", "\ndropped events: ",
};

#define N_FIGURES	(sizeof(figures) / sizeof(figures[0]))

static uint64_t sum_of(const char *stats)
{
	uint64_t sum = 0;
	const char *at;
	size_t i;

	for (i = 0; i < N_FIGURES; i++) {
		at = strstr(stats, figures[i]);
		if (at)
			sum += strtoull(at + strlen(figures[i]), NULL, 10);
	}
	return sum;
}

static int add_cpu(struct tracefs_instance *instance, unsigned int cpu,
		   uint64_t *count)
{
	char name[48], *stats;

	snprintf(name, sizeof(name), "per_cpu/cpu%u/stats", cpu);
	stats = tracefs_instance_file_read(instance, name, NULL);
	if (!stats)
		return -1;
	*count += sum_of(stats);
	free(stats);
	return 0;
}

int lost_events_count(struct tracefs_instance *instance, uint64_t *count)
{
	char *dir = tracefs_instance_get_file(instance, "per_cpu");
	unsigned int *cpus = NULL;
	int i, n, err = 0;

	n = dir ? list_numbered(dir, "cpu", &cpus) : -ENOMEM;
	tracefs_put_tracing_file(dir);
	if (n < 0) {
		errno = -n;
		return -1;
	}
	*count = 0;
	for (i = 0; i < n && !err; i++)
		err = add_cpu(instance, cpus[i], count);
	free(cpus);
	return err;
}
