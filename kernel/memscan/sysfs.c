// SPDX-License-Identifier: GPL-2.0-only
/*
 * /sys/kernel/memscan
 *
 * A refused value changes nothing. Figures are read while their thread writes
 * them: each is consistent, but two of them need not match.
 */

#include <linux/kobject.h>
#include <linux/kstrtox.h>
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/string.h>
#include <linux/sysfs.h>
#include "memscan.h"
#include "scan.h"

/* The longest number and its newline */
#define MAX_WORD		24
#define MAX_CYCLE_SECONDS	(366 * 86400)

static struct kobject *root;

/* Length of the range that scan_addr starts, in bytes. */
static u64 scan_size = PAGE_SIZE;

static struct memscan_scan *to_scan(struct kobject *kobj)
{
	return container_of(kobj, struct memscan_scan, kobj);
}

/* A short word and maybe a newline, without NUL. */
static bool is_word(const char *buf, size_t count)
{
	return count <= MAX_WORD && strlen(buf) == count;
}

/* Decimal, or hexadecimal after 0x; no sign, nothing else. */
static int parse(const char *buf, size_t count, u64 low, u64 high, u64 *value)
{
	unsigned int base = strncasecmp(buf, "0x", 2) ? 10 : 16;
	u64 parsed;

	if (!is_word(buf, count) || *buf == '+' ||
	    kstrtou64(buf, base, &parsed))
		return -EINVAL;
	if (parsed < low || parsed > high)
		return -EINVAL;
	*value = parsed;
	return 0;
}

/*
 * Figures of a scan. One line and one paragraph per file; the ABI page says the
 * same to users.
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

	/* Pairs with count_pass(): a new count has its pass's figures. */
	return sysfs_emit(buf, "%llu\n", smp_load_acquire(value));
}

#define FIGURE_MODE(file, member, mode) {				\
	.attr = __ATTR(file, mode, figure_show, NULL),			\
	.offset = offsetof(struct memscan_scan, member),		\
}

#define FIGURE(file, member)	FIGURE_MODE(file, member, 0444)

/* Of every scan. */
static struct figure scan_figures[] = {
	/*
	 * Completed passes since the module was loaded. poll(2) reports each
	 * with POLLPRI, and last_pass/ then describes it.
	 */
	FIGURE(passes, passes),
	/* Bytes per second since the pass under way started, waits included. */
	FIGURE(rate_bytes_per_second, rate_bytes_per_second),
	/* Bytes read since the module was loaded. */
	FIGURE(read_bytes, totals.read_bytes),
	/*
	 * Page frame number of the last hit; 0 if there was none. Root only:
	 * it is a physical address.
	 */
	FIGURE_MODE(last_hit_pfn, totals.last_hit_pfn, 0400),
	/* Time of the last hit, since the epoch; 0 if there was none. */
	FIGURE(last_hit_seconds, totals.last_hit_seconds),
};

/* Of nodes. */
static struct figure node_figures[] = {
	/*
	 * Seconds by which passes exceeded cycle_seconds, in total since the
	 * module was loaded. Grows by at least 1 with each late pass.
	 */
	FIGURE(late_seconds, late_seconds),
};

/* hits/: poison found since the module was loaded, by what the kernel did. */
static struct figure hits_figures[] = {
	/* memory_failure() isolated the page or notified its owner. */
	FIGURE(recovered, totals.hits[MEMSCAN_HIT_RECOVERED]),
	/* The kernel had already been told by another path. */
	FIGURE(known, totals.hits[MEMSCAN_HIT_KNOWN]),
	/*
	 * memory_failure() could not isolate the page, for example because it
	 * is the kernel's own. It is not read again.
	 */
	FIGURE(not_recovered, totals.hits[MEMSCAN_HIT_NOT_RECOVERED]),
};

/* nearby/: read ahead of the pass, near a hit or because it came online. */
static struct figure nearby_figures[] = {
	/* Blocks of 2 MiB read so far. */
	FIGURE(blocks, nearby_totals.blocks),
	/* Hits in them, which hits/ counts as well. */
	FIGURE(hits, nearby_totals.hits),
};

/* pass/: the pass under way, or the last one if there is none. */
static struct figure pass_figures[] = {
	/* Its start, since the epoch; 0 if there was none. */
	FIGURE(start_seconds, start_seconds),
	/* Hits so far, those in nearby/ included; max_hits limits them. */
	FIGURE(hits, walk.hits),
};

/*
 * last_pass/: the last completed pass. Each present page of the node is counted
 * in one of the *_pages.
 */
static struct figure last_pass_figures[] = {
	/* Its start, since the epoch: its pages were read since then. */
	FIGURE(start_seconds, last.start_seconds),
	/* Its end, since the epoch; 0 if there was none. */
	FIGURE(end_seconds, last.end_seconds),
	/* Hits, those in nearby/ included. */
	FIGURE(hits, last.hits),
	/* Base pages read, including those with a hit. */
	FIGURE(read_pages, last.pages[MEMSCAN_READ]),
	/* Skipped: about to go offline. */
	FIGURE(leaving_pages, last.pages[MEMSCAN_SKIP_LEAVING]),
	/* Skipped: ballooned, or unplugged from virtio-mem. */
	FIGURE(offline_pages, last.pages[MEMSCAN_SKIP_OFFLINE]),
	/* Skipped: marked as poisoned by the kernel. */
	FIGURE(hwpoison_pages, last.pages[MEMSCAN_SKIP_HWPOISON]),
	/* Skipped: raw pages of a kept huge page that had a hit before. */
	FIGURE(known_pages, last.pages[MEMSCAN_SKIP_KNOWN]),
	/* Skipped: outside the scope of the pass. */
	FIGURE(scope_pages, last.pages[MEMSCAN_SKIP_SCOPE]),
	/* Skipped: not in the kernel's direct map. */
	FIGURE(unmapped_pages, last.pages[MEMSCAN_SKIP_UNMAPPED]),
};

/* What the thread is doing, in words. */
static ssize_t state_show(struct kobject *kobj, struct kobj_attribute *attr,
			  char *buf)
{
	return memscan_scan_state_show(to_scan(kobj), buf);
}

/* How much of its range the pass under way has covered. */
static ssize_t progress_percent_show(struct kobject *kobj,
				     struct kobj_attribute *attr, char *buf)
{
	const struct memscan_walk *walk = &to_scan(kobj)->walk;
	struct memscan_range range = walk->range;

	return sysfs_emit(buf, "%u\n",
			  memscan_range_percent(&range, READ_ONCE(walk->pfn)));
}

static const char *const scopes[] = {
	[MEMSCAN_SCOPE_ALL] = "all",
	[MEMSCAN_SCOPE_HUGETLB] = "hugetlb",
	[MEMSCAN_SCOPE_NOHUGETLB] = "nohugetlb",
	[MEMSCAN_SCOPE_FREE] = "free",
};

/* The scope of the last pass; what it left out may be any age. */
static ssize_t last_scope_show(struct kobject *kobj,
			       struct kobj_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%s\n",
			  scopes[READ_ONCE(to_scan(kobj)->last.scope)]);
}

static struct kobj_attribute state_attr = __ATTR_RO(state);
static struct kobj_attribute progress_attr = __ATTR_RO(progress_percent);
static struct kobj_attribute last_scope_attr =
	__ATTR(scope, 0444, last_scope_show, NULL);

/* Attributes with code of their own; list_figures() adds those of a table. */
static struct attribute *scan_attrs[2 + ARRAY_SIZE(scan_figures) + 1] = {
	&state_attr.attr,
	&progress_attr.attr,
};

static struct attribute *hits_attrs[ARRAY_SIZE(hits_figures) + 1];
static struct attribute *nearby_attrs[ARRAY_SIZE(nearby_figures) + 1];
static struct attribute *pass_attrs[ARRAY_SIZE(pass_figures) + 1];

static struct attribute *
last_pass_attrs[1 + ARRAY_SIZE(last_pass_figures) + 1] = {
	&last_scope_attr.attr,
};

static void list_figures(struct attribute **attrs, struct figure *figures,
			 size_t n)
{
	size_t i;

	while (*attrs)
		attrs++;
	for (i = 0; i < n; i++)
		attrs[i] = &figures[i].attr.attr;
}

static const struct attribute_group scan_group = { .attrs = scan_attrs };
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

/* Time for a full pass at the normal pace. Takes effect at once. */
SETTING(cycle_seconds, 1, MAX_CYCLE_SECONDS);
/* Upper limit on the share of one CPU, even if the pass runs late. */
SETTING(max_cpu_percent, 1, 100);

/* Which pages are read, from the next pass on. */
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

/*
 * 1 while memory is to be read. Writing 1 to a node that is off starts a pass
 * at its beginning; 0 stops. Falls back to 0 after max_hits.
 */
static ssize_t enabled_show(struct kobject *kobj, struct kobj_attribute *attr,
			    char *buf)
{
	/* Pairs with count_pass(): the end of a range comes with its count. */
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
	/* Starting a scan that is reading already does nothing. */
	if (enable)
		memscan_scan_start(to_scan(kobj), (struct memscan_range){});
	else
		memscan_scan_stop(to_scan(kobj));
	return count;
}

/* What the load of the node asked for after the last burst. */
static ssize_t pace_show(struct kobject *kobj, struct kobj_attribute *attr,
			 char *buf)
{
	static const char *const paces[] = {
		[MEMSCAN_PACE_NORMAL] = "normal",
		[MEMSCAN_PACE_SLOW] = "slow",
	};

	return sysfs_emit(buf, "%s\n",
			  paces[READ_ONCE(to_scan(kobj)->progress.pace)]);
}

static struct kobj_attribute pace_attr = __ATTR_RO(pace);
static struct kobj_attribute scope_attr = __ATTR_RW(scope);
static struct kobj_attribute enabled_attr = __ATTR_RW(enabled);

static struct attribute *node_attrs[5 + ARRAY_SIZE(node_figures) + 1] = {
	&enabled_attr.attr,
	&scope_attr.attr,
	&cycle_seconds_setting.attr.attr,
	&max_cpu_percent_setting.attr.attr,
	&pace_attr.attr,
};

static const struct attribute_group node_group = { .attrs = node_attrs };

static const struct attribute_group *node_groups[] = {
	&node_group, &scan_group, &hits_group, &nearby_group, &pass_group,
	&last_pass_group, NULL
};

/*
 * The range on demand, which scan_addr starts
 */

/* 0 stops it; only scan_addr starts one. */
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
	&demand_group, &scan_group, &hits_group, &pass_group,
	&last_pass_group, NULL
};

/*
 * Controls of all scans
 */

/* 1 suspends all scanning until it is set back to 0. */
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

/* Stop a pass, or a range on demand, after this many hits. */
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

/* Each check of the machine and its verdict. */
static ssize_t capability_show(struct kobject *kobj,
			       struct kobj_attribute *attr, char *buf)
{
	return memscan_capability_show(buf);
}

/* Number of bytes that a write to scan_addr reads. */
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

/* The range may have holes, but must begin and end with memory. */
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

/* Writing a physical address reads scan_size bytes from there, once. */
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
 * Adding and removing
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

#define LIST(group)							\
	list_figures(group##_attrs, group##_figures,			\
		     ARRAY_SIZE(group##_figures))

int memscan_sysfs_init(void)
{
	LIST(scan);
	LIST(node);
	LIST(hits);
	LIST(nearby);
	LIST(pass);
	LIST(last_pass);
	root = kobject_create_and_add("memscan", kernel_kobj);
	return root ? 0 : -ENOMEM;
}

void memscan_sysfs_exit(void)
{
	kobject_put(root);
}
