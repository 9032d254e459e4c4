/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What may be written to the scanner, and its words when the kernel refuses.
 *
 * The kernel judges a value, not we: a module of another version may take
 * others.
 */
#ifndef MFR_SETTING_H
#define MFR_SETTING_H

#include <stdbool.h>

#include "scanner.h"

/* For messages. */
#define SETTING_NAMES \
	"cycle_seconds, max_cpu_percent, scope, pause or max_hits"

/* Is it "NAME=VALUE" with the name of a setting, and a value? */
bool setting_is_known(const char *word);

#define ALL_NODES	(-2)

/*
 * Write it, that of a node to @node or ALL_NODES; "enabled=0" is one too.
 * False after saying what the kernel said.
 */
bool setting_apply(const struct scanner *scanner, int node, const char *word);

/* One file of the scanner, which takes what the words say. */
bool setting_write(const char *file, const char *value, const char *takes);

#endif /* MFR_SETTING_H */
