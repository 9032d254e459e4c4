// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "replace.h"

#define LINKS_MAX	40	/* as Linux follows */

static void forget(struct replacement *r)
{
	free(r->path);
	free(r->temporary);
	*r = (struct replacement){ 0 };
}

/* True if @path is a link to what the standard output is, as /dev/stdout. */
static bool links_to_stdout(const char *path)
{
	struct stat link, there, out;

	return !lstat(path, &link) && S_ISLNK(link.st_mode) &&
	       !stat(path, &there) && !fstat(STDOUT_FILENO, &out) &&
	       there.st_dev == out.st_dev && there.st_ino == out.st_ino;
}

bool replace_writes_through(const char *path)
{
	struct stat st;

	return links_to_stdout(path) ||
	       (!stat(path, &st) && !S_ISREG(st.st_mode) &&
		!S_ISDIR(st.st_mode));
}

/*
 * The link's own descriptor is used where there is one: sockets cannot be
 * opened by name, and what follows goes behind what was written.
 */
static int begin_through(struct replacement *r, const char *path)
{
	int fd = links_to_stdout(path) ?
		 fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0) :
		 open(path, O_WRONLY | O_NOCTTY | O_CLOEXEC);
	int err = -errno;

	if (fd < 0)
		return err;
	r->f = fdopen(fd, "w");
	if (r->f)
		return 0;
	err = -errno;
	close(fd);
	return err;
}

/* Follow one link.  Returns the new path, or NULL if @path is not a link. */
static char *follow_link(const char *path)
{
	char target[PATH_MAX], *dir, *next = NULL;
	ssize_t n = readlink(path, target, sizeof(target) - 1);

	if (n < 0)
		return NULL;
	target[n] = '\0';
	if (*target == '/')
		return strdup(target);
	dir = strdup(path);
	if (dir && asprintf(&next, "%s/%s", dirname(dir), target) < 0)
		next = NULL;
	free(dir);
	return next;
}

/* What is replaced is the target of links, also one that is not there yet. */
static char *resolve(const char *path)
{
	char *at = strdup(path), *next;
	int i;

	for (i = 0; at && i < LINKS_MAX; i++) {
		next = follow_link(at);
		if (!next)
			break;
		free(at);
		at = next;
	}
	return at;
}

static int begin_temporary(struct replacement *r, const char *path, mode_t mode)
{
	int fd, err;

	r->path = resolve(path);
	if (!r->path || asprintf(&r->temporary, "%s.XXXXXX", r->path) < 0) {
		r->temporary = NULL;
		forget(r);
		return -ENOMEM;
	}
	fd = mkostemp(r->temporary, O_CLOEXEC);
	if (fd >= 0 && !fchmod(fd, mode))
		r->f = fdopen(fd, "w");
	if (r->f)
		return 0;
	err = -errno;
	if (fd >= 0) {
		close(fd);
		unlink(r->temporary);
	}
	forget(r);
	return err;
}

int replace_begin(struct replacement *r, const char *path, mode_t mode)
{
	*r = (struct replacement){ 0 };
	return replace_writes_through(path) ? begin_through(r, path) :
	       begin_temporary(r, path, mode);
}

void replace_abandon(struct replacement *r)
{
	fclose(r->f);
	if (r->temporary)
		unlink(r->temporary);
	forget(r);
}

/* The rename survives a power cut only once the directory is on disk. */
static int sync_directory(char *path)
{
	int fd = open(dirname(path), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int err = 0;

	if (fd < 0)
		return -errno;
	if (fsync(fd) && errno != EINVAL)
		err = -errno;
	close(fd);
	return err;
}

static int end_through(struct replacement *r)
{
	bool lost = ferror(r->f);
	int err;

	errno = 0;
	if (!fclose(r->f) && !lost)
		err = 0;
	else
		err = errno ? -errno : -EIO;
	forget(r);
	return err;
}

int replace_end(struct replacement *r)
{
	int err;

	if (!r->temporary)
		return end_through(r);
	if (fflush(r->f) || ferror(r->f) || fsync(fileno(r->f)) ||
	    rename(r->temporary, r->path)) {
		err = errno ? -errno : -EIO;
		replace_abandon(r);
		return err;
	}
	fclose(r->f);
	err = sync_directory(r->path);
	forget(r);
	return err;
}
