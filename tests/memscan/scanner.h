/* SPDX-License-Identifier: GPL-2.0-only */
/* Load the module memscan, control it, and read its figures. */
#ifndef SCANNER_H
#define SCANNER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#define MEMSCAN		"/sys/kernel/memscan/"

/*
 * True in a control run (MFR_NO_SCANNER=1): the module is not loaded, nothing
 * else differs, and the tests must fail.
 */
bool scanner_omitted(void);

/* 0 or -errno; in a control run, both do nothing. */
int scanner_load(const char *parameters);
int scanner_unload(void);

/*
 * For a fixture: opt in to early kill, catch SIGBUS, and load the module so that
 * it scans in the lab; 0 or -errno.  The end: remove all poison and the module.
 */
int scanner_begin(void);
void scanner_end(void);

/* The process ID of the thread memscan/@scan, or 0. */
int scanner_thread(const char *scan);

/* Write to /sys/kernel/memscan/FILE; 0 or -errno. */
int scanner_set(const char *file, const char *value);

/* The number in the file, or -errno. */
long scanner_figure(const char *file);

/* The same for the directory of a node. */
int scanner_set_node(int node, const char *file, const char *value);
long scanner_node_figure(int node, const char *file);

/* The text of the file without its newline, in a static buffer. */
const char *scanner_text(const char *file);

/* Does @file show this text within the time of poll_until()? */
bool scanner_comes_to(const char *file, const char *text);

/*
 * Read a full pass over a node, or node 0, as fast as possible, and wait for its
 * end; 0, -errno, or -ETIME.  In a control run, does nothing and returns 0.
 */
int scanner_read_pass(int node);
int scanner_read_node(void);

/*
 * Like poll_until(), but polls rarely, for a minute: slow steps take long on a
 * busy machine, and frequent polling would keep a CPU from being idle.
 */
#define calmly_until(condition) ({					\
	int tries_left_ = 300;						\
	bool met_;							\
									\
	while (!(met_ = (condition)) && tries_left_--)			\
		usleep(200000);						\
	met_;								\
})

#endif /* SCANNER_H */
