// SPDX-License-Identifier: GPL-2.0-only
/*
 * mfr inject: make memory fail, to test everything that handles the error.
 *
 * On a real machine a page is lost until the next boot and its owner may be
 * killed, so outside the lab --on-this-machine is required.
 */
#include <err.h>
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../lab/poison.h"
#include "command.h"
#include "number.h"
#include "root.h"

#define CORRUPT_PFN	"/sys/kernel/debug/hwpoison/corrupt-pfn"
#define BASE_BYTES	4096

enum { KEY_ON_THIS_MACHINE = 0x200 };

struct injection {
	const char *how;
	const char *where;
	uint64_t address;
	bool on_this_machine;
};

/* The line is poisoned from here on, but not detected until it is read. */
static int inject_poison(const struct injection *in)
{
	int ret = lab_poison_add(in->address, 1);

	if (ret == -ENODEV) {
		warnx("only the memory of the lab (lab/vm) can be poisoned; elsewhere there is 'software'");
		return STATUS_UNKNOWN;
	}
	if (ret) {
		warnx("cannot poison %s: %s", in->where,
		      ret == -EFAULT ? "there is no memory" : strerror(-ret));
		return STATUS_UNKNOWN;
	}
	printf("the line at 0x%" PRIx64 " is poisoned: its next load is a machine check\n",
	       in->address);
	return STATUS_FINE;
}

/* The kernel treats the page as failed; its contents can still be read. */
static int inject_software(const struct injection *in)
{
	char text[32];
	int err;

	if (access(CORRUPT_PFN, W_OK)) {
		warn("cannot write " CORRUPT_PFN "; run as root on a kernel with CONFIG_HWPOISON_INJECT: modprobe hwpoison-inject, and mount debugfs");
		return STATUS_UNKNOWN;
	}
	snprintf(text, sizeof(text), "0x%" PRIx64, in->address / BASE_BYTES);
	err = write_text(text, CORRUPT_PFN);
	if (err)
		warnx("the kernel refused to fail the page at %s: %s",
		      in->where, strerror(-err));
	return err ? STATUS_UNKNOWN : STATUS_FINE;
}

static void lost_own(int sig)
{
	(void)sig;
}

/* Fail a page of this process, so that no other process loses memory. */
static int inject_own(const struct injection *in)
{
	char *page = mmap(NULL, BASE_BYTES, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	(void)in;
	if (page == MAP_FAILED) {
		warn("cannot map a page");
		return STATUS_UNKNOWN;
	}
	/* BUS_MCEERR_AR cannot be ignored, only caught. */
	signal(SIGBUS, lost_own);
	*page = 1;
	if (madvise(page, BASE_BYTES, MADV_HWPOISON)) {
		warn("madvise(MADV_HWPOISON) of a page of mfr; run as root on a kernel with CONFIG_MEMORY_FAILURE");
		return STATUS_UNKNOWN;
	}
	return STATUS_FINE;
}

static const struct way {
	const char *name;
	int (*run)(const struct injection *in);
	bool wants_address;
} ways[] = {
	{ "poison", inject_poison, true },
	{ "software", inject_software, true },
	{ "own", inject_own, false },
};

static const struct way *find_way(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
		if (!strcmp(ways[i].name, name))
			return &ways[i];
	return NULL;
}

static void parse_address(struct injection *in, struct argp_state *state)
{
	if (!number_parse(in->where, &in->address))
		argp_error(state, "'%s' is not a physical address", in->where);
}

static void check_arguments(struct injection *in, struct argp_state *state)
{
	const struct way *way = in->how ? find_way(in->how) : NULL;

	if (!way)
		argp_error(state, "poison, software or own?");
	else if (way->wants_address && !in->where)
		argp_error(state, "%s wants a physical address", in->how);
	else if (!way->wants_address && in->where)
		argp_error(state, "%s takes no address", in->how);
	else if (in->where)
		parse_address(in, state);
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct injection *in = state->input;

	switch (key) {
	case KEY_ON_THIS_MACHINE:
		in->on_this_machine = true;
		return 0;
	case ARGP_KEY_ARG:
		if (state->arg_num > 1)
			return ARGP_ERR_UNKNOWN;
		*(state->arg_num ? &in->where : &in->how) = arg;
		return 0;
	case ARGP_KEY_END:
		check_arguments(in, state);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_option options[] = {
	{ .name = "on-this-machine", .key = KEY_ON_THIS_MACHINE,
	  .doc = "Do it although this is not the lab" },
	{ 0 }
};

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.args_doc = "poison ADDRESS\nsoftware ADDRESS\nown",
	.doc = "Tests only. Make memory fail: poison a line of the lab's "
	       "memory, have the kernel treat the page at a physical address "
	       "as failed, or a page of mfr's own."
	       "\vExit status: 0 done, 2 not done.",
};

int command_inject(int argc, char **argv)
{
	struct injection in = { 0 };

	argp_parse(&argp, argc, argv, 0, NULL, &in);
	if (!lab_present() && !in.on_this_machine) {
		warnx("this is not the lab: the page would be lost until the next boot, and its owner may be killed; --on-this-machine if you mean it");
		return STATUS_UNKNOWN;
	}
	return find_way(in.how)->run(&in);
}
