// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "host.h"
#include "restored.h"

void host_read(struct host *host)
{
	corrupted_read(&host->corrupted);
	host->corrupted.restored_bytes = restored_find("bytes");
	if (host->corrupted.restored_bytes > host->corrupted.bytes)
		host->corrupted.restored_bytes = host->corrupted.bytes;
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

static bool failed(const struct unread *unread)
{
	return unread->err && (unread->err != -ENOENT || *unread->first);
}

bool host_unknown(const struct host *host)
{
	return host->corrupted.err || failed(&host->nodes.unread) ||
	       failed(&host->dimms.unread) || host->kept.err ||
	       (host->scanner.err && host->scanner.err != -ENOENT) ||
	       host->scanner.unread.n;
}

struct source {
	const char *name;
	struct unread unread;
	const char *absent;	/* what ENOENT of all of it means */
};

static const char *reason(int err)
{
	switch (-err) {
	case EACCES:
	case EPERM:
		return "permission denied: run as root";
	case ERANGE:
		return "a counter is below zero, which no counter can be";
	case EINVAL:
	case ENODATA:
		return "a file has no number";
	default:
		return strerror(-err);
	}
}

static void tell_source(const struct source *source,
			void (*tell)(const char *source, const char *why,
				     void *arg),
			void *arg)
{
	const struct unread *unread = &source->unread;
	char why[192];

	if (unread->n > 1)
		snprintf(why, sizeof(why), "%s and %zu more: %s",
			 unread->first, unread->n - 1, reason(unread->err));
	else if (*unread->first)
		snprintf(why, sizeof(why), "%s: %s", unread->first,
			 reason(unread->err));
	else
		snprintf(why, sizeof(why), "%s", unread->err == -ENOENT ?
			 source->absent : reason(unread->err));
	if (unread->err)
		tell(source->name, why, arg);
}

static struct unread scanner_unread(const struct scanner *scanner)
{
	return scanner->err ? (struct unread){ .err = scanner->err, .n = 1 } :
	       scanner->unread;
}

void host_missing(const struct host *host,
		  void (*tell)(const char *source, const char *why, void *arg),
		  void *arg)
{
	const struct source sources[] = {
		{ "corrupted", { .err = host->corrupted.err },
		  "the kernel is built without CONFIG_MEMORY_FAILURE" },
		{ "nodes", host->nodes.unread,
		  "the kernel does not count errors by node: Linux 6.3 and later do" },
		{ "hugepages", host->pools.unread,
		  "the kernel is built without CONFIG_HUGETLBFS" },
		{ "kept", { .err = host->kept.err }, "/proc is not mounted" },
		{ "dimms", host->dimms.unread,
		  "no EDAC driver is loaded: errors cannot be traced to a DIMM" },
		{ "scanner", scanner_unread(&host->scanner),
		  "the module memscan is not loaded: nobody looks for errors before programs meet them; mfr-scan(8)" },
	};
	size_t i;

	for (i = 0; i < sizeof(sources) / sizeof(sources[0]); i++)
		tell_source(&sources[i], tell, arg);
}
