// SPDX-License-Identifier: GPL-2.0-only
/*
 * The story that the demo tells; runs in the lab, on any kernel.
 *
 * A program fills one 1 GiB huge page with a pattern.  One line in each of
 * three base pages goes bad, and the program reads them: three real machine
 * checks.  It then reads the whole gibibyte and counts what it cannot reach,
 * and exits.  Its parent counts what the system cannot reach after that.
 *
 * Output: "# text" is progress, "key=value" a figure measured in this run.
 * Nothing is judged here; the exit status says only whether it was measured.
 */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/klog.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "poison.h"

/* uapi/linux/memfd.h; the second one exists on a kernel with keep only. */
#define MFD_HUGE_1GB		(30U << 26)
#define MFD_MF_KEEP_UE_MAPPED	0x0020U

/* uapi/linux/kernel-page-flags.h */
#define KPF_BUDDY		(1ULL << 10)
#define KPF_HUGE		(1ULL << 17)
#define KPF_HWPOISON		(1ULL << 19)

/* syslog(2): which messages reach the console. */
#define CONSOLE_LEVEL		8

#define BASE_BYTES		4096UL
#define HUGE_BYTES		(1UL << 30)
#define BASE_PAGES		(HUGE_BYTES / BASE_BYTES)
#define PAGE_WORDS		(BASE_BYTES / sizeof(uint64_t))
#define POOL_DIR		"/sys/kernel/mm/hugepages/hugepages-1048576kB/"
#define RELEASE_MS		3000
#define POLL_MS			250
#define MAX_WORKERS		8

/* Three base pages apart from each other; the line differs in each. */
static const size_t bad_offsets[] = {
	5 * BASE_BYTES + 3 * 64,
	HUGE_BYTES / 2 + 63 * 64,
	HUGE_BYTES - BASE_BYTES,
};
#define BAD_LINES	(sizeof(bad_offsets) / sizeof(bad_offsets[0]))

/* What reading a share of the base pages brought. */
struct reading {
	uint64_t unreachable_pages;
	uint64_t verified_pages;
	uint64_t wrong_pages;		/* readable, but not what was written */
	uint64_t checksum;		/* of all words that could be read */
	uint64_t checksum_expected;
};

/* What the program finds out, in memory that outlives it. */
struct findings {
	uint64_t pfn;			/* of the huge page */
	bool keep;			/* the kernel took the flag */
	unsigned int sigbus;		/* reads of bad lines that gave it */
	unsigned int exact;		/* of those: AR, and the right page */
	uint64_t granule_bytes;		/* the largest that a SIGBUS named */
	uint64_t machine_checks;	/* raised by these reads */
	uint64_t listed_bytes;		/* lost according to fdinfo */
	struct reading part[MAX_WORKERS];
	bool finished;
};

/* The state of the system, as the kernel counts it. */
struct counters {
	uint64_t pool_nr;
	uint64_t pool_free;
	uint64_t memfree_bytes;
	uint64_t corrupted_bytes;
};

static sigjmp_buf bus_return;
static volatile sig_atomic_t bus_expected;
static volatile struct {
	uintptr_t addr;
	int code;
	int lsb;
} bus;

static void on_sigbus(int sig, siginfo_t *info, void *context)
{
	static const char text[] = "story: SIGBUS where none was expected\n";

	(void)sig;
	(void)context;
	if (!bus_expected) {
		if (write(STDERR_FILENO, text, sizeof(text) - 1) < 0)
			_exit(3);
		_exit(2);
	}
	bus.addr = (uintptr_t)info->si_addr;
	bus.code = info->si_code;
	bus.lsb = info->si_addr_lsb;
	siglongjmp(bus_return, 1);
}

/* SA_NODEFER: the handler jumps out, and a jump that restores the signal
 * mask would be a system call for each of 262,144 pages.
 */
static void catch_sigbus(void)
{
	struct sigaction sa = {
		.sa_sigaction = on_sigbus,
		.sa_flags = SA_SIGINFO | SA_NODEFER,
	};

	if (sigaction(SIGBUS, &sa, NULL))
		err(1, "sigaction SIGBUS");
}

/* Word @i of the huge page, as the program writes it. */
static inline uint64_t pattern(uint64_t i)
{
	return (i + 1) * 0x9e3779b97f4a7c15;
}

/* The bytes behind @name in the file @path, which counts in @unit bytes. */
static uint64_t read_figure(const char *path, const char *name, uint64_t unit)
{
	char line[256];
	uint64_t value;
	FILE *f = fopen(path, "re");

	if (!f)
		err(1, "open %s: is this kernel built by lab/vm?", path);
	while (fgets(line, sizeof(line), f)) {
		if (strncmp(line, name, strlen(name)))
			continue;
		value = strtoull(line + strlen(name), NULL, 10) * unit;
		fclose(f);
		return value;
	}
	errx(1, "%s has no line '%s'", path, name);
}

static void count(struct counters *c)
{
	c->pool_nr = read_figure(POOL_DIR "nr_hugepages", "", 1);
	c->pool_free = read_figure(POOL_DIR "free_hugepages", "", 1);
	c->memfree_bytes = read_figure("/proc/meminfo", "MemFree:", 1024);
	c->corrupted_bytes =
		read_figure("/proc/meminfo", "HardwareCorrupted:", 1024);
}

/* A kernel without keep refuses the flag; the story goes on without. */
static int open_huge(bool *keep)
{
	unsigned int flags = MFD_CLOEXEC | MFD_HUGETLB | MFD_HUGE_1GB;
	int fd = memfd_create("story", flags | MFD_MF_KEEP_UE_MAPPED);

	*keep = fd >= 0;
	if (fd < 0 && errno == EINVAL) {
		printf("# MFD_MF_KEEP_UE_MAPPED: EINVAL, going on without\n");
		fd = memfd_create("story", flags);
	}
	if (fd < 0)
		err(1, "memfd_create of a 1 GiB huge page");
	if (ftruncate(fd, HUGE_BYTES))
		err(1, "ftruncate of the memfd to 1 GiB");
	return fd;
}

static long workers(void)
{
	long n = sysconf(_SC_NPROCESSORS_ONLN);

	return n < 1 ? 1 : n > MAX_WORKERS ? MAX_WORKERS : n;
}

/*
 * Have each CPU do @work with a share of the base pages: emulated CPUs are
 * slow.  Processes and not threads, so that each has its own SIGBUS state.
 */
static void share_out(void (*work)(uint64_t *words, uint64_t from,
				   uint64_t to, struct reading *r),
		      uint64_t *words, struct findings *f)
{
	uint64_t n = (uint64_t)workers();
	int status;

	for (uint64_t i = 0; i < n; i++) {
		pid_t pid = fork();

		if (pid < 0)
			err(1, "fork of worker %" PRIu64, i);
		if (pid)
			continue;
		work(words, BASE_PAGES * i / n, BASE_PAGES * (i + 1) / n,
		     &f->part[i]);
		_exit(0);
	}
	while (wait(&status) > 0)
		if (status)
			errx(1, "a worker ended with status %#x", status);
}

static void fill_pages(uint64_t *words, uint64_t from, uint64_t to,
		       struct reading *r)
{
	(void)r;
	for (uint64_t i = from * PAGE_WORDS; i < to * PAGE_WORDS; i++)
		words[i] = pattern(i);
}

static uint64_t *map_huge(int fd)
{
	uint64_t *words = mmap(NULL, HUGE_BYTES, PROT_READ | PROT_WRITE,
			       MAP_SHARED | MAP_POPULATE, fd, 0);

	if (words == MAP_FAILED)
		err(1, "mmap 1 GiB: boot with hugepagesz=1G hugepages=2");
	return words;
}

static void break_lines(const uint64_t *words, struct findings *f)
{
	const char *bytes = (const char *)words;
	int64_t pa = lab_pa(bytes);

	if (pa < 0)
		errx(1, "lab_pa of the huge page: %s", strerror((int)-pa));
	f->pfn = (uint64_t)pa / BASE_BYTES;
	for (size_t i = 0; i < BAD_LINES; i++) {
		int ret = lab_poison_add((uint64_t)pa + bad_offsets[i], 1);

		if (ret)
			errx(1, "poison line at offset %#zx: %s",
			     bad_offsets[i], strerror(-ret));
	}
}

/* Load one bad line; note what the SIGBUS says, if one comes. */
static void read_bad(const char *at, struct findings *f)
{
	if (!sigsetjmp(bus_return, 0)) {
		bus_expected = 1;
		*(const volatile char *)at;
		bus_expected = 0;
		return;
	}
	bus_expected = 0;
	f->sigbus++;
	if (bus.code == BUS_MCEERR_AR &&
	    bus.addr / BASE_BYTES == (uintptr_t)at / BASE_BYTES)
		f->exact++;
	if (1UL << bus.lsb > f->granule_bytes)
		f->granule_bytes = 1UL << bus.lsb;
}

static void read_all_bad(const uint64_t *words, struct findings *f)
{
	int64_t hits = lab_poison_hits();

	printf("# reading %zu bad lines\n", BAD_LINES);
	for (size_t i = 0; i < BAD_LINES; i++)
		read_bad((const char *)words + bad_offsets[i], f);
	f->machine_checks = (uint64_t)(lab_poison_hits() - hits);
}

/* Read base page @page, every word; the figures move only if all came. */
static void read_page(const uint64_t *words, uint64_t page, struct reading *r)
{
	uint64_t first = page * PAGE_WORDS, sum = 0, expected = 0, wrong = 0;

	if (sigsetjmp(bus_return, 0)) {
		r->unreachable_pages++;
		return;
	}
	for (uint64_t i = first; i < first + PAGE_WORDS; i++) {
		uint64_t word = ((const volatile uint64_t *)words)[i];

		sum += word;
		expected += pattern(i);
		wrong |= word ^ pattern(i);
	}
	r->checksum += sum;
	r->checksum_expected += expected;
	if (wrong)
		r->wrong_pages++;
	else
		r->verified_pages++;
}

static void read_pages(uint64_t *words, uint64_t from, uint64_t to,
		       struct reading *r)
{
	bus_expected = 1;
	for (uint64_t page = from; page < to; page++)
		read_page(words, page, r);
}

/*
 * Where the kernel took the whole huge page away, each of 262,144 reads is a
 * page fault, and stock logs a line at KERN_ERR for each.  These are kept off
 * the console, for the emulated serial line would take a minute.  No load
 * gets as far as the poison there, so it is taken back before: an armed lab
 * makes the faults three times slower, and stock's case is no worse for it.
 */
static void read_all(uint64_t *words, struct findings *f)
{
	bool taken_away = f->granule_bytes > BASE_BYTES;

	printf("# reading all %lu base pages\n", BASE_PAGES);
	if (taken_away) {
		lab_poison_clear();
		klogctl(CONSOLE_LEVEL, NULL, 3);
	}
	share_out(read_pages, words, f);
	if (taken_away)
		klogctl(CONSOLE_LEVEL, NULL, 7);
}

/* Sum of the lengths in "mf_ue: OFFSET+LENGTH" (hex) of the fd's fdinfo. */
static uint64_t listed_as_lost(int fd)
{
	char path[64], line[256];
	uint64_t offset, length, sum = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	f = fopen(path, "re");
	if (!f)
		err(1, "open %s", path);
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "mf_ue: %" SCNx64 "+%" SCNx64,
			   &offset, &length) == 2)
			sum += length;
	fclose(f);
	return sum;
}

/* The program: everything until it exits and lets go of the huge page. */
static int program(struct findings *f)
{
	uint64_t *words;
	int fd;

	catch_sigbus();
	fd = open_huge(&f->keep);
	printf("# filling 1 GiB\n");
	words = map_huge(fd);
	share_out(fill_pages, words, f);
	break_lines(words, f);
	read_all_bad(words, f);
	read_all(words, f);
	f->listed_bytes = listed_as_lost(fd);
	f->finished = true;
	return 0;
}

static int run_program(struct findings *f)
{
	int status;
	pid_t pid = fork();

	if (pid < 0)
		err(1, "fork");
	if (!pid)
		exit(program(f));
	if (waitpid(pid, &status, 0) != pid)
		err(1, "waitpid");
	return status;
}

/* The flags of @pages base pages from @pfn on. */
static void read_page_flags(uint64_t pfn, uint64_t *flags, size_t pages)
{
	size_t bytes = pages * sizeof(*flags);
	int fd = open("/proc/kpageflags", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		err(1, "open /proc/kpageflags: needs CONFIG_PROC_PAGE_MONITOR");
	if (pread(fd, flags, bytes, (off_t)(pfn * sizeof(*flags))) !=
	    (ssize_t)bytes)
		err(1, "read /proc/kpageflags at pfn %#" PRIx64, pfn);
	close(fd);
}

/* Base pages in the range of the huge page with any bit of @mask. */
static uint64_t count_pages(const uint64_t *flags, uint64_t mask)
{
	uint64_t n = 0;

	for (uint64_t i = 0; i < BASE_PAGES; i++)
		n += (flags[i] & mask) != 0;
	return n;
}

/*
 * The release may be deferred: wait until the range is no huge page any more
 * or the pool has it back, RELEASE_MS at most, and once more for what is
 * under way to end.
 */
static void await_release(uint64_t pfn, const struct counters *before)
{
	const struct timespec poll = { .tv_nsec = POLL_MS * 1000000 };
	struct counters now;
	uint64_t head;

	printf("# the program is gone, waiting for its memory\n");
	for (int ms = 0; ms < RELEASE_MS; ms += POLL_MS) {
		nanosleep(&poll, NULL);
		read_page_flags(pfn, &head, 1);
		count(&now);
		if (now.pool_free == before->pool_free || !(head & KPF_HUGE))
			break;
	}
	nanosleep(&poll, NULL);
}

static struct reading total(const struct findings *f)
{
	struct reading sum = { 0 };

	for (size_t i = 0; i < MAX_WORKERS; i++) {
		sum.unreachable_pages += f->part[i].unreachable_pages;
		sum.verified_pages += f->part[i].verified_pages;
		sum.wrong_pages += f->part[i].wrong_pages;
		sum.checksum += f->part[i].checksum;
		sum.checksum_expected += f->part[i].checksum_expected;
	}
	return sum;
}

static void print_program(const struct findings *f)
{
	struct reading r = total(f);

	printf("keep=%d\n", f->keep);
	printf("huge_bytes=%lu\n", HUGE_BYTES);
	printf("base_bytes=%lu\n", BASE_BYTES);
	printf("bad_lines=%zu\n", BAD_LINES);
	printf("sigbus=%u\n", f->sigbus);
	printf("sigbus_exact=%u\n", f->exact);
	printf("granule_bytes=%" PRIu64 "\n", f->granule_bytes);
	printf("machine_checks=%" PRIu64 "\n", f->machine_checks);
	printf("listed_bytes=%" PRIu64 "\n", f->listed_bytes);
	printf("unreachable_bytes=%" PRIu64 "\n",
	       r.unreachable_pages * BASE_BYTES);
	printf("verified_pages=%" PRIu64 "\n", r.verified_pages);
	printf("wrong_pages=%" PRIu64 "\n", r.wrong_pages);
	printf("checksum=%016" PRIx64 "\n", r.checksum);
	printf("checksum_expected=%016" PRIx64 "\n", r.checksum_expected);
}

/*
 * Out of the system's reach is what carries PG_hwpoison, and what is still a
 * huge page that the pool does not have.  That the rest is usable shows in
 * MemFree, which is counted elsewhere.
 */
static void print_system(const uint64_t *flags, const struct counters *before,
			 const struct counters *after)
{
	bool in_pool = after->pool_free == before->pool_free;
	uint64_t lost = KPF_HWPOISON | (in_pool ? 0 : KPF_HUGE);

	printf("lost_bytes=%" PRIu64 "\n", count_pages(flags, lost) * BASE_BYTES);
	printf("buddy_bytes=%" PRIu64 "\n",
	       count_pages(flags, KPF_BUDDY) * BASE_BYTES);
	printf("memfree_gain_bytes=%" PRId64 "\n",
	       (int64_t)(after->memfree_bytes - before->memfree_bytes));
	printf("corrupted_bytes=%" PRIu64 "\n",
	       after->corrupted_bytes - before->corrupted_bytes);
	printf("pool_nr=%" PRIu64 " %" PRIu64 "\n",
	       before->pool_nr, after->pool_nr);
	printf("pool_free=%" PRIu64 " %" PRIu64 "\n",
	       before->pool_free, after->pool_free);
}

static void *shared_memory(size_t bytes)
{
	void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	if (p == MAP_FAILED)
		err(1, "mmap %zu bytes", bytes);
	return p;
}

int main(void)
{
	struct findings *f = shared_memory(sizeof(*f));
	uint64_t *flags = shared_memory(BASE_PAGES * sizeof(*flags));
	struct counters before, after;
	int status;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (!lab_present())
		errx(1, "memory can be poisoned in the lab only: see lab/vm");
	count(&before);
	status = run_program(f);
	print_program(f);
	printf("program_status=%d\n", status);
	printf("finished=%d\n", f->finished);
	if (!f->pfn)
		return 1;
	await_release(f->pfn, &before);
	read_page_flags(f->pfn, flags, BASE_PAGES);
	count(&after);
	print_system(flags, &before, &after);
	printf("missed=%" PRId64 "\n", lab_poison_missed());
	return lab_poison_clear() != 0;
}
