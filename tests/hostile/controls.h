/* SPDX-License-Identifier: GPL-2.0-only */
/* What the oracle has to find, planted by root. */
#ifndef CONTROLS_H
#define CONTROLS_H

/* Each of its branches; how many found nothing. */
int controls_run(void);

/* A machine that dies, for the host to judge. */
void controls_panic(void);

#endif /* CONTROLS_H */
