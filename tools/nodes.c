// SPDX-License-Identifier: GPL-2.0-only
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "nodes.h"
#include "root.h"

#define NODES	"/sys/devices/system/node"

const char *const outcome_names[N_OUTCOMES] = {
	"recovered", "delayed", "ignored", "failed",
};

/* Returns how many of its counts are known; @err is why the first is not. */
static int read_node(struct node *node, unsigned int id, int *err)
{
	int i, ret, known = 0;

	node->id = id;
	*err = read_count(&node->total, NODES "/node%u/memory_failure/total",
			  id);
	known += !*err;
	for (i = 0; i < N_OUTCOMES; i++) {
		ret = read_count(&node->by_outcome[i],
				 NODES "/node%u/memory_failure/%s", id,
				 outcome_names[i]);
		known += !ret;
		*err = *err ? *err : ret;
	}
	return known;
}

static void read_nodes(struct nodes *nodes, const unsigned int *ids, int n)
{
	int i, err;

	for (i = 0; i < n; i++) {
		if (read_node(&nodes->node[nodes->n], ids[i], &err))
			nodes->n++;
		if (err)
			unread_member(&nodes->unread, err, "node%u", ids[i]);
	}
	/* Where no node has counters, the kernel has none. */
	if (!nodes->n && nodes->unread.err == -ENOENT)
		unread_all(&nodes->unread, -ENOENT);
}

void nodes_read(struct nodes *nodes)
{
	unsigned int *ids;
	int n = list_numbered(NODES, "node", &ids);

	*nodes = (struct nodes){ 0 };
	if (n > 0)
		nodes->node = calloc((size_t)n, sizeof(*nodes->node));
	if (nodes->node)
		read_nodes(nodes, ids, n);
	else
		unread_all(&nodes->unread,
			   n > 0 ? -ENOMEM : n ? n : -ENOENT);
	free(ids);
}

void nodes_free(struct nodes *nodes)
{
	free(nodes->node);
	*nodes = (struct nodes){ 0 };
}

/* " 12 kB"; leading zeros, and no blank, as other systems print it. */
static int parse_kib(const char *text, uint64_t *bytes)
{
	const char *digits = text + strspn(text, " \t");
	char *end;

	if (!isdigit((unsigned char)*digits))
		return *digits == '-' ? -ERANGE : -EINVAL;
	errno = 0;
	*bytes = strtoull(digits, &end, 10);
	/* What the kernel took below zero is printed as 2^64 less a few. */
	if (errno || *bytes > INT64_MAX / 1024)
		return -ERANGE;
	*bytes *= 1024;
	return strcspn(end, " \t\n") ? -EINVAL : 0;
}

void corrupted_read(struct corrupted *corrupted)
{
	static const char name[] = "HardwareCorrupted:";
	FILE *f = root_fopen("/proc/meminfo");
	char line[128];

	*corrupted = (struct corrupted){ .err = f ? -ENOENT : -errno };
	while (f && fgets(line, sizeof(line), f)) {
		if (strncmp(line, name, sizeof(name) - 1))
			continue;
		corrupted->err = parse_kib(line + sizeof(name) - 1,
					   &corrupted->bytes);
		break;
	}
	if (f && corrupted->err == -ENOENT && ferror(f))
		corrupted->err = -EIO;
	if (f)
		fclose(f);
}
