// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kept.h"
#include "root.h"

#define HUGE_BYTES_MIN	(2UL << 20)	/* on x86 */

static int add_lost(struct kept_file *file, uint64_t offset, uint64_t length)
{
	struct lost *more = reallocarray(file->lost, file->n_lost + 1,
					 sizeof(*more));

	if (!more)
		return -ENOMEM;
	file->lost = more;
	more[file->n_lost++] = (struct lost){ offset, length };
	return 0;
}

/* Returns 1 if the descriptor is of a kept file, 0 if not, or -ENOMEM. */
static int parse_fdinfo(FILE *f, struct kept_file *file)
{
	uint64_t offset, length;
	char line[256];
	int keep = 0, err = 0;

	while (!err && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "mf_ue: %" SCNx64 "+%" SCNx64,
			   &offset, &length) == 2)
			err = add_lost(file, offset, length);
		else if (!strcmp(line, "mf_keep_ue_mapped:\t1\n") ||
			 !strcmp(line, "mf_keep_ue_mapped: 1\n"))
			keep = 1;
		else if (sscanf(line, "mnt_id: %" SCNu64, &file->mount) != 1)
			sscanf(line, "ino: %" SCNu64, &file->inode);
	}
	/* Gone while it was read: other descriptors of the file list everything. */
	if (ferror(f))
		keep = 0;
	return err ? err : keep;
}

static struct kept_file *find_file(struct kept *kept,
				   const struct kept_file *file)
{
	size_t i;

	for (i = 0; i < kept->n; i++)
		if (kept->file[i].mount == file->mount &&
		    kept->file[i].inode == file->inode)
			return &kept->file[i];
	return NULL;
}

/* Add @file, which is not in the list yet, and take over its @lost. */
static struct kept_file *add_file(struct kept *kept, struct kept_file *file)
{
	struct kept_file *more = reallocarray(kept->file, kept->n + 1,
					      sizeof(*more));

	if (!more)
		return NULL;
	kept->file = more;
	more[kept->n] = *file;
	file->lost = NULL;
	return &more[kept->n++];
}

static int add_holder(struct kept_file *file, unsigned int pid)
{
	struct holder *more;

	if (file->n_holders && file->holder[file->n_holders - 1].pid ==
	    (pid_t)pid)
		return 0;
	more = reallocarray(file->holder, file->n_holders + 1, sizeof(*more));
	if (!more)
		return -ENOMEM;
	file->holder = more;
	more += file->n_holders++;
	more->pid = (pid_t)pid;
	if (read_line(more->command, sizeof(more->command), "/proc/%u/comm",
		      pid))
		strcpy(more->command, "?");
	return 0;
}

/* Only files of memfd_create(), which have this prefix, can have the policy. */
static bool is_memfd(const char *path, char *name, size_t size)
{
	static const char prefix[] = "/memfd:", suffix[] = " (deleted)";
	char target[PATH_MAX];
	ssize_t n = readlink(path, target, sizeof(target) - 1);
	size_t len;

	if (n < 0)
		return false;
	target[n] = '\0';
	if (strncmp(target, prefix, sizeof(prefix) - 1))
		return false;
	len = strlen(target);
	if (len >= sizeof(suffix) - 1 &&
	    !strcmp(target + len - (sizeof(suffix) - 1), suffix))
		target[len - (sizeof(suffix) - 1)] = '\0';
	snprintf(name, size, "%.255s", target + sizeof(prefix) - 1);
	return true;
}

/* Take what @fdinfo says of @file, which @pid holds; closes @fdinfo. */
static int take_fdinfo(struct kept *kept, unsigned int pid,
		       struct kept_file *file, FILE *fdinfo)
{
	struct kept_file *known;
	int ret = parse_fdinfo(fdinfo, file);

	fclose(fdinfo);
	if (ret > 0) {
		known = find_file(kept, file);
		if (!known)
			known = add_file(kept, file);
		ret = known ? add_holder(known, pid) : -ENOMEM;
	}
	free(file->lost);
	return ret;
}

/* A process or descriptor that is gone by now is not an error. */
static int read_descriptor(struct kept *kept, unsigned int pid,
			   unsigned int fd)
{
	struct kept_file file = { 0 };
	FILE *f;

	if (!is_memfd(root_path("/proc/%u/fd/%u", pid, fd), file.name,
		      sizeof(file.name)))
		return 0;
	f = root_fopen("/proc/%u/fdinfo/%u", pid, fd);
	return f ? take_fdinfo(kept, pid, &file, f) : 0;
}

/* A descriptor of our own, as the process has none: -EPERM if we may not. */
static int read_mapping(struct kept *kept, unsigned int pid, const char *range)
{
	struct kept_file file = { 0 };
	const char *path = root_path("/proc/%u/map_files/%s", pid, range);
	char fdinfo[64];
	FILE *f;
	int fd, ret = 0;

	if (!is_memfd(path, file.name, sizeof(file.name)))
		return 0;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno == EPERM || errno == EACCES ? -EPERM : 0;
	snprintf(fdinfo, sizeof(fdinfo), "/proc/self/fdinfo/%d", fd);
	f = fopen(fdinfo, "re");
	if (f)
		ret = take_fdinfo(kept, pid, &file, f);
	close(fd);
	return ret;
}

/* Huge pages are mapped whole: users can map many small files. */
static bool may_be_huge(const char *line)
{
	unsigned long start, end;

	return strstr(line, " /memfd:") &&
	       sscanf(line, "%lx-%lx", &start, &end) == 2 &&
	       !((start | end) % HUGE_BYTES_MIN);
}

/* Many programs close a descriptor once they have mapped the file. */
static int read_mappings(struct kept *kept, unsigned int pid)
{
	FILE *maps = root_fopen("/proc/%u/maps", pid);
	char *line = NULL;
	size_t size = 0;
	int err = 0;

	while (maps && err >= 0 && getline(&line, &size, maps) >= 0)
		if (may_be_huge(line)) {
			line[strcspn(line, " ")] = '\0';
			err = read_mapping(kept, pid, line);
		}
	free(line);
	if (maps)
		fclose(maps);
	if (err == -EPERM)
		kept->unseen++;
	return err == -ENOMEM ? err : 0;
}

static int read_process(struct kept *kept, unsigned int pid)
{
	char dir[64];
	unsigned int *fds;
	int i, n, err = 0;

	snprintf(dir, sizeof(dir), "/proc/%u/fdinfo", pid);
	n = list_numbered(dir, "", &fds);
	if (n == -EACCES || n == -EPERM)
		kept->unseen++;
	for (i = 0; i < n && !err; i++)
		err = read_descriptor(kept, pid, fds[i]);
	free(fds);
	return err < 0 ? err : read_mappings(kept, pid);
}

void kept_read(struct kept *kept)
{
	unsigned int *pids;
	int i, n = list_numbered("/proc", "", &pids);

	*kept = (struct kept){ .err = n < 0 ? n : 0 };
	for (i = 0; i < n && !kept->err; i++)
		kept->err = read_process(kept, pids[i]);
	free(pids);
}

void kept_free(struct kept *kept)
{
	size_t i;

	for (i = 0; i < kept->n; i++) {
		free(kept->file[i].lost);
		free(kept->file[i].holder);
	}
	free(kept->file);
	*kept = (struct kept){ 0 };
}

uint64_t kept_lost_bytes(const struct kept_file *file)
{
	uint64_t sum = 0;
	size_t i;

	for (i = 0; i < file->n_lost; i++)
		sum += file->lost[i].length;
	return sum;
}
