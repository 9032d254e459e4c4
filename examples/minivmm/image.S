/* SPDX-License-Identifier: MIT */
/* The guest, as the VMM carries it. */
	.section .rodata
	.globl guest_image, guest_image_end
guest_image:
	.incbin "guest.bin"
guest_image_end:

	.section .note.GNU-stack, "", @progbits
