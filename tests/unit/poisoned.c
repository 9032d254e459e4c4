// SPDX-License-Identifier: GPL-2.0-only
/*
 * The library with real machine checks, in the lab.
 *
 *	poisoned keep|distro 2M|1G
 *
 * keep: an error costs 4 KiB; distro: it costs the whole huge page, and the
 * library has to say so.  2M|1G: the page size.  The pool of 2 MiB pages has to
 * have eight on node 0, and five on node 1, which are used; that of 1 GiB pages
 * has to have one.  Prints TAP.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <mfr.h>

#include "poison.h"

#define CHUNK		(2UL << 20)	/* bytes to read at once */
#define PAGES		4		/* of 2 MiB; errors are in the second */
#define PAGE		4096UL
#define BAD		(5 * PAGE + 256)	/* errors, in the huge page */
#define BAD2		(300 * PAGE)

static int count, failed;
static char buffer[CHUNK], logged[300];
static uint64_t huge, start;	/* bytes of the huge page, and its offset */

static void check(bool holds, const char *rule)
{
	failed += !holds;
	printf("%sok %d - %s\n", holds ? "" : "not ", ++count, rule);
}

static bool next_lost_is(struct mfr_region *r, uint64_t offset, uint64_t length)
{
	struct mfr_range range = { };

	mfr_ledger_next_lost(mfr_region_ledger(r), 0, &range);
	if (range.offset == offset && range.length == length)
		return true;
	printf("# lost: 0x%lx+0x%lx\n", range.offset, range.length);
	return false;
}

static void consume(struct mfr_context *c, struct mfr_region *r, bool keep)
{
	uint64_t lost = keep ? start + BAD / PAGE * PAGE : start;
	uint64_t length = keep ? PAGE : huge;
	int64_t hits = lab_poison_hits(), got;
	struct mfr_event e = { .size = sizeof(e) };

	got = mfr_read(r, start, buffer, CHUNK);
	check(got == BAD, "a read stops at the poisoned line");
	if (got != BAD)
		printf("# it did 0x%lx\n", got);
	check(got > 0 && buffer[0] == 'm' && !memcmp(buffer, buffer + 1, got - 1),
	      "what was read before is right");
	check(lab_poison_hits() == hits + 1, "that was one machine check");
	check(next_lost_is(r, lost, length), keep ?
	      "the ledger says that the base page is lost" :
	      "the ledger says that the whole huge page is lost");
	check(mfr_event_next(c, &e) == 1 && e.region == r &&
	      e.range.offset == lost && e.range.length == length &&
	      e.flags & MFR_EVENT_ACTION_REQUIRED, "an event says the same");
	check(mfr_read(r, start + BAD, buffer, 1) == -EHWPOISON &&
	      lab_poison_hits() == hits + 1,
	      "what is known to be lost is not touched again");
	got = mfr_read(r, start + 6 * PAGE, buffer, PAGE);
	check(keep ? got == (int64_t)PAGE && buffer[9] == 'm' :
	      got == -EHWPOISON, keep ?
	      "the page behind it is read as written" :
	      "the page behind it is refused");
}

static void scan(struct mfr_region *r, bool keep)
{
	int64_t hits = lab_poison_hits();
	int64_t found = mfr_search(r, 0, mfr_region_bytes(r));

	check(found == (keep ? (int64_t)PAGE : 0), keep ?
	      "a scan finds the other error" :
	      "a scan does not look into a lost huge page");
	check(lab_poison_hits() - hits == keep, "with as many machine checks");
}

static void hand_over(struct mfr_context *c, struct mfr_region *r, bool keep)
{
	uint64_t lost = mfr_ledger_lost_bytes(mfr_region_ledger(r));
	struct mfr_region *copy;
	int pair[2];

	check(!mfr_region_import(c, mfr_region_fd(r), NULL, &copy) &&
	      mfr_ledger_lost_bytes(mfr_region_ledger(copy)) ==
	      (keep ? lost : 0) && mfr_region_is_kept(copy) == keep, keep ?
	      "an import learns from the kernel what is lost" :
	      "an import learns nothing, as this kernel does not say");
	check(!socketpair(AF_UNIX, SOCK_STREAM, 0, pair) &&
	      !mfr_region_send(r, pair[0]) && !mfr_region_destroy(copy) &&
	      !mfr_region_receive(c, pair[1], NULL, &copy) &&
	      mfr_ledger_lost_bytes(mfr_region_ledger(copy)) == lost,
	      "a successor knows what is lost");
	mfr_region_destroy(copy);
}

static int node_of(void *address)
{
	int node = -1;

	syscall(SYS_move_pages, 0, 1UL, &address, NULL, &node, 0);
	return node;
}

/* With the fifth page of node 1, although node 0 has more free pages. */
static void replace(struct mfr_region *r)
{
	char *map = mfr_region_address(r);

	check(!mfr_region_replace(r, start + BAD), "the page is replaced");
	check(mfr_read(r, start, buffer, CHUNK) == CHUNK && !buffer[BAD],
	      "by one that can be read");
	check(node_of(map + start) == 1, "of the same node");
	check(map[0] == 'm' && map[2 * huge] == 'm',
	      "the pages beside it are as before");
}

/* The lost page was the only one in the pool. */
static void replace_in_vain(struct mfr_region *r)
{
	check(mfr_region_replace(r, BAD) == -ENOMEM,
	      "there is no page to replace it");
	check(next_lost_is(r, 0, huge), "all of it is lost then");
	check(mfr_read(r, 0, buffer, 1) == -EHWPOISON,
	      "and reads say so, without a page");
}

static struct mfr_context *context;
static char *named;		/* by the last SIGBUS */

static void on_sigbus(int sig, siginfo_t *info, void *ucontext)
{
	(void)sig;
	named = info->si_addr;
	if (mfr_sigbus(context, info, ucontext) != MFR_SIGBUS_RESUME)
		_exit(99);
}

static bool is_lost(struct mfr_region *r, uint64_t page, bool keep)
{
	uint64_t lost = page * huge + (keep ? BAD / PAGE * PAGE : 0);
	const struct mfr_ledger *l = mfr_region_ledger(r);

	return !mfr_ledger_is_clean(l, lost, keep ? PAGE : huge) &&
	       mfr_ledger_is_clean(l, lost + (keep ? PAGE : huge), 1) != 0;
}

/* The program's own mapping, which it has not told of: it comes first. */
static void read_beside(struct mfr_region *r, char *mine, bool keep)
{
	int64_t got;

	lab_poison_add(lab_pa(mine + 2 * huge + BAD), 1);
	got = mfr_read(r, 2 * huge, buffer, CHUNK);
	check(named >= mine && named < mine + PAGES * huge,
	      "the kernel names the program's own mapping");
	check(got == BAD, "a guarded read ends all the same");
	check(is_lost(r, 2, keep), "and the ledger has what is lost");
}

static void load_beside(struct mfr_region *r, char *mine, bool keep)
{
	struct mfr_section s = { .size = sizeof(s) };
	volatile bool behind = false;

	lab_poison_add(lab_pa(mine + 3 * huge + BAD), 1);
	check(!mfr_region_add_mapping(r, mine, 0, PAGES * huge),
	      "the mapping is told");
	if (!mfr_section_begin(&s) && !setjmp(s.jump)) {
		(void)*(volatile char *)(mine + 3 * huge + BAD);
		behind = true;
	}
	check(!behind && s.region == r &&
	      s.range.offset == 3 * huge + (keep ? BAD / PAGE * PAGE : 0) &&
	      s.range.length == (keep ? PAGE : huge),
	      "a section ends at a raw load of poison, and says what is lost");
	check(is_lost(r, 3, keep), "so does the ledger");
}

/* As a VMM does: it maps a file itself, and then has the library look after it. */
static void look_after(struct mfr_context *c, struct mfr_region *r, bool keep)
{
	struct sigaction sa = { .sa_sigaction = on_sigbus, .sa_flags = SA_SIGINFO };
	char *mine = mmap(NULL, PAGES * huge, PROT_READ | PROT_WRITE,
			  MAP_SHARED, mfr_region_fd(r), 0);
	int fd = dup(mfr_region_fd(r));

	context = c;
	mfr_region_destroy(r);
	mfr_sigbus_uninstall(c);
	sigaction(SIGBUS, &sa, NULL);
	memset(mine + 2 * huge, 'm', 2 * huge);
	check(!mfr_region_import(c, fd, NULL, &r), "a file is imported");
	read_beside(r, mine, keep);
	load_beside(r, mine, keep);
	close(fd);
}

static void note(void *arg, const char *line)
{
	(void)arg;
	snprintf(logged, sizeof(logged), "%s", line);
}

static struct mfr_region *create(struct mfr_context *c, int pages, int node,
				 unsigned int flags, int *err)
{
	struct mfr_region_options o = {
		.size = sizeof(o), .bytes = pages * huge, .page_bytes = huge,
		.flags = flags | MFR_REGION_PREALLOC,
	};
	struct mfr_region *r = NULL;

	if (node >= 0) {
		o.node = node;
		o.flags |= MFR_REGION_BIND;
	}
	*err = mfr_region_create(c, &o, &r);
	if (*err)
		printf("# %d pages, node %d: %s\n", pages, node, strerror(-*err));
	return r;
}

static void nodes(struct mfr_context *c)
{
	struct mfr_region *r;
	int node, err, right = 0;

	for (node = 0; node < 2; node++) {
		r = create(c, PAGES, node, 0, &err);
		right += r && node_of(mfr_region_address(r)) == node &&
			 node_of((char *)mfr_region_address(r) + 3 * huge) == node;
		mfr_region_destroy(r);
	}
	check(right == 2, "pages come from the node that was asked for");
	mfr_region_destroy(create(c, PAGES + 2, 1, 0, &err));
	check(err == -ENOMEM, "a node that has too few says so, the other has some");
}

/* In a child: a limit of the process is not taken for one of the kernel. */
static void probe_without_descriptors(bool keep)
{
	struct rlimit limit;
	int status;

	if (!fork()) {
		getrlimit(RLIMIT_NOFILE, &limit);
		limit.rlim_cur = dup(0) + 2;	/* one is left */
		setrlimit(RLIMIT_NOFILE, &limit);
		_exit(mfr_probe(huge) != (keep ? -EMFILE : 0));
	}
	wait(&status);
	check(!status, "a probe without descriptors does not guess");
}

/* In a child, which has no /proc. */
static void import_without_proc(struct mfr_context *c, struct mfr_region *r)
{
	struct mfr_region *copy;
	int status;

	if (!fork()) {
		if (chroot("/dev"))
			_exit(1);
		_exit(mfr_region_import(c, mfr_region_fd(r), NULL, &copy) ||
		      !strstr(logged, "what was lost before is not on the ledger"));
	}
	wait(&status);
	check(!status, "an import without /proc says what it does not know");
}

static void need_keep(struct mfr_context *c, int pages, bool keep)
{
	int err;
	struct mfr_region *r = create(c, pages, -1, MFR_REGION_NEED_KEEP, &err);

	check(keep ? r && mfr_region_is_kept(r) : err == -EOPNOTSUPP, keep ?
	      "who needs keep gets it" : "who needs keep is refused");
	mfr_region_destroy(r);
}

static struct mfr_region *region(struct mfr_context *c, int pages, bool keep)
{
	struct mfr_region *r;
	int err;

	check(mfr_probe(huge) == keep, "the probe says what is true");
	probe_without_descriptors(keep);
	need_keep(c, pages, keep);
	create(c, 100, -1, 0, &err);
	check(err == -ENOMEM, "a pool that has too few pages says so");
	if (pages > 1)
		nodes(c);
	logged[0] = '\0';
	r = create(c, pages, pages > 1 ? 1 : -1, 0, &err);
	check(!!strstr(logged, "this kernel has no MFD_MF_KEEP_UE_MAPPED") ==
	      !keep, keep ? "nothing has to be said" :
	      "the log is told what an error will take");
	return r;
}

int main(int argc, char **argv)
{
	bool keep = argc > 1 && !strcmp(argv[1], "keep");
	int pages = argc > 2 && !strcmp(argv[2], "1G") ? 1 : PAGES;
	int64_t pa, missed = lab_poison_missed();
	struct mfr_context *c;
	struct mfr_region *r;
	char *map;

	huge = pages > 1 ? 2UL << 20 : 1UL << 30;
	start = pages > 1 ? huge : 0;
	if (mfr_context_create(NULL, &c) || mfr_sigbus_install(c, 0) ||
	    mfr_context_set_log(c, note, NULL)) {
		printf("Bail out! no context\n");
		return 1;
	}
	r = region(c, pages, keep);
	if (!r) {
		printf("Bail out! no region\n");
		return 1;
	}
	map = mfr_region_address(r);
	memset(map, 'm', mfr_region_bytes(r));
	pa = lab_pa(map + start);
	check(pa > 0 && !lab_poison_add(pa + BAD, 1) &&
	      !lab_poison_add(pa + BAD2, 1), "memory breaks");
	consume(c, r, keep);
	scan(r, keep);
	hand_over(c, r, keep);
	import_without_proc(c, r);
	if (pages > 1) {
		replace(r);
		look_after(c, r, keep);
	} else {
		replace_in_vain(r);
	}
	check(lab_poison_missed() == missed, "no load of poison was missed");
	lab_poison_clear();
	printf("1..%d\n", count);
	return !!failed;
}
