// SPDX-License-Identifier: GPL-2.0-only
/*
 * A thread that reads memory.
 *
 * It sleeps until it is wanted; then it reads in bursts, each followed by the
 * wait that the pace demands.
 */

#define pr_fmt(fmt) "memscan: " fmt

#include <linux/freezer.h>
#include <linux/hrtimer.h>
#include <linux/kthread.h>
#include <linux/mmzone.h>
#include <linux/sched.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/sysfs.h>
#include <linux/timekeeping.h>
#include "memscan.h"
#include "pace.h"
#include "scan.h"
#include "trace.h"

#define DEFAULT_CYCLE_SECONDS	86400
#define DEFAULT_CPU_PERCENT	10

static bool on_demand(const struct memscan_scan *scan)
{
	return scan->nid == NUMA_NO_NODE;
}

/*
 * The pass
 */

static struct memscan_range whole(struct memscan_scan *scan)
{
	struct memscan_range range;

	if (!on_demand(scan))
		return (struct memscan_range){
			node_start_pfn(scan->nid), node_end_pfn(scan->nid)
		};
	spin_lock(&scan->order_lock);
	range = scan->range;
	spin_unlock(&scan->order_lock);
	return range;
}

static u64 whole_bytes(const struct memscan_scan *scan)
{
	const struct memscan_range *range = &scan->walk.range;

	if (on_demand(scan))
		return (range->end - range->start) * PAGE_SIZE;
	return node_present_pages(scan->nid) * PAGE_SIZE;
}

static void start_pass(struct memscan_scan *scan)
{
	memscan_nearby_new_pass(&scan->nearby);
	memscan_activity_new_pass(&scan->activity);
	scan->walk.scope = READ_ONCE(scan->scope);
	memscan_walk_start(&scan->walk, whole(scan));
	scan->under_way = true;
	scan->start_ns = ktime_get_boottime_ns();
	scan->start_seconds = ktime_get_real_seconds();
	trace_memscan_pass(scan->walk.who, "start", 0, 0, 0);
}

/*
 * Drop all state of the previous pass. Memory onlined from here on is queued
 * for an early read.
 */
static void start_afresh(struct memscan_scan *scan)
{
	memscan_nearby_clear(&scan->nearby);
	memscan_walk_start(&scan->nearby_walk, (struct memscan_range){});
	scan->burst_end_ns = 0;
	start_pass(scan);
}

static u64 elapsed_ns(const struct memscan_scan *scan)
{
	return ktime_get_boottime_ns() - scan->start_ns;
}

static void count_late_seconds(struct memscan_scan *scan, u64 seconds)
{
	u64 cycle = READ_ONCE(scan->cycle_seconds);

	if (cycle && seconds > cycle)
		scan->late_seconds += seconds - cycle;
}

/*
 * Is the current work still wanted: neither stopped nor restarted? Caller holds
 * @order_lock.
 */
static bool is_current(const struct memscan_scan *scan)
{
	return scan->wanted && !READ_ONCE(scan->fresh);
}

/*
 * Count the pass and clear @wanted together, so that a reader never sees one
 * without the other. Caller holds @order_lock.
 */
static void count_pass(struct memscan_scan *scan, u64 seconds)
{
	scan->last.start_seconds = scan->start_seconds;
	scan->last.end_seconds = ktime_get_real_seconds();
	scan->last.scope = scan->walk.scope;
	scan->last.hits = scan->walk.hits;
	memcpy(scan->last.pages, scan->walk.pages, sizeof(scan->last.pages));
	count_late_seconds(scan, seconds);
	/* Pairs with figure_show(): the figures above are visible first. */
	smp_store_release(&scan->passes, scan->passes + 1);
	if (!on_demand(scan))
		return;
	/* Pairs with enabled_show(): the count is visible first. */
	smp_store_release(&scan->wanted, false);
}

/* A pass lasts until the next one may begin: its last wait is part of it. */
static void end_pass(struct memscan_scan *scan, u64 rest_ns)
{
	u64 seconds = div_u64(elapsed_ns(scan) + rest_ns, NSEC_PER_SEC);
	bool counts;

	scan->under_way = false;
	spin_lock(&scan->order_lock);
	counts = is_current(scan);
	if (counts)
		count_pass(scan, seconds);
	spin_unlock(&scan->order_lock);
	if (!counts)
		return;
	trace_memscan_pass(scan->walk.who, "end",
			   scan->walk.pages[MEMSCAN_READ], scan->walk.hits,
			   seconds);
	sysfs_notify(&scan->kobj, NULL, "passes");
}

static bool has_nearby(struct memscan_scan *scan)
{
	return !memscan_walk_done(&scan->nearby_walk) ||
	       memscan_nearby_pending(&scan->nearby);
}

/*
 * A burst
 */

static void measure_rate(struct memscan_scan *scan)
{
	u64 bytes = scan->walk.pages[MEMSCAN_READ] * PAGE_SIZE;
	u64 ms = max(div_u64(elapsed_ns(scan), NSEC_PER_MSEC), 1ULL);

	scan->rate_bytes_per_second = mul_u64_u64_div_u64(bytes, MSEC_PER_SEC,
							  ms);
}

/*
 * Many hits in a pass mean a failed part; finding every bad word of it is not
 * our job.
 */
static void stop_at_limit(struct memscan_scan *scan)
{
	bool stops;

	spin_lock(&scan->order_lock);
	stops = is_current(scan);
	if (stops) {
		WRITE_ONCE(scan->state, MEMSCAN_STOPPED);
		WRITE_ONCE(scan->wanted, false);
	}
	spin_unlock(&scan->order_lock);
	if (stops)
		pr_warn("%s: stopped after max_hits, %llu in one pass; find what is broken, then start it again\n",
			scan->walk.who, scan->walk.hits);
}

/*
 * Returns the time that the burst took. It ends at a hit, whose neighbourhood
 * is then queued.
 */
static u64 read_burst(struct memscan_scan *scan, struct memscan_walk *walk)
{
	u64 started = ktime_get_ns(), hits = walk->hits;

	memscan_walk_burst(walk, &scan->totals);
	if (walk->hits > hits && !on_demand(scan))
		memscan_nearby_add_hit(&scan->nearby, walk->pfn - 1);
	return ktime_get_ns() - started;
}

static void burst_nearby(struct memscan_scan *scan)
{
	struct memscan_walk *walk = &scan->nearby_walk;
	struct memscan_range range;
	u64 hits;

	if (memscan_walk_done(walk) &&
	    memscan_nearby_next(&scan->nearby, &range)) {
		walk->scope = scan->walk.scope;
		memscan_walk_start(walk, range);
		scan->nearby_totals.blocks++;
	}
	hits = walk->hits;
	read_burst(scan, walk);
	scan->nearby_totals.hits += walk->hits - hits;
	scan->walk.hits += walk->hits - hits;
}

static void burst_of_pass(struct memscan_scan *scan)
{
	struct memscan_walk *walk = &scan->walk;
	struct memscan_progress *progress = &scan->progress;
	u64 present = memscan_walk_present(walk);
	u64 read = walk->pages[MEMSCAN_READ], hits = walk->hits;

	progress->burst_ns = read_burst(scan, walk);
	progress->done_bytes = memscan_walk_present(walk) * PAGE_SIZE;
	progress->burst_bytes = progress->done_bytes - present * PAGE_SIZE;
	progress->elapsed_ns = elapsed_ns(scan);
	/* The time of a burst with a hit says nothing about the memory. */
	read = walk->hits > hits ? 0 : walk->pages[MEMSCAN_READ] - read;
	progress->pace = on_demand(scan) ? MEMSCAN_PACE_NORMAL :
			 memscan_pace_of(&scan->activity, progress->burst_ns,
					 read);
	scan->burst_end_ns = ktime_get_ns();
	measure_rate(scan);
}

/* The rest of the wait after the last burst, by the current settings. */
static u64 rest_ns(const struct memscan_scan *scan)
{
	const struct memscan_target target = {
		.cycle_ns = (u64)READ_ONCE(scan->cycle_seconds) * NSEC_PER_SEC,
		.total_bytes = whole_bytes(scan),
	};
	u64 end = scan->burst_end_ns, now = ktime_get_ns();

	if (!end)
		return 0;
	end += memscan_wait_ns(&target, &scan->progress);
	return end > now ? end - now : 0;
}

/*
 * The wait that the CPU cap demands. The scheduler updates our CPU time when it
 * runs; the time that has passed says little if others share the CPU.
 */
static u64 cap_ns(struct memscan_scan *scan)
{
	schedule();
	return memscan_budget_wait_ns(&scan->budget,
				      READ_ONCE(scan->max_cpu_percent),
				      ktime_get_ns(),
				      current->se.sum_exec_runtime);
}

static void read_some(struct memscan_scan *scan, bool nearby)
{
	if (nearby) {
		burst_nearby(scan);
		return;
	}
	if (!scan->under_way)
		start_pass(scan);
	burst_of_pass(scan);
}

/* How long to wait before the next burst, in ns. */
static u64 wait_ns(struct memscan_scan *scan)
{
	u64 cap = cap_ns(scan);

	return has_nearby(scan) ? cap : max(cap, rest_ns(scan));
}

/* Read a burst, if one is due. Returns how long to wait afterwards, in ns. */
static u64 go_on(struct memscan_scan *scan)
{
	u64 wait;

	if (xchg(&scan->fresh, false))
		start_afresh(scan);
	wait = wait_ns(scan);
	if (wait)
		return wait;
	read_some(scan, has_nearby(scan));
	wait = wait_ns(scan);
	if (!has_nearby(scan) && scan->under_way &&
	    memscan_walk_done(&scan->walk))
		end_pass(scan, wait);
	else if (scan->walk.hits >= READ_ONCE(memscan_max_hits))
		stop_at_limit(scan);
	return wait;
}

/*
 * The thread
 */

/* Before each burst, a sysctl that was read a second ago will do. */
static bool is_refused(struct memscan_scan *scan)
{
	u64 now = ktime_get_ns();

	if (scan->state == MEMSCAN_SCANNING &&
	    now - scan->asked_ns < NSEC_PER_SEC)
		return memscan_machine_refusal();
	scan->asked_ns = now;
	return memscan_refusal();
}

static enum memscan_state next_state(struct memscan_scan *scan)
{
	/* Pairs with memscan_scan_start(): go_on() sees @fresh and @range. */
	if (!smp_load_acquire(&scan->wanted))
		return scan->state == MEMSCAN_STOPPED ? MEMSCAN_STOPPED :
							MEMSCAN_IDLE;
	if (READ_ONCE(memscan_paused))
		return MEMSCAN_PAUSED;
	return is_refused(scan) ? MEMSCAN_REFUSED : MEMSCAN_SCANNING;
}

#define UNTIL_NEWS	U64_MAX

/*
 * A timer of high resolution: the waits of a cap above some percent are shorter
 * than a tick.
 */
static void sleep_for(struct memscan_scan *scan, u64 ns)
{
	ktime_t timeout = ns_to_ktime(ns);

	set_current_state(TASK_INTERRUPTIBLE | TASK_FREEZABLE);
	if (!xchg(&scan->news, false) && !kthread_should_stop())
		schedule_hrtimeout_range(ns == UNTIL_NEWS ? NULL : &timeout,
					 min(ns / 16, NSEC_PER_MSEC),
					 HRTIMER_MODE_REL);
	__set_current_state(TASK_RUNNING);
}

/* Returns how long to sleep. A refusal can be lifted without notice, so poll. */
static u64 do_next(struct memscan_scan *scan)
{
	WRITE_ONCE(scan->state, next_state(scan));
	switch (scan->state) {
	case MEMSCAN_SCANNING:
		return go_on(scan);
	case MEMSCAN_REFUSED:
		return NSEC_PER_SEC;
	default:
		return UNTIL_NEWS;
	}
}

static int scan_thread(void *data)
{
	struct memscan_scan *scan = data;
	u64 ns;

	set_freezable();
	while (!kthread_should_stop()) {
		ns = do_next(scan);
		if (ns)
			sleep_for(scan, ns);
		try_to_freeze();
	}
	return 0;
}

/* A setting has changed. */
void memscan_scan_wake(struct memscan_scan *scan)
{
	WRITE_ONCE(scan->news, true);
	/* Pairs with sleep_for(): set_current_state() */
	wake_up_process(scan->thread);
}

/**
 * memscan_scan_start - start reading from the beginning
 * @scan: the scan, whose settings apply
 * @range: what to read on demand
 *
 * Return: 0, or -EBUSY if it is reading already, which continues.
 */
int memscan_scan_start(struct memscan_scan *scan, struct memscan_range range)
{
	bool busy;

	spin_lock(&scan->order_lock);
	busy = scan->wanted;
	if (!busy) {
		scan->range = range;
		WRITE_ONCE(scan->fresh, true);
		/* Pairs with next_state(): @fresh, @range are visible first. */
		smp_store_release(&scan->wanted, true);
	}
	spin_unlock(&scan->order_lock);
	if (busy)
		return -EBUSY;
	memscan_scan_wake(scan);
	return 0;
}

/* Does not wait for the burst under way, but no pass is counted any more. */
void memscan_scan_stop(struct memscan_scan *scan)
{
	spin_lock(&scan->order_lock);
	WRITE_ONCE(scan->wanted, false);
	spin_unlock(&scan->order_lock);
	memscan_scan_wake(scan);
}

int memscan_scan_state_show(const struct memscan_scan *scan, char *buf)
{
	static const char *const names[] = {
		[MEMSCAN_IDLE] = "idle",
		[MEMSCAN_SCANNING] = "scanning",
		[MEMSCAN_PAUSED] = "paused",
		[MEMSCAN_REFUSED] = "refused",
		[MEMSCAN_STOPPED] = "stopped",
	};
	enum memscan_state state = READ_ONCE(scan->state);
	const char *why = NULL;

	if (state == MEMSCAN_REFUSED)
		why = memscan_refusal();
	if (why)
		return sysfs_emit(buf, "refused: %s\n", why);
	if (state == MEMSCAN_STOPPED)
		return sysfs_emit(buf, "stopped: max_hits reached\n");
	return sysfs_emit(buf, "%s\n", names[state]);
}

/*
 * Creating and destroying
 */

static int start_reading(struct memscan_scan *scan)
{
	struct task_struct *thread;

	thread = kthread_create_on_node(scan_thread, scan, scan->nid,
					"memscan/%s", scan->walk.who);
	if (IS_ERR(thread))
		return PTR_ERR(thread);
	if (!on_demand(scan))
		set_user_nice(thread, MAX_NICE);
	/* It is woken up by writers of files that go after it has ended. */
	scan->thread = get_task_struct(thread);
	memscan_cpus_place(scan, nr_cpu_ids);
	wake_up_process(thread);
	return 0;
}

static void name_walk(struct memscan_walk *walk, int nid)
{
	walk->nid = nid;
	if (nid == NUMA_NO_NODE)
		strscpy(walk->who, "demand");
	else
		snprintf(walk->who, sizeof(walk->who), "node%d", nid);
}

static struct memscan_scan *new_scan(int nid)
{
	struct memscan_scan *scan = kzalloc(sizeof(*scan), GFP_KERNEL);

	if (!scan)
		return NULL;
	scan->nid = nid;
	name_walk(&scan->walk, nid);
	name_walk(&scan->nearby_walk, nid);
	memscan_nearby_init(&scan->nearby);
	spin_lock_init(&scan->order_lock);
	init_completion(&scan->released);
	scan->max_cpu_percent = 100;
	if (!on_demand(scan)) {
		scan->cycle_seconds = DEFAULT_CYCLE_SECONDS;
		scan->max_cpu_percent = DEFAULT_CPU_PERCENT;
	}
	return scan;
}

static void free_scan(struct memscan_scan *scan)
{
	memscan_nearby_clear(&scan->nearby);
	if (scan->thread)
		put_task_struct(scan->thread);
	kfree(scan);
}

/**
 * memscan_scan_create - create a thread that reads, and its directory
 * @nid: node whose memory it reads, or NUMA_NO_NODE for ranges on demand
 *
 * Context: may sleep.
 * Return: the idle scan, or an ERR_PTR().
 */
struct memscan_scan *memscan_scan_create(int nid)
{
	struct memscan_scan *scan = new_scan(nid);
	int err;

	if (!scan)
		return ERR_PTR(-ENOMEM);
	err = start_reading(scan);
	if (err)
		goto out_free;
	err = memscan_sysfs_add_scan(scan);
	if (err)
		goto out_stop;
	return scan;

out_stop:
	kthread_stop(scan->thread);
out_free:
	free_scan(scan);
	return ERR_PTR(err);
}

/*
 * The thread goes first, as it uses the directory. Writers that are still in a
 * file set flags and wake up a thread that has ended, which does nothing.
 */
void memscan_scan_destroy(struct memscan_scan *scan)
{
	kthread_stop(scan->thread);
	memscan_sysfs_del_scan(scan);
	free_scan(scan);
}
