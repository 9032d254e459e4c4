// SPDX-License-Identifier: GPL-2.0-only
/*
 * mfr run: run an unmodified program, whose hugetlb files get the policy.
 *
 * mfr-preload.so does the work.  This file finds it, and checks the kernel so
 * that a program does not run without the policy unnoticed.
 */
#include <elf.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <mfr.h>

#include "command.h"

#define PROBED_PAGE_BYTES	(2ULL << 20)	/* x86-64 always has it */

/* As shells, env(1) and timeout(1) have them. */
enum { NOT_EXECUTABLE = 126, NOT_FOUND = 127 };

enum { KEY_PRELOAD = 0x200, KEY_ANY_KERNEL, KEY_VERBOSE };

struct run {
	const char *preload;
	bool any_kernel;
	bool verbose;
	char **argv;		/* of the program */
};

static bool kernel_has_policy(const struct run *run)
{
	int has = mfr_probe(PROBED_PAGE_BYTES);

	if (has == 1 || run->any_kernel)
		return true;
	if (has == -ENODEV)
		warnx("this kernel has no files of huge pages (CONFIG_HUGETLBFS), so no policy for them");
	else if (has < 0)
		warnx("cannot ask the kernel for the policy: %s",
		      strerror(-has));
	else
		warnx("this kernel has no MFD_MF_KEEP_UE_MAPPED: boot one with the keep series, or run the program without the policy by --any-kernel");
	return false;
}

/* LD_PRELOAD has no quoting: a name cannot contain its separators. */
static bool set_preload(const struct run *run)
{
	const char *others = getenv("LD_PRELOAD");
	char *all;
	bool done;

	if (access(run->preload, R_OK)) {
		warnx("cannot read %s: %s; make install puts it there, --preload names another",
		      run->preload, strerror(errno));
		return false;
	}
	if (strpbrk(run->preload, ": ")) {
		warnx("--preload %s: the loader takes no colon and no space in a name",
		      run->preload);
		return false;
	}
	if (asprintf(&all, "%s%s%s", run->preload, others ? ":" : "",
		     others ? others : "") < 0) {
		warn("cannot set LD_PRELOAD");
		return false;
	}
	done = !setenv("LD_PRELOAD", all, 1);
	free(all);
	return done;
}

/* As execvp() finds it, if its name has no slash. */
static int open_program(const char *name)
{
	const char *all = getenv("PATH");
	char *path, *dir, *rest, *file;
	int fd = -1;

	if (strchr(name, '/') || !all)
		return open(name, O_RDONLY | O_CLOEXEC);
	rest = path = strdup(all);
	while (fd < 0 && rest && (dir = strsep(&rest, ":"))) {
		if (asprintf(&file, "%s%s%s", dir, *dir ? "/" : "", name) < 0)
			break;
		fd = access(file, X_OK) ? -1 : open(file, O_RDONLY | O_CLOEXEC);
		free(file);
	}
	free(path);
	return fd;
}

/* An ELF file without an interpreter is loaded by the kernel alone. */
static bool is_static(int fd)
{
	Elf64_Phdr segment;
	Elf64_Ehdr elf;
	unsigned int i;

	if (pread(fd, &elf, sizeof(elf), 0) != sizeof(elf) ||
	    memcmp(elf.e_ident, ELFMAG, SELFMAG) ||
	    elf.e_ident[EI_CLASS] != ELFCLASS64)
		return false;
	for (i = 0; i < elf.e_phnum; i++)
		if (pread(fd, &segment, sizeof(segment),
			  (off_t)(elf.e_phoff + i * sizeof(segment))) !=
		    sizeof(segment) || segment.p_type == PT_INTERP)
			return false;
	return true;
}

/* The loader takes LD_PRELOAD, unless there is none or it must not. */
static void warn_unreached(const char *name)
{
	int fd = open_program(name);
	struct stat st;

	if (fd < 0)
		return;
	if (is_static(fd))
		warnx("%s is linked statically: its own huge pages have no policy, only those of other programs that it starts",
		      name);
	else if (!fstat(fd, &st) && st.st_mode & (S_ISUID | S_ISGID))
		warnx("%s runs with the rights of its owner or group: its huge pages have no policy",
		      name);
	close(fd);
}

/* The first word that is not an option is the program; its arguments follow. */
static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct run *run = state->input;

	switch (key) {
	case KEY_PRELOAD:
		run->preload = arg;
		return 0;
	case KEY_ANY_KERNEL:
		run->any_kernel = true;
		return 0;
	case KEY_VERBOSE:
		run->verbose = true;
		return 0;
	case ARGP_KEY_ARG:
		run->argv = state->argv + state->next - 1;
		state->next = state->argc;
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "which program?");
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

static const struct argp_option options[] = {
	{ .name = "preload", .key = KEY_PRELOAD, .arg = "FILE",
	  .doc = "Instead of " PRELOAD },
	{ .name = "any-kernel", .key = KEY_ANY_KERNEL,
	  .doc = "Run it also where the kernel has no such policy" },
	{ .name = "verbose", .key = KEY_VERBOSE,
	  .doc = "Say of each of its huge pages whether it is kept" },
	{ 0 }
};

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.args_doc = "PROGRAM [ARGUMENT]...",
	.doc = "Run a program, whose files of huge pages stay mapped after a "
	       "memory error."
	       "\vExit status: the program's; 2 if it was not started.",
};

int command_run(int argc, char **argv)
{
	struct run run = { .preload = PRELOAD };
	int status;

	argp_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, &run);
	if (!kernel_has_policy(&run) || !set_preload(&run))
		return STATUS_UNKNOWN;
	if (run.verbose && setenv("MFR_VERBOSE", "1", 1))
		warn("cannot set MFR_VERBOSE");
	warn_unreached(run.argv[0]);
	execvp(run.argv[0], run.argv);
	status = errno == ENOENT ? NOT_FOUND : NOT_EXECUTABLE;
	warn("cannot run %s", run.argv[0]);
	return status;
}
