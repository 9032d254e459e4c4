/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Names that users, programs and firmware chose, as they may go to a terminal
 * and into the one line of a check: control characters and all bytes above
 * ASCII (C1 controls, characters that change the direction of text) become
 * "\x1b".  JSON has the names as they are.
 */
#ifndef MFR_PLAIN_H
#define MFR_PLAIN_H

#include <stddef.h>

struct plain_text {
	char text[1024];
};

/* Cut if it is too long. */
struct plain_text plain_text(const char *name);

/* The whole text, to be freed; ends the program if there is no memory. */
char *plain_copy(const char *text);

#endif /* MFR_PLAIN_H */
