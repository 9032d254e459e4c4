/* SPDX-License-Identifier: GPL-2.0-only */
/* Faults that root plants and the oracle has to find. */
#ifndef CONTROLS_H
#define CONTROLS_H

/* Test each check of the oracle.  Returns how many found nothing. */
int controls_run(void);

/* Panic the machine, which the host has to detect. */
void controls_panic(void);

#endif /* CONTROLS_H */
