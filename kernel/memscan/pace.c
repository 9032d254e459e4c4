// SPDX-License-Identifier: GPL-2.0-only
/*
 * How fast to read.
 *
 * The pace is even: through with a share of the bytes after the same share of
 * the time. Who is late waits no longer than the CPU cap asks for, which holds
 * always. Who is ahead goes on evenly, and does not stop for others to catch
 * up. The load of the machine makes it twice as fast or half as fast; never
 * slower, so that a pass takes its time twice at most, but for the CPU cap.
 */

#include <linux/math64.h>
#include <linux/minmax.h>
#include "pace.h"

/* Of the time of the CPUs, to call them idle. */
#define IDLE_PERCENT	90
/* So many times what reading takes usually, to call the memory busy. */
#define SLOW_FACTOR	2

/* Did the CPUs nothing but wait, and read for us? */
bool memscan_is_idle(const struct memscan_idleness *was)
{
	u64 all_us = was->wall_us * was->cpus;

	return all_us && was->idle_us + was->own_us >=
			 mul_u64_u64_div_u64(all_us, IDLE_PERCENT, 100);
}

/* Did a burst take long, next to what so many pages usually take? */
bool memscan_is_slow(u64 burst_ns, u64 burst_pages, u64 usual_ns,
		     u64 usual_pages)
{
	if (!usual_pages)
		return false;
	return burst_ns > mul_u64_u64_div_u64(SLOW_FACTOR * burst_pages,
					      usual_ns, usual_pages);
}

/*
 * When @bytes are due. More than all, should memory have gone, is all. Not by
 * min(): x86's mul_u64_u64_div_u64(a, b, c) is wrong where the compiler knows
 * that a is c, and takes one register for both.
 */
static u64 due_ns(const struct memscan_target *target, u64 bytes)
{
	if (bytes >= target->total_bytes)
		return target->cycle_ns;
	return mul_u64_u64_div_u64(bytes, target->cycle_ns, target->total_bytes);
}

/* What is left of the time for others when a burst took @burst_ns. */
static u64 cap_ns(const struct memscan_target *target, u64 burst_ns)
{
	return div_u64(burst_ns * (100 - target->max_cpu_percent),
		       target->max_cpu_percent);
}

static u64 less(u64 from, u64 what)
{
	return from > what ? from - what : 0;
}

/**
 * memscan_wait_ns - how long to wait after a burst
 * @target: what is wanted
 * @progress: what is
 */
u64 memscan_wait_ns(const struct memscan_target *target,
		    const struct memscan_progress *progress)
{
	u64 share = due_ns(target, progress->burst_bytes);
	u64 wait = min(share, less(due_ns(target, progress->done_bytes),
				   progress->elapsed_ns));

	if (progress->pace == MEMSCAN_PACE_FAST)
		wait /= 2;
	if (progress->pace == MEMSCAN_PACE_SLOW)
		wait = max(wait, less(2 * share, progress->burst_ns));
	return max(wait, cap_ns(target, progress->burst_ns));
}
