// SPDX-License-Identifier: GPL-2.0-only
/*
 * /sys/kernel/memscan
 *
 * A refused value changes nothing. Figures are read while their thread writes
 * them: each is consistent, but two of them need not match.
 */

#include <linux/kobject.h>
#include <linux/kstrtox.h>
#include <linux/math64.h>
#include <linux/string.h>
#include <linux/sysfs.h>
#include <linux/timekeeping.h>
#include "memscan.h"
#include "scan.h"

/* The longest number and its newline */
#define MAX_WORD		24
#define MAX_CYCLE_SECONDS	(366 * 86400)

static struct kset *root;

static struct memscan_scan *to_scan(struct kobject *kobj)
{
	return container_of(kobj, struct memscan_scan, kobj);
}

/* A short word and maybe a newline, without NUL. */
static bool is_word(const char *buf, size_t count)
{
	return count <= MAX_WORD && strlen(buf) == count;
}

int memscan_parse_number(const char *word, u64 *value)
{
	unsigned int base = strncasecmp(word, "0x", 2) ? 10 : 16;

	return *word == '+' || kstrtou64(word, base, value) ? -EINVAL : 0;
}

static int parse(const char *buf, size_t count, u64 low, u64 high, u64 *value)
{
	u64 parsed;

	if (!is_word(buf, count) || memscan_parse_number(buf, &parsed))
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

static struct figure node_figures[] = {
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
	/* The action is to report it; pending has it until it is isolated. */
	FIGURE(reported, totals.hits[MEMSCAN_HIT_REPORTED]),
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
	/* Hits so far, those in nearby/ included. */
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
	/*
	 * Skipped: had a hit before, and are not marked: raw pages of a kept
	 * huge page, reported pages in use, and what could not be isolated.
	 */
	FIGURE(known_pages, last.pages[MEMSCAN_SKIP_KNOWN]),
	/* Skipped: in a block of 128 MiB that had max_hits. */
	FIGURE(broken_pages, last.pages[MEMSCAN_SKIP_BROKEN]),
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
	/* Torn by the thread, it may be 0 or 100 for a moment, but never beyond. */
	struct memscan_walk walk = to_scan(kobj)->walk;

	return sysfs_emit(buf, "%u\n", memscan_walk_percent(&walk));
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

/* list_figures() adds those of a table to attributes with code of their own. */
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
 * What happens at a hit in a page that is in use: isolate or report. Pages that
 * nobody uses are always isolated.
 */
static const char *const actions[] = { "isolate", "report" };

static int action_of(const char *buf, size_t count)
{
	return is_word(buf, count) ? sysfs_match_string(actions, buf) : -EINVAL;
}

#define ACTION(name, member)						\
static ssize_t name##_show(struct kobject *kobj,			\
			   struct kobj_attribute *attr, char *buf)	\
{									\
	bool report = READ_ONCE(to_scan(kobj)->action.member);		\
									\
	return sysfs_emit(buf, "%s\n", actions[report]);		\
}									\
									\
static ssize_t name##_store(struct kobject *kobj,			\
			    struct kobj_attribute *attr,		\
			    const char *buf, size_t count)		\
{									\
	int action = action_of(buf, count);				\
									\
	if (action < 0)							\
		return -EINVAL;						\
	WRITE_ONCE(to_scan(kobj)->action.member, action);		\
	return count;							\
}									\
static struct kobj_attribute name##_attr = __ATTR_RW(name)

ACTION(action, report);
ACTION(hugetlb_action, report_hugetlb);

/*
 * 1 while memory is to be read. Writing 1 to a node that is off starts a pass
 * at what was read longest ago; 0 stops.
 */
static ssize_t enabled_show(struct kobject *kobj, struct kobj_attribute *attr,
			    char *buf)
{
	return sysfs_emit(buf, "%d\n", READ_ONCE(to_scan(kobj)->wanted));
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
		memscan_scan_start(to_scan(kobj));
	else
		memscan_scan_stop(to_scan(kobj));
	return count;
}

/*
 * Seconds since the page of the scope that was read longest ago was read. What
 * was never read counts from when the node was first enabled.
 */
static ssize_t age_seconds_show(struct kobject *kobj,
				struct kobj_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%llu\n", memscan_scan_age(to_scan(kobj)));
}

/* The epoch, in seconds of the clock that includes suspend. */
static s64 epoch(void)
{
	return div_s64(ktime_mono_to_any(0, TK_OFFS_BOOT) -
		       ktime_mono_to_any(0, TK_OFFS_REAL), NSEC_PER_SEC);
}

/*
 * When each part of the node was last read, for the scope that is set. To be
 * saved, and written back once the module is loaded again. Root only: it has
 * physical addresses.
 */
static ssize_t coverage_show(struct kobject *kobj, struct kobj_attribute *attr,
			     char *buf)
{
	struct memscan_scan *scan = to_scan(kobj);

	return memscan_coverage_print(&scan->coverage, READ_ONCE(scan->scope),
				      epoch(), buf);
}

static ssize_t coverage_store(struct kobject *kobj, struct kobj_attribute *attr,
			      const char *buf, size_t count)
{
	struct memscan_scan *scan = to_scan(kobj);
	int err;

	if (strlen(buf) != count)
		return -EINVAL;
	err = memscan_coverage_parse(&scan->coverage, epoch(),
				     ktime_get_boottime_seconds(), buf);
	return err ?: count;
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

static struct kobj_attribute age_attr = __ATTR_RO(age_seconds);
static struct kobj_attribute coverage_attr = __ATTR_RW_MODE(coverage, 0600);
static struct kobj_attribute pace_attr = __ATTR_RO(pace);
static struct kobj_attribute scope_attr = __ATTR_RW(scope);
static struct kobj_attribute enabled_attr = __ATTR_RW(enabled);

static struct attribute *node_attrs[11 + ARRAY_SIZE(node_figures) + 1] = {
	&state_attr.attr,
	&progress_attr.attr,
	&enabled_attr.attr,
	&scope_attr.attr,
	&cycle_seconds_setting.attr.attr,
	&max_cpu_percent_setting.attr.attr,
	&pace_attr.attr,
	&age_attr.attr,
	&coverage_attr.attr,
	&action_attr.attr,
	&hugetlb_action_attr.attr,
};

static const struct attribute_group node_group = { .attrs = node_attrs };

static const struct attribute_group *node_groups[] = {
	&node_group, &hits_group, &nearby_group, &pass_group, &last_pass_group,
	NULL
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

/*
 * A setting of all scans: a number from 1 on.
 */

struct limit {
	struct kobj_attribute attr;
	unsigned int *value;
};

static ssize_t limit_show(struct kobject *kobj, struct kobj_attribute *attr,
			  char *buf)
{
	struct limit *limit = container_of(attr, struct limit, attr);

	return sysfs_emit(buf, "%u\n", READ_ONCE(*limit->value));
}

static ssize_t limit_store(struct kobject *kobj, struct kobj_attribute *attr,
			   const char *buf, size_t count)
{
	struct limit *limit = container_of(attr, struct limit, attr);
	u64 value;
	int err;

	err = parse(buf, count, 1, UINT_MAX, &value);
	if (err)
		return err;
	WRITE_ONCE(*limit->value, value);
	memscan_wake_all();
	return count;
}

#define LIMIT(name)							\
static struct limit name##_limit = {					\
	.attr = __ATTR(name, 0644, limit_show, limit_store),		\
	.value = &memscan_##name,					\
}

/* Leave out the rest of 128 MiB after this many hits in them in a pass. */
LIMIT(max_hits);
/* Wait for the end of the minute after this many hits in it, by node. */
LIMIT(max_hits_per_minute);

/* Each check of the machine and its verdict. */
static ssize_t capability_show(struct kobject *kobj,
			       struct kobj_attribute *attr, char *buf)
{
	return memscan_capability_show(buf);
}

/* Pages that were reported and are not isolated: how many. */
static ssize_t pending_show(struct kobject *kobj, struct kobj_attribute *attr,
			    char *buf)
{
	return sysfs_emit(buf, "%llu\n", memscan_pending());
}

/* A physical address of one of them: isolate it. */
static ssize_t isolate_store(struct kobject *kobj, struct kobj_attribute *attr,
			     const char *buf, size_t count)
{
	u64 addr;
	int err;

	err = parse(buf, count, 0, U64_MAX, &addr);
	if (!err)
		err = memscan_isolate(addr >> PAGE_SHIFT);
	return err ?: count;
}

/*
 * Their physical addresses, a line each, all of the same length. Root only. The
 * list can change between two reads.
 */
#define PENDING_LINE	19

/* Whether these are const depends on the kernel. */
#define bin_attr_ptr	typeof(*((struct attribute_group *)NULL)->bin_attrs)

static ssize_t pending_pages_read(struct file *file, struct kobject *kobj,
				  bin_attr_ptr attr, char *buf, loff_t off,
				  size_t count)
{
	char line[PENDING_LINE + 1];
	unsigned long pfn = 0;
	size_t n = 0, part;

	for (; n < count; pfn++) {
		pfn = memscan_next_pending(pfn);
		if (pfn == ULONG_MAX)
			break;
		if (off >= PENDING_LINE) {
			off -= PENDING_LINE;
			continue;
		}
		snprintf(line, sizeof(line), "%#018llx\n",
			 (u64)pfn << PAGE_SHIFT);
		part = min_t(size_t, PENDING_LINE - off, count - n);
		memcpy(buf + n, line + off, part);
		n += part;
		off = 0;
	}
	return n;
}

static struct kobj_attribute pending_attr = __ATTR_RO(pending);
static struct kobj_attribute isolate_attr = __ATTR_WO(isolate);
static struct bin_attribute pending_pages_attr =
	__BIN_ATTR(pending_pages, 0400, pending_pages_read, NULL, 0);

static struct kobj_attribute pause_attr = __ATTR_RW(pause);
static struct kobj_attribute capability_attr = __ATTR_RO(capability);

static struct attribute *control_attrs[] = {
	&pause_attr.attr,
	&max_hits_limit.attr.attr,
	&max_hits_per_minute_limit.attr.attr,
	&capability_attr.attr,
	&pending_attr.attr,
	&isolate_attr.attr,
	NULL
};

static bin_attr_ptr control_bin_attrs[] = {
	&pending_pages_attr,
	NULL
};

static const struct attribute_group control_group = {
	.attrs = control_attrs,
	.bin_attrs = control_bin_attrs,
};

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

void memscan_sysfs_del_scan(struct memscan_scan *scan)
{
	kobject_del(&scan->kobj);
	kobject_put(&scan->kobj);
	wait_for_completion(&scan->released);
}

int memscan_sysfs_add_scan(struct memscan_scan *scan)
{
	int err;

	scan->kobj.kset = root;
	err = kobject_init_and_add(&scan->kobj, &node_type, NULL, "%s",
				   scan->walk.who);
	/* It is in no directory: only its last user is awaited. */
	if (err) {
		kobject_put(&scan->kobj);
		wait_for_completion(&scan->released);
	}
	return err;
}

int memscan_sysfs_add_controls(void)
{
	return sysfs_create_group(&root->kobj, &control_group);
}

void memscan_sysfs_del_controls(void)
{
	sysfs_remove_group(&root->kobj, &control_group);
}

#define LIST(group)							\
	list_figures(group##_attrs, group##_figures,			\
		     ARRAY_SIZE(group##_figures))

int memscan_sysfs_init(void)
{
	LIST(node);
	LIST(hits);
	LIST(nearby);
	LIST(pass);
	LIST(last_pass);
	root = kset_create_and_add("memscan", NULL, kernel_kobj);
	return root ? 0 : -ENOMEM;
}

void memscan_sysfs_exit(void)
{
	kset_unregister(root);
}
