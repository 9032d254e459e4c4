/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The scanner's settings.
 *
 * Only the kernel checks values: the module may be of another version.
 */
#ifndef MFR_SETTING_H
#define MFR_SETTING_H

#include <stdbool.h>

#include "scanner.h"

/* For messages. */
#define SETTING_NAMES \
	"cycle_seconds, max_cpu_percent, scope, action, hugetlb_action, " \
	"pause, max_hits or max_hits_per_minute"

/* True if @word is "NAME=VALUE" with the name of a setting and some value. */
bool setting_is_known(const char *word);

#define ALL_NODES	(-2)

/*
 * Apply "NAME=VALUE", to @node or to ALL_NODES if it is a setting of nodes;
 * "enabled" is one too. Returns false after printing why the kernel refused.
 */
bool setting_apply(const struct scanner *scanner, int node, const char *word);

/* Write one file of the scanner; false after printing why that failed. */
bool setting_write(const char *file, const char *value);

#endif /* MFR_SETTING_H */
