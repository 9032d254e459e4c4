// SPDX-License-Identifier: MIT
/*
 * minivmm: a virtual machine that survives errors in its memory, with libmfr.
 *
 * It has one CPU and 1 GiB of memory, a huge page under MFD_MF_KEEP_UE_MAPPED.
 * The guest writes all of the memory and reads it repeatedly.  An error costs
 * the base page that it is in: the host's kernel reports the page, and the
 * guest gets a machine check, gives the page up and continues with the others.
 */
#include <argp.h>
#include <err.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "failure.h"
#include "machine.h"
#include "wire.h"

struct options {
	uint64_t passes;
	int cpu;
	bool hole;
};

enum { OPTION_HOLE = 0x100 };	/* long option only */

static struct machine machine;
static volatile sig_atomic_t interrupted;

static void on_interrupt(int sig)
{
	(void)sig;
	interrupted = 1;
	machine.run->immediate_exit = 1;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;
	char *end;

	switch (key) {
	case 'p':
		errno = 0;
		o->passes = strtoull(arg, &end, 10);
		if (errno || *end || end == arg || *arg == '-' || !o->passes)
			argp_error(state, "--passes %s is not a number above 0",
				   arg);
		return 0;
	case 'c':
		if (strcmp(arg, "intel") && strcmp(arg, "amd"))
			argp_error(state, "--cpu %s is neither intel nor amd",
				   arg);
		o->cpu = *arg == 'i' ? MFR_CPU_INTEL : MFR_CPU_AMD;
		return 0;
	case OPTION_HOLE:
		o->hole = true;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_option options[] = {
	{ .name = "passes", .key = 'p', .arg = "N",
	  .doc = "End when the guest has read its memory N times; else at Ctrl-C" },
	{ .name = "cpu", .key = 'c', .arg = "intel|amd",
	  .doc = "Whose machine checks the guest gets; this host's by default" },
	{ .name = "hole", .key = OPTION_HOLE,
	  .doc = "Have KVM take what is lost out of the guest's "
		 "memory: small pages around it, and no machine check when "
		 "it is read again" },
	{ 0 }
};

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.doc = "Run a small guest whose memory is one huge page of 1 GiB, and "
	       "tell, a line each, what becomes of errors of that memory."
	       "\vExit status: 0 the guest is well, 1 it or its data is lost, "
	       "2 it could not be run.",
};

static struct mfr_region *create_ram(struct mfr_context *context)
{
	struct mfr_region_options o = {
		.size = sizeof(o), .name = "guest-ram", .bytes = RAM_BYTES,
		.page_bytes = RAM_BYTES,
		.flags = MFR_REGION_PREALLOC,
	};
	struct mfr_region *ram;
	int ret = mfr_region_create(context, &o, &ram);

	if (ret == -ENOMEM)
		errx(STATUS_UNABLE, "no huge page of 1 GiB is free: boot with hugepagesz=1G hugepages=1, or echo 1 >/sys/kernel/mm/hugepages/hugepages-1048576kB/nr_hugepages");
	if (ret)
		errx(STATUS_UNABLE, "cannot make 1 GiB of guest memory: %s",
		     strerror(-ret));
	printf("host   process %d has the guest's memory at %p, a huge page of 1 GiB; an error takes %s\n",
	       getpid(), mfr_region_address(ram),
	       mfr_region_is_kept(ram) ? "4 KiB of it" :
	       "all of it, as this kernel has no MFD_MF_KEEP_UE_MAPPED");
	return ram;
}

static void say_mapping(bool wanted)
{
	if (!wanted)
		return;
	printf("host   %s\n", machine.hole ?
	       "KVM makes a hole of 4 KiB where memory is lost" :
	       "this kernel's KVM makes no holes: it has no KVM_CAP_MEMORY_FAILURE_EXIT");
}

static void handle_interrupts(void)
{
	struct sigaction action = { .sa_handler = on_interrupt };

	if (sigaction(SIGINT, &action, NULL) ||
	    sigaction(SIGTERM, &action, NULL))
		err(STATUS_UNABLE, "cannot handle SIGINT and SIGTERM");
}

static void say_report(const struct report *r)
{
	switch (r->kind) {
	case REPORT_FILLED:
		printf("guest  %" PRIu64 " pages written\n", r->good);
		break;
	case REPORT_PASS:
		printf("guest  pass %" PRIu64 ": %" PRIu64 " pages as written, %" PRIu64 " not, %" PRIu64 " lost\n",
		       r->pass, r->good, r->wrong, r->lost);
		break;
	case REPORT_MACHINE_CHECK:
	case REPORT_POLLED:
		printf("guest  %s: bank %" PRIu32 ", status 0x%" PRIx64 ", address 0x%" PRIx64 "; the page is given up\n",
		       r->kind == REPORT_POLLED ? "looked into its banks" :
		       "machine check", r->bank, r->status, r->address);
		break;
	case REPORT_NO_WAY_ON:
		printf("guest  machine check where it cannot go on\n");
		break;
	}
}

/* The guest's report is in guest memory, which may be lost, too. */
static struct report read_report(struct mfr_region *ram)
{
	struct kvm_run *run = machine.run;
	struct report r;
	uint32_t offset;
	int64_t n;

	if (run->exit_reason != KVM_EXIT_IO || run->io.port != REPORT_PORT ||
	    run->io.size != sizeof(offset))
		errx(STATUS_GUEST_LOST, "the guest went astray: KVM exit %u",
		     run->exit_reason);
	memcpy(&offset, (char *)run + run->io.data_offset, sizeof(offset));
	n = mfr_read(ram, offset, &r, sizeof(r));
	if (n != sizeof(r))
		errx(STATUS_GUEST_LOST, "cannot read the guest's report at 0x%"
		     PRIx32 " of its memory: %s", offset,
		     n < 0 ? strerror((int)-n) : "some of it is lost");
	return r;
}

/* Runs until all passes are done, the guest is lost, or an interrupt. */
static int run(struct mfr_region *ram, uint64_t passes)
{
	for (;;) {
		struct mfr_range guest;
		struct report r;

		machine.run->immediate_exit = 0;
		if (!failures_pass_on())
			return STATUS_GUEST_LOST;
		if (interrupted)
			return STATUS_FINE;
		if (!machine_run(&machine))
			continue;
		if (machine_met_hole(&machine, &guest)) {
			if (!failures_pass_on_hole(ram, guest))
				return STATUS_GUEST_LOST;
			continue;
		}
		r = read_report(ram);
		say_report(&r);
		if (r.wrong || r.kind == REPORT_NO_WAY_ON)
			return STATUS_GUEST_LOST;
		if (r.kind == REPORT_PASS && r.pass == passes)
			return STATUS_FINE;
	}
}

int main(int argc, char **argv)
{
	struct options o = { .cpu = host_cpu() };
	struct mfr_context *context;
	struct mfr_region *ram;
	int status;

	argp_err_exit_status = STATUS_UNABLE;
	argp_parse(&argp, argc, argv, 0, NULL, &o);
	setvbuf(stdout, NULL, _IOLBF, 0);
	status = mfr_context_create(NULL, &context);
	if (status)
		errx(STATUS_UNABLE, "cannot start libmfr: %s",
		     strerror(-status));
	machine_open(&machine, o.cpu, o.hole);
	say_mapping(o.hole);
	ram = create_ram(context);
	machine_set_memory(&machine, ram, RAM_GPA);
	machine_load_guest(&machine, ram);
	failures_take(&machine, context);
	handle_interrupts();
	status = run(ram, o.passes);
	printf("host   the guest %s; %" PRIu64 " bytes of its memory are lost\n",
	       status ? "is lost" : "ends well",
	       mfr_ledger_lost_bytes(mfr_region_ledger(ram)));
	machine_destroy(&machine);
	mfr_region_destroy(ram);
	mfr_context_destroy(context);
	return status;
}
