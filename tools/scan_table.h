/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The scanner as a table, one node per line.
 */
#ifndef MFR_SCAN_TABLE_H
#define MFR_SCAN_TABLE_H

#include "scanner.h"

void scan_table_print(const struct scanner *scanner);

/* Settings, hits by outcome, and the checks of the machine. */
void scan_table_print_details(const struct scanner *scanner);

/*
 * The state of a scan; "starting" or "stopping" while its thread has not yet
 * reacted to a change.
 */
const char *scan_state_shown(const struct scan *scan);

#endif /* MFR_SCAN_TABLE_H */
