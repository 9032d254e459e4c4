/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HOG_H
#define HOG_H

/* How long a neighbour's first SIGBUS takes, alone and beside consumers. */
const char *hog_run(void);

#endif /* HOG_H */
