// SPDX-License-Identifier: GPL-2.0-only
/*
 * May this machine be scanned?
 *
 * Do not search for errors that cannot be survived: the machine check must come
 * back as a trap of our load, and memory_failure() must not panic.
 */

#define pr_fmt(fmt) "memscan: " fmt

#include <linux/cpufeature.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/mount.h>
#include <linux/processor.h>
#include <linux/smp.h>
#include <linux/sysfs.h>
#include <asm/mce.h>
#include <asm/msr.h>
#include "memscan.h"

static bool force;
module_param(force, bool, 0444);
MODULE_PARM_DESC(force, "Scan under a hypervisor, or without known machine check recovery");

/**
 * struct check - one condition for scanning
 * @name: what it is called in sysfs
 * @forcible: whether force=1 overrides it
 * @refusal: NULL if the condition holds, or the reason why not
 */
struct check {
	const char *name;
	bool forcible;
	const char *(*refusal)(void);
};

static const char *hypervisor_refusal(void)
{
	if (!boot_cpu_has(X86_FEATURE_HYPERVISOR))
		return NULL;
	return "this is a virtual machine, whose host scans its memory";
}

/*
 * MCG_SER_P: software can recover. MCG_LMCE_P: a hit interrupts one CPU only;
 * otherwise it would stop all of them. Intel SDM Vol. 3B, 17.3.1.1.
 */
static const char *intel_refusal(void)
{
	u32 low = 0, high = 0;

	if (rdmsr_safe_on_cpu(raw_smp_processor_id(), MSR_IA32_MCG_CAP, &low,
			      &high))
		return "MSR IA32_MCG_CAP cannot be read";
	if (!(low & MCG_SER_P))
		return "the CPU has no software error recovery (MCG_SER_P)";
	if (!(low & MCG_LMCE_P))
		return "the CPU has no local machine checks (MCG_LMCE_P)";
	return NULL;
}

static const char *recovery_refusal(void)
{
	switch (boot_cpu_data.x86_vendor) {
	case X86_VENDOR_INTEL:
		return intel_refusal();
	case X86_VENDOR_AMD:
	case X86_VENDOR_HYGON:
		if (boot_cpu_has(X86_FEATURE_SUCCOR))
			return NULL;
		return "the CPU does not contain errors for software to recover (SUCCOR)";
	default:
		return "machine check recovery is not known of this vendor's CPUs";
	}
}

/* A procfs mount of our own: user space decides what is mounted where. */
static struct vfsmount *proc;
static struct file *recovery_sysctl;

/* The sysctl can change at any time, and its variable is not exported. */
static const char *sysctl_refusal(void)
{
	loff_t pos = 0;
	char value;

	if (kernel_read(recovery_sysctl, &value, 1, &pos) != 1)
		return "vm.memory_failure_recovery cannot be read";
	if (value == '0')
		return "vm.memory_failure_recovery is 0, so any memory failure panics";
	return NULL;
}

static const struct check checks[] = {
	{ "hypervisor", true, hypervisor_refusal },
	{ "machine check recovery", true, recovery_refusal },
	{ "vm.memory_failure_recovery", false, sysctl_refusal },
};

/**
 * memscan_refusal - check whether memory may be read
 *
 * Context: process context, may sleep.
 * Return: NULL if it may, or the reason why not. Either can change.
 */
const char *memscan_refusal(void)
{
	const char *why;
	int i;

	for (i = 0; i < ARRAY_SIZE(checks); i++) {
		if (force && checks[i].forcible)
			continue;
		why = checks[i].refusal();
		if (why)
			return why;
	}
	return NULL;
}

/* One line per check, with its verdict, for sysfs. */
int memscan_capability_show(char *buf)
{
	const char *why;
	int i, len = 0;

	for (i = 0; i < ARRAY_SIZE(checks); i++) {
		why = checks[i].refusal();
		len += sysfs_emit_at(buf, len, "%s: %s%s%s\n", checks[i].name,
				     why ? "refused: " : "ok", why ?: "",
				     why && force && checks[i].forcible ?
				     " (overridden by force)" : "");
	}
	return len;
}

static void log_verdict(void)
{
	const char *why;
	int i;

	for (i = 0; i < ARRAY_SIZE(checks); i++) {
		why = checks[i].refusal();
		if (!why)
			continue;
		if (force && checks[i].forcible)
			pr_warn("forced, although %s\n", why);
		else
			pr_warn("does not scan: %s\n", why);
	}
}

int memscan_capability_init(void)
{
	struct file_system_type *type = get_fs_type("proc");

	if (!type) {
		pr_err("no procfs, so vm.memory_failure_recovery cannot be known\n");
		return -ENODEV;
	}
	proc = kern_mount(type);
	module_put(type->owner);
	if (IS_ERR(proc)) {
		pr_err("cannot mount procfs: %ld\n", PTR_ERR(proc));
		return PTR_ERR(proc);
	}

	recovery_sysctl = file_open_root_mnt(proc,
					     "sys/vm/memory_failure_recovery",
					     O_RDONLY, 0);
	if (IS_ERR(recovery_sysctl)) {
		pr_err("cannot open vm.memory_failure_recovery: %ld; is the kernel built with MEMORY_FAILURE?\n",
		       PTR_ERR(recovery_sysctl));
		kern_unmount(proc);
		return PTR_ERR(recovery_sysctl);
	}
	log_verdict();
	return 0;
}

void memscan_capability_exit(void)
{
	fput(recovery_sysctl);
	kern_unmount(proc);
}
