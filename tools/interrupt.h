/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * SIGINT, SIGTERM and SIGHUP as requests to end: they wake the functions that
 * wait, and the command cleans up.  A closed standard output is one too.
 */
#ifndef MFR_INTERRUPT_H
#define MFR_INTERRUPT_H

#include <stdbool.h>

/* Catch these signals and ignore SIGPIPE; nohup stays in force. */
void interrupt_catch(void);

/* True after one of these signals, or an error on the standard output. */
bool interrupted(void);

/* Sleep until one of these signals arrives; the first for @ms at most. */
void interrupt_or_pause(unsigned int ms);
void interrupt_await(void);

#endif /* MFR_INTERRUPT_H */
