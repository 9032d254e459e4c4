// SPDX-License-Identifier: MIT
/*
 * A reset does not repair memory: the next life of the guest has to stay out of what
 * the last one has lost.  What a machine's firmware does with its memory map, the VMM
 * does with a list (struct lost_list) that the guest reads first.  The program itself is
 * loaded where nothing is lost.
 */
#include "reset.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include "state.h"
#include "wire.h"

#define PTE_TABLE	3		/* present, writable */
#define PTE_HUGE	0x83		/* the same, 2 MiB */
#define PD_BYTES	(2 << 20)

#define CR0_PROTECTED	0x80050033	/* PG AM WP NE ET MP PE */
#define CR4_PAE		0x20
#define CR4_MCE		0x40
#define EFER_LONG	0x500		/* LMA LME */
#define RFLAGS_NONE	2

extern const char guest_image[], guest_image_end[];

/* The memory for all that the VMM prepares, and its guest physical address. */
struct home {
	char *at;
	uint64_t gpa;
};

static bool find_home(struct mfr_region *ram, struct home *home)
{
	const struct mfr_ledger *ledger = mfr_region_ledger(ram);
	struct mfr_range clean = { 0 };

	while (mfr_ledger_next_clean(ledger, clean.offset + clean.length, &clean) == 1) {
		if (clean.length < HOME_BYTES)
			continue;
		home->at = (char *)mfr_region_address(ram) + clean.offset;
		home->gpa = RAM_GPA + clean.offset;
		return true;
	}
	return false;
}

/* If there are too many, the last one includes all memory up to the end of the others. */
static void list_lost(const struct mfr_ledger *ledger, struct lost_list *list)
{
	struct mfr_range r = { 0 };

	while (mfr_ledger_next_lost(ledger, r.offset + r.length, &r) == 1) {
		uint64_t gpa = RAM_GPA + r.offset, i = list->count;

		if (i < LOST_LIST_MAX) {
			list->lost[i].gpa = gpa;
			list->lost[i].bytes = r.length;
			list->count++;
		} else {
			list->lost[i - 1].bytes = gpa + r.length - list->lost[i - 1].gpa;
		}
	}
}

/* Map all of the memory, with guest virtual equal to guest physical. */
static void map_memory(const struct home *home)
{
	uint64_t *pml4 = (uint64_t *)(home->at + PML4_OFFSET);
	uint64_t *pdpt = (uint64_t *)(home->at + PDPT_OFFSET);
	uint64_t *pd = (uint64_t *)(home->at + PD_OFFSET);
	int i;

	pml4[0] = (home->gpa + PDPT_OFFSET) | PTE_TABLE;
	pdpt[RAM_GPA >> 30] = (home->gpa + PD_OFFSET) | PTE_TABLE;
	for (i = 0; i < RAM_BYTES / PD_BYTES; i++)
		pd[i] = (RAM_GPA + (uint64_t)i * PD_BYTES) | PTE_HUGE;
}

static void set_segments(struct kvm_sregs *s, const struct home *home)
{
	uint64_t *gdt = (uint64_t *)(home->at + GDT_OFFSET);
	struct kvm_segment code = {
		.limit = ~0U, .selector = CODE_SELECTOR, .type = 11,
		.present = 1, .s = 1, .l = 1, .g = 1,
	};
	struct kvm_segment data = {
		.limit = ~0U, .selector = DATA_SELECTOR, .type = 3,
		.present = 1, .s = 1, .db = 1, .g = 1,
	};

	gdt[CODE_SELECTOR / 8] = 0x00af9b000000ffff;
	gdt[DATA_SELECTOR / 8] = 0x00cf93000000ffff;
	s->gdt.base = home->gpa + GDT_OFFSET;
	s->gdt.limit = 3 * sizeof(*gdt) - 1;
	s->idt = (struct kvm_dtable){ 0 };
	s->cs = code;
	s->ds = s->es = s->fs = s->gs = s->ss = data;
}

/* Long mode, with CR4.MCE on: machine checks work once the guest has a gate. */
static void set_registers(struct machine *m, const struct home *home)
{
	struct kvm_regs regs = {
		.rip = home->gpa + IMAGE_OFFSET,
		.rsp = home->gpa + IMAGE_OFFSET,
		.rdi = home->gpa + LIST_OFFSET,
		.rflags = RFLAGS_NONE,
	};
	struct kvm_sregs s;

	must(ioctl(m->vcpu, KVM_GET_SREGS, &s), "read the CPU's registers");
	set_segments(&s, home);
	s.cr3 = home->gpa + PML4_OFFSET;
	s.cr0 = CR0_PROTECTED;
	s.cr4 = CR4_PAE | CR4_MCE;
	s.efer = EFER_LONG;
	must(ioctl(m->vcpu, KVM_SET_SREGS, &s), "set the CPU's registers");
	must(ioctl(m->vcpu, KVM_SET_REGS, &regs), "set the CPU's registers");
}

bool guest_begin(struct machine *m, struct mfr_region *ram)
{
	struct lost_list list = { 0 };
	struct home home;

	list_lost(mfr_region_ledger(ram), &list);
	if (!find_home(ram, &home))
		return false;
	memset(home.at, 0, HOME_BYTES);
	memcpy(home.at + LIST_OFFSET, &list, sizeof(list));
	memcpy(home.at + IMAGE_OFFSET, guest_image, guest_image_end - guest_image);
	map_memory(&home);
	machine_settle(m);
	cpu_forget_machine_checks(m);
	set_registers(m, &home);
	printf("host   the guest begins at guest physical 0x%" PRIx64 "; lost ranges on its list: %" PRIu64 "\n",
	       home.gpa, list.count);
	return true;
}
