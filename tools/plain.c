// SPDX-License-Identifier: GPL-2.0-only
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "plain.h"

#define ESCAPED_BYTES	4u	/* \x1b */

static void escape(char *out, size_t size, const char *text)
{
	size_t at = 0;

	for (; *text && at + ESCAPED_BYTES < size; text++)
		if (*text >= ' ' && *text <= '~')
			out[at++] = *text;
		else
			at += (size_t)sprintf(out + at, "\\x%02x",
					      (unsigned char)*text);
	out[at] = '\0';
}

struct plain_text plain_text(const char *name)
{
	struct plain_text t;

	escape(t.text, sizeof(t.text), name);
	return t;
}

char *plain_copy(const char *text)
{
	size_t size = (strlen(text) + 1) * ESCAPED_BYTES + 1;
	char *copy = malloc(size);

	if (!copy)
		err(STATUS_UNKNOWN, "no memory for a text");
	escape(copy, size, text);
	return copy;
}
