// SPDX-License-Identifier: GPL-2.0-only
#include <err.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "replace.h"
#include "restored.h"
#include "root.h"

#define DIRECTORY	"/run/mfr"
#define FILE_NAME	DIRECTORY "/restored"

uint64_t node_unrecovered(const struct node *node)
{
	uint64_t ignored = node->by_outcome[IGNORED];
	uint64_t failed = node->by_outcome[FAILED];

	return (ignored == COUNT_UNKNOWN ? 0 : ignored) +
	       (failed == COUNT_UNKNOWN ? 0 : failed);
}

uint64_t restored_find(const char *name)
{
	FILE *f = root_fopen(FILE_NAME);
	uint64_t value, found = 0;
	char word[32];

	while (f && fscanf(f, "%31s %" SCNu64, word, &value) == 2)
		if (!strcmp(word, name) && value <= INT64_MAX)
			found = value;
	if (f)
		fclose(f);
	return found;
}

void restored_begin(struct restored *restored)
{
	corrupted_read(&restored->corrupted);
	nodes_read(&restored->nodes);
}

static uint64_t grown(uint64_t before, uint64_t after)
{
	return after > before ? after - before : 0;
}

static void print(FILE *f, const struct restored *before,
		  const struct restored *now)
{
	const struct node *a = before->nodes.node, *b = now->nodes.node;
	char name[32];
	size_t i;

	fprintf(f, "bytes %" PRIu64 "\n", restored_find("bytes") +
		(before->corrupted.err || now->corrupted.err ? 0 :
		 grown(before->corrupted.bytes, now->corrupted.bytes)));
	for (i = 0; i < now->nodes.n; i++) {
		snprintf(name, sizeof(name), "node%u", b[i].id);
		fprintf(f, "%s %" PRIu64 "\n", name, restored_find(name) +
			(i < before->nodes.n && a[i].id == b[i].id ?
			 grown(node_unrecovered(&a[i]),
			       node_unrecovered(&b[i])) : 0));
	}
}

void restored_end(struct restored *before)
{
	struct restored now;
	struct replacement r;
	int err;

	restored_begin(&now);
	mkdir(root_path("/run"), 0755);
	mkdir(root_path(DIRECTORY), 0755);
	err = replace_begin(&r, root_path(FILE_NAME), 0644);
	if (!err) {
		print(r.f, before, &now);
		err = replace_end(&r);
	}
	if (err)
		warnx("cannot write " FILE_NAME ": %s; mfr check will take what was restored for new errors",
		      strerror(-err));
	nodes_free(&now.nodes);
	nodes_free(&before->nodes);
}
