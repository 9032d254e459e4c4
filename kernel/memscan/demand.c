// SPDX-License-Identifier: GPL-2.0-only
/*
 * /dev/memscan: read a range of memory now, in the context of who asks.
 *
 * Each descriptor is a range of its own. Writing a line starts it:
 *
 *	ADDRESS SIZE MAX_CPU_PERCENT
 *
 * and each read(2) reads memory until there is something to say, which is one
 * line: each second how far it is, each hit, and in the end what was read:
 *
 *	at 0x100400000
 *	hit 0x100401000 recovered
 *	end read_pages=1023 leaving_pages=0 ...
 *
 * Then reads return 0. Signals interrupt it, as the caller does the work; it
 * goes on with the next read, and closing the descriptor ends it.
 */

#include <linux/capability.h>
#include <linux/fs.h>
#include <linux/hrtimer.h>
#include <linux/memory_hotplug.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/overflow.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/timekeeping.h>
#include <linux/uaccess.h>
#include "memscan.h"
#include "pace.h"
#include "walk.h"

#define LINE_BYTES	256
#define REPORT_NS	NSEC_PER_SEC

/**
 * struct demand - a range to read
 * @lock: one reads or writes at a time
 * @walk: position and figures
 * @totals: hits by outcome, and the last
 * @max_cpu_percent: upper limit on the share of one CPU
 * @budget: CPU time used under it
 * @used_ns: CPU time that its ranges have used so far, whoever called
 * @entered_ns: CPU time of the caller when it began to
 * @ended: its end was said
 * @line: what is to be said
 * @unsaid: its length, until it has been
 */
struct demand {
	struct mutex lock; /* one reads or writes at a time */
	struct memscan_walk walk;
	struct memscan_totals totals;
	unsigned int max_cpu_percent;
	struct memscan_budget budget;
	u64 used_ns;
	u64 entered_ns;
	bool ended;
	char line[LINE_BYTES];
	int unsaid;
};

/*
 * Starting
 */

/* The range may have holes, but must begin and end with memory. */
static int make_range(u64 addr, u64 size, struct memscan_range *range)
{
	u64 last;

	if (!size || !PAGE_ALIGNED(addr) || !PAGE_ALIGNED(size) ||
	    check_add_overflow(addr, size - PAGE_SIZE, &last))
		return -EINVAL;
	range->start = addr >> PAGE_SHIFT;
	range->end = (last >> PAGE_SHIFT) + 1;
	if (!pfn_to_online_page(range->start) ||
	    !pfn_to_online_page(range->end - 1))
		return -EINVAL;
	return 0;
}

/* Takes the next word of the line, a number. */
static int next_number(char **line, u64 *value)
{
	char *word = strsep(line, " ");

	return word ? memscan_parse_number(word, value) : -EINVAL;
}

static int parse(char *line, struct memscan_range *range,
		 unsigned int *max_cpu_percent)
{
	u64 addr, size, percent;

	if (next_number(&line, &addr) || next_number(&line, &size) ||
	    next_number(&line, &percent) || line)
		return -EINVAL;
	if (percent < 1 || percent > 100)
		return -EINVAL;
	*max_cpu_percent = percent;
	return make_range(addr, size, range);
}

/* All that is done for a range counts for the cap, or many small ones exceed it. */
static void begin_to_use(struct demand *demand)
{
	demand->entered_ns = memscan_cpu_time_ns();
}

static u64 used_ns(const struct demand *demand)
{
	return demand->used_ns + memscan_cpu_time_ns() - demand->entered_ns;
}

static void end_to_use(struct demand *demand)
{
	demand->used_ns = used_ns(demand);
}

static int start(struct demand *demand, char *line)
{
	unsigned int max_cpu_percent;
	struct memscan_range range;
	int err;

	err = parse(line, &range, &max_cpu_percent);
	if (err)
		return err;
	if (memscan_refusal())
		return -EPERM;
	memscan_walk_start(&demand->walk, range, range.start);
	demand->totals = (struct memscan_totals){};
	demand->max_cpu_percent = max_cpu_percent;
	demand->ended = false;
	demand->unsaid = 0;
	return 0;
}

static ssize_t demand_write(struct file *file, const char __user *from,
			    size_t count, loff_t *pos)
{
	struct demand *demand = file->private_data;
	char line[LINE_BYTES];
	int err;

	if (!count || count >= sizeof(line))
		return -EINVAL;
	if (copy_from_user(line, from, count))
		return -EFAULT;
	line[count] = '\0';
	if (strlen(line) != count)
		return -EINVAL;
	if (line[count - 1] == '\n')
		line[count - 1] = '\0';
	if (strchr(line, '\n'))
		return -EINVAL;
	if (mutex_lock_interruptible(&demand->lock))
		return -ERESTARTSYS;
	begin_to_use(demand);
	err = memscan_walk_done(&demand->walk) ? start(demand, line) : -EBUSY;
	end_to_use(demand);
	mutex_unlock(&demand->lock);
	return err ?: count;
}

/*
 * Reading
 */

static int say_hit(struct demand *demand)
{
	return scnprintf(demand->line, LINE_BYTES, "hit %#llx %s\n",
			 (u64)demand->totals.last_hit_pfn << PAGE_SHIFT,
			 memscan_outcome_name(demand->totals.last_outcome));
}

static int say_end(struct demand *demand)
{
	const u64 *pages = demand->walk.pages;

	return scnprintf(demand->line, LINE_BYTES,
			 "end read_pages=%llu leaving_pages=%llu offline_pages=%llu hwpoison_pages=%llu known_pages=%llu unmapped_pages=%llu hits=%llu\n",
			 pages[MEMSCAN_READ], pages[MEMSCAN_SKIP_LEAVING],
			 pages[MEMSCAN_SKIP_OFFLINE],
			 pages[MEMSCAN_SKIP_HWPOISON],
			 pages[MEMSCAN_SKIP_KNOWN],
			 pages[MEMSCAN_SKIP_UNMAPPED], demand->walk.hits);
}

/* Wait as the CPU cap demands; 0 if a burst may follow. */
static int rest(struct demand *demand)
{
	u64 ns = memscan_budget_wait_ns(&demand->budget,
					demand->max_cpu_percent,
					ktime_get_ns(), used_ns(demand));
	ktime_t timeout = ns_to_ktime(ns);

	if (ns) {
		set_current_state(TASK_INTERRUPTIBLE);
		schedule_hrtimeout_range(&timeout, min(ns / 16, NSEC_PER_MSEC),
					 HRTIMER_MODE_REL);
	}
	if (signal_pending(current))
		return -ERESTARTSYS;
	if (READ_ONCE(memscan_paused))
		return -EAGAIN;
	return memscan_machine_refusal() ? -EPERM : 0;
}

/* Read memory until there is a line to say; returns its length or -errno. */
static int go_on(struct demand *demand)
{
	u64 end = ktime_get_ns() + REPORT_NS, hits = demand->walk.hits;
	int err;

	while (!memscan_walk_done(&demand->walk)) {
		err = rest(demand);
		if (err)
			return err;
		memscan_walk_burst(&demand->walk, &demand->totals);
		if (demand->walk.hits > hits)
			return say_hit(demand);
		if (ktime_get_ns() > end)
			return scnprintf(demand->line, LINE_BYTES, "at %#llx\n",
					 (u64)demand->walk.pfn << PAGE_SHIFT);
	}
	if (demand->ended)
		return 0;
	demand->ended = true;
	return say_end(demand);
}

static int go_on_under_cap(struct demand *demand)
{
	int n;

	begin_to_use(demand);
	/* A sysctl that was read a second ago will do. */
	n = memscan_refusal() ? -EPERM : go_on(demand);
	end_to_use(demand);
	return n;
}

/* A line that could not be said is said by the next read. */
static int say(struct demand *demand, char __user *to)
{
	int n = demand->unsaid;

	if (!n)
		n = go_on_under_cap(demand);
	if (n <= 0)
		return n;
	demand->unsaid = n;
	if (copy_to_user(to, demand->line, n))
		return -EFAULT;
	demand->unsaid = 0;
	return n;
}

static ssize_t demand_read(struct file *file, char __user *to, size_t count,
			   loff_t *pos)
{
	struct demand *demand = file->private_data;
	int n;

	if (count < LINE_BYTES)
		return -EINVAL;
	if (mutex_lock_interruptible(&demand->lock))
		return -ERESTARTSYS;
	n = say(demand, to);
	mutex_unlock(&demand->lock);
	return n;
}

/*
 * The device
 */

static int demand_open(struct inode *inode, struct file *file)
{
	struct demand *demand;

	/* Whoever else made a node of the device */
	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	demand = kzalloc(sizeof(*demand), GFP_KERNEL);
	if (!demand)
		return -ENOMEM;
	mutex_init(&demand->lock);
	demand->walk.nid = NUMA_NO_NODE;
	strscpy(demand->walk.who, "demand");
	demand->ended = true;
	file->private_data = demand;
	return stream_open(inode, file);
}

static int demand_release(struct inode *inode, struct file *file)
{
	kfree(file->private_data);
	return 0;
}

static const struct file_operations demand_fops = {
	.owner = THIS_MODULE,
	.open = demand_open,
	.release = demand_release,
	.read = demand_read,
	.write = demand_write,
};

static struct miscdevice device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "memscan",
	.fops = &demand_fops,
	.mode = 0600,
};

int memscan_demand_init(void)
{
	return misc_register(&device);
}

void memscan_demand_exit(void)
{
	misc_deregister(&device);
}
