// SPDX-License-Identifier: MIT
/*
 * The guest: writes all of its memory, reads it again and again, and continues
 * without the pages that were lost before it started, and those that machine
 * checks report.  It has no interrupts, and no device except the port to which it
 * reports.
 */
#include <stdbool.h>
#include <stdint.h>

#include "wire.h"

#define PAGES		(RAM_BYTES / PAGE_BYTES)
#define HOME_PAGES	(HOME_BYTES / PAGE_BYTES)
#define POLL_PAGES	4096		/* poll the banks every so many */

/* Intel SDM Vol. 4; AMD APM Vol. 2 has the same numbers. */
#define MSR_MCG_CAP	0x179
#define MSR_MCG_STATUS	0x17a
#define MSR_MC0_STATUS	0x401		/* four registers per bank */
#define MSR_MC0_ADDR	0x402

#define MCG_CAP_BANKS	0xff
#define MCG_RIPV	1
#define MCG_EIPV	2
#define MCI_VALID	(1ULL << 63)
#define MCI_ADDRV	(1ULL << 58)

#define MC_VECTOR	18
#define GATE_INTERRUPT	0x8e00		/* present, ring 0 */

struct gate {
	uint16_t low;
	uint16_t selector;
	uint16_t type;
	uint16_t middle;
	uint32_t high;
	uint32_t reserved;
};

struct frame {
	uint64_t rip, cs, rflags, rsp, ss;
};

/* The program runs at any address: hidden symbols are reached relative to it. */
#pragma GCC visibility push(hidden)
extern char check_page_lost[];
void on_machine_check(void);
int check_page(const void *page, uint64_t word);
#pragma GCC visibility pop

static struct gate idt[MC_VECTOR + 1];
static volatile bool lost[PAGES];
static volatile uint64_t lost_pages;
static uint64_t home;		/* the first page of it */

static uint64_t rdmsr(uint32_t msr)
{
	uint32_t low, high;

	__asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr));
	return (uint64_t)high << 32 | low;
}

static void wrmsr(uint32_t msr, uint64_t value)
{
	__asm__ volatile("wrmsr" : : "c"(msr), "a"((uint32_t)value),
			 "d"((uint32_t)(value >> 32)) : "memory");
}

static void send(const struct report *report)
{
	uint32_t where = (uintptr_t)report - RAM_GPA;

	__asm__ volatile("outl %0, %w1" : : "a"(where), "d"(REPORT_PORT)
			 : "memory");
}

static uint64_t page_of(uint64_t address)
{
	return (address - RAM_GPA) / PAGE_BYTES;
}

static void give_up(uint64_t address)
{
	uint64_t page = page_of(address);

	if (page >= PAGES || lost[page])
		return;
	lost[page] = true;
	lost_pages++;
}

/* The pages that the VMM has listed were lost before this life. */
static void give_up_listed(const struct lost_list *list)
{
	uint64_t i, at;

	for (i = 0; i < list->count; i++)
		for (at = 0; at < list->lost[i].bytes; at += PAGE_BYTES)
			give_up(list->lost[i].gpa + at);
}

/* Give up the pages in the banks, and clear the banks. */
static void take_errors(enum report_kind kind)
{
	uint32_t banks = rdmsr(MSR_MCG_CAP) & MCG_CAP_BANKS, bank;

	for (bank = 0; bank < banks; bank++) {
		struct report r = { .kind = kind, .bank = bank };

		r.status = rdmsr(MSR_MC0_STATUS + 4 * bank);
		if (!(r.status & MCI_VALID))
			continue;
		r.address = rdmsr(MSR_MC0_ADDR + 4 * bank);
		wrmsr(MSR_MC0_STATUS + 4 * bank, 0);
		if (r.status & MCI_ADDRV)
			give_up(r.address);
		send(&r);
	}
}

static void __attribute__((noreturn)) stop(void)
{
	send(&(struct report){ .kind = REPORT_NO_WAY_ON });
	for (;;)
		__asm__ volatile("hlt");
}

/*
 * EIPV: the instruction at RIP consumed the poison, and would consume it again;
 * only check_page() can recover.  Without EIPV, resume the interrupted code.
 */
void machine_check(struct frame *frame)
{
	uint64_t status = rdmsr(MSR_MCG_STATUS);

	take_errors(REPORT_MACHINE_CHECK);
	if (!(status & MCG_RIPV))
		stop();
	if (status & MCG_EIPV) {
		if (frame->rip < (uintptr_t)check_page ||
		    frame->rip >= (uintptr_t)check_page_lost)
			stop();
		frame->rip = (uintptr_t)check_page_lost;
	}
	wrmsr(MSR_MCG_STATUS, 0);
}

static void handle_machine_checks(void)
{
	uintptr_t to = (uintptr_t)on_machine_check;
	struct {
		uint16_t limit;
		uint64_t base;
	} __attribute__((packed)) idtr = { sizeof(idt) - 1, (uintptr_t)idt };

	idt[MC_VECTOR] = (struct gate){
		.low = to, .selector = CODE_SELECTOR, .type = GATE_INTERRUPT,
		.middle = to >> 16, .high = to >> 32,
	};
	__asm__ volatile("lidt %0" : : "m"(idtr) : "memory");
}

static void *page_at(uint64_t page)
{
	return (void *)(RAM_GPA + page * PAGE_BYTES);
}

static uint64_t word_of(uint64_t page)
{
	return (page + 1) * 0x9e3779b97f4a7c15;
}

static bool is_usable(uint64_t page)
{
	return !lost[page] && page - home >= HOME_PAGES;
}

static void fill(uint64_t page)
{
	void *to = page_at(page);
	uint64_t words = PAGE_BYTES / 8;

	__asm__ volatile("rep stosq" : "+D"(to), "+c"(words)
			 : "a"(word_of(page)) : "memory");
}

static void fill_all(void)
{
	struct report r = { .kind = REPORT_FILLED, .lost = lost_pages };
	uint64_t page;

	for (page = 0; page < PAGES; page++) {
		if (!is_usable(page))
			continue;
		fill(page);
		r.good++;
	}
	send(&r);
}

static void check(uint64_t page, struct report *r)
{
	int is = check_page(page_at(page), word_of(page));

	if (is > 0)
		r->good++;
	else if (!is)
		r->wrong++;
}

static void check_all(uint64_t pass)
{
	struct report r = { .kind = REPORT_PASS, .pass = pass };
	uint64_t page;

	for (page = 0; page < PAGES; page++) {
		if (page % POLL_PAGES == 0)
			take_errors(REPORT_POLLED);
		if (is_usable(page))
			check(page, &r);
	}
	r.lost = lost_pages;
	send(&r);
}

void __attribute__((noreturn)) guest_main(const struct lost_list *list)
{
	uint64_t pass;

	handle_machine_checks();
	home = page_of((uintptr_t)list);
	give_up_listed(list);
	fill_all();
	for (pass = 1; ; pass++)
		check_all(pass);
}
