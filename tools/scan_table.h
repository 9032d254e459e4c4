/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The scanner as a table of text, a node a line.
 */
#ifndef MFR_SCAN_TABLE_H
#define MFR_SCAN_TABLE_H

#include "scanner.h"

void scan_table_print(const struct scanner *scanner);

/* Settings, hits by outcome, and the checks of the machine. */
void scan_table_print_details(const struct scanner *scanner);

/*
 * Its state; or "starting", "stopping" while its thread has not heard yet of
 * what was asked for.
 */
const char *scan_state(const struct scan *scan);

#endif /* MFR_SCAN_TABLE_H */
