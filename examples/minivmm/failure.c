// SPDX-License-Identifier: MIT
/*
 * An error of the guest's memory, from SIGBUS to the guest.
 *
 * The guest loads a bad line: #MC, which KVM hands to the host's kernel.  That
 * sends us SIGBUS (BUS_MCEERR_AR) and has KVM_RUN return.  libmfr notes what is
 * lost; then the guest gets a machine check of its own at the same instruction.
 * Or the host finds the line first (BUS_MCEERR_AO): the guest is told, and need
 * not read it.  If KVM makes holes, a guest that reads what is known to be lost
 * is stopped instead, and there is no #MC of the host: KVM_RUN says where.
 */
#include "failure.h"

#include <err.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>

static struct machine *machine;
static struct mfr_context *context;

/*
 * A load of the guest is not repeated when we return: KVM_RUN ends.  One of our
 * own would be; mfr_read() and the like can handle that, all else is the end.
 */
static void on_sigbus(int sig, siginfo_t *info, void *ucontext)
{
	int noted = mfr_sigbus(context, info, ucontext);

	machine->run->immediate_exit = 1;
	if (noted == MFR_SIGBUS_RESUME || info->si_code == BUS_MCEERR_AO ||
	    (noted == MFR_SIGBUS_STUCK && machine->in_guest))
		return;
	signal(sig, SIG_DFL);
	raise(sig);
}

void failures_take(struct machine *m, struct mfr_context *c)
{
	struct sigaction action = {
		.sa_sigaction = on_sigbus,
		.sa_flags = SA_SIGINFO | SA_RESTART,
	};

	machine = m;
	context = c;
	if (sigaction(SIGBUS, &action, NULL))
		err(STATUS_UNABLE, "cannot handle SIGBUS");
	if (prctl(PR_MCE_KILL, PR_MCE_KILL_SET, PR_MCE_KILL_EARLY, 0, 0))
		err(STATUS_UNABLE, "cannot ask for early SIGBUS (PR_MCE_KILL)");
}

/* Returns whether the guest now has a machine check to handle. */
static bool inject(const struct mfr_event *e, uint64_t gpa)
{
	struct mfr_mce mce = { .size = sizeof(mce) };

	mfr_kvm_mce(machine->cpu, gpa, e->flags, &mce);
	printf("host   %s: bank %u, status 0x%" PRIx64 ", address 0x%" PRIx64 "\n",
	       mce.mcg_status ? "machine check" : "bank filled", mce.bank,
	       mce.status, mce.addr);
	machine_inject(machine, &mce);
	return mce.mcg_status;
}

/*
 * A guest lives on without a base page.  Without a huge page it has neither
 * the code to handle that nor a page to have it in.
 */
static void choose(const struct mfr_event *e, struct mfr_range guest,
		   uint64_t mcg_status, struct mfr_kvm_report *report)
{
	mfr_kvm_report(1, e->flags, mcg_status, report);
	if (guest.length > MFR_PAGE_BYTES) {
		report->recipient = "hypervisor";
		report->action = "fatal";
	}
}

static void say(const char *how, struct mfr_range guest,
		const struct mfr_kvm_report *report)
{
	printf("host   %s: 0x%" PRIx64 " bytes lost at guest physical 0x%" PRIx64 "\n",
	       how, guest.length, guest.offset);
	printf("host   MEMORY_FAILURE recipient=%s action=%s action-required=%s recursive=%s\n",
	       report->recipient, report->action,
	       report->action_required ? "true" : "false",
	       report->recursive ? "true" : "false");
}

/* false: the guest is lost.  @raised: it has a machine check to handle. */
static bool pass_on(const struct mfr_event *e, struct mfr_range guest,
		    const char *how, bool *raised)
{
	struct mfr_kvm_report report = { .size = sizeof(report) };

	choose(e, guest, machine_mcg_status(machine), &report);
	say(how, guest, &report);
	if (!strcmp(report.action, "inject"))
		*raised = inject(e, guest.offset);
	else if (strcmp(report.action, "ignore"))
		return false;
	return true;
}

/*
 * One machine check is all that a CPU can take at a time.  What is left out is
 * no harm, and neither are events that the queue had no room for: the guest has
 * not read it, or will read it again, and consumes it then.
 */
bool failures_pass_on(void)
{
	struct mfr_event e = { .size = sizeof(e) };
	bool raised = false;

	while (!raised && mfr_event_next(context, &e) == 1) {
		struct mfr_range guest;

		if (!e.region || mfr_kvm_to_guest(&machine->slot, 1, e.range,
						  &guest) != 1)
			continue;
		if (!pass_on(&e, guest, e.flags & MFR_EVENT_ACTION_REQUIRED ?
			     "consumed by the guest" :
			     "found before anybody read it", &raised))
			return false;
	}
	while (raised && mfr_event_next(context, &e) == 1)
		;
	return true;
}

bool failures_pass_on_hole(struct mfr_region *ram, struct mfr_range guest)
{
	struct mfr_event e = {
		.size = sizeof(e), .flags = MFR_EVENT_ACTION_REQUIRED,
	};
	bool raised;

	if (mfr_kvm_to_region(&machine->slot, 1, guest, &e.range) != 1 ||
	    mfr_region_mark(ram, e.range.offset, e.range.length) < 0)
		return false;
	return pass_on(&e, guest, "the guest stopped at a hole", &raised);
}
