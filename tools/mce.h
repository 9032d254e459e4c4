/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The page of a machine check, from the values of the event mce:mce_record.
 */
#ifndef MFR_MCE_H
#define MFR_MCE_H

#include <stdint.h>

/* As cpuvendor has them: X86_VENDOR_* of Linux. */
enum mce_vendor {
	MCE_INTEL = 0,
	MCE_AMD = 2,
	MCE_ZHAOXIN = 10,
};

struct mce_record {
	uint64_t status;
	uint64_t addr;
	uint64_t misc;
	uint64_t ipid;		/* 0 without AMD's scalable MCA */
	unsigned int bank;
	unsigned int vendor;
};

/*
 * The page frame if Linux would use the address as one of memory, else 0.
 * Bits of the address from @physical_bits on are not part of it.
 */
uint64_t mce_pfn(const struct mce_record *record, unsigned int physical_bits);

/* How many bits this machine's addresses have (/proc/cpuinfo). */
unsigned int mce_physical_bits(void);

#endif /* MFR_MCE_H */
