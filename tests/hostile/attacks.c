// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include "attacks.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "batch.h"
#include "call.h"
#include "hog.h"
#include "journal.h"
#include "storm.h"

#define SEED	1

/* Either @calls calls of @scene with different random numbers, or @run. */
static const struct attack {
	const char *name, *scene, *rule;
	unsigned int calls;
	const char *(*run)(void);
} attacks[] = {
	{ "frame", "frame", "a signal frame in lost lines ends", 40, NULL },
	{ "frame32", "frame32", "so does a 32-bit one", 40, NULL },
	{ "sigreturn", "sigreturn", "and the way back", 20, NULL },
	{ "gpc", "clock", "KVM's own pages in guest memory may be lost", 20,
	  NULL },
	{ "vcpu", "kvm", "a guest's memory may be lost", 20, NULL },
	{ "fixed", "fixed", "pinned buffers may be lost", 40, NULL },
	{ "ring", "ring", "so may io_uring's queues", 10, NULL },
	{ "pipe", "pipe", "and pages in pipes", 40, NULL },
	{ "inherit", "inherit", "a worker's machine check is told of", 20, NULL },
	{ "vhost", "vhost", "so is that of a vhost thread", 20, NULL },
	{ "callchain", "callchain", "stacks of samples may be lost", 10, NULL },
	{ "robust", "robust", "and lists that the kernel walks", 20, NULL },
	{ "hog", NULL, "a neighbour's error does not wait for a consumer", 0,
	  hog_run },
	{ "storm", NULL, "loads of known poison are bounded", 0, storm_run },
};

#define ATTACKS	(sizeof(attacks) / sizeof(*attacks))

static bool needs_kvm(const struct attack *attack)
{
	return !strcmp(attack->name, "gpc") || !strcmp(attack->name, "vcpu");
}

static const char *run_scene(const struct attack *attack)
{
	uint64_t first = (attack - attacks) * BATCH_CALLS;

	if (needs_kvm(attack) && access("/dev/kvm", F_OK))
		return "no KVM here";
	call_only(attack->scene);
	return batch_run(SEED, first, first + attack->calls);
}

static bool run(const struct attack *attack)
{
	const char *wrong;

	printf("# attack %s\n", attack->name);
	journal_note("attack %s", attack->name);
	wrong = attack->run ? attack->run() : run_scene(attack);
	printf("%s - attack %s: %s%s%s\n", wrong ? "not ok" : "ok", attack->name,
	       attack->rule, wrong ? ": " : "", wrong ?: "");
	if (wrong && !attack->run)
		journal_print();
	return !wrong;
}

/* "all" means all that need no KVM. */
static bool is_meant(const struct attack *attack, const char *name)
{
	if (!strcmp(name, "all"))
		return !needs_kvm(attack);
	return !strcmp(name, attack->name) ||
		(!strcmp(name, "kvm") && needs_kvm(attack));
}

int attacks_run(const char *name)
{
	int harmed = -1;
	size_t i;

	for (i = 0; i < ATTACKS && harmed < 1; i++)
		if (is_meant(&attacks[i], name))
			harmed = (harmed < 0 ? 0 : harmed) + !run(&attacks[i]);
	return harmed;
}
