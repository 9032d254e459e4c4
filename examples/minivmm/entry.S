/* SPDX-License-Identifier: MIT */
/* The guest's first instruction, its #MC gate, and the loads that may trap. */
#include "wire.h"

	.section .text.start, "ax"
	.globl start
start:				/* RDI: the list of what is lost */
	call	guest_main

	.text
	.globl on_machine_check
on_machine_check:
	.irp	reg, rax, rcx, rdx, rsi, rdi, r8, r9, r10, r11
	push	%\reg
	.endr
	lea	72(%rsp), %rdi		/* frame pushed by the CPU */
	call	machine_check
	.irp	reg, r11, r10, r9, r8, rdi, rsi, rdx, rcx, rax
	pop	%\reg
	.endr
	iretq

/*
 * int check_page(const void *page, uint64_t word): returns 1 if each word is
 * @word, else 0; -1 after a machine check.  For a load between the two labels,
 * the machine check's handler returns to check_page_lost.
 */
	.globl check_page, check_page_lost
check_page:
	mov	$PAGE_BYTES / 64, %ecx
	xor	%eax, %eax
0:	.irp	word, 0, 1, 2, 3, 4, 5, 6, 7
	mov	8 * \word(%rdi), %r8
	xor	%rsi, %r8
	or	%r8, %rax		/* stays 0 while all are @word */
	.endr
	add	$64, %rdi
	dec	%ecx
	jnz	0b
	cmp	$1, %rax
	sbb	%eax, %eax
	neg	%eax			/* 1 if it was 0 */
	ret
check_page_lost:
	mov	$-1, %eax
	ret
