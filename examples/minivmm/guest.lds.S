/* SPDX-License-Identifier: MIT */
/* A flat image of the guest; its first byte is the first instruction. */
#include "wire.h"

SECTIONS
{
	. = RAM_GPA + IMAGE_OFFSET;
	.image : { *(.text.start) *(.text*) *(.rodata*) *(.data*) }
	.bss : { *(.bss*) }
	guest_end = .;
	/DISCARD/ : { *(.note*) *(.comment) *(.eh_frame*) }
}
