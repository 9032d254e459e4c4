/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * SIGINT, SIGTERM and SIGHUP as a wish to end: what waits is woken, and tidies
 * up.  So does what writes to a reader who has gone.
 */
#ifndef MFR_INTERRUPT_H
#define MFR_INTERRUPT_H

#include <stdbool.h>

/* From now on they do not kill, nor does SIGPIPE; nohup stays in force. */
void interrupt_catch(void);

/* One of them came, or the standard output takes no more. */
bool interrupted(void);

/* Sleep so long, or until one of them comes; or just until then. */
void interrupt_or_pause(unsigned int ms);
void interrupt_await(void);

#endif /* MFR_INTERRUPT_H */
