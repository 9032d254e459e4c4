// SPDX-License-Identifier: GPL-2.0-only
/*
 * A campaign against memory: random operations on files with the policy, and
 * an oracle that knows what must come of each.  README.md says how to read
 * what it prints.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <getopt.h>
#include <poison.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/klog.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "checks.h"
#include "failure.h"
#include "kmsg.h"
#include "model.h"
#include "nodes.h"
#include "operations.h"
#include "pageflags.h"
#include "peers.h"
#include "polling.h"
#include "pool.h"
#include "raise.h"
#include "sigbus.h"
#include "sweep.h"
#include "view.h"

/* Operations from one look at everything to the next. */
#define ALL_EVERY	64

static struct {
	uint64_t seed;
	unsigned long poisonings;
	bool verbose, sweep, gigantic;
} options = { .poisonings = 1000, .sweep = true, .gigantic = true };

/* Draws of the checks leave those of the operations alone. */
static struct rng operations_rng, checks_rng;
static unsigned long steps;
static struct sweep sweep;
static struct timespec started;
static volatile sig_atomic_t stopped;
static long taint;

static void stop(int sig)
{
	(void)sig;
	stopped = 1;
}

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec - started.tv_sec +
	       (now.tv_nsec - started.tv_nsec) / 1e9;
}

/*
 * What is printed
 */

static void print_figures(void)
{
	const unsigned long *n = model->poisoned;

	printf("# figures: %lu poisonings survived: %lu machine checks, %lu scrubber, %lu injected, %lu madvise; healthy bytes lost: %lu; poisoned pages reallocated: %lu; kernel reports: %ld; raw pages reported again: %lu; folios released: %lu; operations: %lu; %.0f s\n",
	       model_poisoned(), n[ERROR_CONSUME], n[ERROR_SCRUB],
	       n[ERROR_INJECT], n[ERROR_MADVISE], model->lost_bytes,
	       sweep.raw_taken, log_reports(), model->repeated,
	       model->released, steps, seconds());
}

static void print_progress(void)
{
	static double last;
	static unsigned long before;
	unsigned long now = model_poisoned();

	if (seconds() < last + 1)
		return;
	printf("# progress: %.0f s, %lu operations, %lu poisonings survived, %.0f a second\n",
	       seconds(), steps, now, (now - before) / (seconds() - last));
	fflush(stdout);
	last = seconds();
	before = now;
}

/* The console has none of it, see start(). */
static void print_end_of_log(void)
{
	enum { READ_ALL = 3 };	/* as in syslog(2) */
	static char text[1 << 13];
	int len = klogctl(READ_ALL, text, sizeof(text) - 1);
	char *line;

	text[len < 0 ? 0 : len] = '\0';
	for (line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
		printf("#   %s\n", line);
}

static void print_failure(void)
{
	const struct failure *f = &model->failure;

	printf("# seed %lu, step %lu: %s\n", (unsigned long)options.seed,
	       steps, operation_text());
	printf("# at fault: %s, in %s\n#   expected: %s\n#   seen: %s\n",
	       f->what, f->who, f->expected, f->seen);
	printf("# again: campaign --seed %lu --poisonings %lu --verbose\n",
	       (unsigned long)options.seed, options.poisonings);
	if (log_reports())
		print_end_of_log();
}

static int tests, failed;

static void tap(bool fine, const char *what)
{
	tests++;
	failed += !fine;
	printf("%sok %d - %s\n", fine ? "" : "not ", tests, what);
	fflush(stdout);
}

/*
 * The campaign
 */

static bool check_files(bool all)
{
	int file;

	for (file = 0; file < FILES_MAX; file++)
		if (view.fd[file] >= 0 &&
		    (all || file == operation_file() ||
		     rng_percent(&checks_rng, 10)) && !check_fdinfo(file))
			return false;
	return true;
}

static bool check_peers(bool all)
{
	unsigned int peer;

	for (peer = 1; peer < PROCESSES_MAX; peer++)
		if (model->peer[peer].live &&
		    (all || rng_percent(&checks_rng, 10)) &&
		    !peer_check(peer, all, &checks_rng))
			return false;
	return peers_check_not_told();
}

static bool check_memory(bool all)
{
	return all ? check_all_contents(&checks_rng) : check_sample(&checks_rng);
}

static bool check(bool all)
{
	return check_files(all) && check_memory(all) && check_peers(all) &&
	       check_pools() && check_releases() && check_counters() &&
	       check_log() && check_machine_checks();
}

static bool step(void)
{
	double begun = seconds(), done;
	bool fine;

	checks_begin_step();
	steps++;
	fine = operation_step(&operations_rng);
	if (!fine && !failure_seen())
		unexpected("operation", "success", "failure");
	done = seconds();
	fine = fine && check(steps % ALL_EVERY == 0);
	if (options.verbose)
		printf("# %lu (%.0f + %.0f ms): %s\n", steps,
		       (done - begun) * 1e3, (seconds() - done) * 1e3,
		       operation_text());
	return fine;
}

static bool finish(void)
{
	checks_begin_step();
	return operations_finish() && check(true) &&
	       expect_number("taint of the kernel", taint, kernel_taint());
}

static bool run(void)
{
	while (!stopped && model_poisoned() < options.poisonings) {
		if (!step())
			return false;
		print_progress();
	}
	checks_begin_step();
	return check(true) && finish();
}

/* A healthy page that a release gave back, taken for a raw one. */
static void break_sweep(void)
{
	unsigned long pfn;

	for (pfn = 0; pfn < frames.end; pfn++)
		if (frame_is(frames.freed, pfn) && !frame_is(frames.raw, pfn))
			frame_set(frames.raw, pfn);
}

/*
 * What the kernel may need more in the end: with HVO a page of 1 GiB that goes
 * back takes 16 MiB for its struct pages, the rest are page tables and the like.
 */
#define UNEXPLAINED_MAX	(4096 + 2048)

/*
 * Free pages that nobody gets: the kernel's last reserve, page tables, and what
 * lies in lists of the CPUs, which is most of it: 6,000 to 12,000 pages of two
 * CPUs, however much memory there is.
 */
#define UNTAKEN_MAX	16384

static void run_sweep(void)
{
	bool fine;

	if (broken == BREAK_SWEEP)
		break_sweep();
	fine = sweep_all_memory(&sweep);
	model->lost_bytes += sweep.freed_marked * BASE_PAGE;
	if (!fine)
		print_failure();
	tap(fine, "a process takes and writes all memory");
	printf("# sweep: %lu base pages free, %lu taken; %lu raw, %lu of them taken, %lu not marked; %lu healthy ones that releases freed, %lu of them in other use, %lu marked as poisoned; %ld pages less are free than before, besides the raw ones and %ld of slabs\n",
	       sweep.free, sweep.taken, sweep.raw, sweep.raw_taken,
	       sweep.raw_unmarked, sweep.freed, sweep.freed_missing,
	       sweep.freed_marked, sweep_unexplained(&sweep),
	       (long)(sweep.slabs - sweep.slabs_before));
	tap(sweep.taken + UNTAKEN_MAX >= sweep.free, "that is all that was free");
	tap(!sweep.raw_taken && !sweep.raw_unmarked && sweep.raw,
	    "no raw page is among it");
	tap(sweep.freed_missing <= sweep.freed / 10 && !sweep.freed_marked,
	    "the healthy pages of released folios are");
	tap(sweep_unexplained(&sweep) <= UNEXPLAINED_MAX,
	    "nothing but raw pages is missing");
}

static bool pools_are_idle(void)
{
	struct pool pool;

	return !pool_read(SIZE_2M, &pool) && pool.nr == pool.free &&
	       !pool_read(SIZE_1G, &pool) && pool.nr == pool.free;
}

/* One that has left its pool stays huge until it is taken apart. */
static bool all_huge_are_in_pools(void)
{
	const unsigned long step = SIZE_2M / BASE_PAGE;
	struct pool small, large;
	unsigned long pfn;
	long huge = 0;

	for (pfn = 0; pfn < nodes_end_pfn(); pfn += step)
		huge += !!(page_flags(pfn) & PAGE_HUGE);
	return !pool_read(SIZE_2M, &small) && !pool_read(SIZE_1G, &large) &&
	       huge == small.nr + large.nr * (long)(SIZE_1G / SIZE_2M);
}

/*
 * After a failure: whoever comes next must neither meet nor await what is ours,
 * nor find the log telling of it.  That is told under the lock that unpoisoning
 * takes.
 */
static void clean_up(void)
{
	lab_poison_clear();
	operations_finish();
	poll_until(pools_are_idle());
	poll_until(all_huge_are_in_pools());
	error_unpoison_pfn(0);
}

/*
 * Start
 */

static int create_model(void)
{
	model_fd = memfd_create("model", MFD_CLOEXEC);
	if (model_fd < 0 || ftruncate(model_fd, sizeof(*model)))
		return -errno;
	model = mmap(NULL, sizeof(*model), PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_POPULATE, model_fd, 0);
	return model == MAP_FAILED ? -errno : 0;
}

static void must(int err, const char *what)
{
	if (!err)
		return;
	fprintf(stderr, "campaign: cannot %s: %s; run it as root in the lab, by tests/campaign/run\n",
		what, strerror(-err));
	exit(2);
}

static void start(void)
{
	struct sigaction action = { .sa_handler = stop };

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	clock_gettime(CLOCK_MONOTONIC, &started);
	must(lab_present() ? 0 : -ENODEV, "poison memory");
	must(nodes_init(), "read /proc/zoneinfo");
	must(create_model(), "allocate the model");
	must(operations_init(options.gigantic), "empty the pool of huge pages");
	sweep_begin(&sweep);
	must(model_init(), "read the pools of huge pages");
	must(frames_init(), "allocate a list of page frames");
	must(kmsg_start(), "read /dev/kmsg");
	must(kmsg_console(false), "turn the log on the console off");
	taint = kernel_taint();
	failure_init(&model->failure, "process 0");
	sigbus_catch();
	view_init();
	model->hits = lab_poison_hits();
	model_folio_ends = releases_note;
	operations_rng.state = options.seed;
	checks_rng.state = ~options.seed;
}

static void usage(FILE *out)
{
	fputs("Usage: campaign [--seed N] [--poisonings N] [--no-sweep] [--no-gigantic]\n"
	      "                [--verbose] [--control] [--break-model content|granule|ranges|pool|counters|release|sweep]\n",
	      out);
}

static bool parse_option(int option)
{
	switch (option) {
	case 's':
		options.seed = strtoull(optarg, NULL, 0);
		return true;
	case 'p':
		options.poisonings = strtoul(optarg, NULL, 0);
		return true;
	case 'n':
		options.sweep = false;
		return true;
	case 'g':
		options.gigantic = false;
		return true;
	case 'v':
		options.verbose = true;
		return true;
	case 'c':
		return !setenv("MFR_CONTROL", "1", 1);
	case 'b':
		return model_break(optarg) != BREAK_NOTHING;
	case 'h':
		usage(stdout);
		exit(0);
	}
	return false;
}

static void parse(int argc, char **argv)
{
	static const struct option known[] = {
		{ "seed", required_argument, NULL, 's' },
		{ "poisonings", required_argument, NULL, 'p' },
		{ "no-sweep", no_argument, NULL, 'n' },
		{ "no-gigantic", no_argument, NULL, 'g' },
		{ "verbose", no_argument, NULL, 'v' },
		{ "control", no_argument, NULL, 'c' },
		{ "break-model", required_argument, NULL, 'b' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 }
	};
	int option;

	options.seed = time(NULL);
	while ((option = getopt_long(argc, argv, "", known, NULL)) != -1)
		if (!parse_option(option)) {
			usage(stderr);
			exit(2);
		}
}

int main(int argc, char **argv)
{
	bool fine;

	if (argc > 1 && !strcmp(argv[1], "--successor"))
		return successor_main(argc - 2, argv + 2);
	parse(argc, argv);
	start();
	printf("TAP version 13\n# seed %lu\n", (unsigned long)options.seed);
	fine = run();
	if (!fine)
		print_failure();
	tap(fine, "the kernel does as the model says");
	if (fine && options.sweep)
		run_sweep();
	if (!fine)
		clean_up();
	print_figures();
	printf("# operations: %016lx\n1..%d\n",
	       (unsigned long)operations_hash(), tests);
	/* The host reads init's last line from the console. */
	kmsg_console(true);
	return failed != 0;
}
