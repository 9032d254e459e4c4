// SPDX-License-Identifier: GPL-2.0-only
/*
 * In place of an EDAC driver, as the lab's machine has no memory controller
 * that one could ask: all memory is on one DIMM.
 */
#include <linux/edac.h>
#include <linux/module.h>
#include <asm/mce.h>
#include <ras/ras_event.h>

#define LABEL	"CPU0_DIMM_A1"

static int report(struct notifier_block *block, unsigned long action,
		  void *data)
{
	const struct mce *mce = data;

	trace_mc_event(HW_EVENT_ERR_UNCORRECTED, "memory read error", LABEL, 1,
		       0, 0, 0, 0, mce->addr, 6, 0, "");
	return NOTIFY_OK;
}

static struct notifier_block decoder = {
	.notifier_call = report,
	.priority = MCE_PRIO_EDAC,
};

static int __init edac_init(void)
{
	mce_register_decode_chain(&decoder);
	return 0;
}

static void __exit edac_exit(void)
{
	mce_unregister_decode_chain(&decoder);
}

module_init(edac_init);
module_exit(edac_exit);
MODULE_DESCRIPTION("Names a DIMM for each machine check of the lab");
MODULE_LICENSE("GPL");
