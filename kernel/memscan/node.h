/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A node's memory and the thread that reads it, for ever.
 */
#ifndef MEMSCAN_NODE_H
#define MEMSCAN_NODE_H

#include <linux/spinlock.h>
#include <linux/wait.h>
#include "walk.h"

struct kobject;
struct task_struct;

enum memscan_state {
	MEMSCAN_IDLE,
	MEMSCAN_SCANNING,
	MEMSCAN_PAUSED,
	MEMSCAN_REFUSED,
	MEMSCAN_STOPPED,
};

/* Ranges to look at before the pass goes on. What does not fit waits for it. */
#define MEMSCAN_LOOKS	32

/**
 * struct memscan_pass - the last full pass over a node
 * @start_seconds: since the epoch
 * @end_seconds: since the epoch
 * @pages: for each reason, READ are those read
 */
struct memscan_pass {
	u64 start_seconds;
	u64 end_seconds;
	u64 pages[MEMSCAN_REASONS];
};

/**
 * struct memscan_node - one NUMA node with memory
 * @nid: its number
 * @name: for the log: "node 0"
 * @kobj: its directory in sysfs
 * @thread: reads
 * @wake: where @thread waits
 * @news: a setting has changed, or there is something to look at
 *
 * Settings, written by sysfs:
 * @enabled: is to be read
 * @scope: which pages
 * @cycle_seconds: time for a full pass
 * @max_cpu_percent: of one CPU, at most
 *
 * Figures, written by @thread:
 * @state: what it does right now
 * @totals: read and found since the module was loaded
 * @last: the last full pass
 * @passes: full passes
 * @early_passes: of these, those that took less than @cycle_seconds
 * @early_seconds: by how much, in all
 * @late_passes: those that took more
 * @late_seconds: by how much, in all
 * @rate_bytes_per_second: of this pass so far
 *
 * The thread's own:
 * @pass: where it is
 * @look: where it is in a range that is looked at before
 * @start_ns: when the pass started, by the clock that counts suspend
 * @start_seconds: the same since the epoch
 * @limit: stop at so many hits of this pass
 * @usual_ns: time that reading 1 MiB takes
 * @idle_us: idle time of the node's CPUs, and
 * @idle_seen_ns: when it was so much
 * @looked: blocks of this pass that were looked at after a hit
 *
 * @lock: of the two below
 * @looks: to be looked at, @n_looks of them
 */
struct memscan_node {
	int nid;
	char name[16];
	struct kobject *kobj;
	struct task_struct *thread;
	wait_queue_head_t wake;
	bool news;

	bool enabled;
	enum memscan_scope scope;
	unsigned int cycle_seconds;
	unsigned int max_cpu_percent;

	enum memscan_state state;
	struct memscan_totals totals;
	struct memscan_pass last;
	u64 passes;
	u64 early_passes;
	u64 early_seconds;
	u64 late_passes;
	u64 late_seconds;
	u64 rate_bytes_per_second;

	struct memscan_walk pass;
	struct memscan_walk look;
	u64 start_ns;
	u64 start_seconds;
	u64 limit;
	u64 usual_ns;
	u64 idle_us;
	u64 idle_seen_ns;
	struct xarray looked;

	spinlock_t lock;
	struct memscan_range looks[MEMSCAN_LOOKS];
	unsigned int n_looks;
};

extern struct memscan_node *memscan_nodes[];

int memscan_nodes_init(void);
void memscan_nodes_exit(void);

int memscan_node_enable(struct memscan_node *node, bool enable);
void memscan_node_wake(struct memscan_node *node);
void memscan_nodes_wake(void);
void memscan_nodes_look(const struct memscan_range *range);
int memscan_node_state_show(const struct memscan_node *node, char *buf);

#endif /* MEMSCAN_NODE_H */
