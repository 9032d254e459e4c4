/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef STORM_H
#define STORM_H

/* Load known poison for seconds: machine checks and log lines are bounded. */
const char *storm_run(void);

#endif /* STORM_H */
