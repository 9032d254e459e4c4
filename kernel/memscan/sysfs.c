// SPDX-License-Identifier: GPL-2.0-only
/*
 * /sys/kernel/memscan
 *
 * A value that is refused has changed nothing. Figures are read while their
 * thread writes them: each is right for itself.
 */

#include <linux/kobject.h>
#include <linux/kstrtox.h>
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/string.h>
#include <linux/sysfs.h>
#include "memscan.h"
#include "scan.h"

/* The longest number, in octal, and its newline */
#define MAX_WORD		24
#define MAX_CYCLE_SECONDS	(366 * 86400)

static struct kobject *root;

/* What scan_addr starts, in bytes. */
static u64 scan_size = PAGE_SIZE;

static struct memscan_scan *to_scan(struct kobject *kobj)
{
	return container_of(kobj, struct memscan_scan, kobj);
}

/* A word of ours and a newline: no end of the string within, no page of it. */
static bool is_word(const char *buf, size_t count)
{
	return count <= MAX_WORD && strlen(buf) == count;
}

/* Decimal, or 0x and hexadecimal, or 0 and octal; no sign, nothing but that. */
static int parse(const char *buf, size_t count, u64 low, u64 high, u64 *value)
{
	u64 parsed;

	if (!is_word(buf, count) || *buf == '+' || kstrtou64(buf, 0, &parsed))
		return -EINVAL;
	if (parsed < low || parsed > high)
		return -EINVAL;
	*value = parsed;
	return 0;
}

/*
 * Figures of a scan: a table says where they are
 */

struct figure {
	struct kobj_attribute attr;
	size_t offset;
};

static ssize_t figure_show(struct kobject *kobj, struct kobj_attribute *attr,
			   char *buf)
{
	struct figure *figure = container_of(attr, struct figure, attr);
	const u64 *value = (void *)to_scan(kobj) + figure->offset;

	/* Pairs with count_pass(), for the number of passes. */
	return sysfs_emit(buf, "%llu\n", smp_load_acquire(value));
}

#define FIGURE_MODE(group, file, member, mode)				\
static struct figure group##_##file = {					\
	.attr = __ATTR(file, mode, figure_show, NULL),			\
	.offset = offsetof(struct memscan_scan, member),		\
}

#define FIGURE(group, file, member)					\
	FIGURE_MODE(group, file, member, 0444)

FIGURE(scan, passes, passes);
FIGURE(scan, late_passes, late_passes);
FIGURE(scan, late_seconds, late_seconds);
FIGURE(scan, early_passes, early_passes);
FIGURE(scan, early_seconds, early_seconds);
FIGURE(nearby, blocks, nearby_totals.blocks);
FIGURE(nearby, hits, nearby_totals.hits);
FIGURE(scan, rate_bytes_per_second, rate_bytes_per_second);
FIGURE(scan, read_bytes, totals.read_bytes);
/* Physical addresses are not for everybody. */
FIGURE_MODE(scan, last_hit_pfn, totals.last_hit_pfn, 0400);
FIGURE(scan, last_hit_seconds, totals.last_hit_seconds);
FIGURE(hits, recovered, totals.hits[MEMSCAN_HIT_RECOVERED]);
FIGURE(hits, known, totals.hits[MEMSCAN_HIT_KNOWN]);
FIGURE(hits, not_recovered, totals.hits[MEMSCAN_HIT_NOT_RECOVERED]);
FIGURE(pass, start_seconds, start_seconds);
FIGURE(last_pass, start_seconds, last.start_seconds);
FIGURE(last_pass, end_seconds, last.end_seconds);

/* The same files for the pass under way and for the last one. */
#define PASS_FIGURES(group, at)						\
FIGURE(group, hits, at.hits);						\
FIGURE(group, read_pages, at.pages[MEMSCAN_READ]);			\
FIGURE(group, absent_pages, at.pages[MEMSCAN_SKIP_ABSENT]);		\
FIGURE(group, other_node_pages, at.pages[MEMSCAN_SKIP_OTHER_NODE]);	\
FIGURE(group, not_ram_pages, at.pages[MEMSCAN_SKIP_NOT_RAM]);		\
FIGURE(group, leaving_pages, at.pages[MEMSCAN_SKIP_LEAVING]);		\
FIGURE(group, offline_pages, at.pages[MEMSCAN_SKIP_OFFLINE]);		\
FIGURE(group, hwpoison_pages, at.pages[MEMSCAN_SKIP_HWPOISON]);		\
FIGURE(group, known_pages, at.pages[MEMSCAN_SKIP_KNOWN]);		\
FIGURE(group, scope_pages, at.pages[MEMSCAN_SKIP_SCOPE]);		\
FIGURE(group, unmapped_pages, at.pages[MEMSCAN_SKIP_UNMAPPED])

#define PASS_ATTRIBUTES(group)						\
	&group##_hits.attr.attr,					\
	&group##_read_pages.attr.attr,					\
	&group##_absent_pages.attr.attr,				\
	&group##_other_node_pages.attr.attr,				\
	&group##_not_ram_pages.attr.attr,				\
	&group##_leaving_pages.attr.attr,				\
	&group##_offline_pages.attr.attr,				\
	&group##_hwpoison_pages.attr.attr,				\
	&group##_known_pages.attr.attr,					\
	&group##_scope_pages.attr.attr,					\
	&group##_unmapped_pages.attr.attr

PASS_FIGURES(pass, walk);
PASS_FIGURES(last_pass, last);

static ssize_t state_show(struct kobject *kobj, struct kobj_attribute *attr,
			  char *buf)
{
	return memscan_scan_state_show(to_scan(kobj), buf);
}

static ssize_t progress_percent_show(struct kobject *kobj,
				     struct kobj_attribute *attr, char *buf)
{
	const struct memscan_walk *walk = &to_scan(kobj)->walk;
	struct memscan_range range = walk->range;

	return sysfs_emit(buf, "%u\n",
			  memscan_range_percent(&range, READ_ONCE(walk->pfn)));
}

static struct kobj_attribute state_attr = __ATTR_RO(state);
static struct kobj_attribute progress_attr = __ATTR_RO(progress_percent);

static struct attribute *figure_attrs[] = {
	&state_attr.attr,
	&progress_attr.attr,
	&scan_passes.attr.attr,
	&scan_rate_bytes_per_second.attr.attr,
	&scan_read_bytes.attr.attr,
	&scan_last_hit_pfn.attr.attr,
	&scan_last_hit_seconds.attr.attr,
	NULL
};

static struct attribute *hits_attrs[] = {
	&hits_recovered.attr.attr,
	&hits_known.attr.attr,
	&hits_not_recovered.attr.attr,
	NULL
};

static struct attribute *nearby_attrs[] = {
	&nearby_blocks.attr.attr,
	&nearby_hits.attr.attr,
	NULL
};

static struct attribute *pass_attrs[] = {
	&pass_start_seconds.attr.attr,
	PASS_ATTRIBUTES(pass),
	NULL
};

static struct attribute *last_pass_attrs[] = {
	&last_pass_start_seconds.attr.attr,
	&last_pass_end_seconds.attr.attr,
	PASS_ATTRIBUTES(last_pass),
	NULL
};

static const struct attribute_group figure_group = { .attrs = figure_attrs };
static const struct attribute_group hits_group = {
	.name = "hits", .attrs = hits_attrs
};

static const struct attribute_group nearby_group = {
	.name = "nearby", .attrs = nearby_attrs
};

static const struct attribute_group pass_group = {
	.name = "pass", .attrs = pass_attrs
};

static const struct attribute_group last_pass_group = {
	.name = "last_pass", .attrs = last_pass_attrs
};

/*
 * Settings of a node
 */

struct setting {
	struct kobj_attribute attr;
	size_t offset;
	unsigned int low;
	unsigned int high;
};

static unsigned int *setting_value(struct kobject *kobj, struct setting *setting)
{
	return (void *)to_scan(kobj) + setting->offset;
}

static ssize_t setting_show(struct kobject *kobj, struct kobj_attribute *attr,
			    char *buf)
{
	struct setting *setting = container_of(attr, struct setting, attr);

	return sysfs_emit(buf, "%u\n",
			  READ_ONCE(*setting_value(kobj, setting)));
}

static ssize_t setting_store(struct kobject *kobj, struct kobj_attribute *attr,
			     const char *buf, size_t count)
{
	struct setting *setting = container_of(attr, struct setting, attr);
	u64 value;
	int err;

	err = parse(buf, count, setting->low, setting->high, &value);
	if (err)
		return err;
	WRITE_ONCE(*setting_value(kobj, setting), value);
	memscan_scan_wake(to_scan(kobj));
	return count;
}

#define SETTING(name, lowest, highest)					\
static struct setting name##_setting = {				\
	.attr = __ATTR(name, 0644, setting_show, setting_store),	\
	.offset = offsetof(struct memscan_scan, name),			\
	.low = lowest,							\
	.high = highest,						\
}

SETTING(cycle_seconds, 1, MAX_CYCLE_SECONDS);
SETTING(max_cpu_percent, 1, 100);

static const char *const scopes[] = {
	[MEMSCAN_SCOPE_ALL] = "all",
	[MEMSCAN_SCOPE_HUGETLB] = "hugetlb",
	[MEMSCAN_SCOPE_NOHUGETLB] = "nohugetlb",
	[MEMSCAN_SCOPE_FREE] = "free",
};

static ssize_t scope_show(struct kobject *kobj, struct kobj_attribute *attr,
			  char *buf)
{
	return sysfs_emit(buf, "%s\n", scopes[READ_ONCE(to_scan(kobj)->scope)]);
}

static ssize_t scope_store(struct kobject *kobj, struct kobj_attribute *attr,
			   const char *buf, size_t count)
{
	int scope = sysfs_match_string(scopes, buf);

	if (scope < 0 || !is_word(buf, count))
		return -EINVAL;
	WRITE_ONCE(to_scan(kobj)->scope, scope);
	return count;
}

static ssize_t enabled_show(struct kobject *kobj, struct kobj_attribute *attr,
			    char *buf)
{
	/* Pairs with count_pass(), for the end of a range. */
	bool wanted = smp_load_acquire(&to_scan(kobj)->wanted);

	return sysfs_emit(buf, "%d\n", wanted);
}

static ssize_t enabled_store(struct kobject *kobj, struct kobj_attribute *attr,
			     const char *buf, size_t count)
{
	u64 enable;
	int err;

	err = parse(buf, count, 0, 1, &enable);
	if (err)
		return err;
	/* To start what reads already does nothing. */
	if (enable)
		memscan_scan_start(to_scan(kobj), (struct memscan_range){});
	else
		memscan_scan_stop(to_scan(kobj));
	return count;
}

static ssize_t pace_show(struct kobject *kobj, struct kobj_attribute *attr,
			 char *buf)
{
	static const char *const paces[] = {
		[MEMSCAN_PACE_NORMAL] = "normal",
		[MEMSCAN_PACE_FAST] = "fast",
		[MEMSCAN_PACE_SLOW] = "slow",
	};

	return sysfs_emit(buf, "%s\n",
			  paces[READ_ONCE(to_scan(kobj)->progress.pace)]);
}

static struct kobj_attribute pace_attr = __ATTR_RO(pace);
static struct kobj_attribute scope_attr = __ATTR_RW(scope);
static struct kobj_attribute enabled_attr = __ATTR_RW(enabled);

static struct attribute *node_attrs[] = {
	&enabled_attr.attr,
	&scope_attr.attr,
	&cycle_seconds_setting.attr.attr,
	&max_cpu_percent_setting.attr.attr,
	&scan_late_passes.attr.attr,
	&scan_late_seconds.attr.attr,
	&scan_early_passes.attr.attr,
	&scan_early_seconds.attr.attr,
	&pace_attr.attr,
	NULL
};

static const struct attribute_group node_group = { .attrs = node_attrs };

static const struct attribute_group *node_groups[] = {
	&node_group, &figure_group, &hits_group, &nearby_group, &pass_group,
	&last_pass_group, NULL
};

/*
 * The range on demand, which scan_addr starts
 */

static ssize_t stop_store(struct kobject *kobj, struct kobj_attribute *attr,
			  const char *buf, size_t count)
{
	u64 enable;
	int err;

	err = parse(buf, count, 0, 0, &enable);
	if (err)
		return err;
	memscan_scan_stop(to_scan(kobj));
	return count;
}

static struct kobj_attribute demand_enabled_attr =
	__ATTR(enabled, 0644, enabled_show, stop_store);

static struct attribute *demand_attrs[] = {
	&demand_enabled_attr.attr,
	NULL
};

static const struct attribute_group demand_group = { .attrs = demand_attrs };

static const struct attribute_group *demand_groups[] = {
	&demand_group, &figure_group, &hits_group, &pass_group,
	&last_pass_group, NULL
};

/*
 * Controls of all
 */

static ssize_t pause_show(struct kobject *kobj, struct kobj_attribute *attr,
			  char *buf)
{
	return sysfs_emit(buf, "%d\n", READ_ONCE(memscan_paused));
}

static ssize_t pause_store(struct kobject *kobj, struct kobj_attribute *attr,
			   const char *buf, size_t count)
{
	u64 value;
	int err;

	err = parse(buf, count, 0, 1, &value);
	if (err)
		return err;
	WRITE_ONCE(memscan_paused, value);
	memscan_wake_all();
	return count;
}

static ssize_t max_hits_show(struct kobject *kobj, struct kobj_attribute *attr,
			     char *buf)
{
	return sysfs_emit(buf, "%u\n", READ_ONCE(memscan_max_hits));
}

static ssize_t max_hits_store(struct kobject *kobj, struct kobj_attribute *attr,
			      const char *buf, size_t count)
{
	u64 value;
	int err;

	err = parse(buf, count, 1, UINT_MAX, &value);
	if (err)
		return err;
	WRITE_ONCE(memscan_max_hits, value);
	return count;
}

static ssize_t capability_show(struct kobject *kobj,
			       struct kobj_attribute *attr, char *buf)
{
	return memscan_capability_show(buf);
}

static ssize_t scan_size_show(struct kobject *kobj, struct kobj_attribute *attr,
			      char *buf)
{
	return sysfs_emit(buf, "%llu\n", READ_ONCE(scan_size));
}

static ssize_t scan_size_store(struct kobject *kobj,
			       struct kobj_attribute *attr, const char *buf,
			       size_t count)
{
	u64 size;
	int err;

	err = parse(buf, count, PAGE_SIZE, S64_MAX, &size);
	if (err)
		return err;
	if (!PAGE_ALIGNED(size))
		return -EINVAL;
	WRITE_ONCE(scan_size, size);
	return count;
}

/* May have holes, but begins and ends with memory. */
static int demanded_range(u64 addr, struct memscan_range *range)
{
	u64 last;

	if (!PAGE_ALIGNED(addr) ||
	    check_add_overflow(addr, READ_ONCE(scan_size) - PAGE_SIZE, &last))
		return -EINVAL;
	range->start = addr >> PAGE_SHIFT;
	range->end = (last >> PAGE_SHIFT) + 1;
	if (!pfn_to_online_page(range->start) ||
	    !pfn_to_online_page(range->end - 1))
		return -EINVAL;
	return 0;
}

static int start_demand(struct memscan_scan *scan, u64 addr)
{
	struct memscan_range range;
	int err;

	err = demanded_range(addr, &range);
	if (err)
		return err;
	if (memscan_refusal())
		return -EPERM;
	return memscan_scan_start(scan, range);
}

static ssize_t scan_addr_show(struct kobject *kobj, struct kobj_attribute *attr,
			      char *buf)
{
	const struct memscan_scan *scan = memscan_scan_of(NUMA_NO_NODE);

	return sysfs_emit(buf, "%#llx\n",
			  (u64)READ_ONCE(scan->range.start) << PAGE_SHIFT);
}

static ssize_t scan_addr_store(struct kobject *kobj,
			       struct kobj_attribute *attr, const char *buf,
			       size_t count)
{
	u64 addr;
	int err;

	err = parse(buf, count, 0, U64_MAX, &addr);
	if (err)
		return err;
	err = start_demand(memscan_scan_of(NUMA_NO_NODE), addr);
	return err ?: count;
}

static struct kobj_attribute pause_attr = __ATTR_RW(pause);
static struct kobj_attribute max_hits_attr = __ATTR_RW(max_hits);
static struct kobj_attribute capability_attr = __ATTR_RO(capability);
static struct kobj_attribute scan_size_attr = __ATTR_RW_MODE(scan_size, 0600);
static struct kobj_attribute scan_addr_attr = __ATTR_RW_MODE(scan_addr, 0600);

static struct attribute *control_attrs[] = {
	&pause_attr.attr,
	&max_hits_attr.attr,
	&capability_attr.attr,
	&scan_size_attr.attr,
	&scan_addr_attr.attr,
	NULL
};

static const struct attribute_group control_group = { .attrs = control_attrs };

/*
 * Coming and going
 */

static void scan_released(struct kobject *kobj)
{
	complete(&to_scan(kobj)->released);
}

static const struct kobj_type node_type = {
	.release = scan_released,
	.sysfs_ops = &kobj_sysfs_ops,
	.default_groups = node_groups,
};

static const struct kobj_type demand_type = {
	.release = scan_released,
	.sysfs_ops = &kobj_sysfs_ops,
	.default_groups = demand_groups,
};

void memscan_sysfs_del_scan(struct memscan_scan *scan)
{
	kobject_del(&scan->kobj);
	kobject_put(&scan->kobj);
	wait_for_completion(&scan->released);
}

int memscan_sysfs_add_scan(struct memscan_scan *scan)
{
	int err;

	err = kobject_init_and_add(&scan->kobj,
				   scan->nid == NUMA_NO_NODE ? &demand_type :
							       &node_type,
				   root, "%s", scan->walk.who);
	if (err)
		memscan_sysfs_del_scan(scan);
	return err;
}

int memscan_sysfs_add_controls(void)
{
	return sysfs_create_group(root, &control_group);
}

void memscan_sysfs_del_controls(void)
{
	sysfs_remove_group(root, &control_group);
}

int memscan_sysfs_init(void)
{
	root = kobject_create_and_add("memscan", kernel_kobj);
	return root ? 0 : -ENOMEM;
}

void memscan_sysfs_exit(void)
{
	kobject_put(root);
}
