// SPDX-License-Identifier: GPL-2.0-only
/*
 * Runs in the lab: several test programs one after the other, so that they
 * share a boot.
 *
 *	guest [--control] [--leaks] "PROGRAM [ARG]..." | "--gigantic N" ...
 *
 * --gigantic gives the next programs a pool of N pages of 1 GiB, for boots
 * whose command line asks for fewer.
 *
 * After each program, prints "# lab: PROGRAM STATUS MISSED" on its own line:
 * its wait status, and how many loads of poison the lab could not turn into a
 * machine check meanwhile.  --leaks: at the end, print what a kernel with
 * kmemleak has leaked; that takes a minute or two.
 */
#define _GNU_SOURCE
#include <poison.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hugepage.h"
#include "pool.h"
#include "procfile.h"

#define ARGS_MAX	64

static void exec_words(char *words)
{
	char *argv[ARGS_MAX + 1] = { NULL }, path[64];
	int n = 0;

	while (n < ARGS_MAX && (argv[n] = strsep(&words, " ")))
		n++;
	snprintf(path, sizeof(path), "/%s", argv[0]);
	dup2(STDOUT_FILENO, STDERR_FILENO);
	execv(path, argv);
	perror(path);
	_exit(127);
}

/* Poison that a killed test left behind must not hit the next program. */
static bool run(char *words)
{
	char *name = strndup(words, strcspn(words, " "));
	int64_t missed = lab_poison_missed();
	int status = 0;
	pid_t pid;

	printf("# program: %s\n", name);
	fflush(stdout);
	pid = fork();
	if (!pid)
		exec_words(words);
	waitpid(pid, &status, 0);
	lab_poison_clear();
	printf("# lab: %s %d %lld\n", name, status,
	       (long long)(lab_poison_missed() - missed));
	fflush(stdout);
	free(name);
	return !status;
}

static void need_gigantic(const char *n)
{
	if (pool_set(SIZE_1G, atol(n)) == atol(n))
		return;
	fprintf(stderr, "guest: cannot allocate %s pages of 1 GiB, give the guest more memory\n",
		n);
	exit(1);
}

#define KMEMLEAK	"/sys/kernel/debug/kmemleak"
#define LEAK_AGE_S	5	/* mm/kmemleak.c ignores younger objects */

/*
 * If the kernel has kmemleak: its report on the console fails the boot; this
 * prints the details.
 */
static void show_leaks(void)
{
	static char text[1 << 16];

	if (access(KMEMLEAK, W_OK))
		return;
	sleep(LEAK_AGE_S + 1);
	procfile_write(KMEMLEAK, "scan");
	procfile_write(KMEMLEAK, "scan");
	if (procfile_read(KMEMLEAK, text, sizeof(text)) > 0)
		printf("%s", text);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	static const char gigantic[] = "--gigantic ";
	bool all = true, leaks = false;
	int i = 1;

	if (!lab_present()) {
		fprintf(stderr, "guest: memory cannot be poisoned here, use lab/vm run\n");
		return 1;
	}
	if (i < argc && !strcmp(argv[i], "--control")) {
		setenv("MFR_CONTROL", "1", 1);
		i++;
	}
	if (i < argc && !strcmp(argv[i], "--leaks")) {
		leaks = true;
		i++;
	}
	for (; i < argc; i++)
		if (!strncmp(argv[i], gigantic, strlen(gigantic)))
			need_gigantic(argv[i] + strlen(gigantic));
		else
			all &= run(argv[i]);
	if (leaks)
		show_leaks();
	return !all;
}
