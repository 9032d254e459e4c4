// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "replace.h"

static void forget(struct replacement *r)
{
	free(r->path);
	free(r->temporary);
	*r = (struct replacement){ 0 };
}

int replace_begin(struct replacement *r, const char *path, mode_t mode)
{
	int fd, err;

	r->f = NULL;
	r->path = strdup(path);
	if (!r->path || asprintf(&r->temporary, "%s.XXXXXX", path) < 0) {
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

void replace_abandon(struct replacement *r)
{
	fclose(r->f);
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

int replace_end(struct replacement *r)
{
	int err;

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
