/* SPDX-License-Identifier: MIT */
/*
 * The blob: a ledger as bytes.  All numbers are little-endian.  The CRC covers
 * the whole blob, with its own field taken as 0.
 *
 *	0  magic "mfrblob\0"	 8  version (32)	12  CRC-32 (32)
 *	16 region's bytes (64)	24  page bytes (64)	32  ranges (64)
 *	40 ranges: offset (64), length (64); sorted, merged, of whole base pages
 */
#ifndef MFR_BLOB_H
#define MFR_BLOB_H

#include <stddef.h>
#include <stdint.h>

#include <mfr.h>

#define MFR_BLOB_VERSION	1
#define MFR_BLOB_HEADER_BYTES	40
#define MFR_BLOB_RANGE_BYTES	16

/* 0 if valid and of a region of @bytes, else an error of mfr_region_merge(). */
int mfr_blob_check(const void *blob, size_t size, uint64_t bytes);

/* For a blob that passed mfr_blob_check(). */
uint64_t mfr_blob_count(const void *blob);
struct mfr_range mfr_blob_range(const void *blob, uint64_t index);

/* The greatest size that a blob of a region of @bytes can have. */
uint64_t mfr_blob_bytes_max(uint64_t bytes);

#endif /* MFR_BLOB_H */
