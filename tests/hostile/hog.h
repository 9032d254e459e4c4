/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HOG_H
#define HOG_H

/* Measure a neighbour's first SIGBUS, alone and beside consumers. */
const char *hog_run(void);

#endif /* HOG_H */
