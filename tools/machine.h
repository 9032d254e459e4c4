/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which machine this is, as far as its memory goes.
 */
#ifndef MFR_MACHINE_H
#define MFR_MACHINE_H

#include "page_list.h"

/* 0, or a negative errno after saying what is missing. */
int machine_identify(struct machine *machine);

#endif /* MFR_MACHINE_H */
