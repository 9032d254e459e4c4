// SPDX-License-Identifier: GPL-2.0-only
/*
 * What mfr watch takes from events that this machine has none of: the page of a
 * machine check, and the process of an event.  Argument: a directory whose
 * proc/ has the kernel thread 7 and the process 300.
 */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "culprit.h"
#include "mce.h"
#include "root.h"

#define ADDRV	(1ULL << 58)
#define MISCV	(1ULL << 59)
#define POISON	(1ULL << 43)
#define PHYS	(2ULL << 6)
#define AT	0x120fc0fc0ULL
#define PFN	0x120fc0ULL

static unsigned int number;
static bool failed;

static void ok(bool good, const char *name)
{
	failed |= !good;
	printf("%sok %u - %s\n", good ? "" : "not ", ++number, name);
}

static const struct {
	const char *name;
	struct mce_record record;
	uint64_t pfn;
} checks[] = {
	{ "an address of memory on Intel is a page",
	  { ADDRV | MISCV, AT, PHYS | 6, 0, 1, MCE_INTEL }, PFN },
	{ "without ADDRV it is not",
	  { MISCV, AT, PHYS | 6, 0, 1, MCE_INTEL }, 0 },
	{ "without MISCV it is not",
	  { ADDRV, AT, PHYS | 6, 0, 1, MCE_INTEL }, 0 },
	{ "one of a whole page is a page",
	  { ADDRV | MISCV, AT, PHYS | 12, 0, 1, MCE_INTEL }, PFN },
	{ "one that is coarser than a page is not",
	  { ADDRV | MISCV, AT, PHYS | 13, 0, 1, MCE_INTEL }, 0 },
	{ "a linear address is not",
	  { ADDRV | MISCV, AT, 1 << 6 | 6, 0, 1, MCE_INTEL }, 0 },
	{ "an offset in a segment is not",
	  { ADDRV | MISCV, AT, 6, 0, 1, MCE_INTEL }, 0 },
	{ "Zhaoxin is as Intel",
	  { ADDRV | MISCV, AT, 6, 0, 1, MCE_ZHAOXIN }, 0 },
	{ "bits above those of an address are left out",
	  { ADDRV | MISCV, AT | 1ULL << 46, PHYS | 6, 0, 1, MCE_INTEL }, PFN },
	{ "consumed poison on AMD is a page",
	  { ADDRV | POISON, AT, 0, 0x100, 1, MCE_AMD }, PFN },
	{ "other addresses on AMD are not",
	  { ADDRV | MISCV, AT, PHYS | 6, 0x100, 1, MCE_AMD }, 0 },
	{ "the old northbridge's ECC error is a page",
	  { ADDRV | 8 << 16, AT, 0, 0, 4, MCE_AMD }, PFN },
	{ "its other errors are not, whatever bit 43 is",
	  { ADDRV | POISON | 5 << 16, AT, 0, 0, 4, MCE_AMD }, 0 },
	{ "bank 4 of the scalable MCA is as others",
	  { ADDRV | 8 << 16, AT, 0, 0x100, 4, MCE_AMD }, 0 },
	{ "other vendors need ADDRV alone",
	  { ADDRV, AT, 0, 0, 1, 9 }, PFN },
};

#define COMMON								\
	"format:\n"							\
	"\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n" \
	"\tfield:unsigned char common_flags;\toffset:2;\tsize:1;\tsigned:0;\n" \
	"\tfield:unsigned char common_preempt_count;\toffset:3;\tsize:1;\tsigned:0;\n" \
	"\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;\n\n"

/* The receiver is in all of them; only the event of signals has it. */
static const char fields[] =
	"\tfield:char comm[16];\toffset:8;\tsize:16;\tsigned:0;\n"
	"\tfield:pid_t pid;\toffset:24;\tsize:4;\tsigned:1;\n\n"
	"print fmt: \"%d\", REC->pid\n";

struct event_bytes {
	unsigned short type;
	unsigned char flags, preempt_count;
	int running;
	char comm[16];
	int pid;
};

static struct culprit culprit_in(struct tep_handle *tep, const char *system,
				 const char *name, int running)
{
	static unsigned short type = 100;
	struct event_bytes bytes = {
		.type = ++type, .running = running, .comm = "victim",
		.pid = 41,
	};
	struct tep_record record = { .data = &bytes, .size = sizeof(bytes) };
	char format[1024];

	snprintf(format, sizeof(format), "name: %s\nID: %u\n%s%s", name, type,
		 COMMON, fields);
	if (tep_parse_event(tep, format, strlen(format), system))
		return (struct culprit){ .pid = -1 };
	return culprit_of(tep, tep_find_event(tep, type), &record);
}

static bool is(struct culprit culprit, int pid, const char *command)
{
	printf("# %d %s\n", culprit.pid, culprit.command);
	return culprit.pid == pid && !strcmp(culprit.command, command);
}

static void test_culprits(void)
{
	struct tep_handle *tep = tep_alloc();

	ok(is(culprit_in(tep, "signal", "signal_generate", 7), 41, "victim"),
	   "a signal names its receiver, not what was running");
	ok(is(culprit_in(tep, "mce", "mce_record", 7), 0, "?"),
	   "a machine check names no kworker that reported it");
	ok(is(culprit_in(tep, "mce", "mce_record", 300), 0, "?"),
	   "nor a process that it interrupted");
	ok(is(culprit_in(tep, "ras", "mc_event", 7), 0, "?"),
	   "nor does EDAC");
	ok(is(culprit_in(tep, "ras", "memory_failure_event", 300), 300,
	      "qemu) 2 (x"),
	   "a memory failure names the process in whose context it was handled");
	ok(is(culprit_in(tep, "ras", "memory_failure_event", 7), 0, "?"),
	   "and no kernel thread");
	tep_free(tep);
}

int main(int argc, char **argv)
{
	size_t i;

	if (argc != 2)
		return 2;
	root_set(argv[1]);
	for (i = 0; i < sizeof(checks) / sizeof(*checks); i++)
		ok(mce_pfn(&checks[i].record, 46) == checks[i].pfn,
		   checks[i].name);
	ok(mce_physical_bits() == 39, "the bits of an address are the machine's");
	test_culprits();
	return failed;
}
