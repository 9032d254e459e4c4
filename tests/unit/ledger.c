// SPDX-License-Identifier: GPL-2.0-only
/* Compare the ledger with a simple model: one byte per page. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "ledger.h"
#include "scene.h"

#define PAGES_MAX	70000	/* three levels; all last words are partial */

static char model[PAGES_MAX];

static uint64_t model_find(uint64_t at, uint64_t pages, char what)
{
	while (at < pages && model[at] != what)
		at++;
	return at;
}

/* True if ledger and model find the same range, or both find none. */
static bool same(const struct mfr_ledger *l, uint64_t offset, uint64_t pages,
		 bool lost)
{
	struct mfr_range range = { };
	uint64_t start = model_find(offset / PAGE, pages, lost), end;
	int found = lost ? mfr_ledger_next_lost(l, offset, &range) :
			   mfr_ledger_next_clean(l, offset, &range);

	if (start == pages)
		return !found;
	end = model_find(start, pages, !lost) * PAGE;
	start = start * PAGE < offset ? offset : start * PAGE;
	return found == 1 && range.offset == start &&
	       range.length == end - start;
}

static void operate(struct __test_metadata *_metadata,
		    struct mfr_ledger *l, uint64_t pages)
{
	uint64_t page = random() % pages, count = 1 + random() % 200, i, n = 0;
	bool lost = random() % 3;

	if (count > pages - page)
		count = pages - page;
	for (i = page; i < page + count; i++) {
		n += model[i] != lost;
		model[i] = lost;
	}
	ASSERT_EQ(n, (lost ? mfr_ledger_mark : mfr_ledger_clear)(l, page * PAGE,
							 count * PAGE));
}

static void compare(struct __test_metadata *_metadata, uint64_t pages)
{
	struct mfr_ledger *l;
	uint64_t i, lost;
	int fd, n;

	ASSERT_EQ(0, mfr_ledger_create(pages * PAGE, &l, &fd));
	memset(model, 0, sizeof(model));
	srandom(pages);
	for (n = 0; n < 500; n++) {
		uint64_t offset = random() % (pages * PAGE), length;

		operate(_metadata, l, pages);
		ASSERT_TRUE(same(l, offset, pages, true));
		ASSERT_TRUE(same(l, offset, pages, false));
		length = random() % (pages * PAGE - offset) + 1;
		i = model_find(offset / PAGE, pages, 1);
		ASSERT_EQ(mfr_ledger_is_clean(l, offset, length),
			  i > (offset + length - 1) / PAGE);
	}
	for (i = 0, lost = 0; i < pages; i++)
		lost += model[i];
	ASSERT_EQ(lost * PAGE, mfr_ledger_lost_bytes(l));
	mfr_ledger_close(l);
	close(fd);
}

TEST(agrees_with_a_naive_model)
{
	static const uint64_t sizes[] = { 1, 2, 63, 64, 65, 4095, 4096, 4097,
					  PAGES_MAX };
	size_t i;

	for (i = 0; i < sizeof(sizes) / sizeof(*sizes); i++)
		compare(_metadata, sizes[i]);
}

TEST(rounds_out_to_base_pages)
{
	struct mfr_ledger *l;
	struct mfr_range r;
	int fd;

	ASSERT_EQ(0, mfr_ledger_create(8 * PAGE, &l, &fd));
	EXPECT_EQ(2, mfr_ledger_mark(l, 2 * PAGE - 1, 2));
	ASSERT_EQ(1, mfr_ledger_next_lost(l, 0, &r));
	EXPECT_EQ(PAGE, r.offset);
	EXPECT_EQ(2 * PAGE, r.length);
	EXPECT_EQ(0, mfr_ledger_next_lost(l, 8 * PAGE, &r));
	EXPECT_EQ(-ERANGE, mfr_ledger_is_clean(l, 0, 0));
	EXPECT_EQ(-ERANGE, mfr_ledger_is_clean(l, 0, 8 * PAGE + 1));
	EXPECT_EQ(-ERANGE, mfr_ledger_is_clean(l, UINT64_MAX, 2));
	EXPECT_EQ(-EFAULT, mfr_ledger_next_lost(l, 0, NULL));
	EXPECT_EQ(-EFAULT, mfr_ledger_next_clean(NULL, 0, &r));
	EXPECT_EQ(-EINVAL, mfr_ledger_is_clean((void *)model, 0, 1));
	EXPECT_EQ(-EINVAL, mfr_ledger_next_lost((void *)model, 0, &r));
	EXPECT_EQ(-EINVAL, mfr_ledger_next_clean((void *)model, 0, &r));
	EXPECT_EQ(-EINVAL, mfr_ledger_encode((void *)model, NULL, 0));
	EXPECT_EQ(-EINVAL, mfr_ledger_close((void *)model));
	EXPECT_EQ(-EFAULT, mfr_ledger_close(NULL));
	EXPECT_EQ(0, mfr_ledger_lost_bytes((void *)model));
	EXPECT_EQ(0, mfr_ledger_lost_bytes(NULL));
}

static void *mark_every_fourth(void *arg)
{
	static _Atomic int first;
	uint64_t page = first++;

	for (; page < 40000; page += 4)
		mfr_ledger_mark(arg, page * PAGE, PAGE);
	return NULL;
}

TEST(loses_nothing_when_threads_mark_neighbours)
{
	struct mfr_ledger *l;
	struct mfr_range r;
	pthread_t threads[4];
	int fd, i;

	ASSERT_EQ(0, mfr_ledger_create(40001 * PAGE, &l, &fd));
	for (i = 0; i < 4; i++)
		pthread_create(&threads[i], NULL, mark_every_fourth, l);
	for (i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	EXPECT_EQ(40000 * PAGE, mfr_ledger_lost_bytes(l));
	ASSERT_EQ(1, mfr_ledger_next_lost(l, 0, &r));
	EXPECT_EQ(40000 * PAGE, r.length);
}

TEST(is_read_by_others_and_written_by_none)
{
	struct mfr_ledger *l, *other;
	int fd;

	ASSERT_EQ(0, mfr_ledger_create(100 * PAGE, &l, &fd));
	ASSERT_EQ(0, mfr_ledger_open(fd, &other));
	EXPECT_EQ(1, mfr_ledger_is_clean(other, 0, 100 * PAGE));
	mfr_ledger_mark(l, 7 * PAGE, 1);
	EXPECT_EQ(0, mfr_ledger_is_clean(other, 7 * PAGE, 1));
	EXPECT_EQ(MAP_FAILED, mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
				   MAP_SHARED, fd, 0));
	EXPECT_EQ(-1, pwrite(fd, "x", 1, 0));
	EXPECT_EQ(0, mfr_ledger_close(other));
}

/* Opens the ledger, writes a byte, waits for one, and exits with the result. */
static void read_in_a_process_of_its_own(int ledger_fd, int told, int tell)
{
	struct mfr_ledger *l;
	struct mfr_range r;
	char byte;

	if (mfr_ledger_open(ledger_fd, &l) || !mfr_ledger_is_clean(l, 0, PAGE) ||
	    write(tell, "", 1) != 1 || read(told, &byte, 1) != 1)
		_exit(1);
	_exit(mfr_ledger_next_lost(l, 0, &r) != 1 || r.offset != 7 * PAGE ||
	      r.length != PAGE);
}

TEST(is_read_by_another_process)
{
	int fd, status, to[2], from[2];
	struct mfr_ledger *l;
	char byte;

	ASSERT_EQ(0, mfr_ledger_create(100 * PAGE, &l, &fd));
	ASSERT_EQ(0, pipe(to));
	ASSERT_EQ(0, pipe(from));
	if (!fork())
		read_in_a_process_of_its_own(fd, to[0], from[1]);
	close(from[1]);
	ASSERT_EQ(1, read(from[0], &byte, 1));
	mfr_ledger_mark(l, 7 * PAGE, 1);
	ASSERT_EQ(1, write(to[1], "", 1));
	wait(&status);
	EXPECT_EQ(0, status);
}

/* A file of @bytes that begins with @header. */
static int forged(const void *header, size_t bytes, unsigned int seals)
{
	int fd = memfd_create("forged", MFD_ALLOW_SEALING);

	if (ftruncate(fd, bytes) ||
	    pwrite(fd, header, sizeof(struct mfr_ledger_header), 0) < 0 ||
	    fcntl(fd, F_ADD_SEALS, seals))
		return -1;
	return fd;
}

TEST(refuses_what_is_no_ledger)
{
	struct mfr_ledger_header h = {
		.magic = "mfrledgr", .version = 1, .page_bytes = 4096,
		.bytes = 100 * PAGE,
	};
	struct mfr_ledger *l;

	EXPECT_EQ(-EFAULT, mfr_ledger_open(0, NULL));
	EXPECT_EQ(-EBADF, mfr_ledger_open(-1, &l));
	EXPECT_EQ(-EBADMSG, mfr_ledger_open(open("/dev/null", O_RDONLY), &l));
	EXPECT_EQ(0, mfr_ledger_open(forged(&h, 2 * PAGE, F_SEAL_SHRINK), &l));
	EXPECT_EQ(-EPERM, mfr_ledger_open(forged(&h, 2 * PAGE, 0), &l));
	EXPECT_EQ(-EMSGSIZE, mfr_ledger_open(forged(&h, 100, F_SEAL_SHRINK), &l));
	EXPECT_EQ(-EMSGSIZE, mfr_ledger_open(forged(&h, PAGE, F_SEAL_SHRINK), &l));
	h.version = 2;
	EXPECT_EQ(-EPROTONOSUPPORT,
		  mfr_ledger_open(forged(&h, 2 * PAGE, F_SEAL_SHRINK), &l));
	h.version = 1;
	h.bytes = UINT64_MAX;
	EXPECT_EQ(-EBADMSG, mfr_ledger_open(forged(&h, 2 * PAGE, F_SEAL_SHRINK), &l));
	h.magic[0] = 'M';
	EXPECT_EQ(-EBADMSG, mfr_ledger_open(forged(&h, 2 * PAGE, F_SEAL_SHRINK), &l));
}

static _Atomic bool ends;

static void *flip(void *arg)
{
	while (!ends) {
		mfr_ledger_mark(arg, 5 * PAGE, PAGE);
		mfr_ledger_clear(arg, 5 * PAGE, PAGE);
	}
	return NULL;
}

/* Each range is one, and within the region, at any moment. */
TEST(queries_are_right_while_others_mark)
{
	struct mfr_range lost, clean;
	struct mfr_ledger *l;
	pthread_t thread;
	int i, fd;

	ASSERT_EQ(0, mfr_ledger_create(100 * PAGE, &l, &fd));
	ASSERT_EQ(0, pthread_create(&thread, NULL, flip, l));
	for (i = 0; i < 200000; i++) {
		if (mfr_ledger_next_lost(l, 0, &lost) == 1)
			ASSERT_EQ(PAGE, lost.length);
		ASSERT_EQ(1, mfr_ledger_next_clean(l, 5 * PAGE + 7, &clean));
		ASSERT_LE(clean.length, 95 * PAGE);
		ASSERT_NE(0, clean.length);
	}
	ends = true;
	pthread_join(thread, NULL);
	EXPECT_EQ(0, mfr_ledger_mark(l, 0, 0));
}

static uint64_t word_at(int fd, off_t at)
{
	uint64_t word = 0;

	return pread(fd, &word, 8, at) == 8 ? word : UINT64_MAX;
}

/* Other processes, with another version of the library, map the same file. */
TEST(the_file_never_changes_by_itself)
{
	const uint64_t pages = 1 << 20, last = 1ULL << 63;
	const off_t words[] = { 4096, 135168, 137216, 137248 };
	struct mfr_ledger *l;
	int fd;

	ASSERT_EQ(0, mfr_ledger_create(pages * PAGE, &l, &fd));
	EXPECT_EQ(34 * PAGE, lseek(fd, 0, SEEK_END));
	mfr_ledger_mark(l, (pages - 1) * PAGE, PAGE);
	EXPECT_EQ(last, word_at(fd, words[1] - 8));
	EXPECT_EQ(last, word_at(fd, words[2] - 8));
	EXPECT_EQ(last, word_at(fd, words[3] - 8));
	EXPECT_EQ(8, word_at(fd, words[3]));
	mfr_ledger_mark(l, 0, PAGE);
	EXPECT_EQ(1, word_at(fd, words[0]));
	EXPECT_EQ(9, word_at(fd, words[3]));
	EXPECT_EQ(2, word_at(fd, 24));
}

TEST(sizes_of_files_are_as_small_as_can_be)
{
	static const struct {
		uint64_t pages, file;
	} sizes[] = {
		{ 1, 2 }, { 64, 2 }, { 65, 2 }, { 512 * 64 - 8 * 64 - 64, 2 },
		{ 512 * 64 - 8 * 64, 3 }, { 512 * 64, 3 },
	};
	struct mfr_ledger *l;
	size_t i;
	int fd;

	for (i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		ASSERT_EQ(0, mfr_ledger_create(sizes[i].pages * PAGE, &l, &fd));
		EXPECT_EQ(sizes[i].file * PAGE, lseek(fd, 0, SEEK_END))
			TH_LOG("%lu pages", sizes[i].pages);
		mfr_ledger_close(l);
		close(fd);
	}
}

TEST_HARNESS_MAIN
