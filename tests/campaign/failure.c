// SPDX-License-Identifier: GPL-2.0-only
#include "failure.h"

#include <stdio.h>
#include <string.h>

static struct failure *failure;
static char name[sizeof(failure->who)];

void failure_init(struct failure *shared, const char *who)
{
	failure = shared;
	snprintf(name, sizeof(name), "%s", who);
}

bool failure_seen(void)
{
	return failure->set;
}

bool unexpected(const char *what, const char *expected, const char *seen)
{
	if (failure->set)
		return false;
	failure->set = true;
	snprintf(failure->who, sizeof(failure->who), "%s", name);
	snprintf(failure->what, sizeof(failure->what), "%s", what);
	snprintf(failure->expected, sizeof(failure->expected), "%s", expected);
	snprintf(failure->seen, sizeof(failure->seen), "%s", seen);
	return false;
}

bool expect_number(const char *what, long expected, long seen)
{
	char e[24], s[24];

	if (expected == seen)
		return true;
	snprintf(e, sizeof(e), "%ld", expected);
	snprintf(s, sizeof(s), "%ld", seen);
	return unexpected(what, e, s);
}

bool expect_text(const char *what, const char *expected, const char *seen)
{
	return !strcmp(expected, seen) || unexpected(what, expected, seen);
}

bool impossible(const char *what, long error)
{
	char text[64];

	snprintf(text, sizeof(text), "error %ld (%s)", -error,
		 strerror(-error));
	return unexpected(what, "success", text);
}
