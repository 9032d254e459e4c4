/* SPDX-License-Identifier: GPL-2.0-only */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM memscan

#if !defined(MEMSCAN_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define MEMSCAN_TRACE_H

#include <linux/tracepoint.h>

TRACE_EVENT(memscan_hit,
	TP_PROTO(const char *who, unsigned long pfn, unsigned int offset,
		 const char *outcome),
	TP_ARGS(who, pfn, offset, outcome),
	TP_STRUCT__entry(
		__string(who, who)
		__field(unsigned long, pfn)
		__field(unsigned int, offset)
		__string(outcome, outcome)
	),
	TP_fast_assign(
		__assign_str(who);
		__entry->pfn = pfn;
		__entry->offset = offset;
		__assign_str(outcome);
	),
	TP_printk("%s pfn=%#lx offset=%#x outcome=%s", __get_str(who),
		  __entry->pfn, __entry->offset, __get_str(outcome))
);

TRACE_EVENT(memscan_pass,
	TP_PROTO(const char *who, const char *what, unsigned long read_pages,
		 unsigned long hits, unsigned long seconds),
	TP_ARGS(who, what, read_pages, hits, seconds),
	TP_STRUCT__entry(
		__string(who, who)
		__string(what, what)
		__field(unsigned long, read_pages)
		__field(unsigned long, hits)
		__field(unsigned long, seconds)
	),
	TP_fast_assign(
		__assign_str(who);
		__assign_str(what);
		__entry->read_pages = read_pages;
		__entry->hits = hits;
		__entry->seconds = seconds;
	),
	TP_printk("%s %s read_pages=%lu hits=%lu seconds=%lu", __get_str(who),
		  __get_str(what), __entry->read_pages, __entry->hits,
		  __entry->seconds)
);

#endif /* MEMSCAN_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
