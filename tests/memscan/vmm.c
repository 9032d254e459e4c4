// SPDX-License-Identifier: GPL-2.0-only
/*
 * memscan finds poison in a KVM guest's memory: the VMM is notified and writes
 * the data again, and the guest reads that.  Without the module, the guest
 * consumes the error and cannot continue.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <poison.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <kselftest_harness.h>

#include "control.h"
#include "hugepage.h"
#include "pages.h"
#include "pool.h"
#include "ranges.h"
#include "scanner.h"
#include "sigbus.h"

#define CODE_GPA	(1 * BASE_PAGE)
#define DATA_GPA	(2 * BASE_PAGE)
#define SPARE_GPA	(3 * BASE_PAGE)
#define GUEST_BYTES	(4 * BASE_PAGE)
#define DATA_OFFSET	0x40

/* Real mode: mov al, [si + DATA_OFFSET]; out 0x10, al */
static const char code[] = { 0x8a, 0x44, DATA_OFFSET, 0xe6, 0x10 };

struct guest {
	int vcpu;
	struct kvm_run *run;
	char *ram;
};

static int create_cpu(int kvm, int vm, struct kvm_run **run)
{
	int bytes = ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0);
	int vcpu = ioctl(vm, KVM_CREATE_VCPU, 0);
	struct kvm_sregs sregs;

	if (vcpu < 0 || ioctl(vcpu, KVM_GET_SREGS, &sregs))
		return -1;
	sregs.cs.base = sregs.cs.selector = 0;
	if (ioctl(vcpu, KVM_SET_SREGS, &sregs))
		return -1;
	*run = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu, 0);
	return *run == MAP_FAILED ? -1 : vcpu;
}

/* 0, or -1 if KVM is missing or fails. */
static int create_guest(struct guest *guest, char *ram, size_t bytes)
{
	struct kvm_userspace_memory_region memory = {
		.memory_size = bytes,
		.userspace_addr = (uintptr_t)ram,
	};
	int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	int vm = ioctl(kvm, KVM_CREATE_VM, 0);

	memcpy(ram + CODE_GPA, code, sizeof(code));
	if (ioctl(vm, KVM_SET_USER_MEMORY_REGION, &memory))
		return -1;
	guest->ram = ram;
	guest->vcpu = create_cpu(kvm, vm, &guest->run);
	return guest->vcpu < 0 ? -1 : 0;
}

/* Make the guest read the byte at DATA_OFFSET of that page: the byte, or -1. */
static int guest_reads(struct guest *guest, uint64_t gpa)
{
	const struct kvm_run *run = guest->run;
	struct kvm_regs regs = { .rip = CODE_GPA, .rsi = gpa, .rflags = 2 };

	if (ioctl(guest->vcpu, KVM_SET_REGS, &regs) ||
	    ioctl(guest->vcpu, KVM_RUN, 0))
		return -1;
	if (run->exit_reason != KVM_EXIT_IO || run->io.size != 1)
		return -1;
	return *((unsigned char *)run + run->io.data_offset);
}

FIXTURE(vmm)
{
	struct guest guest;
};

FIXTURE_SETUP(vmm)
{
	char *ram = pages_map(GUEST_BYTES / BASE_PAGE);

	ASSERT_NE(NULL, ram);
	ASSERT_EQ(0, create_guest(&self->guest, ram, GUEST_BYTES));
	ASSERT_EQ(0, scanner_begin());
}

FIXTURE_TEARDOWN_PARENT(vmm)
{
	scanner_end();
}

/* Anonymous memory: the VMM puts a new page in its place. */
TEST_F(vmm, guest_page)
{
	char *data = self->guest.ram + DATA_GPA;
	struct sigbus told = {};
	int64_t pa;

	data[DATA_OFFSET] = 1;
	ASSERT_EQ(1, guest_reads(&self->guest, DATA_GPA));
	pa = lab_pa(data);
	ASSERT_EQ(0, lab_poison_add(pa + DATA_OFFSET, 1));

	CONTROL_READY();
	ASSERT_EQ(0, range_read(pa, BASE_PAGE));
	if (sigbus_optional(&told)) {
		ASSERT_EQ(0, pages_renew(data));
		data[DATA_OFFSET] = 2;
	}
	ASSERT_EQ(2, guest_reads(&self->guest, DATA_GPA));
	EXPECT_EQ(1, sigbus_optional(NULL));
	EXPECT_EQ((uintptr_t)data, told.addr & -BASE_PAGE);
	EXPECT_EQ(12, told.lsb);
	EXPECT_TRUE(page_is_isolated(pa / BASE_PAGE));
	EXPECT_EQ(1, range_hits("recovered"));
}

FIXTURE(kept_guest)
{
	struct hugepage hp;
	struct guest guest;
};

FIXTURE_SETUP(kept_guest)
{
	ASSERT_EQ(0, pool_want(SIZE_1G, 1));
	ASSERT_EQ(0, hugepage_create(&self->hp, SIZE_1G));
	ASSERT_EQ(0, create_guest(&self->guest, self->hp.map, SIZE_1G));
	ASSERT_EQ(0, scanner_begin());
}

FIXTURE_TEARDOWN_PARENT(kept_guest)
{
	scanner_end();
}

/*
 * A kept page of 1 GiB: 4 KiB are lost, the VMM makes the guest use another page,
 * as notified guests do, and the guest continues in the same huge page.
 */
TEST_F_TIMEOUT(kept_guest, loses_a_base_page, 120)
{
	uint64_t pa = self->hp.pa + DATA_GPA;
	char *data = self->guest.ram + DATA_GPA;
	uint64_t in_use = DATA_GPA;
	struct sigbus told = {}, seen;

	data[DATA_OFFSET] = 1;
	ASSERT_EQ(1, guest_reads(&self->guest, in_use));
	ASSERT_EQ(0, lab_poison_add(pa + DATA_OFFSET, 1));

	CONTROL_READY();
	ASSERT_EQ(0, range_read(pa, BASE_PAGE));
	if (sigbus_optional(&told)) {
		in_use = SPARE_GPA;
		self->guest.ram[in_use + DATA_OFFSET] = 2;
	}
	ASSERT_EQ(2, guest_reads(&self->guest, in_use));
	EXPECT_EQ(1, sigbus_optional(NULL));
	EXPECT_EQ((uintptr_t)data, told.addr & -BASE_PAGE);
	EXPECT_EQ(12, told.lsb);
	EXPECT_EQ(1, range_hits("recovered"));
	EXPECT_EQ(self->hp.pa, (uint64_t)lab_pa(self->hp.map));
	EXPECT_FALSE(sigbus_on_load(self->hp.map, &seen));
	EXPECT_FALSE(sigbus_on_load(self->hp.map + SIZE_1G - 1, &seen));
}

/*
 * A page of 1 GiB with an error that nobody has read, of a guest that is to be
 * moved before it is isolated; kept or not.
 */
FIXTURE(moved_guest)
{
	struct hugepage hp;
	struct guest guest;
};

FIXTURE_VARIANT(moved_guest)
{
	int (*create)(struct hugepage *hp, size_t size);
	int lost_lsb;
};

FIXTURE_VARIANT_ADD(moved_guest, plain)
{
	.create = hugepage_create_plain,
	.lost_lsb = 30,
};

FIXTURE_VARIANT_ADD(moved_guest, kept)
{
	.create = hugepage_create,
	.lost_lsb = 12,
};

FIXTURE_SETUP(moved_guest)
{
	ASSERT_EQ(0, pool_want(SIZE_1G, 1));
	ASSERT_EQ(0, variant->create(&self->hp, SIZE_1G));
	ASSERT_EQ(0, create_guest(&self->guest, self->hp.map, SIZE_1G));
	ASSERT_EQ(0, scanner_begin());
}

FIXTURE_TEARDOWN_PARENT(moved_guest)
{
	scanner_end();
}

/* All of its memory but the line that is lost. */
static bool can_be_moved(const char *ram, uint64_t lost)
{
	static char moved[BASE_PAGE];
	struct sigbus seen;
	uint64_t at;

	for (at = 0; at < SIZE_1G; at += BASE_PAGE) {
		if (at == lost)
			continue;
		if (sigbus_on_load(ram + at, &seen))
			return false;
		memcpy(moved, ram + at, BASE_PAGE);
	}
	return true;
}

/*
 * With the action report, the guest runs on and its memory can be read, until
 * somebody isolates the page; without, a page that is not kept is gone at once.
 */
TEST_F_TIMEOUT(moved_guest, before_its_page_is_isolated, 240)
{
	uint64_t lost = SPARE_GPA, pa = self->hp.pa + lost;
	struct sigbus told = {};
	char address[32];

	self->guest.ram[DATA_GPA + DATA_OFFSET] = 1;
	ASSERT_EQ(1, guest_reads(&self->guest, DATA_GPA));
	ASSERT_EQ(0, lab_poison_add(pa + DATA_OFFSET, 1));
	if (!scanner_omitted())
		ASSERT_EQ(0, scanner_set("node0/hugetlb_action", "report"));
	CONTROL_READY();
	ASSERT_EQ(0, scanner_read_node());
	EXPECT_EQ(1, scanner_figure("node0/hits/reported"));
	EXPECT_EQ(1, scanner_figure("pending"));
	EXPECT_EQ(0, sigbus_optional(&told));
	EXPECT_EQ(1, guest_reads(&self->guest, DATA_GPA));
	EXPECT_TRUE(can_be_moved(self->guest.ram, lost));
	snprintf(address, sizeof(address), "%#llx", (unsigned long long)pa);
	ASSERT_EQ(0, scanner_set("isolate", address));
	EXPECT_EQ(1, sigbus_optional(&told));
	EXPECT_EQ(variant->lost_lsb, told.lsb);
	EXPECT_EQ(0, scanner_figure("pending"));
}

TEST_HARNESS_MAIN
