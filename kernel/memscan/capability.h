/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * May this machine be scanned, and if not, why?
 */
#ifndef MEMSCAN_CAPABILITY_H
#define MEMSCAN_CAPABILITY_H

#include <linux/types.h>

int memscan_capability_init(void);
void memscan_capability_exit(void);

const char *memscan_refusal(void);
int memscan_capability_show(char *buf);

#endif /* MEMSCAN_CAPABILITY_H */
