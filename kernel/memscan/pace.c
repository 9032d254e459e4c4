// SPDX-License-Identifier: GPL-2.0-only
/*
 * How fast to read.
 *
 * The even pace is through with a share of the bytes after the same share of
 * the time. It is left for half or twice the wait, as the machine has time or
 * not, but who is late goes on without a wait of that kind: no load starves a
 * pass. The CPU cap holds always.
 */

#include <linux/math64.h>
#include <linux/minmax.h>
#include "pace.h"

#define IDLE_PERCENT	90
/* Times the usual. */
#define SLOW_FACTOR	2
/* The usual follows what is seen in about so many bursts. */
#define USUAL_BURSTS	16

/* When @bytes are due. More than all, should memory have gone, is all. */
static u64 due_ns(const struct memscan_pace *pace, u64 bytes)
{
	if (!pace->total_bytes)
		return 0;
	return mul_u64_u64_div_u64(min(bytes, pace->total_bytes),
				   pace->cycle_ns, pace->total_bytes);
}

/* What is left of the time for others when a burst took @burst_ns. */
static u64 cap_ns(const struct memscan_pace *pace, u64 burst_ns)
{
	return mul_u64_u32_div(burst_ns, 100 - pace->max_cpu_percent,
			       pace->max_cpu_percent);
}

/**
 * memscan_pace_wait_ns - how long to wait after a burst
 * @pace: what is wanted
 * @tempo: what is
 */
u64 memscan_pace_wait_ns(const struct memscan_pace *pace,
			 const struct memscan_tempo *tempo)
{
	u64 due = due_ns(pace, tempo->done_bytes);
	u64 gap = due_ns(pace, tempo->burst_bytes);
	u64 wait = 0;

	if (due > tempo->elapsed_ns) {
		wait = clamp(due - tempo->elapsed_ns, gap / 2, gap * 2);
		if (tempo->slow)
			wait = gap * 2;
		else if (tempo->idle)
			wait = gap / 2;
	}
	return max(wait, cap_ns(pace, tempo->burst_ns));
}

/**
 * memscan_pace_idle - have these CPUs little to do?
 * @idle_us: the sum of their idle times
 * @wall_us: time that has passed
 * @cpus: how many they are
 */
bool memscan_pace_idle(u64 idle_us, u64 wall_us, unsigned int cpus)
{
	return cpus && wall_us &&
	       idle_us >= div_u64(wall_us * cpus * IDLE_PERCENT, 100);
}

/**
 * memscan_pace_slow - do reads take longer than usual?
 * @usual_ns: what is usual, 0 at first; moves towards what is seen
 * @ns_per_mib: what was seen
 */
bool memscan_pace_slow(u64 *usual_ns, u64 ns_per_mib)
{
	bool slow = *usual_ns && ns_per_mib > SLOW_FACTOR * *usual_ns;

	if (!*usual_ns)
		*usual_ns = ns_per_mib;
	else
		*usual_ns += ((s64)ns_per_mib - (s64)*usual_ns) / USUAL_BURSTS;
	return slow;
}
