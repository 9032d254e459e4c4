/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The numbers of a scan: one entry per file in its directory.
 *
 *	X(ID, FILE)			not exported, or with code of its own
 *	X(ID, FILE, GAUGE(METRIC, HELP))
 *	X(ID, FILE, COUNTER(METRIC, HELP))
 *	X(ID, FILE, ..., LABEL(NAME, VALUE))	one of several samples
 *	X(ID, FILE, SAME(METRIC), LABEL(NAME, VALUE))	... the others, after it
 *
 * METRIC is given without the prefix "mfr_scanner_" that all metrics have.
 */
#ifndef MFR_SCAN_FIGURES_H
#define MFR_SCAN_FIGURES_H

#define GAUGE(name, text)	.metric = name, .type = "gauge", .help = text
#define COUNTER(name, text)	.metric = name, .type = "counter", .help = text
#define SAME(name)		.metric = name
#define LABEL(name, value)	.label = "," name "=\"" value "\""

#define SCAN_FIGURES(X)							\
X(ENABLED, "enabled",							\
	GAUGE("enabled",						\
		"1 if a node is to be scanned continuously."))		\
X(CYCLE_SECONDS, "cycle_seconds",					\
	GAUGE("cycle_seconds",						\
		"Time that a full pass of a node should take."))	\
X(MAX_CPU_PERCENT, "max_cpu_percent")					\
X(AGE_SECONDS, "age_seconds")						\
X(PROGRESS_PERCENT, "progress_percent",					\
	GAUGE("progress_percent",					\
		"How much of its range the pass under way has covered.")) \
X(RATE_BYTES_PER_SECOND, "rate_bytes_per_second")			\
X(READ_BYTES, "read_bytes",						\
	COUNTER("read_bytes_total",					\
		"Bytes of a node's memory read by the scanner."))	\
X(PASSES, "passes",							\
	COUNTER("passes_total",						\
		"Completed passes over a node's memory."))		\
X(LATE_SECONDS, "late_seconds",						\
	COUNTER("late_seconds_total",					\
		"Seconds by which passes exceeded cycle_seconds, in total.")) \
X(HITS_RECOVERED, "hits/recovered",					\
	COUNTER("hits_total",						\
		"Errors found before a program consumed them, by outcome."), \
	LABEL("outcome", "recovered"))					\
X(HITS_KNOWN, "hits/known",						\
	SAME("hits_total"), LABEL("outcome", "known"))			\
X(HITS_NOT_RECOVERED, "hits/not_recovered",				\
	SAME("hits_total"), LABEL("outcome", "not_recovered"))		\
X(HITS_REPORTED, "hits/reported",					\
	SAME("hits_total"), LABEL("outcome", "reported"))		\
X(NEARBY_BLOCKS, "nearby/blocks",					\
	COUNTER("nearby_blocks_total",					\
		"Blocks of 2 MiB read ahead of the pass, near a hit or newly online.")) \
X(NEARBY_HITS, "nearby/hits",						\
	COUNTER("nearby_hits_total",					\
		"Errors found in blocks read ahead of the pass."))	\
X(LAST_HIT_PFN, "last_hit_pfn")						\
X(LAST_HIT_SECONDS, "last_hit_seconds",					\
	GAUGE("last_hit_timestamp_seconds",				\
		"Time of the last hit since the epoch, or 0."))		\
X(PASS_START_SECONDS, "pass/start_seconds")				\
X(PASS_HITS, "pass/hits")						\
X(LAST_PASS_START_SECONDS, "last_pass/start_seconds",			\
	GAUGE("last_pass_start_timestamp_seconds",			\
		"Start of the last completed pass since the epoch, or 0.")) \
X(LAST_PASS_END_SECONDS, "last_pass/end_seconds",			\
	GAUGE("last_pass_end_timestamp_seconds",			\
		"End of the last completed pass since the epoch, or 0.")) \
X(LAST_PASS_HITS, "last_pass/hits")					\
X(LAST_PASS_READ_PAGES, "last_pass/read_pages",				\
	GAUGE("last_pass_pages",					\
		"Base pages of the last completed pass, by result."),	\
	LABEL("result", "read"))					\
X(LAST_PASS_LEAVING_PAGES, "last_pass/leaving_pages",			\
	SAME("last_pass_pages"), LABEL("result", "leaving"))		\
X(LAST_PASS_OFFLINE_PAGES, "last_pass/offline_pages",			\
	SAME("last_pass_pages"), LABEL("result", "offline"))		\
X(LAST_PASS_HWPOISON_PAGES, "last_pass/hwpoison_pages",			\
	SAME("last_pass_pages"), LABEL("result", "hwpoison"))		\
X(LAST_PASS_KNOWN_PAGES, "last_pass/known_pages",			\
	SAME("last_pass_pages"), LABEL("result", "known"))		\
X(LAST_PASS_BROKEN_PAGES, "last_pass/broken_pages",			\
	SAME("last_pass_pages"), LABEL("result", "broken"))		\
X(LAST_PASS_SCOPE_PAGES, "last_pass/scope_pages",			\
	SAME("last_pass_pages"), LABEL("result", "scope"))		\
X(LAST_PASS_UNMAPPED_PAGES, "last_pass/unmapped_pages",			\
	SAME("last_pass_pages"), LABEL("result", "unmapped"))

#endif /* MFR_SCAN_FIGURES_H */
