/* SPDX-License-Identifier: MIT */
/* The protocol: one line in, one line or a list out, which ends "end COUNT". */
#ifndef COMMANDS_H
#define COMMANDS_H

#include <stdio.h>

#include "store.h"

#define COMMANDS_HELP \
	"Commands, a line each, and their answers:\n" \
	"  set KEY VALUE   ok\n" \
	"  get KEY         value VALUE, none, or lost\n" \
	"  delete KEY      ok or none\n" \
	"  where KEY       at OFFSET LENGTH (of the value, in the memfd)\n" \
	"  lost            lost KEY, for each; end COUNT\n" \
	"  stats           NAME VALUE, for each; end COUNT\n" \
	"  save            saved COUNT lost COUNT\n" \
	"  hand-over       not for you: a successor's first word\n" \
	"What fails is answered by: error WHY"

/* Run the command in @line, which is modified, and write the answer. */
void command_run(struct store *store, const char *snapshot, char *line,
		 FILE *answer);

#endif /* COMMANDS_H */
