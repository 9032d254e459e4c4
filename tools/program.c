// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "kept.h"
#include "pools.h"
#include "problems.h"
#include "program.h"
#include "root.h"
#include "size.h"

/* A command line: its words one after the other, each with its zero byte. */
struct command_line {
	char text[64 << 10];
	size_t length;
};

static int read_command_line(struct command_line *line, pid_t pid)
{
	FILE *f = root_fopen("/proc/%d/cmdline", pid);

	if (!f)
		return errno == ENOENT ? -ESRCH : -errno;
	line->length = fread(line->text, 1, sizeof(line->text) - 1, f);
	line->text[line->length] = '\0';
	fclose(f);
	return 0;
}

/* The word behind the last @option, which QEMU takes with one dash or two. */
static const char *argument(const struct command_line *line, const char *option)
{
	const char *at = line->text, *end = at + line->length;
	const char *found = NULL, *word;

	while (at < end) {
		word = at;
		at += strlen(at) + 1;
		if (at < end && !strcmp(word + strspn(word, "-"), option))
			found = at;
	}
	return found;
}

/* "+feature" and "feature=on" among the model's parts; the last one counts. */
static bool has_feature(const char *model, const char *feature)
{
	char text[1024], *part, *rest = text;
	bool has = false;
	size_t len;

	snprintf(text, sizeof(text), "%s", model);
	while ((part = strsep(&rest, ","))) {
		if (*part == '+' || *part == '-') {
			if (!strcmp(part + 1, feature))
				has = *part == '+';
			continue;
		}
		len = strlen(feature);
		if (!strncmp(part, feature, len) && part[len] == '=')
			has = !strcmp(part + len + 1, "on");
	}
	return has;
}

static bool host_is_amd(void)
{
	FILE *f = root_fopen("/proc/cpuinfo");
	char line[512];
	bool amd = false;

	while (f && !amd && fgets(line, sizeof(line), f))
		amd = strstr(line, "AuthenticAMD") || strstr(line, "HygonGenuine");
	if (f)
		fclose(f);
	return amd;
}

/* A model that has all that the host has is not looked into. */
static bool takes_all(const char *model)
{
	return !strncmp(model, "host", 4) || !strncmp(model, "max", 3);
}

/* Linux panics at a machine check if the CPU does not promise recovery. */
static void find_guest_cpu(struct problems *problems,
			   const struct command_line *line)
{
	const char *model = argument(line, "cpu");

	if (!host_is_amd() || (model && takes_all(model)))
		return;
	if (!model || !has_feature(model, "succor") ||
	    !has_feature(model, "overflow-recov"))
		problems_add(problems, "its guest panics at the first error: give QEMU 9.1 or later -cpu %s,+succor,+overflow-recov",
			     model ? model : "MODEL");
}

static const struct pool *pool_of(const struct pools *pools,
				  uint64_t page_bytes)
{
	size_t i;

	for (i = 0; i < pools->n; i++)
		if (pools->pool[i].page_bytes == page_bytes)
			return &pools->pool[i];
	return NULL;
}

/* The first file of a page size stands for all of them. */
static bool is_first(const struct kept *kept, size_t i)
{
	size_t j;

	for (j = 0; j < i; j++)
		if (kept->file[j].page_bytes == kept->file[i].page_bytes)
			return false;
	return true;
}

/* To replace a page that has lost memory takes another one. */
static void find_spare(struct problems *problems, const struct kept *kept)
{
	const struct pool *pool;
	struct pools pools;
	uint64_t bytes;
	size_t i;

	pools_read(&pools);
	for (i = 0; i < kept->n; i++) {
		bytes = kept->file[i].page_bytes;
		pool = pool_of(&pools, bytes);
		if (pool && is_first(kept, i) && pool->free <= pool->reserved)
			problems_add(problems, "no huge page of %s is to spare, which a reset after an error needs: raise nr_hugepages by one",
				     size_text(bytes).text);
	}
	pools_free(&pools);
}

static void find_unkept(struct problems *problems, const struct kept *kept)
{
	const struct unkept *u;
	size_t i;

	for (i = 0; i < kept->n_unkept; i++) {
		u = &kept->unkept[i];
		problems_add(problems, "%s in huge pages of %s are lost with their first error; what would keep them: %s",
			     size_text(u->bytes).text,
			     size_text(u->page_bytes).text,
			     unkept_cures[u->why]);
	}
}

static void find_policy(struct problems *problems, const struct kept *kept)
{
	if (access(root_path("/sys/kernel/mm/mf_keep"), F_OK))
		problems_add(problems, "this kernel does not keep huge pages: boot one with the keep series");
	else if (!kept->n && !kept->n_unkept)
		problems_add(problems, "it has no huge pages, and only these are kept: give it some (QEMU: memory-backend-memfd,hugetlb=on)");
}

static bool is_qemu(pid_t pid)
{
	char command[32];

	return !read_line(command, sizeof(command), "/proc/%d/comm", pid) &&
	       !strncmp(command, "qemu-", 5);
}

int program_problems(struct problems *problems, struct kept *kept, pid_t pid)
{
	static struct command_line line;
	int err;

	/* Of one that hangs, the command line cannot be read either. */
	kept_read_process(kept, pid);
	if (kept->err)
		return kept->err;
	if (kept->hanging)
		return -ETIMEDOUT;
	err = read_command_line(&line, pid);
	if (err)
		return err;
	if (kept->unseen)
		return -EPERM;
	find_policy(problems, kept);
	find_unkept(problems, kept);
	problems_find_lost(problems, kept);
	if (kept->n && is_qemu(pid)) {
		find_spare(problems, kept);
		find_guest_cpu(problems, &line);
	}
	return 0;
}
