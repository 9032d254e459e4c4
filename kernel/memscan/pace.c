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
static u64 due_ns(const struct memscan_pace *pace, u64 bytes)
{
	if (bytes >= pace->total_bytes)
		return pace->cycle_ns;
	return mul_u64_u64_div_u64(bytes, pace->cycle_ns, pace->total_bytes);
}

/* What is left of the time for others when a burst took @burst_ns. */
static u64 cap_ns(const struct memscan_pace *pace, u64 burst_ns)
{
	return div_u64(burst_ns * (100 - pace->max_cpu_percent),
		       pace->max_cpu_percent);
}

static u64 less(u64 from, u64 what)
{
	return from > what ? from - what : 0;
}

/**
 * memscan_pace_wait_ns - how long to wait after a burst
 * @pace: what is wanted
 * @tempo: what is
 */
u64 memscan_pace_wait_ns(const struct memscan_pace *pace,
			 const struct memscan_tempo *tempo)
{
	u64 share = due_ns(pace, tempo->burst_bytes);
	u64 wait = min(share, less(due_ns(pace, tempo->done_bytes),
				   tempo->elapsed_ns));

	if (tempo->gait == MEMSCAN_AHEAD)
		wait /= 2;
	if (tempo->gait == MEMSCAN_SLOW)
		wait = max(wait, less(2 * share, tempo->burst_ns));
	return max(wait, cap_ns(pace, tempo->burst_ns));
}
