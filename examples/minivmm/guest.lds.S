/* SPDX-License-Identifier: MIT */
/* A flat image of the guest, for any page; its first byte is the first instruction. */
#include "wire.h"

SECTIONS
{
	. = IMAGE_OFFSET;
	.image : { *(.text.start) *(.text*) *(.rodata*) *(.data*) }
	.bss : { *(.bss*) }
	ASSERT(. <= HOME_BYTES, "the guest is larger than HOME_BYTES")
	/DISCARD/ : { *(.note*) *(.comment) *(.eh_frame*) }
}
