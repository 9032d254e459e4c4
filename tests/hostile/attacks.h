/* SPDX-License-Identifier: GPL-2.0-only */
/* Attacks that are known by name, each of which did harm once. */
#ifndef ATTACKS_H
#define ATTACKS_H

/*
 * One of them, "kvm" for those that need it, or "all" of the others, up to the
 * first that does harm; how many did, or -1 if there is none such.
 */
int attacks_run(const char *name);

#endif /* ATTACKS_H */
