// SPDX-License-Identifier: GPL-2.0-only
/* Program and library may differ in version. */
#define _GNU_SOURCE
#include "sized.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "region.h"
#include "scene.h"

/* A struct in its first version, as the library has it, and in a later one. */
struct first {
	size_t size;
	int a, b;
};

struct ours {
	size_t size;
	int a, b, c, d;
};

struct later {
	size_t size;
	int a, b, c, d, e, f;
};

static int read_it(struct ours *ours, const void *theirs)
{
	memset(ours, 0x77, sizeof(*ours));
	return mfr_sized_read(ours, sizeof(*ours), theirs, sizeof(struct first));
}

TEST(options_of_another_version_are_understood)
{
	struct first old = { sizeof(old), 1, 2 };
	struct ours same = { sizeof(same), 1, 2, 3, 4 }, o;
	struct later new = { sizeof(new), 1, 2, 3, 4, 0, 0 };

	EXPECT_EQ(0, read_it(&o, &old));
	EXPECT_EQ(2, o.b);
	EXPECT_EQ(0, o.c);
	EXPECT_EQ(0, o.d);
	EXPECT_EQ(0, read_it(&o, &same));
	EXPECT_EQ(0, memcmp(&o, &same, sizeof(o)));
	EXPECT_EQ(0, read_it(&o, &new));
	EXPECT_EQ(4, o.d);
}

TEST(options_that_nobody_understands_are_refused)
{
	struct later new = { sizeof(new), 1, 2, 3, 4, 0, 1 };
	struct ours o;

	EXPECT_EQ(-E2BIG, read_it(&o, &new));
	EXPECT_EQ(0x77777777, o.a);
	new.size = 0;
	EXPECT_EQ(-EINVAL, read_it(&o, &new));
	new.size = sizeof(struct first) - 1;
	EXPECT_EQ(-EINVAL, read_it(&o, &new));
	new.size = PAGE + 1;
	EXPECT_EQ(-E2BIG, read_it(&o, &new));
	EXPECT_EQ(0x77777777, o.a);
}

static int write_it(struct later *theirs, size_t size)
{
	const struct ours ours = { 0, 1, 2, 3, 4 };

	memset(theirs, 0x77, sizeof(*theirs));
	theirs->size = size;
	return mfr_sized_write(theirs, sizeof(struct first), &ours, sizeof(ours));
}

TEST(results_fit_the_version_of_the_caller)
{
	struct later r;

	EXPECT_EQ(0, write_it(&r, sizeof(struct first)));
	EXPECT_EQ(sizeof(struct first), r.size);
	EXPECT_EQ(2, r.b);
	EXPECT_EQ(0x77777777, r.c);
	EXPECT_EQ(0, write_it(&r, sizeof(struct ours)));
	EXPECT_EQ(4, r.d);
	EXPECT_EQ(0x77777777, r.e);
	EXPECT_EQ(0, write_it(&r, sizeof(struct later)));
	EXPECT_EQ(4, r.d);
	EXPECT_EQ(0, r.e);
	EXPECT_EQ(0, r.f);
	EXPECT_EQ(-EINVAL, write_it(&r, 0));
	EXPECT_EQ(-EINVAL, write_it(&r, sizeof(struct first) - 1));
	EXPECT_EQ(-E2BIG, write_it(&r, PAGE + 1));
	EXPECT_EQ(0x77777777, r.a);
}

/* Calls a function of the library with a struct that begins with its size. */
typedef int call_fn(void *context, void *its_struct);

static bool takes_sizes(call_fn *call, void *context, const void *its_struct,
			size_t bytes, int good)
{
	const struct { size_t size; int result; } cases[] = {
		{ 0, -EINVAL }, { bytes - 1, -EINVAL },
		{ PAGE + 1, -E2BIG }, { bytes, good },
		{ bytes + 8, good },
	};
	_Alignas(16) char room[2 * PAGE] = "";
	bool right = true;
	size_t i;

	memcpy(room, its_struct, bytes);
	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		memcpy(room, &cases[i].size, sizeof(cases[i].size));
		right &= call(context, room) == cases[i].result;
	}
	return right;
}

static int create_context(void *unused, void *options)
{
	struct mfr_context *c;
	int err = mfr_context_create(options, &c);

	(void)unused;
	return err ? err : mfr_context_destroy(c);
}

static int create_region(void *context, void *options)
{
	struct mfr_region *r;
	int err = mfr_region_create(context, options, &r);

	return err ? err : mfr_region_destroy(r);
}

static int import(void *region, void *options)
{
	struct mfr_region *of = region, *r;
	int err = mfr_region_import(of->context, of->fd, options, &r);

	return err ? err : mfr_region_destroy(r);
}

static int receive(void *region, void *options)
{
	struct mfr_region *of = region, *r;
	int pair[2], err;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) ||
	    mfr_region_send(of, pair[0]))
		return -ENOANO;
	err = mfr_region_receive(of->context, pair[1], options, &r);
	close(pair[0]);
	close(pair[1]);
	return err ? err : mfr_region_destroy(r);
}

static int begin_section(void *unused, void *section)
{
	int err = mfr_section_begin(section);

	(void)unused;
	return err ? err : mfr_section_end(section);
}

static int next_event(void *context, void *event)
{
	return mfr_event_next(context, event);
}

static int get_mce(void *unused, void *mce)
{
	(void)unused;
	return mfr_kvm_mce(MFR_CPU_INTEL, 0, 0, mce);
}

static int get_report(void *unused, void *report)
{
	(void)unused;
	return mfr_kvm_report(1, 0, 0, report);
}

static void lose(struct mfr_context *c, struct mfr_region *r, uint64_t page)
{
	siginfo_t info = { .si_signo = SIGBUS, .si_code = BUS_MCEERR_AO };

	info.si_addr = (char *)mfr_region_address(r) + page * PAGE;
	info.si_addr_lsb = 12;
	mfr_sigbus(c, &info, NULL);
}

/* The three calls that are refused must not take either of the two events. */
TEST(every_struct_that_may_grow_tells_its_size)
{
	struct mfr_context_options context = { };
	struct mfr_region_options region = {
		.bytes = PAGE, .page_bytes = PAGE,
	};
	struct mfr_import_options import_options = { };
	struct mfr_section section = { };
	struct mfr_event event = { };
	struct mfr_mce mce = { };
	struct mfr_kvm_report report = { };
	struct mfr_context *c = scene_context(4);
	struct mfr_region *r = scene_region(c, 4);

	lose(c, r, 1);
	lose(c, r, 2);
	EXPECT_TRUE(takes_sizes(create_context, NULL, &context, sizeof(context), 0));
	EXPECT_TRUE(takes_sizes(create_region, c, &region, sizeof(region), 0));
	EXPECT_TRUE(takes_sizes(import, r, &import_options,
				sizeof(import_options), 0));
	EXPECT_TRUE(takes_sizes(receive, r, &import_options,
				sizeof(import_options), 0));
	EXPECT_TRUE(takes_sizes(begin_section, NULL, &section, sizeof(section), 0));
	EXPECT_TRUE(takes_sizes(next_event, c, &event, sizeof(event), 1));
	EXPECT_TRUE(takes_sizes(get_mce, NULL, &mce, sizeof(mce), 0));
	EXPECT_TRUE(takes_sizes(get_report, NULL, &report, sizeof(report), 0));
}

#define EXPECT_AT(at, name, member) \
	EXPECT_EQ(at, offsetof(struct name, member))

TEST(the_structs_never_change_by_themselves)
{
	EXPECT_EQ(MFR_CONTEXT_OPTIONS_FIRST, sizeof(struct mfr_context_options));
	EXPECT_AT(8, mfr_context_options, events);
	EXPECT_AT(12, mfr_context_options, mappings);
	EXPECT_EQ(MFR_REGION_OPTIONS_FIRST, sizeof(struct mfr_region_options));
	EXPECT_AT(8, mfr_region_options, name);
	EXPECT_AT(16, mfr_region_options, bytes);
	EXPECT_AT(24, mfr_region_options, page_bytes);
	EXPECT_AT(32, mfr_region_options, node);
	EXPECT_AT(36, mfr_region_options, flags);
	EXPECT_AT(40, mfr_region_options, value);
	EXPECT_EQ(MFR_IMPORT_OPTIONS_FIRST, sizeof(struct mfr_import_options));
	EXPECT_AT(8, mfr_import_options, max_bytes);
	EXPECT_AT(16, mfr_import_options, value);
	EXPECT_AT(24, mfr_import_options, flags);
	EXPECT_EQ(MFR_SECTION_FIRST, sizeof(struct mfr_section));
	EXPECT_AT(8, mfr_section, region);
	EXPECT_AT(16, mfr_section, range);
	EXPECT_AT(32, mfr_section, first);
	EXPECT_AT(40, mfr_section, jump);
	EXPECT_AT(240, mfr_section, last);
	EXPECT_EQ(MFR_EVENT_FIRST, sizeof(struct mfr_event));
	EXPECT_AT(8, mfr_event, region);
	EXPECT_AT(16, mfr_event, value);
	EXPECT_AT(24, mfr_event, range);
	EXPECT_AT(40, mfr_event, flags);
	EXPECT_EQ(MFR_MCE_FIRST, sizeof(struct mfr_mce));
	EXPECT_AT(8, mfr_mce, status);
	EXPECT_AT(16, mfr_mce, addr);
	EXPECT_AT(24, mfr_mce, misc);
	EXPECT_AT(32, mfr_mce, mcg_status);
	EXPECT_AT(40, mfr_mce, bank);
	EXPECT_EQ(MFR_KVM_REPORT_FIRST, sizeof(struct mfr_kvm_report));
	EXPECT_AT(8, mfr_kvm_report, recipient);
	EXPECT_AT(16, mfr_kvm_report, action);
	EXPECT_AT(24, mfr_kvm_report, action_required);
	EXPECT_AT(28, mfr_kvm_report, recursive);
	EXPECT_EQ(16, sizeof(struct mfr_range));
	EXPECT_EQ(24, sizeof(struct mfr_kvm_slot));
}

/* What a function returns and the constants for it are of one type, for Rust. */
TEST(constants_have_the_type_of_what_takes_them)
{
	EXPECT_TRUE(__builtin_types_compatible_p(enum mfr_sigbus,
			__typeof__(mfr_sigbus(NULL, NULL, NULL))));
	EXPECT_TRUE(__builtin_types_compatible_p(__typeof__(mfr_kvm_mce),
		int (enum mfr_cpu, uint64_t, unsigned int, struct mfr_mce *)));
	EXPECT_TRUE(__builtin_types_compatible_p(unsigned int, enum mfr_sigbus));
	EXPECT_TRUE(__builtin_types_compatible_p(unsigned int,
						 enum mfr_event_flags));
}

TEST_HARNESS_MAIN
