// SPDX-License-Identifier: GPL-2.0-only
/*
 * memscan finds poison in a KVM guest's memory: its VMM is told, has the page's
 * data anew, and the guest reads these.  Without the module the guest meets the
 * error, and does not run on.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <poison.h>
#include <stdbool.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <kselftest_harness.h>

#include "control.h"
#include "hugepage.h"
#include "pages.h"
#include "scanner.h"
#include "sigbus.h"

#define GUEST_PAGES	4
#define CODE_GPA	(1 * BASE_PAGE)
#define DATA_GPA	(2 * BASE_PAGE)
#define DATA_OFFSET	0x40

/* Real mode: mov al, [DATA_GPA + DATA_OFFSET]; out 0x10, al */
static const char code[] = { 0xa0, DATA_OFFSET, 0x20, 0xe6, 0x10 };

FIXTURE(vmm)
{
	int vcpu;
	struct kvm_run *run;
	char *ram;
};

static int set_start(int vcpu)
{
	struct kvm_regs regs = { .rip = CODE_GPA, .rflags = 2 };

	return ioctl(vcpu, KVM_SET_REGS, &regs);
}

static int create_cpu(int kvm, int vm, struct kvm_run **run)
{
	int bytes = ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0);
	int vcpu = ioctl(vm, KVM_CREATE_VCPU, 0);
	struct kvm_sregs sregs;

	if (vcpu < 0 || ioctl(vcpu, KVM_GET_SREGS, &sregs))
		return -1;
	sregs.cs.base = sregs.cs.selector = 0;
	if (ioctl(vcpu, KVM_SET_SREGS, &sregs) || set_start(vcpu))
		return -1;
	*run = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu, 0);
	return *run == MAP_FAILED ? -1 : vcpu;
}

FIXTURE_SETUP(vmm)
{
	struct kvm_userspace_memory_region memory = {
		.memory_size = GUEST_PAGES * BASE_PAGE,
	};
	int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	int vm = ioctl(kvm, KVM_CREATE_VM, 0);

	ASSERT_LE(0, vm);
	self->ram = pages_map(GUEST_PAGES);
	ASSERT_NE(NULL, self->ram);
	memcpy(self->ram + CODE_GPA, code, sizeof(code));
	memory.userspace_addr = (uintptr_t)self->ram;
	ASSERT_EQ(0, ioctl(vm, KVM_SET_USER_MEMORY_REGION, &memory));
	self->vcpu = create_cpu(kvm, vm, &self->run);
	ASSERT_LE(0, self->vcpu);
	ASSERT_EQ(0, scanner_begin());
}

FIXTURE_TEARDOWN_PARENT(vmm)
{
	scanner_end();
}

/* What the guest has put out, -1 if it did not come that far. */
static int output(const struct kvm_run *run)
{
	if (run->exit_reason != KVM_EXIT_IO || run->io.size != 1)
		return -1;
	return *((unsigned char *)run + run->io.data_offset);
}

TEST_F(vmm, guest_page)
{
	char *data = self->ram + DATA_GPA;
	struct sigbus told = {};
	int64_t pa;

	data[DATA_OFFSET] = 1;
	ASSERT_EQ(0, ioctl(self->vcpu, KVM_RUN, 0));
	ASSERT_EQ(1, output(self->run));
	pa = lab_pa(data);
	ASSERT_EQ(0, lab_poison_add(pa + DATA_OFFSET, 1));

	CONTROL_READY();
	ASSERT_EQ(0, scanner_read(pa, BASE_PAGE));
	if (sigbus_optional(&told)) {
		ASSERT_EQ(0, pages_renew(data));
		data[DATA_OFFSET] = 2;
	}
	ASSERT_EQ(0, set_start(self->vcpu));
	ASSERT_EQ(0, ioctl(self->vcpu, KVM_RUN, 0));
	EXPECT_EQ(2, output(self->run));
	EXPECT_EQ(1, sigbus_optional(NULL));
	EXPECT_EQ((uintptr_t)data, told.addr & -BASE_PAGE);
	EXPECT_EQ(12, told.lsb);
	EXPECT_TRUE(page_is_isolated(pa / BASE_PAGE));
	EXPECT_EQ(1, scanner_figure("demand/hits/recovered"));
}

TEST_HARNESS_MAIN
