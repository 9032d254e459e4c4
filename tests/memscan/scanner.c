// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include "scanner.h"

#include <errno.h>
#include <fcntl.h>
#include <poison.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "module.h"
#include "polling.h"
#include "procfile.h"
#include "sigbus.h"

/* The module as built, unless run names a spoilt one. */
static const char *module_path(void)
{
	const char *path = getenv("MFR_SCANNER");

	return path ? path : "/memscan.ko";
}

bool scanner_omitted(void)
{
	return getenv("MFR_NO_SCANNER");
}

int scanner_load(const char *parameters)
{
	return scanner_omitted() ? 0 : module_load(module_path(), parameters);
}

int scanner_unload(void)
{
	if (scanner_omitted())
		return 0;
	return syscall(SYS_delete_module, "memscan", O_NONBLOCK) ? -errno : 0;
}

int scanner_thread(const char *scan)
{
	char path[64], want[32], name[32];
	int pid;

	snprintf(want, sizeof(want), "memscan/%s\n", scan);
	for (pid = 2; pid < 32768; pid++) {
		snprintf(path, sizeof(path), "/proc/%d/comm", pid);
		if (procfile_read(path, name, sizeof(name)) > 0 &&
		    !strcmp(name, want))
			return pid;
	}
	return 0;
}

int scanner_begin(void)
{
	if (prctl(PR_MCE_KILL, PR_MCE_KILL_SET, PR_MCE_KILL_EARLY, 0, 0))
		return -errno;
	sigbus_catch();
	return scanner_load("force=1");
}

void scanner_end(void)
{
	lab_poison_clear();
	scanner_unload();
}

static const char *path_of(const char *file)
{
	static char path[128];

	snprintf(path, sizeof(path), MEMSCAN "%s", file);
	return path;
}

int scanner_set(const char *file, const char *value)
{
	return procfile_write(path_of(file), "%s", value);
}

long scanner_figure(const char *file)
{
	return procfile_number(path_of(file));
}

static const char *file_of_node(int node, const char *file)
{
	static char path[64];

	snprintf(path, sizeof(path), "node%d/%s", node, file);
	return path;
}

int scanner_set_node(int node, const char *file, const char *value)
{
	return scanner_set(file_of_node(node, file), value);
}

long scanner_node_figure(int node, const char *file)
{
	return scanner_figure(file_of_node(node, file));
}

const char *scanner_text(const char *file)
{
	static char text[4096];

	if (procfile_read(path_of(file), text, sizeof(text)) < 0)
		return "";
	text[strcspn(text, "\n")] = '\0';
	return text;
}

bool scanner_comes_to(const char *file, const char *text)
{
	return poll_until(!strcmp(scanner_text(file), text));
}

/* A pass over a node takes long: wait as long as it makes progress. */
static bool ends_pass(int node, long passes)
{
	long at;

	do {
		at = scanner_node_figure(node, "read_bytes");
		if (poll_until(scanner_node_figure(node, "passes") > passes))
			return true;
	} while (scanner_node_figure(node, "read_bytes") > at);
	return false;
}

int scanner_read_pass(int node)
{
	long passes;

	if (scanner_omitted())
		return 0;
	passes = scanner_node_figure(node, "passes");
	if (scanner_set_node(node, "cycle_seconds", "1") ||
	    scanner_set_node(node, "max_cpu_percent", "100") ||
	    scanner_set_node(node, "enabled", "1"))
		return -EIO;
	if (!ends_pass(node, passes))
		return -ETIME;
	return scanner_set_node(node, "enabled", "0");
}

int scanner_read_node(void)
{
	return scanner_read_pass(0);
}
