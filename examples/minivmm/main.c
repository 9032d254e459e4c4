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
#include "memory.h"
#include "migrate.h"
#include "reset.h"
#include "run.h"
#include "wire.h"

struct options {
	uint64_t passes;
	int cpu;
	bool hole;
	bool reset;
	const char *migrate_to;
	const char *migrate_from;
};

/* Long options only */
enum { OPTION_HOLE = 0x100, OPTION_RESET, OPTION_MIGRATE_TO, OPTION_MIGRATE_FROM };

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
	case OPTION_RESET:
		o->reset = true;
		return 0;
	case OPTION_MIGRATE_TO:
		o->migrate_to = arg;
		return 0;
	case OPTION_MIGRATE_FROM:
		o->migrate_from = arg;
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
	{ .name = "reset", .key = OPTION_RESET,
	  .doc = "Reset a guest that cannot go on, rather than end; SIGUSR1 "
		 "resets it at any time" },
	{ .name = "migrate-to", .key = OPTION_MIGRATE_TO, .arg = "SOCKET",
	  .doc = "Send the guest to the minivmm that waits there after SIGUSR2" },
	{ .name = "migrate-from", .key = OPTION_MIGRATE_FROM, .arg = "SOCKET",
	  .doc = "Wait there for a guest, instead of starting one" },
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

static void say_mapping(const struct machine *m)
{
	printf("host   %s\n", m->hole ?
	       "KVM makes a hole of 4 KiB where memory is lost" :
	       "this kernel's KVM makes no holes: it has no KVM_CAP_MEMORY_FAILURE_EXIT");
}

static struct mfr_context *create_context(void)
{
	struct mfr_context *context;
	int ret = mfr_context_create(NULL, &context);

	if (ret)
		errx(STATUS_UNABLE, "cannot start libmfr: %s", strerror(-ret));
	return context;
}

static void start_guest(const struct vmm *v)
{
	machine_set_memory(v->machine, v->ram, RAM_GPA);
	if (!guest_begin(v->machine, v->ram))
		errx(STATUS_UNABLE, "too little of the guest's memory is left to start it");
}

/* Whatever fails ends this process, and the source keeps the guest. */
static void take_guest(const struct vmm *v, const char *path)
{
	struct cpu_state state;
	int fd;

	printf("host   waiting for a guest at %s\n", path);
	fd = migrate_accept(path);
	if (fd < 0)
		errx(STATUS_UNABLE, "cannot wait for a guest at %s: %s", path, strerror(-fd));
	if (migrate_receive(fd, v->ram, &state))
		exit(STATUS_UNABLE);
	if (state.cpu != (uint64_t)v->machine->cpu)
		errx(STATUS_UNABLE, "the guest is refused: it gets machine checks of another CPU; see --cpu");
	machine_set_memory(v->machine, v->ram, RAM_GPA);
	cpu_restore(v->machine, &state);
	if (migrate_confirm(fd))
		exit(STATUS_UNABLE);
	close(fd);
	printf("host   the guest is here; %" PRIu64 " bytes of its memory are lost\n",
	       mfr_ledger_lost_bytes(mfr_region_ledger(v->ram)));
}

static const char *const ends[] = {
	[RUN_ENDED] = "ends well",
	[RUN_MOVED] = "goes on elsewhere",
	[RUN_LOST] = "is lost",
};

static enum run_end run_guest(const struct vmm *v, const struct options *o)
{
	enum run_end end;

	if (o->migrate_from)
		take_guest(v, o->migrate_from);
	else
		start_guest(v);
	end = run(v);
	printf("host   the guest %s; %" PRIu64 " bytes of its memory are lost\n", ends[end],
	       mfr_ledger_lost_bytes(mfr_region_ledger(v->ram)));
	return end;
}

int main(int argc, char **argv)
{
	struct options o = { .cpu = host_cpu() };
	struct machine machine = { 0 };
	struct mfr_context *context;
	enum run_end end;
	struct vmm v;

	argp_err_exit_status = STATUS_UNABLE;
	argp_parse(&argp, argc, argv, 0, NULL, &o);
	setvbuf(stdout, NULL, _IOLBF, 0);
	context = create_context();
	machine_open(&machine, o.cpu, o.hole);
	if (o.hole)
		say_mapping(&machine);
	v = (struct vmm){
		.machine = &machine, .ram = create_ram(context), .passes = o.passes,
		.reset = o.reset, .migrate_to = o.migrate_to,
	};
	failures_take(&machine, context);
	requests_take(&v);
	end = run_guest(&v, &o);
	machine_destroy(&machine);
	mfr_region_destroy(v.ram);
	mfr_context_destroy(context);
	return end == RUN_LOST ? STATUS_GUEST_LOST : STATUS_FINE;
}
