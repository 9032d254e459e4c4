// SPDX-License-Identifier: GPL-2.0-only
/*
 * May this machine be scanned?
 *
 * Do not search for errors that cannot be survived: the machine check must come
 * back as a trap of our load, and memory_failure() must not panic.
 */

#define pr_fmt(fmt) "memscan: " fmt

#include <linux/cc_platform.h>
#include <linux/cpufeature.h>
#include <linux/cpumask.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/mount.h>
#include <linux/processor.h>
#include <linux/sysfs.h>
#include <asm/mce.h>
#include <asm/msr.h>
#include <asm/special_insns.h>
#include "memscan.h"

static bool force;
module_param(force, bool, 0444);
MODULE_PARM_DESC(force, "Scan under a hypervisor, or without known machine check recovery");

/**
 * struct check - one condition for scanning
 * @name: what it is called in sysfs
 * @forcible: whether force=1 overrides it
 * @refusal: NULL if the condition holds, or the reason why not
 * @each_cpu: ask @refusal once on each CPU, as it looks at that CPU
 * @refusing: with @each_cpu, the CPUs on which the condition does not hold
 * @why: the reason that the last of these gave
 */
struct check {
	const char *name;
	bool forcible;
	const char *(*refusal)(void);
	bool each_cpu;
	struct cpumask refusing;
	const char *why;
};

static const char *hypervisor_refusal(void)
{
	if (!boot_cpu_has(X86_FEATURE_HYPERVISOR))
		return NULL;
	return "this is a virtual machine, whose host scans its memory";
}

/* Without it, a machine check shuts the CPU down, and the machine resets. */
static const char *machine_check_refusal(void)
{
	if (__read_cr4() & X86_CR4_MCE)
		return NULL;
	return "machine checks are off (CR4.MCE), as with mce=off: a hit would reset the machine";
}

/*
 * MCG_SER_P: software can recover. MCG_LMCE_P and LMCE_EN: a hit interrupts one
 * CPU only; otherwise it stops all of them. Firmware may forbid it, and
 * mce=no_lmce leaves it off. Intel SDM Vol. 3B, 17.3.1.1 and 17.3.1.4.
 */
static const char *intel_refusal(u64 capabilities, u64 enabled)
{
	if (!(capabilities & MCG_SER_P))
		return "the CPU has no software error recovery (MCG_SER_P)";
	if (!(capabilities & MCG_LMCE_P))
		return "the CPU has no local machine checks (MCG_LMCE_P)";
	if (!(enabled & MCG_EXT_CTL_LMCE_EN))
		return "local machine checks are off (MCG_EXT_CTL), by the firmware or mce=no_lmce";
	return NULL;
}

/* By halves: the name of the read of a whole one depends on the kernel. */
static int read_msr(u32 msr, u64 *value)
{
	u32 low = 0, high = 0;
	int err = rdmsr_safe(msr, &low, &high);

	*value = (u64)high << 32 | low;
	return err;
}

static const char *this_intel_refusal(void)
{
	u64 capabilities, enabled = 0;

	if (read_msr(MSR_IA32_MCG_CAP, &capabilities))
		return "MSR IA32_MCG_CAP cannot be read";
	/* Only there with MCG_LMCE_P */
	if (capabilities & MCG_LMCE_P &&
	    read_msr(MSR_IA32_MCG_EXT_CTL, &enabled))
		return "MSR IA32_MCG_EXT_CTL cannot be read";
	return intel_refusal(capabilities, enabled);
}

static const char *recovery_refusal(void)
{
	switch (boot_cpu_data.x86_vendor) {
	case X86_VENDOR_INTEL:
		return this_intel_refusal();
	case X86_VENDOR_AMD:
	case X86_VENDOR_HYGON:
		if (boot_cpu_has(X86_FEATURE_SUCCOR))
			return NULL;
		return "the CPU does not contain errors for software to recover (SUCCOR)";
	default:
		return "machine check recovery is not known of this vendor's CPUs";
	}
}

/*
 * Its memory has pages that it has not accepted, or that are shared; touching
 * them can end it.
 */
static const char *encrypted_refusal(bool encrypted)
{
	return encrypted ? "the memory of this virtual machine is encrypted" :
			   NULL;
}

static const char *confidential_refusal(void)
{
	return encrypted_refusal(cc_platform_has(CC_ATTR_GUEST_MEM_ENCRYPT));
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

static struct check checks[] = {
	{ "hypervisor", true, hypervisor_refusal },
	{ "machine checks", false, machine_check_refusal, true },
	{ "machine check recovery", true, recovery_refusal, true },
	{ "confidential guest", false, confidential_refusal },
	{ "vm.memory_failure_recovery", false, sysctl_refusal },
};

static const char *verdict(const struct check *check)
{
	if (!check->each_cpu)
		return check->refusal();
	if (cpumask_empty(&check->refusing))
		return NULL;
	/* Pairs with memscan_capability_add_cpu() */
	smp_rmb();
	return READ_ONCE(check->why);
}

void memscan_capability_add_cpu(unsigned int cpu)
{
	const char *why;
	int i;

	for (i = 0; i < ARRAY_SIZE(checks); i++) {
		why = checks[i].each_cpu ? checks[i].refusal() : NULL;
		if (!why)
			continue;
		WRITE_ONCE(checks[i].why, why);
		/* Pairs with verdict(): the reason is visible first. */
		smp_wmb();
		cpumask_set_cpu(cpu, &checks[i].refusing);
	}
}

void memscan_capability_del_cpu(unsigned int cpu)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(checks); i++)
		cpumask_clear_cpu(cpu, &checks[i].refusing);
}

/* The sysctl is the last check. */
static const char *first_refusal(int n)
{
	const char *why;
	int i;

	for (i = 0; i < n; i++) {
		if (force && checks[i].forcible)
			continue;
		why = verdict(&checks[i]);
		if (why)
			return why;
	}
	return NULL;
}

/**
 * memscan_refusal - check whether memory may be read
 *
 * Context: process context, may sleep.
 * Return: NULL if it may, or the reason why not. Either can change.
 */
const char *memscan_refusal(void)
{
	return first_refusal(ARRAY_SIZE(checks));
}

/* The same without reading the sysctl's file: cheap enough for each burst. */
const char *memscan_machine_refusal(void)
{
	return first_refusal(ARRAY_SIZE(checks) - 1);
}

/* One line per check, with its verdict, for sysfs. */
int memscan_capability_show(char *buf)
{
	const char *why;
	int i, len = 0;

	for (i = 0; i < ARRAY_SIZE(checks); i++) {
		why = verdict(&checks[i]);
		len += sysfs_emit_at(buf, len, "%s: %s%s%s", checks[i].name,
				     why ? "refused: " : "ok", why ?: "",
				     why && force && checks[i].forcible ?
				     " (overridden by force)" : "");
		if (why && checks[i].each_cpu)
			len += sysfs_emit_at(buf, len, " (CPUs %*pbl)",
					     cpumask_pr_args(&checks[i].refusing));
		len += sysfs_emit_at(buf, len, "\n");
	}
	return len;
}

void memscan_capability_log(void)
{
	const char *why;
	int i;

	for (i = 0; i < ARRAY_SIZE(checks); i++) {
		why = verdict(&checks[i]);
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
	return 0;
}

void memscan_capability_exit(void)
{
	fput(recovery_sysctl);
	kern_unmount(proc);
}
