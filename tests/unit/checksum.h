/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef CHECKSUM_H
#define CHECKSUM_H

#include <stdint.h>
#include <string.h>

/*
 * Write a blob's CRC-32 into it.  Deliberately not the code of lib/blob.c: bit
 * by bit, with the field set to 0 first.
 */
static inline void make_checksum_right(uint8_t *blob, size_t size)
{
	uint32_t crc = ~0U;
	size_t i;
	int bit;

	if (size < 16)
		return;
	memset(blob + 12, 0, 4);
	for (i = 0; i < size * 8; i++) {
		bit = blob[i / 8] >> i % 8 & 1;
		crc = crc >> 1 ^ ((crc ^ bit) & 1 ? 0xedb88320U : 0);
	}
	for (i = 0; i < 4; i++)
		blob[12 + i] = ~crc >> i * 8;
}

#endif /* CHECKSUM_H */
