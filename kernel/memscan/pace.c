// SPDX-License-Identifier: GPL-2.0-only
/*
 * How fast to read.
 *
 * The pace is even: through with a share of the bytes after the same share of
 * the time. Who is late waits no longer than the CPU cap asks for, which holds
 * always.
 */

#include <linux/math64.h>
#include <linux/minmax.h>
#include "pace.h"

/* When @bytes are due. More than all, should memory have gone, is all. */
static u64 due_ns(const struct memscan_pace *pace, u64 bytes)
{
	if (!pace->total_bytes)
		return pace->cycle_ns;
	return mul_u64_u64_div_u64(min(bytes, pace->total_bytes),
				   pace->cycle_ns, pace->total_bytes);
}

/* What is left of the time for others when a burst took @burst_ns. */
static u64 cap_ns(const struct memscan_pace *pace, u64 burst_ns)
{
	return div_u64(burst_ns * (100 - pace->max_cpu_percent),
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
	u64 wait = 0;

	if (due > tempo->elapsed_ns)
		wait = due - tempo->elapsed_ns;
	return max(wait, cap_ns(pace, tempo->burst_ns));
}
