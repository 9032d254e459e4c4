// SPDX-License-Identifier: GPL-2.0-only
/*
 * The story that demo-scan tells; runs in the lab.
 *
 * Five programs have data in memory of five kinds, and each has one line that
 * went bad, which nobody has read yet.  memscan reads all memory once; then the
 * programs use their data.  With MFR_NO_SCANNER=1 they do so at once.
 *
 * A program has a replica of its data elsewhere, as a database or a VMM has:
 * told in time that a page is lost, it takes the replica's.  What cannot be
 * helped is a load that has already met the error.
 *
 * Output: "# text" and "progress=PERCENT" as it goes, "key=value" a figure
 * measured in this run.  Nothing is judged here; the exit status says only
 * whether it was measured.  Without the scanner the last program takes the
 * machine with it.
 */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poison.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hugepage.h"
#include "pageflags.h"
#include "pattern.h"
#include "polling.h"
#include "procfile.h"
#include "scanner.h"
#include "sigbus.h"

#define DISK		"/dev/vda"
#define MOUNT_DIR	"/tmp/disk"
#define TRACING		"/sys/kernel/tracing/"
#define BAD_OFFSET	0x640UL		/* of the bad line in its page */
#define RECORDS		512UL		/* of a base page each */
#define PIECE		(64UL << 20)
#define LEAVE_KB	(192L << 10)	/* so that nothing else runs short */

/**
 * struct fate - what a program did, in memory that outlives it
 * @pfn: base page with the bad line
 * @records: base pages of data that it wanted
 * @right: of these, those found as they were written
 * @unreadable: and those of which read(2) did not return all
 * @replaced: those that it was told to be lost, and took from the replica
 */
struct fate {
	uint64_t pfn;
	unsigned long records;
	unsigned long right;
	unsigned long unreadable;
	unsigned long replaced;
};

/* Where a program has its data: record n lies at @at + n * @stride. */
struct data {
	char *at;
	size_t stride;
	int fd;
};

static void poison(const void *page, struct fate *fate)
{
	int64_t pa = lab_pa(page);
	int ret = pa < 0 ? (int)pa : lab_poison_add(pa + BAD_OFFSET, 1);

	if (ret)
		errx(1, "poison a line: %s", strerror(-ret));
	fate->pfn = pa / BASE_PAGE;
}

static char *map_anonymous(size_t bytes, size_t align, int advice)
{
	char *p = mmap(NULL, bytes + align, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		err(1, "mmap %zu bytes", bytes);
	p = (char *)(((uintptr_t)p + align - 1) & -align);
	madvise(p, bytes, advice);
	if (madvise(p, bytes, MADV_POPULATE_WRITE))
		err(1, "populate %zu bytes", bytes);
	return p;
}

static void fill(const struct data *d)
{
	size_t i;

	for (i = 0; i < RECORDS; i++)
		pattern_fill(d->at + i * d->stride, i * BASE_PAGE, BASE_PAGE);
}

/* Use each record, but for the one that it was told about. */
static void use_memory(const struct data *d, struct fate *fate)
{
	struct sigbus told = {};
	char *record;
	size_t i;

	sigbus_optional(&told);
	for (i = 0; i < RECORDS; i++) {
		record = d->at + i * d->stride;
		if (told.addr / BASE_PAGE == (uintptr_t)record / BASE_PAGE)
			fate->replaced++;
		else if (pattern_check(record, i * BASE_PAGE, BASE_PAGE) < 0)
			fate->right++;
	}
}

static void plant_anonymous(struct data *d, struct fate *fate)
{
	d->stride = BASE_PAGE;
	d->at = map_anonymous(RECORDS * BASE_PAGE, BASE_PAGE, MADV_NOHUGEPAGE);
	fill(d);
	poison(d->at + 5 * d->stride, fate);
}

static void plant_thp(struct data *d, struct fate *fate)
{
	d->stride = BASE_PAGE;
	d->at = map_anonymous(SIZE_2M, SIZE_2M, MADV_HUGEPAGE);
	if (lab_pa(d->at) % SIZE_2M)
		errx(1, "no transparent huge page to be had");
	fill(d);
	poison(d->at + 7 * d->stride, fate);
}

static void plant_kept(struct data *d, struct fate *fate)
{
	struct hugepage hp;
	int ret = hugepage_create(&hp, SIZE_1G);

	if (ret)
		errx(1, "a 1 GiB page that is kept: %s; boot with hugepagesz=1G hugepages=1",
		     strerror(-ret));
	d->at = hp.map;
	d->stride = SIZE_1G / RECORDS;
	fill(d);
	poison(d->at + 9 * d->stride, fate);
}

/* On disk, and in the page cache, as nobody has it mapped. */
static void plant_page_cache(struct data *d, struct fate *fate)
{
	static char record[BASE_PAGE];
	char *map;
	size_t i;

	d->fd = open(MOUNT_DIR "/data", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC,
		     0600);
	for (i = 0; i < RECORDS; i++) {
		pattern_fill(record, i * BASE_PAGE, BASE_PAGE);
		if (write(d->fd, record, BASE_PAGE) != BASE_PAGE)
			err(1, "write to %s/data", MOUNT_DIR);
	}
	if (fsync(d->fd))
		err(1, "fsync of %s/data", MOUNT_DIR);
	map = mmap(NULL, RECORDS * BASE_PAGE, PROT_READ,
		   MAP_SHARED | MAP_POPULATE, d->fd, 0);
	if (map == MAP_FAILED)
		err(1, "mmap of %s/data", MOUNT_DIR);
	poison(map + 11 * BASE_PAGE, fate);
	munmap(map, RECORDS * BASE_PAGE);
}

static void use_page_cache(const struct data *d, struct fate *fate)
{
	static char record[BASE_PAGE];
	size_t i;

	for (i = 0; i < RECORDS; i++)
		if (pread(d->fd, record, BASE_PAGE, i * BASE_PAGE) != BASE_PAGE)
			fate->unreadable++;
		else if (pattern_check(record, i * BASE_PAGE, BASE_PAGE) < 0)
			fate->right++;
}

/*
 * In the midst of much: what is freed alone goes to whoever asks next.  Nobody else
 * may plant later, or use before it what was planted: they would get this memory.
 */
static void plant_free(struct data *d, struct fate *fate)
{
	char *p = map_anonymous(PIECE, SIZE_2M, MADV_NOHUGEPAGE);

	(void)d;
	poison(p + PIECE / 2, fate);
	munmap(p, PIECE);
}

static unsigned long zero_pages(const char *p, size_t bytes)
{
	const uint64_t *word = (const uint64_t *)p;
	unsigned long zero = 0;
	size_t i;
	uint64_t any;

	for (; (const char *)word < p + bytes; word += i) {
		for (any = 0, i = 0; i < BASE_PAGE / sizeof(*word); i++)
			any |= word[i];
		zero += !any;
	}
	return zero;
}

/* Take the memory that is free, and read it: new memory is zero. */
static void use_free(const struct data *d, struct fate *fate)
{
	char *p;

	(void)d;
	fate->records = 0;
	while (procfile_value("/proc/meminfo", "MemFree:") >
	       LEAVE_KB + (long)(PIECE >> 10)) {
		p = map_anonymous(PIECE, BASE_PAGE, MADV_NOHUGEPAGE);
		fate->records += PIECE / BASE_PAGE;
		fate->right += zero_pages(p, PIECE);
	}
}

static const struct kind {
	const char *name;
	void (*plant)(struct data *d, struct fate *fate);
	void (*use)(const struct data *d, struct fate *fate);
} kinds[] = {
	{ "free", plant_free, use_free },
	{ "anonymous", plant_anonymous, use_memory },
	{ "thp", plant_thp, use_memory },
	{ "kept", plant_kept, use_memory },
	{ "page_cache", plant_page_cache, use_page_cache },
};

#define KINDS	(sizeof(kinds) / sizeof(kinds[0]))

/* One of the five programs, and the pipes by which it is spoken to. */
struct program {
	pid_t pid;
	int ready;
	int go;
	struct fate *fate;
};

static struct program programs[KINDS];

static void be_program(const struct kind *kind, struct fate *fate, int ready,
		       int go)
{
	struct data data = {};
	char c = 0;

	if (prctl(PR_MCE_KILL, PR_MCE_KILL_SET, PR_MCE_KILL_EARLY, 0, 0))
		err(1, "prctl PR_MCE_KILL_EARLY");
	sigbus_catch();
	fate->records = RECORDS;
	kind->plant(&data, fate);
	if (write(ready, &c, 1) != 1)
		err(1, "tell that all is ready");
	while (read(go, &c, 1) < 0 && errno == EINTR)
		;
	kind->use(&data, fate);
	exit(0);
}

static void start_program(const struct kind *kind, struct program *p)
{
	int ready[2], go[2];
	char c;

	p->fate = mmap(NULL, sizeof(*p->fate), PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (p->fate == MAP_FAILED || pipe(ready) || pipe(go))
		err(1, "memory and pipes for a program");
	p->pid = fork();
	if (p->pid < 0)
		err(1, "fork");
	if (!p->pid) {
		close(ready[0]);
		be_program(kind, p->fate, ready[1], go[0]);
	}
	close(ready[1]);
	p->ready = ready[0];
	p->go = go[1];
	if (read(p->ready, &c, 1) != 1)
		errx(1, "%s: the program did not get ready", kind->name);
	printf("%s_pfn=%#" PRIx64 "\n", kind->name, p->fate->pfn);
	printf("%s_offset=%#lx\n", kind->name, BAD_OFFSET);
}

static void end_program(const struct kind *kind, struct program *p)
{
	int64_t hits = lab_poison_hits();
	int status;

	printf("# the program with %s memory goes on\n", kind->name);
	if (write(p->go, "", 1) != 1 || waitpid(p->pid, &status, 0) != p->pid)
		err(1, "%s: let the program go on", kind->name);
	printf("%s_signal=%d\n", kind->name,
	       WIFSIGNALED(status) ? WTERMSIG(status) : 0);
	printf("%s_machine_checks=%" PRId64 "\n", kind->name,
	       lab_poison_hits() - hits);
	printf("%s_records=%lu\n", kind->name, p->fate->records);
	printf("%s_right=%lu\n", kind->name, p->fate->right);
	printf("%s_unreadable=%lu\n", kind->name, p->fate->unreadable);
	printf("%s_replaced=%lu\n", kind->name, p->fate->replaced);
}

/*
 * The scanner
 */

static void must(int ret, const char *what)
{
	if (ret)
		errx(1, "%s: %s", what, strerror(-ret));
}

static void scan(void)
{
	long percent, last = -1;

	must(scanner_load("force=1"), "load memscan");
	must(procfile_write(TRACING "events/memscan/memscan_hit/enable", "1"),
	     "trace hits");
	must(scanner_set("node0/cycle_seconds", "1"), "set cycle_seconds");
	must(scanner_set("node0/max_cpu_percent", "100"),
	     "set max_cpu_percent");
	must(scanner_set("node0/enabled", "1"), "start node0");
	while (scanner_figure("node0/passes") < 1) {
		percent = scanner_figure("node0/progress_percent");
		if (percent > last)
			printf("progress=%ld\n", percent);
		last = percent;
		poll_pause();
	}
	must(scanner_set("node0/enabled", "0"), "stop node0");
	printf("progress=100\n");
}

/* What the tracepoint says of the hit in the page. */
static const char *outcome_of(uint64_t pfn, unsigned long offset)
{
	static char line[512];
	char where[64], *outcome = NULL;
	FILE *f = fopen(TRACING "trace", "re");

	if (!f)
		err(1, "open %strace", TRACING);
	snprintf(where, sizeof(where), " pfn=%#" PRIx64 " offset=%#lx ", pfn,
		 offset);
	while (!outcome && fgets(line, sizeof(line), f))
		if (strstr(line, where))
			outcome = strstr(line, "outcome=");
	fclose(f);
	if (!outcome)
		return "not found";
	outcome[strcspn(outcome, "\n")] = '\0';
	return outcome + strlen("outcome=");
}

static void print_scan(void)
{
	size_t i;

	for (i = 0; i < KINDS; i++)
		printf("%s_outcome=%s\n", kinds[i].name,
		       outcome_of(programs[i].fate->pfn, BAD_OFFSET));
	printf("read_pages=%ld\n", scanner_figure("node0/last_pass/read_pages"));
	printf("hits=%ld\n", scanner_figure("node0/last_pass/hits"));
	printf("found_machine_checks=%" PRId64 "\n", lab_poison_hits());
}

int main(void)
{
	size_t i;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (!lab_present())
		errx(1, "memory can be poisoned in the lab only: see lab/vm");
	mkdir(MOUNT_DIR, 0700);
	if (mount(DISK, MOUNT_DIR, "ext4", 0, NULL))
		err(1, "mount ext4 on %s", DISK);
	printf("# five programs, a bad line in the memory of each\n");
	for (i = KINDS; i--;)
		start_program(&kinds[i], &programs[i]);
	printf("latent_machine_checks=%" PRId64 "\n", lab_poison_hits());
	if (!scanner_omitted()) {
		scan();
		print_scan();
	}
	for (i = 0; i < KINDS; i++)
		end_program(&kinds[i], &programs[i]);
	printf("missed=%" PRId64 "\n", lab_poison_missed());
	return lab_poison_clear() != 0;
}
