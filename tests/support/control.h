/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Lines by which a test informs the runner about its control: the same test on
 * a kernel without the feature.  README.md says how controls are checked.
 */
#ifndef CONTROL_H
#define CONTROL_H

/*
 * At the end of each FIXTURE_SETUP(), or first in a test without a fixture: a
 * control that fails before this line proves nothing.
 */
#define CONTROL_READY()	TH_LOG("control: ready")

/* The property holds without the feature too: the control has to pass. */
#define CONTROL_SAME()	TH_LOG("control: same")

/*
 * Without the series, this test panics the machine: the control gets a boot of
 * its own and must panic it.
 */
#define CONTROL_FATAL()	TH_LOG("control: fatal")

#endif /* CONTROL_H */
