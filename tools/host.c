// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <string.h>

#include "host.h"

void host_read(struct host *host)
{
	corrupted_read(&host->corrupted);
	nodes_read(&host->nodes);
	pools_read(&host->pools);
	kept_read(&host->kept);
	dimms_read(&host->dimms);
	scanner_read(&host->scanner);
}

void host_free(struct host *host)
{
	nodes_free(&host->nodes);
	pools_free(&host->pools);
	kept_free(&host->kept);
	dimms_free(&host->dimms);
	scanner_free(&host->scanner);
}

bool host_unknown(const struct host *host)
{
	return host->corrupted.err && host->nodes.err;
}

void host_missing(const struct host *host,
		  void (*tell)(const char *source, const char *why, void *arg),
		  void *arg)
{
	const struct {
		const char *source;
		int err;
		const char *absent;	/* what ENOENT means there */
	} sources[] = {
		{ "corrupted", host->corrupted.err,
		  "the kernel is built without CONFIG_MEMORY_FAILURE" },
		{ "nodes", host->nodes.err,
		  "the kernel does not count errors by node: Linux 6.3 and later do" },
		{ "hugepages", host->pools.err,
		  "the kernel is built without CONFIG_HUGETLBFS" },
		{ "kept", host->kept.err, "/proc is not mounted" },
		{ "dimms", host->dimms.err,
		  "no EDAC driver is loaded: errors cannot be traced to a DIMM" },
		{ "scanner", host->scanner.err,
		  "the module memscan is not loaded: nobody looks for errors before programs meet them; mfr-scan(8)" },
	};
	size_t i;

	for (i = 0; i < sizeof(sources) / sizeof(sources[0]); i++)
		if (sources[i].err == -ENOENT)
			tell(sources[i].source, sources[i].absent, arg);
		else if (sources[i].err == -EACCES || sources[i].err == -EPERM)
			tell(sources[i].source,
			     "permission denied: run as root", arg);
		else if (sources[i].err)
			tell(sources[i].source, strerror(-sources[i].err), arg);
}
