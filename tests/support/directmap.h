/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the kernel's page table says of a page in the direct map. The guest
 * needs the module /mfr_test_directmap.ko, whose source is in directmap/.
 */
#ifndef DIRECTMAP_H
#define DIRECTMAP_H

/* Load the module, unless it is loaded; 0 or -errno. */
int directmap_load(void);

/* 'Y': mapped; 'U': mapped, but uncached; 'N': not; anything else: an error. */
char directmap_state(unsigned long pfn);

#endif /* DIRECTMAP_H */
