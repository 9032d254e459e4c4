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
#include <linux/sysfs.h>
#include <linux/timekeeping.h>
#include "memscan.h"
#include "pace.h"
#include "scan.h"
#include "trace.h"

#define DEFAULT_CYCLE_SECONDS	86400
#define DEFAULT_CPU_PERCENT	10

/*
 * The pass
 */

static struct memscan_range node_range(int nid)
{
	return (struct memscan_range){ node_start_pfn(nid), node_end_pfn(nid) };
}

/* A pass begins with what was read longest ago. */
static void start_walk(struct memscan_scan *scan)
{
	struct memscan_range range = node_range(scan->nid);

	memscan_coverage_fit(&scan->coverage, range);
	memscan_walk_start(&scan->walk, range,
			   memscan_coverage_oldest(&scan->coverage,
						   scan->walk.scope));
}

static void start_pass(struct memscan_scan *scan)
{
	memscan_nearby_new_pass(&scan->nearby);
	memscan_activity_new_pass(&scan->activity);
	memscan_limit_new_pass(&scan->limit);
	scan->walk.scope = READ_ONCE(scan->scope);
	start_walk(scan);
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
	memscan_walk_start(&scan->nearby_walk, (struct memscan_range){}, 0);
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

	if (seconds > cycle)
		scan->late_seconds += seconds - cycle;
}

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
}

/* A pass lasts until the next one may begin: its last wait is part of it. */
static void end_pass(struct memscan_scan *scan, u64 rest_ns)
{
	u64 seconds = div_u64(elapsed_ns(scan) + rest_ns, NSEC_PER_SEC);

	scan->under_way = false;
	count_pass(scan, seconds);
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

/* Leave out the rest of the block, and what the pass has not read of it. */
static void give_up_block(struct memscan_scan *scan, struct memscan_walk *walk,
			  unsigned long pfn)
{
	scan->walk.broken = memscan_block_of(pfn);
	walk->broken = scan->walk.broken;
	pr_warn_ratelimited("%s: the 128 MiB from pfn %#lx had max_hits, %u; the rest of them is left out until the next pass\n",
			    scan->walk.who, walk->broken.start,
			    scan->limit.block_hits);
}

/*
 * For who waits for it by poll(2), or for a uevent: everybody can hear these, so
 * the address is in pending_pages only.
 */
static void tell_of_report(struct memscan_scan *scan)
{
	char reported[48], *envp[] = { reported, NULL };

	snprintf(reported, sizeof(reported), "MEMSCAN_REPORTED=%llu",
		 scan->totals.hits[MEMSCAN_HIT_REPORTED]);
	sysfs_notify(&scan->kobj, "hits", "reported");
	kobject_uevent_env(&scan->kobj, KOBJ_CHANGE, envp);
}

/* A fault may have more errors nearby, but those of a broken part are enough. */
static void after_hit(struct memscan_scan *scan, struct memscan_walk *walk)
{
	unsigned long pfn = walk->pfn - 1;
	unsigned int hits = memscan_limit_add(&scan->limit, pfn, ktime_get_ns());

	if (scan->totals.last_outcome == MEMSCAN_HIT_REPORTED)
		tell_of_report(scan);
	if (hits >= READ_ONCE(memscan_max_hits))
		give_up_block(scan, walk, pfn);
	else
		memscan_nearby_add_hit(&scan->nearby, pfn);
}

/*
 * Returns the time that the burst took. It ends at a hit, whose neighbourhood
 * is then queued.
 */
static u64 read_burst(struct memscan_scan *scan, struct memscan_walk *walk)
{
	u64 started = ktime_get_ns(), hits = walk->hits;

	walk->action = READ_ONCE(scan->action);
	memscan_walk_burst(walk, &scan->totals);
	if (walk->hits > hits)
		after_hit(scan, walk);
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
		memscan_walk_start(walk, range, range.start);
		walk->broken = scan->walk.broken;
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
	s64 now = ktime_get_boottime_seconds();
	unsigned long from;

	memscan_walk_turn(walk);
	from = walk->pfn;
	progress->burst_ns = read_burst(scan, walk);
	memscan_coverage_walked(&scan->coverage, walk->scope, from, walk->pfn,
				now);
	progress->done_bytes = memscan_walk_present(walk) * PAGE_SIZE;
	progress->burst_bytes = progress->done_bytes - present * PAGE_SIZE;
	progress->elapsed_ns = elapsed_ns(scan);
	/* The time of a burst with a hit says nothing about the memory. */
	read = walk->hits > hits ? 0 : walk->pages[MEMSCAN_READ] - read;
	progress->pace = memscan_pace_of(&scan->activity, progress->burst_ns,
					 read);
	scan->burst_end_ns = ktime_get_ns();
	measure_rate(scan);
}

/* The rest of the wait after the last burst, by the current settings. */
static u64 rest_ns(const struct memscan_scan *scan)
{
	const struct memscan_target target = {
		.cycle_ns = (u64)READ_ONCE(scan->cycle_seconds) * NSEC_PER_SEC,
		.total_bytes = node_present_pages(scan->nid) * PAGE_SIZE,
	};
	u64 end = scan->burst_end_ns, now = ktime_get_ns();

	if (!end)
		return 0;
	end += memscan_wait_ns(&target, &scan->progress);
	return end > now ? end - now : 0;
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
	u64 used = memscan_cpu_time_ns();
	u64 cap = memscan_budget_wait_ns(&scan->budget,
					 READ_ONCE(scan->max_cpu_percent),
					 ktime_get_ns(), used);

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

/* How long to wait after too many hits. */
static u64 hits_wait_ns(const struct memscan_scan *scan)
{
	return memscan_limit_wait_ns(&scan->limit,
				     READ_ONCE(memscan_max_hits_per_minute),
				     ktime_get_ns());
}

static enum memscan_state next_state(struct memscan_scan *scan)
{
	/* Pairs with memscan_scan_start(): go_on() sees @fresh. */
	if (!smp_load_acquire(&scan->wanted))
		return MEMSCAN_IDLE;
	if (READ_ONCE(memscan_paused))
		return MEMSCAN_PAUSED;
	if (is_refused(scan))
		return MEMSCAN_REFUSED;
	return hits_wait_ns(scan) ? MEMSCAN_WAITING : MEMSCAN_SCANNING;
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
	case MEMSCAN_WAITING:
		return hits_wait_ns(scan);
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

/*
 * Start reading, by the current settings, unless it is reading already. Of two
 * that start it at once, the second may begin the pass again, which does no harm.
 */
void memscan_scan_start(struct memscan_scan *scan)
{
	if (READ_ONCE(scan->wanted))
		return;
	memscan_coverage_begin(&scan->coverage, ktime_get_boottime_seconds());
	WRITE_ONCE(scan->fresh, true);
	/* Pairs with next_state(): @fresh is visible first. */
	smp_store_release(&scan->wanted, true);
	memscan_scan_wake(scan);
}

/* Does not wait for the burst under way. */
void memscan_scan_stop(struct memscan_scan *scan)
{
	WRITE_ONCE(scan->wanted, false);
	memscan_scan_wake(scan);
}

/*
 * Of the scope that is set, which need not be that of the pass under way. Memory
 * that has gone has no age.
 */
u64 memscan_scan_age(struct memscan_scan *scan)
{
	if (!node_present_pages(scan->nid))
		return 0;
	return memscan_coverage_age(&scan->coverage, READ_ONCE(scan->scope),
				    ktime_get_boottime_seconds());
}

int memscan_scan_state_show(const struct memscan_scan *scan, char *buf)
{
	static const char *const names[] = {
		[MEMSCAN_IDLE] = "idle",
		[MEMSCAN_SCANNING] = "scanning",
		[MEMSCAN_PAUSED] = "paused",
		[MEMSCAN_REFUSED] = "refused",
		[MEMSCAN_WAITING] = "waiting: max_hits_per_minute reached",
	};
	enum memscan_state state = READ_ONCE(scan->state);
	const char *why = NULL;

	if (state == MEMSCAN_REFUSED)
		why = memscan_refusal();
	if (why)
		return sysfs_emit(buf, "refused: %s\n", why);
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
	memscan_coverage_init(&scan->coverage, ktime_get_boottime_seconds());
	memscan_coverage_fit(&scan->coverage, node_range(nid));
	init_completion(&scan->released);
	scan->cycle_seconds = DEFAULT_CYCLE_SECONDS;
	scan->max_cpu_percent = DEFAULT_CPU_PERCENT;
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
 * @nid: node whose memory it reads
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
