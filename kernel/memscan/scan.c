// SPDX-License-Identifier: GPL-2.0-only
/*
 * A thread that reads.
 *
 * It sleeps until it may; then it goes in bursts, each followed by the wait
 * that the pace asks for.
 */

#define pr_fmt(fmt) "memscan: " fmt

#include <linux/freezer.h>
#include <linux/kthread.h>
#include <linux/mmzone.h>
#include <linux/nodemask.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/sysfs.h>
#include <linux/timekeeping.h>
#include <linux/topology.h>
#include "capability.h"
#include "pace.h"
#include "scan.h"
#include "sysfs.h"
#include "trace.h"

#define DEFAULT_CYCLE_SECONDS	86400
#define DEFAULT_CPU_PERCENT	10

/* By node number, and one behind them for ranges on demand. */
static struct memscan_scan *scans[MAX_NUMNODES + 1];

static bool on_demand(const struct memscan_scan *scan)
{
	return scan->nid == NUMA_NO_NODE;
}

/*
 * The pass
 */

static struct memscan_range whole(const struct memscan_scan *scan)
{
	if (on_demand(scan))
		return scan->range;
	return (struct memscan_range){
		node_start_pfn(scan->nid), node_end_pfn(scan->nid)
	};
}

static u64 whole_bytes(const struct memscan_scan *scan)
{
	if (on_demand(scan))
		return (scan->range.end - scan->range.start) * PAGE_SIZE;
	return node_present_pages(scan->nid) * PAGE_SIZE;
}

static void start_pass(struct memscan_scan *scan)
{
	scan->walk.scope = READ_ONCE(scan->scope);
	memscan_walk_start(&scan->walk, whole(scan));
	scan->start_ns = ktime_get_boottime_ns();
	scan->start_seconds = ktime_get_real_seconds();
	trace_memscan_pass(scan->walk.who, "start", 0, 0, 0);
}

static u64 elapsed_ns(const struct memscan_scan *scan)
{
	return ktime_get_boottime_ns() - scan->start_ns;
}

static void end_pass(struct memscan_scan *scan)
{
	u64 seconds = div_u64(elapsed_ns(scan), NSEC_PER_SEC);
	u64 cycle = READ_ONCE(scan->cycle_seconds);

	scan->last.start_seconds = scan->start_seconds;
	scan->last.end_seconds = ktime_get_real_seconds();
	scan->last.hits = scan->walk.hits;
	memcpy(scan->last.pages, scan->walk.pages, sizeof(scan->last.pages));
	if (cycle && seconds > cycle) {
		scan->late_passes++;
		scan->late_seconds += seconds - cycle;
	}
	trace_memscan_pass(scan->walk.who, "end",
			   scan->walk.pages[MEMSCAN_READ], scan->walk.hits,
			   seconds);
	if (on_demand(scan))
		WRITE_ONCE(scan->wanted, false);
	/* Who sees the number sees the figures of that pass. */
	smp_store_release(&scan->passes, scan->passes + 1);
	sysfs_notify(&scan->kobj, NULL, "passes");
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

/* Many hits at once are a broken part, not for us to find to its last word. */
static void stop_at_limit(struct memscan_scan *scan)
{
	pr_warn("%s: stopped after max_hits, %llu in one pass; find what is broken, then start it again\n",
		scan->walk.who, scan->walk.hits);
	WRITE_ONCE(scan->state, MEMSCAN_STOPPED);
	WRITE_ONCE(scan->wanted, false);
}

/* Returns how long to wait for the next one, in ns. */
static u64 burst(struct memscan_scan *scan)
{
	struct memscan_pace pace = {
		.cycle_ns = (u64)READ_ONCE(scan->cycle_seconds) * NSEC_PER_SEC,
		.total_bytes = whole_bytes(scan),
		.max_cpu_percent = READ_ONCE(scan->max_cpu_percent),
	};
	u64 started = ktime_get_ns();
	struct memscan_tempo tempo = {};

	if (xchg(&scan->fresh, false) || memscan_walk_done(&scan->walk))
		start_pass(scan);
	memscan_walk_burst(&scan->walk, &scan->totals);
	measure_rate(scan);
	tempo.done_bytes = memscan_walk_present(&scan->walk) * PAGE_SIZE;
	tempo.elapsed_ns = elapsed_ns(scan);
	tempo.burst_ns = ktime_get_ns() - started;
	if (memscan_walk_done(&scan->walk))
		end_pass(scan);
	else if (scan->walk.hits >= READ_ONCE(memscan_max_hits))
		stop_at_limit(scan);
	return memscan_pace_wait_ns(&pace, &tempo);
}

/*
 * The thread
 */

static enum memscan_state next_state(const struct memscan_scan *scan)
{
	/* Pairs with memscan_scan_start(). */
	if (!smp_load_acquire(&scan->wanted))
		return scan->state == MEMSCAN_STOPPED ? MEMSCAN_STOPPED :
							MEMSCAN_IDLE;
	if (READ_ONCE(memscan_paused))
		return MEMSCAN_PAUSED;
	return memscan_refusal() ? MEMSCAN_REFUSED : MEMSCAN_SCANNING;
}

/* What refuses may go away without a word to us: ask again after a while. */
static long wait_jiffies(const struct memscan_scan *scan, u64 wait_ns)
{
	switch (scan->state) {
	case MEMSCAN_SCANNING:
		return wait_ns ? nsecs_to_jiffies(wait_ns) + 1 : 0;
	case MEMSCAN_REFUSED:
		return HZ;
	default:
		return MAX_SCHEDULE_TIMEOUT;
	}
}

static int scan_thread(void *data)
{
	struct memscan_scan *scan = data;
	long wait;
	u64 ns;

	set_freezable();
	while (!kthread_should_stop()) {
		ns = 0;
		WRITE_ONCE(scan->state, next_state(scan));
		if (scan->state == MEMSCAN_SCANNING)
			ns = burst(scan);
		wait = wait_jiffies(scan, ns);
		if (!wait) {
			try_to_freeze();
			cond_resched();
			continue;
		}
		wait_event_freezable_timeout(scan->wake,
					     xchg(&scan->news, false) ||
					     kthread_should_stop(), wait);
	}
	return 0;
}

/* A setting has changed. */
void memscan_scan_wake(struct memscan_scan *scan)
{
	WRITE_ONCE(scan->news, true);
	wake_up(&scan->wake);
}

/**
 * memscan_scan_start - read from the beginning
 * @scan: with its settings, which must be as wanted
 *
 * Callers exclude each other.
 */
void memscan_scan_start(struct memscan_scan *scan)
{
	WRITE_ONCE(scan->fresh, true);
	/* Whoever sees that it is wanted sees where and from the beginning. */
	smp_store_release(&scan->wanted, true);
	memscan_scan_wake(scan);
}

/* The burst under way is not waited for. */
void memscan_scan_stop(struct memscan_scan *scan)
{
	WRITE_ONCE(scan->wanted, false);
	memscan_scan_wake(scan);
}

struct memscan_scan *memscan_scan_of(int nid)
{
	return scans[nid == NUMA_NO_NODE ? MAX_NUMNODES : nid];
}

/* A setting of all has changed. Not while they come or go. */
void memscan_scans_wake(void)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(scans); i++)
		if (scans[i])
			memscan_scan_wake(scans[i]);
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
 * Coming and going
 */

static int start_reading(struct memscan_scan *scan)
{
	struct task_struct *thread;
	const struct cpumask *near;

	thread = kthread_create_on_node(scan_thread, scan, scan->nid,
					"memscan/%s", scan->walk.who);
	if (IS_ERR(thread))
		return PTR_ERR(thread);
	if (!on_demand(scan)) {
		near = cpumask_of_node(scan->nid);
		if (cpumask_intersects(near, cpu_online_mask))
			set_cpus_allowed_ptr(thread, near);
		set_user_nice(thread, MAX_NICE);
	}
	scan->thread = thread;
	wake_up_process(thread);
	return 0;
}

static struct memscan_scan *new_scan(int nid)
{
	struct memscan_scan *scan = kzalloc(sizeof(*scan), GFP_KERNEL);

	if (!scan)
		return NULL;
	scan->nid = nid;
	scan->walk.nid = nid;
	init_waitqueue_head(&scan->wake);
	init_completion(&scan->released);
	scan->max_cpu_percent = 100;
	if (!on_demand(scan)) {
		scan->cycle_seconds = DEFAULT_CYCLE_SECONDS;
		scan->max_cpu_percent = DEFAULT_CPU_PERCENT;
	}
	return scan;
}

static int add_scan(int nid, int slot)
{
	struct memscan_scan *scan = new_scan(nid);
	int err;

	if (!scan)
		return -ENOMEM;
	if (nid == NUMA_NO_NODE)
		strscpy(scan->walk.who, "demand");
	else
		snprintf(scan->walk.who, sizeof(scan->walk.who), "node%d", nid);

	err = start_reading(scan);
	if (err)
		goto out_free;
	err = memscan_sysfs_add_scan(scan);
	if (err)
		goto out_stop;
	scans[slot] = scan;
	return 0;

out_stop:
	kthread_stop(scan->thread);
out_free:
	kfree(scan);
	return err;
}

/* Threads first: they use the directory. Files only set flags and wake. */
void memscan_scans_exit(void)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(scans); i++) {
		if (!scans[i])
			continue;
		kthread_stop(scans[i]->thread);
		memscan_sysfs_del_scan(scans[i]);
		kfree(scans[i]);
		scans[i] = NULL;
	}
}

int memscan_scans_init(void)
{
	int nid, err;

	err = add_scan(NUMA_NO_NODE, MAX_NUMNODES);
	for_each_node_state(nid, N_MEMORY)
		if (!err)
			err = add_scan(nid, nid);
	if (err)
		memscan_scans_exit();
	return err;
}
