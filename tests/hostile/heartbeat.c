// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include "heartbeat.h"

#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "procfile.h"

#define CPUS_MAX	8
#define BEAT_NS		20000000
#define BEATS_A_SECOND	(1000000000 / BEAT_NS)
/* The observer checks far more often, unless it is stuck on a CPU. */
#define OBSERVER_BEATS	(2 * BEATS_A_SECOND)
/* For a CPU without any ticks: the host never delays one for this long. */
#define SILENT_MS	30000

static volatile unsigned long beats[CPUS_MAX];
static struct {
	unsigned long beats, ticks, ms;
} seen[CPUS_MAX];
static unsigned int cpus, patience = 1;
static unsigned long hz;
static volatile unsigned long looks;
static pid_t observer;

unsigned long clock_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/*
 * A thread that became runnable on a CPU that does not reschedule waits there,
 * whatever its priority, even if others are idle: move the observer to @cpu.
 */
static void fetch_observer(unsigned long cpu)
{
	cpu_set_t here, all;
	unsigned int i;

	CPU_ZERO(&here);
	CPU_ZERO(&all);
	CPU_SET(cpu, &here);
	for (i = 0; i < cpus; i++)
		CPU_SET(i, &all);
	sched_setaffinity(observer, sizeof(here), &here);
	sched_setaffinity(observer, sizeof(all), &all);
}

static void *beat(void *cpu)
{
	const struct timespec pause = { .tv_nsec = BEAT_NS };
	unsigned long looked = looks, since = 0;

	for (;;) {
		nanosleep(&pause, NULL);
		beats[(uintptr_t)cpu]++;
		since = looks == looked ? since + 1 : 0;
		looked = looks;
		if (since && !(since % OBSERVER_BEATS))
			fetch_observer((uintptr_t)cpu);
	}
	return NULL;
}

static bool start_on(unsigned long cpu)
{
	struct sched_param param = { .sched_priority = HEARTBEAT_PRIORITY };
	pthread_attr_t attr;
	pthread_t thread;
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	pthread_attr_init(&attr);
	pthread_attr_setaffinity_np(&attr, sizeof(set), &set);
	pthread_attr_setinheritsched(&attr, PTHREAD_EXPLICIT_SCHED);
	pthread_attr_setschedpolicy(&attr, SCHED_FIFO);
	pthread_attr_setschedparam(&attr, &param);
	return !pthread_create(&thread, &attr, beat, (void *)cpu);
}

bool heartbeat_start(void)
{
	unsigned long cpu;

	hz = sysconf(_SC_CLK_TCK);
	observer = gettid();
	cpus = sysconf(_SC_NPROCESSORS_ONLN);
	if (cpus > CPUS_MAX ||
	    procfile_write("/proc/sys/kernel/sched_rt_runtime_us", "-1"))
		return false;
	for (cpu = 0; cpu < cpus; cpu++)
		if (!start_on(cpu))
			return false;
	heartbeat_forget();
	return true;
}

void heartbeat_patience(unsigned int factor)
{
	patience = factor;
}

/*
 * Ticks that found the CPU busy, as a lost CPU is, in units of 1 / @hz s.  Do
 * not count timer interrupts: timers of programs cause some, too.
 */
static unsigned long busy_ticks(const char *line)
{
	unsigned long user, nice, system, irq, softirq;

	if (sscanf(line, "%*s %lu %lu %lu %*u %*u %lu %lu", &user, &nice,
		   &system, &irq, &softirq) != 5)
		return 0;
	return user + nice + system + irq + softirq;
}

static void read_ticks(unsigned long *ticks)
{
	static char text[1 << 16];
	unsigned int cpu;
	char name[16], *line;

	memset(ticks, 0, CPUS_MAX * sizeof(*ticks));
	if (procfile_read("/proc/stat", text, sizeof(text)) < 0)
		return;
	for (cpu = 0; cpu < cpus; cpu++) {
		snprintf(name, sizeof(name), "\ncpu%u ", cpu);
		line = strstr(text, name);
		if (line)
			ticks[cpu] = busy_ticks(line + 1);
	}
}

static void see(unsigned int cpu, unsigned long ticks)
{
	seen[cpu].beats = beats[cpu];
	seen[cpu].ticks = ticks;
	seen[cpu].ms = clock_ms();
}

void heartbeat_forget(void)
{
	unsigned long ticks[CPUS_MAX];
	unsigned int cpu;

	read_ticks(ticks);
	for (cpu = 0; cpu < cpus; cpu++)
		see(cpu, ticks[cpu]);
}

int heartbeat_lost_cpu(void)
{
	unsigned long ticks[CPUS_MAX];
	unsigned int cpu;

	looks++;
	read_ticks(ticks);
	for (cpu = 0; cpu < cpus; cpu++) {
		if (beats[cpu] != seen[cpu].beats)
			see(cpu, ticks[cpu]);
		else if (ticks[cpu] - seen[cpu].ticks > patience * hz ||
			 clock_ms() - seen[cpu].ms > patience * SILENT_MS)
			return cpu;
	}
	return -1;
}

void second_start(struct second *second)
{
	memcpy(second->beats, (void *)beats, sizeof(second->beats));
	second->since_ms = clock_ms();
}

bool second_over(const struct second *second)
{
	unsigned int cpu;

	for (cpu = 0; cpu < cpus; cpu++)
		if (beats[cpu] - second->beats[cpu] <
		    patience * BEATS_A_SECOND)
			return false;
	return clock_ms() - second->since_ms >= patience * 1000;
}
