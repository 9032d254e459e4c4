// SPDX-License-Identifier: GPL-2.0-only
/*
 * What happens at a hit is chosen: it is isolated at once, or reported, and
 * isolated when somebody says so or its page is free.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <poison.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>
#include <kselftest_harness.h>

#include "control.h"
#include "hugepage.h"
#include "pages.h"
#include "polling.h"
#include "pool.h"
#include "procfile.h"
#include "scanner.h"
#include "sigbus.h"

#define LINE		64UL
#define LONG_SECONDS	120

FIXTURE(actions)
{
	struct sigbus seen;
};

FIXTURE_SETUP(actions)
{
	ASSERT_EQ(0, scanner_begin());
}

FIXTURE_TEARDOWN_PARENT(actions)
{
	scanner_end();
}

/* Is this page the only one that waits to be isolated? */
static bool is_pending(uint64_t pa)
{
	char want[64], said[64];

	snprintf(want, sizeof(want), "0x%016llx\n", (unsigned long long)pa);
	return scanner_figure("pending") == 1 &&
	       procfile_read(MEMSCAN "pending_pages", said, sizeof(said)) > 0 &&
	       !strcmp(want, said);
}

static int isolate(uint64_t pa)
{
	return procfile_write(MEMSCAN "isolate", "%#llx",
			      (unsigned long long)pa);
}

static bool reads_node(void)
{
	return !scanner_read_node();
}

/* Huge pages can come from either. */
static bool reads_both_nodes(void)
{
	return !scanner_read_pass(0) && !scanner_read_pass(1);
}

/* As many as no CPU keeps at hand for who asks next. */
#define PAGES	256

/* PAGES in use, of which the first has a bad line, at @pa, and is pending; or NULL. */
static char *reported_page(int64_t *pa)
{
	char *p = pages_map(PAGES);

	*pa = lab_pa(p);
	if (*pa < 0 || lab_poison_add(*pa + LINE, 1) ||
	    scanner_set("node0/action", "report") || !reads_node())
		return NULL;
	return is_pending(*pa) ? p : NULL;
}

/* Its owner hears of it when it is isolated, and not before. */
TEST_F_TIMEOUT(actions, a_page_in_use_is_reported, LONG_SECONDS)
{
	char *p = pages_map(1);
	int64_t pa = lab_pa(p), hits;

	ASSERT_LT(0, pa);
	ASSERT_EQ(0, lab_poison_add(pa + LINE, 1));
	ASSERT_EQ(0, scanner_set("node0/action", "report"));
	ASSERT_TRUE(reads_node());
	EXPECT_EQ(1, scanner_figure("node0/hits/reported"));
	EXPECT_EQ(0, scanner_figure("node0/hits/recovered"));
	EXPECT_TRUE(is_pending(pa));
	EXPECT_EQ(0, sigbus_optional(NULL));
	EXPECT_FALSE(sigbus_on_load(p, &self->seen));
	EXPECT_EQ(pa, lab_pa(p));
	/* Once is enough */
	hits = lab_poison_hits();
	ASSERT_TRUE(reads_node());
	EXPECT_EQ(hits, lab_poison_hits());
	EXPECT_EQ(1, scanner_figure("node0/last_pass/known_pages"));

	EXPECT_EQ(-EINVAL, isolate(pa + BASE_PAGE));
	EXPECT_EQ(0, isolate(pa));
	EXPECT_EQ(1, sigbus_optional(NULL));
	EXPECT_TRUE(page_is_isolated(pa / BASE_PAGE));
	EXPECT_EQ(0, scanner_figure("pending"));
	EXPECT_EQ(-EINVAL, isolate(pa));
}

/* It must not be handed out to the next one. */
TEST_F_TIMEOUT(actions, a_page_that_is_left_is_isolated, LONG_SECONDS)
{
	int64_t pa;
	char *p = reported_page(&pa);

	ASSERT_NE(NULL, p);
	/* What is freed last is used first: not the bad page, so. */
	ASSERT_EQ(0, madvise(p, PAGES * BASE_PAGE, MADV_DONTNEED));
	CONTROL_READY();
	ASSERT_TRUE(reads_node());
	EXPECT_TRUE(page_is_isolated(pa / BASE_PAGE));
	EXPECT_EQ(0, scanner_figure("pending"));
	EXPECT_EQ(1, scanner_figure("node0/hits/recovered"));
	EXPECT_EQ(0, sigbus_optional(NULL));
}

/*
 * Memory of HugeTLB that is not kept: its owner has all of it but a line, and time
 * to move it away.
 */
TEST_F_TIMEOUT(actions, a_huge_page_can_be_left_first, LONG_SECONDS)
{
	const size_t raw = SIZE_2M - BASE_PAGE;
	struct hugepage hp;
	size_t at, lost = 0;

	ASSERT_EQ(0, pool_want(SIZE_2M, 1));
	ASSERT_EQ(0, hugepage_create_plain(&hp, SIZE_2M));
	ASSERT_EQ(0, lab_poison_add(hp.pa + raw + LINE, 1));
	ASSERT_EQ(0, scanner_set("node0/hugetlb_action", "report"));
	ASSERT_EQ(0, scanner_set("node1/hugetlb_action", "report"));
	ASSERT_TRUE(reads_both_nodes());
	EXPECT_TRUE(is_pending(hp.pa + raw));
	EXPECT_EQ(0, sigbus_optional(NULL));
	for (at = 0; at < SIZE_2M; at += BASE_PAGE)
		lost += sigbus_on_load(hp.map + at, &self->seen);
	EXPECT_EQ(0, lost);
	hugepage_close(&hp);
	ASSERT_TRUE(reads_both_nodes());
	EXPECT_EQ(0, scanner_figure("pending"));
	EXPECT_TRUE(page_is_isolated((hp.pa + raw) / BASE_PAGE));
}

/* Each action is for its own kind of pages. */
TEST_F_TIMEOUT(actions, hugetlb_is_apart, LONG_SECONDS)
{
	char *p = pages_map(1);
	int64_t pa = lab_pa(p);

	ASSERT_LT(0, pa);
	ASSERT_EQ(0, lab_poison_add(pa + LINE, 1));
	ASSERT_EQ(0, scanner_set("node0/hugetlb_action", "report"));
	ASSERT_TRUE(reads_node());
	EXPECT_EQ(0, scanner_figure("pending"));
	EXPECT_EQ(1, sigbus_optional(NULL));
	EXPECT_TRUE(page_is_isolated(pa / BASE_PAGE));
}

/* Also one that waits, once nothing is to be reported any more. */
TEST_F_TIMEOUT(actions, another_action_isolates_what_waits, LONG_SECONDS)
{
	int64_t pa;
	char *p = reported_page(&pa);

	ASSERT_NE(NULL, p);
	ASSERT_EQ(0, scanner_set("node0/action", "isolate"));
	ASSERT_TRUE(reads_node());
	EXPECT_EQ(0, scanner_figure("pending"));
	EXPECT_TRUE(page_is_isolated(pa / BASE_PAGE));
	EXPECT_EQ(1, sigbus_optional(NULL));
}

/* What reads the bad line has the page isolated by the kernel itself. */
TEST_F_TIMEOUT(actions, what_is_consumed_waits_no_longer, LONG_SECONDS)
{
	int64_t pa;
	char *p = reported_page(&pa);

	ASSERT_NE(NULL, p);
	ASSERT_TRUE(sigbus_on_load(p + LINE, &self->seen));
	EXPECT_EQ(0, scanner_figure("pending"));
	EXPECT_EQ(-EINVAL, isolate(pa));
}

/* While isolating is refused, it waits on. */
TEST_F_TIMEOUT(actions, a_refusal_loses_nothing, LONG_SECONDS)
{
	int64_t pa;
	char *p = reported_page(&pa);

	ASSERT_NE(NULL, p);
	ASSERT_EQ(0, procfile_write("/proc/sys/vm/memory_failure_recovery",
				    "0"));
	EXPECT_EQ(-EPERM, isolate(pa));
	EXPECT_TRUE(is_pending(pa));
	ASSERT_EQ(0, procfile_write("/proc/sys/vm/memory_failure_recovery",
				    "1"));
	EXPECT_EQ(0, isolate(pa));
	EXPECT_EQ(0, scanner_figure("pending"));
}

static int open_uevents(void)
{
	struct sockaddr_nl group = { .nl_family = AF_NETLINK, .nl_groups = 1 };
	int fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC,
			NETLINK_KOBJECT_UEVENT);

	return bind(fd, (struct sockaddr *)&group, sizeof(group)) ? -1 : fd;
}

/* Is there a uevent of the node with that line? */
static bool hears(int fd, const char *line)
{
	char event[4096];
	ssize_t n, at;

	while ((n = recv(fd, event, sizeof(event) - 1, MSG_DONTWAIT)) > 0) {
		event[n] = '\0';
		if (strcmp(event, "change@/kernel/memscan/node0"))
			continue;
		for (at = 0; at < n; at += strlen(event + at) + 1)
			if (!strcmp(event + at, line))
				return true;
	}
	return false;
}

/* By poll(2) and by a uevent, for whoever moves programs away. */
TEST_F_TIMEOUT(actions, a_report_is_told, LONG_SECONDS)
{
	struct pollfd reported = {
		.fd = open(MEMSCAN "node0/hits/reported", O_RDONLY | O_CLOEXEC),
		.events = POLLPRI,
	};
	int uevents = open_uevents();
	char *p = pages_map(1), text[32];
	int64_t pa = lab_pa(p);

	ASSERT_LE(0, reported.fd);
	ASSERT_LE(0, uevents);
	ASSERT_LT(0, read(reported.fd, text, sizeof(text)));
	EXPECT_EQ(0, poll(&reported, 1, 0));
	ASSERT_EQ(0, lab_poison_add(pa + LINE, 1));
	ASSERT_EQ(0, scanner_set("node0/action", "report"));
	ASSERT_TRUE(reads_node());
	EXPECT_EQ(1, poll(&reported, 1, 0));
	EXPECT_TRUE(hears(uevents, "MEMSCAN_REPORTED=1"));
	close(uevents);
	close(reported.fd);
}

TEST_HARNESS_MAIN
