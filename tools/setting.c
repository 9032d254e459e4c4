// SPDX-License-Identifier: GPL-2.0-only
#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "setting.h"

static const struct setting {
	const char *name;
	bool of_node;
	const char *takes;
} settings[] = {
	{ "enabled", true, "0 or 1" },
	{ "cycle_seconds", true,
	  "a time for a full pass from 1 to 31622400, which is 366 days" },
	{ "max_cpu_percent", true, "a share of one CPU from 1 to 100" },
	{ "scope", true, "all, hugetlb, nohugetlb or free" },
	{ "pause", false, "0 or 1" },
	{ "max_hits", false, "a number from 1 to 4294967295" },
};

static const struct setting *find(const char *word)
{
	size_t i, n = strcspn(word, "=");

	/* The kernel does not hear of an empty value, so it cannot refuse it. */
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

bool setting_write(const char *file, const char *value, const char *takes)
{
	int err = scanner_write(file, value);

	if (err == -EINVAL)
		warnx("the kernel refuses '%s' for %s: it takes %s", value,
		      file, takes);
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
		done = setting_write(file, value, setting->takes);
	}
	return done;
}

bool setting_apply(const struct scanner *scanner, int node, const char *word)
{
	const struct setting *setting = find(word);
	const char *value = strchr(word, '=') + 1;

	if (setting->of_node)
		return write_nodes(setting, value, scanner, node);
	return setting_write(setting->name, value, setting->takes);
}
