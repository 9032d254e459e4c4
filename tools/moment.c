// SPDX-License-Identifier: GPL-2.0-only
#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "moment.h"

struct moment_text moment_text(uint64_t seconds)
{
	struct moment_text t = { "never" };
	time_t when = (time_t)seconds;
	struct tm tm;

	if (seconds && localtime_r(&when, &tm))
		strftime(t.text, sizeof(t.text), "%F %H:%M", &tm);
	return t;
}

struct moment_text span_text(uint64_t seconds)
{
	struct moment_text t;
	uint64_t minutes = seconds / 60;

	if (minutes >= 60)
		snprintf(t.text, sizeof(t.text), "%" PRIu64 " h %" PRIu64 " min",
			 minutes / 60, minutes % 60);
	else if (minutes)
		snprintf(t.text, sizeof(t.text), "%" PRIu64 " min %" PRIu64 " s",
			 minutes, seconds % 60);
	else
		snprintf(t.text, sizeof(t.text), "%" PRIu64 " s", seconds);
	return t;
}
