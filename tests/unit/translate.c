// SPDX-License-Identifier: GPL-2.0-only
/* Guest physical addresses and machine checks for KVM. */
#include "kselftest_harness.h"
#include "scene.h"

#define FOUR_GIB	(4ULL << 30)

static const struct mfr_kvm_slot slots[] = {
	{ .gpa = 0, .offset = 0, .bytes = 16 * PAGE },
	{ .gpa = FOUR_GIB, .offset = 16 * PAGE, .bytes = 8 * PAGE },
};

TEST(offsets_become_guest_addresses_and_back)
{
	struct mfr_range lost = { 17 * PAGE, PAGE }, guest, back;

	ASSERT_EQ(1, mfr_kvm_to_guest(slots, 2, lost, &guest));
	EXPECT_EQ(FOUR_GIB + PAGE, guest.offset);
	EXPECT_EQ(PAGE, guest.length);
	ASSERT_EQ(1, mfr_kvm_to_region(slots, 2, guest, &back));
	EXPECT_EQ(lost.offset, back.offset);
	EXPECT_EQ(lost.length, back.length);
}

TEST(ranges_are_cut_to_a_slot)
{
	struct mfr_range lost = { 15 * PAGE, 4 * PAGE }, guest;

	ASSERT_EQ(1, mfr_kvm_to_guest(slots, 2, lost, &guest));
	EXPECT_EQ(15 * PAGE, guest.offset);
	EXPECT_EQ(PAGE, guest.length);
	ASSERT_EQ(1, mfr_kvm_to_guest(slots + 1, 1, lost, &guest));
	EXPECT_EQ(FOUR_GIB, guest.offset);
	EXPECT_EQ(3 * PAGE, guest.length);
	lost.offset = 24 * PAGE;
	EXPECT_EQ(0, mfr_kvm_to_guest(slots, 2, lost, &guest));
	EXPECT_EQ(0, mfr_kvm_to_guest(NULL, 0, lost, &guest));
	EXPECT_EQ(-EFAULT, mfr_kvm_to_guest(NULL, 1, lost, &guest));
	EXPECT_EQ(-EFAULT, mfr_kvm_to_guest(slots, 2, lost, NULL));
	EXPECT_EQ(-EFAULT, mfr_kvm_to_region(slots, 2, lost, NULL));
}

TEST(what_ends_before_the_first_slot_is_in_none)
{
	struct mfr_range lost = { 14 * PAGE, PAGE }, guest = { 1, 2 };

	EXPECT_EQ(0, mfr_kvm_to_guest(slots + 1, 1, lost, &guest));
	lost.offset = 15 * PAGE;	/* up to its start */
	EXPECT_EQ(0, mfr_kvm_to_guest(slots + 1, 1, lost, &guest));
	lost = (struct mfr_range){ 0, FOUR_GIB };
	EXPECT_EQ(0, mfr_kvm_to_region(slots + 1, 1, lost, &guest));
	lost.length += PAGE;
	ASSERT_EQ(1, mfr_kvm_to_region(slots + 1, 1, lost, &guest));
	EXPECT_EQ(16 * PAGE, guest.offset);
	EXPECT_EQ(PAGE, guest.length);
}

TEST(an_empty_range_is_in_no_slot)
{
	struct mfr_range lost = { 17 * PAGE, 0 }, guest;

	EXPECT_EQ(0, mfr_kvm_to_guest(slots, 2, lost, &guest));
}

TEST(a_slot_has_its_last_byte_and_no_further_one)
{
	struct mfr_range lost = { 24 * PAGE - 1, 2 }, guest;

	ASSERT_EQ(1, mfr_kvm_to_guest(slots, 2, lost, &guest));
	EXPECT_EQ(FOUR_GIB + 8 * PAGE - 1, guest.offset);
	EXPECT_EQ(1, guest.length);
}

TEST(machine_checks_are_as_on_hardware)
{
	struct mfr_mce mce = { .size = sizeof(mce) };

	ASSERT_EQ(0, mfr_kvm_mce(MFR_CPU_INTEL, 0x5000,
				 MFR_EVENT_ACTION_REQUIRED, &mce));
	EXPECT_EQ(0xbd80000000000134, mce.status);
	EXPECT_EQ(0x5000, mce.addr);
	EXPECT_EQ(0x8c, mce.misc);
	EXPECT_EQ(7, mce.mcg_status);
	ASSERT_EQ(0, mfr_kvm_mce(MFR_CPU_INTEL, 0, 0, &mce));
	EXPECT_EQ(0xbd000000000000c0, mce.status);
	ASSERT_EQ(0, mfr_kvm_mce(MFR_CPU_AMD, 0, MFR_EVENT_ACTION_REQUIRED, &mce));
	EXPECT_EQ(0xbc00080000000134, mce.status);
	EXPECT_EQ(7, mce.mcg_status);
	EXPECT_EQ(0, mce.bank);
	ASSERT_EQ(0, mfr_kvm_mce(MFR_CPU_AMD, 0x5000, 0, &mce));
	EXPECT_EQ(0x9400100000080813, mce.status);
	EXPECT_EQ(0x5000, mce.addr);
	EXPECT_EQ(0, mce.mcg_status);
	EXPECT_EQ(4, mce.bank);
	EXPECT_EQ(-EINVAL, mfr_kvm_mce(3, 0, 0, &mce));
	EXPECT_EQ(-EFAULT, mfr_kvm_mce(MFR_CPU_INTEL, 0, 0, NULL));
}

TEST(reports_have_the_words_of_qmp)
{
	static const struct {
		int in_guest;
		unsigned int flags;
		uint64_t mcg_status;
		const char *recipient, *action;
		int action_required, recursive;
	} cases[] = {
		{ 1, MFR_EVENT_ACTION_REQUIRED, 0, "guest", "inject", 1, 0 },
		{ 1, MFR_EVENT_ACTION_REQUIRED | MFR_EVENT_KNOWN, 0,
		  "guest", "inject", 1, 0 },
		{ 1, 0, 0, "guest", "inject", 0, 0 },
		{ 1, MFR_EVENT_ACTION_REQUIRED, 4, "guest", "reset", 1, 1 },
		{ 1, 0, 4, "guest", "ignore", 0, 1 },
		{ 1, 0, 3, "guest", "inject", 0, 0 },
		{ 0, MFR_EVENT_ACTION_REQUIRED, 4, "hypervisor", "fatal", 1, 0 },
		{ 0, 0, 0, "hypervisor", "ignore", 0, 0 },
	};
	struct mfr_kvm_report r = { .size = sizeof(r) };
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		ASSERT_EQ(0, mfr_kvm_report(cases[i].in_guest, cases[i].flags,
					    cases[i].mcg_status, &r));
		EXPECT_STREQ(cases[i].recipient, r.recipient);
		EXPECT_STREQ(cases[i].action, r.action);
		EXPECT_EQ(cases[i].action_required, r.action_required);
		EXPECT_EQ(cases[i].recursive, r.recursive);
	}
	EXPECT_EQ(-EFAULT, mfr_kvm_report(1, 0, 0, NULL));
}

TEST_HARNESS_MAIN
