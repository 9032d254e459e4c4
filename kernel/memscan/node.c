// SPDX-License-Identifier: GPL-2.0-only
/*
 * A node's memory and the thread that reads it.
 *
 * The thread sleeps until it may read; then it goes in bursts, each followed
 * by the wait that the pace asks for. After a hit it looks around there first.
 */

#define pr_fmt(fmt) "memscan: " fmt

#include <linux/freezer.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/sysfs.h>
#include <linux/tick.h>
#include <linux/topology.h>
#include "capability.h"
#include "node.h"
#include "pace.h"
#include "sysfs.h"
#include "trace.h"

#define DEFAULT_CYCLE_SECONDS	86400
#define DEFAULT_CPU_PERCENT	10

static bool enable;
module_param(enable, bool, 0444);
MODULE_PARM_DESC(enable, "Scan all nodes that have CPUs from the start");

/* By node number; set up while the module loads, and by memory hotplug. */
struct memscan_node *memscan_nodes[MAX_NUMNODES];

static const char *const state_names[] = {
	[MEMSCAN_IDLE] = "idle",
	[MEMSCAN_SCANNING] = "scanning",
	[MEMSCAN_PAUSED] = "paused",
	[MEMSCAN_REFUSED] = "refused",
	[MEMSCAN_STOPPED] = "stopped",
};

/*
 * The pass
 */

static struct memscan_range node_span(int nid)
{
	return (struct memscan_range){ node_start_pfn(nid), node_end_pfn(nid) };
}

static void start_pass(struct memscan_node *node)
{
	memscan_walk_start(&node->pass, node_span(node->nid));
	xa_destroy(&node->looked);
	node->start_ns = ktime_get_boottime_ns();
	node->start_seconds = ktime_get_real_seconds();
	node->limit = READ_ONCE(memscan_max_hits);
	trace_memscan_pass(node->name, "start", 0, 0, 0);
}

static u64 elapsed_ns(const struct memscan_node *node)
{
	return ktime_get_boottime_ns() - node->start_ns;
}

static void count_pass(struct memscan_node *node, u64 seconds)
{
	u64 cycle = READ_ONCE(node->cycle_seconds);

	if (seconds > cycle) {
		node->late_passes++;
		node->late_seconds += seconds - cycle;
	} else if (seconds < cycle) {
		node->early_passes++;
		node->early_seconds += cycle - seconds;
	}
}

static void end_pass(struct memscan_node *node)
{
	u64 seconds = div_u64(elapsed_ns(node), NSEC_PER_SEC);

	node->last.start_seconds = node->start_seconds;
	node->last.end_seconds = ktime_get_real_seconds();
	memcpy(node->last.pages, node->pass.pages, sizeof(node->last.pages));
	count_pass(node, seconds);
	trace_memscan_pass(node->name, "end", node->pass.pages[MEMSCAN_READ],
			   node->pass.hits + node->look.hits, seconds);
	/* Who sees the number sees the figures of that pass. */
	smp_store_release(&node->passes, node->passes + 1);
	sysfs_notify(node->kobj, NULL, "passes");
}

/*
 * What to look at before the pass goes on
 */

static void add_look(struct memscan_node *node, struct memscan_range range)
{
	struct memscan_range span = node_span(node->nid);

	range = memscan_range_clip(range, &span);
	spin_lock(&node->lock);
	if (range.start < range.end && node->n_looks < MEMSCAN_LOOKS)
		node->looks[node->n_looks++] = range;
	spin_unlock(&node->lock);
}

static bool next_look(struct memscan_node *node)
{
	struct memscan_range range;
	bool some;

	spin_lock(&node->lock);
	some = node->n_looks;
	if (some)
		range = node->looks[--node->n_looks];
	spin_unlock(&node->lock);
	if (some)
		memscan_walk_start(&node->look, range);
	return some;
}

/* Each block once a pass, or hits that lie close would be dear. */
static void look_around(struct memscan_node *node, unsigned long pfn)
{
	static const int order[] = { 1, -1, 0 };	/* the last goes first */
	struct memscan_range block;
	unsigned long key;
	int i;

	for (i = 0; i < ARRAY_SIZE(order); i++) {
		block = memscan_range_block(pfn, order[i]);
		key = block.start / MEMSCAN_BLOCK_PAGES;
		if (xa_load(&node->looked, key))
			continue;
		xa_store(&node->looked, key, xa_mk_value(1),
			 GFP_KERNEL | __GFP_NOWARN);
		add_look(node, block);
	}
}

/* Memory came: some of it may be ours. */
void memscan_nodes_look(const struct memscan_range *range)
{
	int nid;

	for_each_node(nid) {
		if (!memscan_nodes[nid])
			continue;
		add_look(memscan_nodes[nid], *range);
		memscan_node_wake(memscan_nodes[nid]);
	}
}

/*
 * A burst
 */

/* Hits of the pass so far, with what was seen around them. */
static u64 hits(const struct memscan_node *node)
{
	u64 sum = 0;
	int i;

	for (i = 0; i < MEMSCAN_OUTCOMES; i++)
		sum += node->totals.hits[i];
	return sum - node->hits_before;
}

static struct memscan_walk *current_walk(struct memscan_node *node)
{
	if (!memscan_walk_done(&node->look) || next_look(node))
		return &node->look;
	if (memscan_walk_done(&node->pass))
		start_pass(node);
	return &node->pass;
}

/* Hotplug may have moved the end, and sysfs the scope. */
static void follow_settings(struct memscan_node *node)
{
	node->look.scope = READ_ONCE(node->scope);
	node->pass.scope = node->look.scope;
	node->pass.range.end = node_end_pfn(node->nid);
}
