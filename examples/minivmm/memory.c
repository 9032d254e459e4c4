// SPDX-License-Identifier: MIT
/*
 * The guest's memory.  After a migration, pages that the source has lost are zeros
 * here, and healthy: the guest must not read them as its data.  UFFDIO_POISON would
 * mark them, but in a huge page of hugetlbfs only as a whole.  So KVM gets the region
 * in parts, and in place of each lost range small pages that are marked.  If the guest
 * accesses them, KVM raises SIGBUS (or exits, if it makes holes), as for real errors,
 * but the host's CPU has no machine check.
 */
#include "memory.h"

#include <err.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Missing from older headers */
#ifndef UFFD_FEATURE_POISON
#define UFFD_FEATURE_POISON	(1 << 14)
#define UFFDIO_POISON		_IOWR(UFFDIO, 0x08, struct uffdio_poison)
struct uffdio_poison {
	struct uffdio_range range;
	__u64 mode;
	__s64 updated;
};
#endif

/* Linux 6.6.  No privileges are needed, as no fault is to be handled. */
static int open_userfaultfd(void *address, uint64_t bytes)
{
	struct uffdio_api api = { .api = UFFD_API, .features = UFFD_FEATURE_POISON };
	struct uffdio_register all = {
		.range = { (uintptr_t)address, bytes },
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};
	int fd = must(syscall(SYS_userfaultfd, O_CLOEXEC | UFFD_USER_MODE_ONLY),
		      "open a userfaultfd for what is lost");

	must(ioctl(fd, UFFDIO_API, &api), "have UFFDIO_POISON for what is lost");
	must(ioctl(fd, UFFDIO_REGISTER, &all), "register marks for what is lost");
	return fd;
}

static void add_slot(struct machine *m, char *start, struct mfr_range r)
{
	struct kvm_userspace_memory_region slot = {
		.slot = m->slots++,
		.guest_phys_addr = m->slot.gpa + r.offset,
		.memory_size = r.length,
		.userspace_addr = (uintptr_t)start + r.offset,
	};

	must(ioctl(m->vm, KVM_SET_USER_MEMORY_REGION, &slot),
	     "give the machine its memory");
}

/* The marks stay when the descriptor is closed. */
static void add_marks(struct machine *m, const struct mfr_ledger *ledger)
{
	struct mfr_range r = { 0 };
	int fd;

	m->marks = mmap(NULL, m->slot.bytes, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (m->marks == MAP_FAILED)
		err(STATUS_UNABLE, "cannot map marks for what is lost");
	fd = open_userfaultfd(m->marks, m->slot.bytes);
	while (mfr_ledger_next_lost(ledger, r.offset + r.length, &r) == 1) {
		struct uffdio_poison poison = {
			.range = { (uintptr_t)m->marks + r.offset, r.length },
		};

		must(ioctl(fd, UFFDIO_POISON, &poison), "mark what is lost");
		add_slot(m, m->marks, r);
	}
	close(fd);
}

void machine_set_memory(struct machine *m, struct mfr_region *ram, uint64_t gpa)
{
	const struct mfr_ledger *ledger = mfr_region_ledger(ram);
	struct mfr_range r = { 0 };

	m->slot = (struct mfr_kvm_slot){ .gpa = gpa, .bytes = mfr_region_bytes(ram) };
	while (mfr_ledger_next_clean(ledger, r.offset + r.length, &r) == 1)
		add_slot(m, mfr_region_address(ram), r);
	if (mfr_ledger_lost_bytes(ledger))
		add_marks(m, ledger);
}

bool machine_is_mark(struct machine *m, const void *address)
{
	uint64_t offset = (uintptr_t)address - (uintptr_t)m->marks;

	if (!m->marks || offset >= m->slot.bytes)
		return false;
	m->stopped_at = m->slot.gpa + offset;
	return true;
}
