// SPDX-License-Identifier: GPL-2.0-only
/*
 * Is a page in the kernel's direct map?  Write a pfn to this module's parameter
 * "pfn" and read it: Y, N, or U if it is there, but uncached.
 */
#include <linux/mm.h>
#include <linux/module.h>
#include <asm/pgtable.h>

static unsigned long pfn;

static int pfn_set(const char *val, const struct kernel_param *kp)
{
	return kstrtoul(val, 0, &pfn);
}

/* UC and UC- have _PAGE_PCD, which is the same bit at each level. */
static char state(pteval_t flags)
{
	if (!(flags & _PAGE_PRESENT))
		return 'N';
	return flags & _PAGE_PCD ? 'U' : 'Y';
}

static int pfn_get(char *buffer, const struct kernel_param *kp)
{
	unsigned int level;
	pte_t *pte = lookup_address((unsigned long)pfn_to_kaddr(pfn), &level);

	return sprintf(buffer, "%c\n", pte ? state(pte_flags(*pte)) : 'N');
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
