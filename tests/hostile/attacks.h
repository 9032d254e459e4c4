/* SPDX-License-Identifier: GPL-2.0-only */
/* Named attacks, each of which did harm once. */
#ifndef ATTACKS_H
#define ATTACKS_H

/*
 * Run the attack @name, those that need KVM ("kvm"), or the others ("all"), up
 * to the first that does harm.  Returns how many did, or -1 if none matches.
 */
int attacks_run(const char *name);

#endif /* ATTACKS_H */
