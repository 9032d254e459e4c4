// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "nodes.h"
#include "root.h"

#define NODES	"/sys/devices/system/node"

const char *const outcome_names[N_OUTCOMES] = {
	"recovered", "delayed", "ignored", "failed",
};

static int read_node(struct node *node, unsigned int id)
{
	int i, err;

	node->id = id;
	err = read_number(&node->total, NODES "/node%u/memory_failure/total",
			  id);
	for (i = 0; !err && i < N_OUTCOMES; i++)
		err = read_number(&node->by_outcome[i],
				  NODES "/node%u/memory_failure/%s", id,
				  outcome_names[i]);
	return err;
}

void nodes_read(struct nodes *nodes)
{
	unsigned int *ids;
	int i, n = list_numbered(NODES, "node", &ids);

	*nodes = (struct nodes){ .err = n < 0 ? n : 0 };
	if (n <= 0)
		return;
	nodes->node = calloc((size_t)n, sizeof(*nodes->node));
	if (!nodes->node)
		nodes->err = -ENOMEM;
	for (i = 0; i < n && !nodes->err; i++) {
		nodes->err = read_node(&nodes->node[i], ids[i]);
		nodes->n += !nodes->err;
	}
	free(ids);
}

void nodes_free(struct nodes *nodes)
{
	free(nodes->node);
	*nodes = (struct nodes){ 0 };
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
		corrupted->err = sscanf(line + sizeof(name) - 1, "%" SCNu64 " kB",
					&corrupted->bytes) == 1 ? 0 : -EINVAL;
		corrupted->bytes *= 1024;
		break;
	}
	if (f)
		fclose(f);
}
