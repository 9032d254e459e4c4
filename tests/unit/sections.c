// SPDX-License-Identifier: GPL-2.0-only
/* Guarded sections: raw loads of what is lost continue at setjmp(). */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "pretend.h"
#include "section.h"

FIXTURE(sections)
{
	struct mfr_region *region;
	char *map;
};

FIXTURE_SETUP(sections)
{
	context = scene_context(16);
	self->region = scene_region(context, 16);
	self->map = mfr_region_address(self->region);
	pretend_start();
	break_page(self->map + 3 * PAGE);
}

FIXTURE_TEARDOWN(sections)
{
}

static int load(const char *p)
{
	return *(const volatile char *)p;
}

TEST_F(sections, a_load_of_poison_ends_the_section)
{
	struct mfr_section s = { .size = sizeof(s) };
	volatile int before = 0, after = 0;
	sigset_t mask;

	ASSERT_EQ(0, mfr_section_begin(&s));
	if (!setjmp(s.jump)) {
		before = 1 + load(self->map + 2 * PAGE);
		load(self->map + 3 * PAGE + 17);
		after = 1;
	}
	EXPECT_EQ(1, before);
	EXPECT_EQ(0, after);
	EXPECT_EQ(self->region, s.region);
	EXPECT_EQ(3 * PAGE, s.range.offset);
	EXPECT_EQ(PAGE, s.range.length);
	EXPECT_EQ(-ENOENT, mfr_section_end(&s));
	/* The signal can come again */
	pthread_sigmask(SIG_BLOCK, NULL, &mask);
	EXPECT_EQ(0, sigismember(&mask, SIGSEGV));
	EXPECT_EQ(0, not_resumed);
}

/* As a memmove() that goes down. */
TEST_F(sections, what_follows_goes_up_again)
{
	struct mfr_section s = { .size = sizeof(s) };
	char *volatile lost = self->map + 3 * PAGE, *at;
	unsigned long flags;

	ASSERT_EQ(0, mfr_section_begin(&s));
	if (!setjmp(s.jump)) {
		at = lost;
		__asm__ volatile("std\n\tlodsb\n\tcld"
				 : "+S" (at) : : "rax", "memory");
	}
	__asm__ volatile("pushf\n\tpop %0" : "=r" (flags));
	EXPECT_EQ(0, flags & 0x400);
	EXPECT_EQ(self->region, s.region);
}

TEST_F(sections, a_section_that_ended_catches_nothing)
{
	struct mfr_section s = { .size = sizeof(s) };

	ASSERT_EQ(0, mfr_section_begin(&s));
	if (setjmp(s.jump))
		_exit(1);
	EXPECT_EQ(0, mfr_section_end(&s));
	load(self->map + 3 * PAGE);
	EXPECT_EQ(1, not_resumed);
	EXPECT_EQ(NULL, s.region);
}

TEST_F(sections, the_inner_section_catches)
{
	struct mfr_section outer = { .size = sizeof(outer) };
	struct mfr_section inner = { .size = sizeof(inner) };
	volatile int caught = 0;

	break_page(self->map + 5 * PAGE);
	ASSERT_EQ(0, mfr_section_begin(&outer));
	if (!setjmp(outer.jump)) {
		ASSERT_EQ(0, mfr_section_begin(&inner));
		if (!setjmp(inner.jump))
			load(self->map + 3 * PAGE);
		else
			caught |= 1;
		load(self->map + 5 * PAGE);
	} else {
		caught |= 2;
	}
	EXPECT_EQ(3, caught);
	EXPECT_EQ(3 * PAGE, inner.range.offset);
	EXPECT_EQ(5 * PAGE, outer.range.offset);
}

static __attribute__((noinline)) void begin_and_leave(jmp_buf out)
{
	struct mfr_section s = { .size = sizeof(s) };

	if (!mfr_section_begin(&s) && !setjmp(s.jump) && out)
		longjmp(out, 1);
}

/* Uses what was the frame of functions that have returned. */
static __attribute__((noinline)) int load_deep_down(const char *p)
{
	volatile char frame[8192];
	size_t i;

	for (i = 0; i < sizeof(frame); i++)
		frame[i] = 1;
	return load(p) + frame[4096];
}

/* Its frame is gone: to continue there would end in the void. */
TEST_F(sections, a_section_that_was_left_catches_nothing)
{
	jmp_buf out;
	volatile int i;

	for (i = 0; i < 20; i++)
		if (!setjmp(out))
			begin_and_leave(out);
	begin_and_leave(NULL);
	load(self->map + 3 * PAGE);
	EXPECT_EQ(1, not_resumed);
	begin_and_leave(NULL);
	break_page(self->map + 3 * PAGE);
	load_deep_down(self->map + 3 * PAGE);
	EXPECT_EQ(2, not_resumed);
}

/* An outer function ends its own, and so those that were left within it. */
TEST_F(sections, the_end_ends_those_within)
{
	struct mfr_section s = { .size = sizeof(s) };
	jmp_buf out;

	ASSERT_EQ(0, mfr_section_begin(&s));
	if (!setjmp(out))
		begin_and_leave(out);
	EXPECT_EQ(0, mfr_section_end(&s));
	EXPECT_EQ(-ENOENT, mfr_section_end(&s));
	load_deep_down(self->map + 3 * PAGE);
	EXPECT_EQ(1, not_resumed);
}

/* It would never catch anything. */
TEST_F(sections, a_section_on_the_heap_is_refused)
{
	struct mfr_section *s = calloc(1, sizeof(*s));

	s->size = sizeof(*s);
	EXPECT_EQ(-EINVAL, mfr_section_begin(s));
	free(s);
}

static __attribute__((noinline)) int nest(int depth)
{
	struct mfr_section s = { .size = sizeof(s) };
	int err = mfr_section_begin(&s), deeper;

	if (err)
		return err;
	deeper = depth > 1 ? nest(depth - 1) : 0;
	return mfr_section_end(&s) ?: deeper;
}

TEST_F(sections, they_nest_eight_deep)
{
	struct mfr_section s = { .size = sizeof(s) };

	EXPECT_EQ(0, nest(8));
	EXPECT_EQ(-EBUSY, nest(9));
	EXPECT_EQ(0, nest(8));
	EXPECT_EQ(-EFAULT, mfr_section_begin(NULL));
	EXPECT_EQ(-EFAULT, mfr_section_end(NULL));
	s.size = 8;
	EXPECT_EQ(-EINVAL, mfr_section_begin(&s));
	EXPECT_EQ(-ENOENT, mfr_section_end(&s));
}

static void *load_there(void *arg)
{
	load(arg);
	return NULL;
}

TEST_F(sections, they_are_of_one_thread)
{
	struct mfr_section s = { .size = sizeof(s) };
	pthread_t thread;

	ASSERT_EQ(0, mfr_section_begin(&s));
	if (setjmp(s.jump))
		_exit(1);
	ASSERT_EQ(0, pthread_create(&thread, NULL, load_there,
				    self->map + 3 * PAGE));
	pthread_join(thread, NULL);
	EXPECT_EQ(1, not_resumed);
	EXPECT_EQ(0, mfr_section_end(&s));
}

/* A guarded access within a section returns its error, as elsewhere. */
TEST_F(sections, a_guarded_read_stays_one)
{
	struct mfr_section s = { .size = sizeof(s) };
	char byte;

	ASSERT_EQ(0, mfr_section_begin(&s));
	if (setjmp(s.jump))
		_exit(1);
	EXPECT_EQ(-EHWPOISON, mfr_read(self->region, 3 * PAGE, &byte, 1));
	EXPECT_EQ(0, mfr_section_end(&s));
}

/* Where a signal interrupts is up to the compiler: here by hand. */
TEST_F(sections, the_stack_is_as_after_a_call)
{
	struct mfr_section s = { .size = sizeof(s) };
	struct mfr_range lost = { 3 * PAGE, PAGE };
	uintptr_t sp, left;
	ucontext_t at = { };

	for (sp = (uintptr_t)&s - 64; sp <= (uintptr_t)&s; sp++) {
		ASSERT_EQ(0, mfr_section_begin(&s));
		at.uc_mcontext.gregs[REG_RSP] = sp;
		ASSERT_TRUE(mfr_section_leave(self->region, lost, &at)) TH_LOG("%lx", sp);
		left = at.uc_mcontext.gregs[REG_RSP];
		EXPECT_EQ(8, left % 16);
		EXPECT_GE(sp - 128 - 8, left);
		EXPECT_LE(sp - 128 - 8 - 15, left);
	}
}

/* Its function has returned: what is there now is not a section. */
TEST_F(sections, a_section_below_the_stack_is_gone)
{
	struct mfr_section s = { .size = sizeof(s) };
	struct mfr_range lost = { 3 * PAGE, PAGE };
	ucontext_t at = { };

	ASSERT_EQ(0, mfr_section_begin(&s));
	at.uc_mcontext.gregs[REG_RSP] = (uintptr_t)&s + 1;
	EXPECT_FALSE(mfr_section_leave(self->region, lost, &at));
	EXPECT_FALSE(mfr_section_leave(self->region, lost, NULL));
}

TEST_HARNESS_MAIN
