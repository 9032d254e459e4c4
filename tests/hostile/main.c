// SPDX-License-Identifier: GPL-2.0-only
/*
 * The observer: root prepares the poison, an unprivileged user attacks, and
 * whatever goes wrong with the machine is printed with the seed and the call.
 */
#define _GNU_SOURCE
#include <getopt.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "arena.h"
#include "attacks.h"
#include "batch.h"
#include "call.h"
#include "controls.h"
#include "heartbeat.h"
#include "journal.h"
#include "judge.h"
#include "kmsg.h"
#include "log.h"
#include "poison.h"
#include "pool.h"
#include "procfile.h"

static struct {
	uint64_t seed, from, calls;
	const char *attack, *only, *budget;
	bool controls, panic, gigantic, loud;
	unsigned int patience;
} options = { .seed = 1, .patience = 1 };

static const struct option long_options[] = {
	{ "seed", 1, NULL, 's' }, { "from", 1, NULL, 'f' },
	{ "calls", 1, NULL, 'n' }, { "attack", 1, NULL, 'a' },
	{ "only", 1, NULL, 'o' }, { "budget", 1, NULL, 'b' },
	{ "controls", 0, NULL, 'c' }, { "panic", 0, NULL, 'p' },
	{ "gigantic", 0, NULL, 'g' }, { "loud", 0, NULL, 'l' },
	{ "patience", 1, NULL, 't' }, { 0 }
};

static bool set_option(int option)
{
	switch (option) {
	case 's':
		options.seed = strtoull(optarg, NULL, 0);
		return true;
	case 'f':
		options.from = strtoull(optarg, NULL, 0);
		return true;
	case 'n':
		options.calls = strtoull(optarg, NULL, 0);
		return true;
	case 't':
		options.patience = atoi(optarg);
		return true;
	case 'a':
		options.attack = optarg;
		return true;
	case 'o':
		options.only = optarg;
		return true;
	case 'b':
		options.budget = optarg;
		return true;
	}
	return false;
}

static bool set_flag(int option)
{
	switch (option) {
	case 'c':
		options.controls = true;
		return true;
	case 'p':
		options.panic = true;
		return true;
	case 'g':
		options.gigantic = true;
		return true;
	case 'l':
		options.loud = true;
		return true;
	}
	return false;
}

static bool parse(int argc, char **argv)
{
	int option;

	while ((option = getopt_long(argc, argv, "", long_options, NULL)) >= 0)
		if (!set_option(option) && !set_flag(option))
			return false;
	return optind == argc;
}

/* Open to the user what a cloud host might open to its users. */
static void open_devices(void)
{
	static const char * const devices[] = {
		"/dev/kvm", "/dev/vhost-net", "/dev/vhost-vsock", "/dev/fuse",
		"/dev/net/tun", "/dev/userfaultfd",
	};
	const struct rlimit all = { RLIM_INFINITY, RLIM_INFINITY };
	size_t i;

	for (i = 0; i < sizeof(devices) / sizeof(*devices); i++)
		chmod(devices[i], 0666);
	setrlimit(RLIMIT_MEMLOCK, &all);
	procfile_write("/proc/sys/kernel/perf_event_paranoid", "1");
	procfile_write("/proc/sys/kernel/io_uring_disabled", "0");
	procfile_write("/proc/sys/kernel/unprivileged_bpf_disabled", "0");
	procfile_write("/proc/sys/kernel/perf_event_max_sample_rate", "20000");
	if (options.budget)
		procfile_write("/proc/sys/vm/mf_keep_max_repeats", "%s",
			       options.budget);
}

/* Run with priority over all that the observer watches, heartbeats included. */
static bool get_ahead(void)
{
	struct sched_param param = { .sched_priority = HEARTBEAT_PRIORITY + 1 };

	return !sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &param);
}

static bool prepare(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (!lab_present() || !journal_open()) {
		printf("# not in the lab\n");
		return false;
	}
	if (!options.loud)
		kmsg_console(false);
	heartbeat_patience(options.patience);
	open_devices();
	/* Clearing 1 GiB takes a while: the oracle starts after it. */
	return arena_open(options.gigantic) && get_ahead() && judge_start();
}

static void say_figures(uint64_t calls, unsigned long since_ms)
{
	printf("# figures: seed %lu, calls %lu, machine checks %ld, ",
	       options.seed, calls, (long)lab_poison_hits());
	printf("log lines %zu (%zu overruns), killed %lu, %lu s\n",
	       log_lines(), log_overruns(), batch_kills(),
	       (clock_ms() - since_ms) / 1000);
}

static int fuzz(void)
{
	uint64_t at = options.from, end = options.from + options.calls, next;
	unsigned long start = clock_ms();
	const char *wrong = NULL;

	while (at < end && !wrong) {
		next = (at / BATCH_CALLS + 1) * BATCH_CALLS;
		next = next < end ? next : end;
		wrong = batch_run(options.seed, at, next);
		at = wrong ? journal_last() + 1 : next;
	}
	say_figures(at - options.from, start);
	if (wrong) {
		printf("# seed %lu, call %lu; the last ones:\n", options.seed,
		       journal_last());
		journal_print();
	}
	printf("%s - calls %lu to %lu of seed %lu%s%s\n",
	       wrong ? "not ok" : "ok", options.from, at - 1, options.seed,
	       wrong ? ": " : "", wrong ?: "");
	return !!wrong;
}

int main(int argc, char **argv)
{
	int failed = 0;

	if (!parse(argc, argv) || (options.only && !call_only(options.only))) {
		fprintf(stderr, "hostile: see tests/hostile/run --help\n");
		return 2;
	}
	if (!prepare()) {
		printf("not ok - the attacker's poison can be prepared\n");
		kmsg_console(true);
		return 1;
	}
	if (options.panic)
		controls_panic();
	if (options.controls)
		failed += controls_run();
	if (options.attack)
		failed += !!attacks_run(options.attack);
	if (options.calls && !failed)
		failed += fuzz();
	arena_heal();
	/* The host reads init's last line from the console. */
	kmsg_console(true);
	return !!failed;
}
