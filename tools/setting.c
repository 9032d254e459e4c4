// SPDX-License-Identifier: GPL-2.0-only
#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "setting.h"

static const struct setting {
	const char *name;
	bool of_node;
} settings[] = {
	{ "enabled", true },
	{ "cycle_seconds", true },
	{ "max_cpu_percent", true },
	{ "scope", true },
	{ "action", true },
	{ "hugetlb_action", true },
	{ "pause", false },
	{ "max_hits", false },
	{ "max_hits_per_minute", false },
};

static const struct setting *find(const char *word)
{
	size_t i, n = strcspn(word, "=");

	/* The kernel never sees an empty write, so it could not refuse it. */
	if (!word[n] || !word[n + 1])
		return NULL;
	for (i = 0; i < sizeof(settings) / sizeof(settings[0]); i++)
		if (strlen(settings[i].name) == n &&
		    !strncmp(settings[i].name, word, n))
			return &settings[i];
	return NULL;
}

bool setting_is_known(const char *word)
{
	return find(word);
}

bool setting_write(const char *file, const char *value)
{
	int err = scanner_write(file, value);

	if (err == -EINVAL)
		warnx("the kernel refuses '%s' for %s: not in the range that mfr-scan(8) gives",
		      value, file);
	else if (err)
		warnx("cannot write '%s' to /sys/kernel/memscan/%s: %s%s",
		      value, file, strerror(-err),
		      err == -EACCES || err == -EPERM ? "; run as root" : "");
	return !err;
}

static bool write_nodes(const struct setting *setting, const char *value,
			const struct scanner *scanner, int node)
{
	char file[64];
	bool done = true;
	size_t i;

	for (i = 0; i < scanner->n && done; i++) {
		if (node != ALL_NODES && node != scanner->node[i].node)
			continue;
		snprintf(file, sizeof(file), "%s/%s", scanner->node[i].name,
			 setting->name);
		done = setting_write(file, value);
	}
	return done;
}

bool setting_apply(const struct scanner *scanner, int node, const char *word)
{
	const struct setting *setting = find(word);
	const char *value = strchr(word, '=') + 1;

	if (setting->of_node)
		return write_nodes(setting, value, scanner, node);
	return setting_write(setting->name, value);
}
