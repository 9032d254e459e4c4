// SPDX-License-Identifier: GPL-2.0-only
/*
 * Not each address that a bank reports is one of memory: it may be linear, an
 * offset in a segment, of a cache's index, or too coarse to name a page.  The
 * rules are those by which Linux itself takes a page (mce_usable_address()), so
 * that no page is named here that the kernel leaves alone.
 */
#include <stdbool.h>
#include <stdio.h>

#include "mce.h"
#include "root.h"

#define STATUS_MISCV	(1ULL << 59)
#define STATUS_ADDRV	(1ULL << 58)
#define STATUS_POISON	(1ULL << 43)	/* AMD */

#define PAGE_BITS	12
#define ADDRESS_BITS	52		/* at most, on x86 */
#define MODE_PHYSICAL	2u

/* The lowest valid bit and the mode of the address are in MISC. */
static bool intel_usable(const struct mce_record *r)
{
	return r->status & STATUS_MISCV && (r->misc & 0x3f) <= PAGE_BITS &&
	       (r->misc >> 6 & 7) == MODE_PHYSICAL;
}

/*
 * AMD has no such fields.  Poison that a core consumed has an address of
 * memory.  So have ECC errors of the old northbridge (bank 4, extended error
 * code 8), whose bit 43 is not poison; those of a memory controller of the
 * scalable MCA have not.
 */
static bool amd_usable(const struct mce_record *r)
{
	if (!r->ipid && r->bank == 4)
		return (r->status >> 16 & 0x1f) == 8;
	return r->status & STATUS_POISON;
}

static bool usable(const struct mce_record *r)
{
	if (!(r->status & STATUS_ADDRV))
		return false;
	switch (r->vendor) {
	case MCE_INTEL:
	case MCE_ZHAOXIN:
		return intel_usable(r);
	case MCE_AMD:
		return amd_usable(r);
	default:
		return true;
	}
}

uint64_t mce_pfn(const struct mce_record *record, unsigned int physical_bits)
{
	if (!usable(record))
		return 0;
	return (record->addr & ((1ULL << physical_bits) - 1)) >> PAGE_BITS;
}

unsigned int mce_physical_bits(void)
{
	FILE *f = root_fopen("/proc/cpuinfo");
	unsigned int bits = 0;
	char line[256];

	while (f && !bits && fgets(line, sizeof(line), f))
		if (sscanf(line, "address sizes : %u bits", &bits) != 1)
			bits = 0;
	if (f)
		fclose(f);
	return bits && bits < ADDRESS_BITS ? bits : ADDRESS_BITS;
}
