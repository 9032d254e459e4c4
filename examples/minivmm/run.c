// SPDX-License-Identifier: MIT
#include "run.h"

#include <err.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "failure.h"
#include "migrate.h"
#include "reset.h"
#include "wire.h"

static struct machine *machine;
static volatile sig_atomic_t interrupted, reset_wanted, migration_wanted;

static void on_request(int sig)
{
	if (sig == SIGUSR1)
		reset_wanted = 1;
	else if (sig == SIGUSR2)
		migration_wanted = 1;
	else
		interrupted = 1;
	machine->run->immediate_exit = 1;
}

static void handle(int sig)
{
	struct sigaction action = { .sa_handler = on_request };

	if (sigaction(sig, &action, NULL))
		err(STATUS_UNABLE, "cannot handle %s", strsignal(sig));
}

void requests_take(const struct vmm *v)
{
	machine = v->machine;
	handle(SIGINT);
	handle(SIGTERM);
	handle(SIGUSR1);
	if (v->migrate_to)
		handle(SIGUSR2);
}

static void say_report(const struct report *r)
{
	switch (r->kind) {
	case REPORT_FILLED:
		printf("guest  %" PRIu64 " pages written, %" PRIu64 " lost before\n",
		       r->good, r->lost);
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

/* The guest's report is in guest memory, which may be lost, too: false. */
static bool read_report(const struct vmm *v, struct report *r)
{
	struct kvm_run *run = v->machine->run;
	uint32_t offset;
	int64_t n;

	if (run->exit_reason != KVM_EXIT_IO || run->io.port != REPORT_PORT ||
	    run->io.size != sizeof(offset))
		errx(STATUS_GUEST_LOST, "the guest went astray: KVM exit %u",
		     run->exit_reason);
	memcpy(&offset, (char *)run + run->io.data_offset, sizeof(offset));
	n = mfr_read(v->ram, offset, r, sizeof(*r));
	if (n == sizeof(*r))
		return true;
	printf("host   cannot read the guest's report at 0x%" PRIx32 " of its memory: %s\n",
	       offset, n < 0 ? strerror((int)-n) : "some of it is lost");
	*r = (struct report){ 0 };
	return false;
}

/* What has failed by now is on the new life's list: do not tell it once more. */
static bool reset(const struct vmm *v)
{
	reset_wanted = 0;
	if (!guest_begin(v->machine, v->ram)) {
		printf("host   too little of its memory is left for another life\n");
		return false;
	}
	failures_forget();
	return true;
}

/* What the guest was not told of yet, it is told when it reads that at its new place. */
static int send_guest(const struct vmm *v)
{
	struct cpu_state state;
	int fd = migrate_connect(v->migrate_to), ret;

	if (fd < 0)
		return fd;
	machine_settle(v->machine);
	cpu_save(v->machine, &state);
	ret = migrate_send(fd, v->ram, &state);
	close(fd);
	return ret;
}

static bool migrate(const struct vmm *v)
{
	int ret = send_guest(v);

	migration_wanted = 0;
	if (ret)
		printf("host   the guest goes on here, as it cannot move to %s: %s\n",
		       v->migrate_to, strerror(-ret));
	return !ret;
}

/* Returns false if the guest cannot continue in this life.  *@r: what it reports. */
static bool step(const struct vmm *v, struct report *r)
{
	struct mfr_range guest;

	*r = (struct report){ 0 };
	if (!failures_pass_on())
		return false;
	if (!machine_run(v->machine))
		return true;
	if (machine_met_hole(v->machine, &guest))
		return failures_pass_on_hole(v->ram, guest);
	if (v->machine->run->exit_reason == KVM_EXIT_SHUTDOWN)
		return false;
	if (!read_report(v, r))
		return false;
	say_report(r);
	return r->kind != REPORT_NO_WAY_ON;
}

/* A signal that arrives after immediate_exit is cleared ends the next KVM_RUN. */
enum run_end run(const struct vmm *v)
{
	for (;;) {
		struct report r;

		v->machine->run->immediate_exit = 0;
		if (interrupted)
			return RUN_ENDED;
		if (migration_wanted && migrate(v))
			return RUN_MOVED;
		if (reset_wanted && !reset(v))
			return RUN_LOST;
		if (!step(v, &r) && !(v->reset && reset(v)))
			return RUN_LOST;
		if (r.wrong)
			return RUN_LOST;
		if (r.kind == REPORT_PASS && r.pass == v->passes)
			return RUN_ENDED;
	}
}
