// SPDX-License-Identifier: GPL-2.0-only
/*
 * Is a page in the kernel's direct map?  Write a pfn to this module's parameter
 * "pfn" and read it: Y or N.
 */
#include <linux/mm.h>
#include <linux/module.h>
#include <asm/pgtable.h>

static unsigned long pfn;

static int pfn_set(const char *val, const struct kernel_param *kp)
{
	return kstrtoul(val, 0, &pfn);
}

static int pfn_get(char *buffer, const struct kernel_param *kp)
{
	unsigned int level;
	pte_t *pte = lookup_address((unsigned long)pfn_to_kaddr(pfn), &level);

	return sprintf(buffer, "%c\n",
		       pte && pte_flags(*pte) & _PAGE_PRESENT ? 'Y' : 'N');
}

static const struct kernel_param_ops pfn_ops = {
	.set = pfn_set,
	.get = pfn_get,
};
module_param_cb(pfn, &pfn_ops, NULL, 0644);

static int __init directmap_init(void)
{
	return 0;
}

static void __exit directmap_exit(void) {}

module_init(directmap_init);
module_exit(directmap_exit);
MODULE_DESCRIPTION("Tells whether a page is in the direct map");
MODULE_LICENSE("GPL");
