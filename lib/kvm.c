// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdbool.h>

#include <mfr.h>

#include "sized.h"

/* Cut @from to the @bytes at @start, then translate: @start becomes @to. */
static bool translate(struct mfr_range from, uint64_t start, uint64_t bytes,
		      uint64_t to, struct mfr_range *result)
{
	uint64_t skip = 0;

	if (from.offset < start) {
		skip = start - from.offset;
		if (skip >= from.length)
			return false;
		from.offset = start;
		from.length -= skip;
	}
	if (from.offset - start >= bytes)
		return false;
	if (from.length > bytes - (from.offset - start))
		from.length = bytes - (from.offset - start);
	result->offset = to + (from.offset - start);
	result->length = from.length;
	return from.length;
}

int mfr_kvm_to_guest(const struct mfr_kvm_slot *slots, size_t count,
		     struct mfr_range lost, struct mfr_range *guest)
{
	size_t i;

	if ((count && !slots) || !guest)
		return -EFAULT;
	for (i = 0; i < count; i++)
		if (translate(lost, slots[i].offset, slots[i].bytes,
			      slots[i].gpa, guest))
			return 1;
	return 0;
}

int mfr_kvm_to_region(const struct mfr_kvm_slot *slots, size_t count,
		      struct mfr_range guest, struct mfr_range *lost)
{
	size_t i;

	if ((count && !slots) || !lost)
		return -EFAULT;
	for (i = 0; i < count; i++)
		if (translate(guest, slots[i].gpa, slots[i].bytes,
			      slots[i].offset, lost))
			return 1;
	return 0;
}

/* Physical address (mode 2), LSB 12: base page (Intel SDM, IA32_MCi_MISC). */
#define MISC_BASE_PAGE	(2 << 6 | 12)

#define MCG_RIPV	1
#define MCG_EIPV	2
#define MCG_MCIP	4

int mfr_kvm_report(int in_guest, unsigned int flags, uint64_t mcg_status,
		   struct mfr_kvm_report *report)
{
	bool consumed = flags & MFR_EVENT_ACTION_REQUIRED;
	bool busy = in_guest && mcg_status & MCG_MCIP;
	struct mfr_kvm_report r = {
		.recipient = in_guest ? "guest" : "hypervisor",
		.action_required = consumed,
		.recursive = busy,
	};

	if (!report)
		return -EFAULT;
	if (in_guest && !busy)
		r.action = "inject";
	else if (!consumed)
		r.action = "ignore";
	else
		r.action = in_guest ? "reset" : "fatal";
	return mfr_sized_write(report, MFR_KVM_REPORT_FIRST, &r, sizeof(r));
}

/* A data load, or an error found by a scrubber; both raise #MC. */
static void fill_intel(struct mfr_mce *mce, bool consumed)
{
	mce->bank = 9;
	mce->status = consumed ? 0xbd80000000000134 : 0xbd000000000000c0;
	mce->misc = MISC_BASE_PAGE;
	mce->mcg_status = MCG_MCIP | MCG_RIPV | (consumed ? MCG_EIPV : 0);
}

/*
 * A data load of poison raises #MC.  A deferred DRAM error raises none: it
 * stays in the memory controller's bank (4) until the guest polls.
 */
static void fill_amd(struct mfr_mce *mce, bool consumed)
{
	if (consumed) {
		mce->status = 0xbc00080000000134;
		mce->misc = MISC_BASE_PAGE;
		mce->mcg_status = MCG_MCIP | MCG_RIPV | MCG_EIPV;
	} else {
		mce->bank = 4;
		mce->status = 0x9400100000080813;
	}
}

int mfr_kvm_mce(enum mfr_cpu cpu, uint64_t gpa, unsigned int flags,
		struct mfr_mce *mce)
{
	bool consumed = flags & MFR_EVENT_ACTION_REQUIRED;
	struct mfr_mce m = { .addr = gpa };

	if (!mce)
		return -EFAULT;
	if (cpu != MFR_CPU_INTEL && cpu != MFR_CPU_AMD)
		return -EINVAL;
	if (cpu == MFR_CPU_INTEL)
		fill_intel(&m, consumed);
	else
		fill_amd(&m, consumed);
	return mfr_sized_write(mce, MFR_MCE_FIRST, &m, sizeof(m));
}
