/* SPDX-License-Identifier: GPL-2.0-only */
/* The module memscan, as a test loads it, asks it and looks at its figures. */
#ifndef SCANNER_H
#define SCANNER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#define MEMSCAN		"/sys/kernel/memscan/"

/*
 * True in a control run (MFR_NO_SCANNER=1): the module is not loaded,
 * everything else is equal, and the tests must fail.
 */
bool scanner_omitted(void);

/* 0 or -errno; loading does nothing where the scanner is to be omitted. */
int scanner_load(const char *parameters);
int scanner_unload(void);

/*
 * For a fixture: be told early of errors, catch SIGBUS, load the module with
 * what makes it scan here; 0 or -errno.  And the end: no poison, no module.
 */
int scanner_begin(void);
void scanner_end(void);

/* 0 or -errno of the write to /sys/kernel/memscan/FILE. */
int scanner_set(const char *file, const char *value);

/* The file's number, below 0 for -errno. */
long scanner_figure(const char *file);

/* The same in the directory of a node. */
int scanner_set_node(int node, const char *file, const char *value);
long scanner_node_figure(int node, const char *file);

/* The file's text without its newline, the same string each time. */
const char *scanner_text(const char *file);

/* Has @file this text?  Then it has it within the time of poll_until(). */
bool scanner_comes_to(const char *file, const char *text);

/* Start reading [@pa, @pa + @len); 0, -errno. */
int scanner_start(uint64_t pa, size_t len);

/*
 * The same, until it has been read; 0, -errno, or -ETIME.  Where the scanner
 * is omitted nothing is read, which is no error.
 */
int scanner_read(uint64_t pa, size_t len);

/* The same for the whole of a node, or node 0, a pass in the fastest way. */
int scanner_read_pass(int node);
int scanner_read_node(void);

/*
 * As poll_until(), but seldom, for a minute: what takes seconds takes many on a
 * busy machine, and to ask all the time keeps a CPU from being idle.
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
