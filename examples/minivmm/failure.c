// SPDX-License-Identifier: MIT
/*
 * An error in the guest's memory, from SIGBUS to the guest.
 *
 * The guest loads poison: #MC, which KVM passes to the host's kernel.  The
 * kernel sends SIGBUS (BUS_MCEERR_AR), and KVM_RUN returns.  libmfr marks what
 * is lost; then the guest gets a machine check at the same instruction.  If the
 * host finds the error first (BUS_MCEERR_AO), the guest is notified and need
 * not read it.  If KVM makes holes, a guest that reads known poison exits
 * instead, without a #MC on the host: KVM_RUN returns the address.  It is the same
 * with what was lost before the guest came here (memory.c).
 */
#include "failure.h"

#include <err.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>

#include "memory.h"
#include "state.h"

static struct machine *machine;
static struct mfr_context *context;

/*
 * A load by the guest is not repeated on return: KVM_RUN ends.  A load by the
 * VMM is: only guarded accesses such as mfr_read() survive it.
 */
static void on_sigbus(int sig, siginfo_t *info, void *ucontext)
{
	int noted;

	machine->run->immediate_exit = 1;
	if (machine_is_mark(machine, info->si_addr))
		return;
	noted = mfr_sigbus(context, info, ucontext);
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

/* Returns true if the guest now has a machine check to handle. */
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
 * A guest survives the loss of a base page.  All of its memory, the handler
 * too, is in one huge page: it does not survive the loss of that.
 */
static void choose(const struct mfr_event *e, struct mfr_range guest,
		   uint64_t mcg_status, struct mfr_kvm_report *report)
{
	mfr_kvm_report(1, e->flags, mcg_status, report);
	if (guest.length > mfr_page_bytes()) {
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

/* false: the guest is lost.  *@raised: it has a machine check to handle. */
static bool pass_on(const struct mfr_event *e, struct mfr_range guest,
		    const char *how, bool *raised)
{
	struct mfr_kvm_report report = { .size = sizeof(report) };

	choose(e, guest, cpu_mcg_status(machine), &report);
	say(how, guest, &report);
	if (!strcmp(report.action, "inject"))
		*raised = inject(e, guest.offset);
	else if (strcmp(report.action, "ignore"))
		return false;
	return true;
}

void failures_forget(void)
{
	struct mfr_event e = { .size = sizeof(e) };

	while (mfr_event_next(context, &e) == 1)
		;
}

/*
 * A CPU can take one machine check at a time.  It is safe to drop the other
 * events, also those for which the queue had no room: when the guest reads that
 * memory, for the first time or again, it consumes the poison.
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
	if (raised)
		failures_forget();
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
