/* SPDX-License-Identifier: MIT */
/* The guest's image inside the VMM. */
	.section .rodata
	.globl guest_image, guest_image_end
guest_image:
	.incbin "guest.bin"
guest_image_end:

	.section .note.GNU-stack, "", @progbits
