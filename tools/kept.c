// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "huge_mounts.h"
#include "kept.h"
#include "patience.h"
#include "root.h"

#define HUGE_BYTES_MIN	(2UL << 20)	/* on x86 */
#define MEMFD		"/memfd:"
#define ANONYMOUS	"/anon_hugepage"
#define SYSV		"/SYSV"

const char *const unkept_names[] = {
	[UNKEPT_PRIVATE] = "private",
	[UNKEPT_ANONYMOUS] = "anonymous",
	[UNKEPT_SYSV] = "sysv",
	[UNKEPT_MEMFD] = "memfd",
	[UNKEPT_FILE] = "file",
};

const char *const unkept_cures[] = {
	[UNKEPT_PRIVATE] = "a shared mapping (QEMU: share=on)",
	[UNKEPT_ANONYMOUS] = "mfr run, or memory of memfd_create()",
	[UNKEPT_SYSV] = "memory of memfd_create(), not of shmget()",
	[UNKEPT_MEMFD] = "mfr run, or MFD_MF_KEEP_UE_MAPPED",
	[UNKEPT_FILE] = "a hugetlbfs with the mount option mf_keep_ue_mapped",
};

/* Whose descriptors and mappings are looked at, and what they are. */
struct process {
	struct kept kept;
	unsigned int pid;
	struct huge_mounts mounts;
	bool find_unkept;
};

static bool begins(const char *text, const char *prefix)
{
	return !strncmp(text, prefix, strlen(prefix));
}

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
		else if (sscanf(line, "mnt_id: %" SCNu64, &file->device) != 1)
			sscanf(line, "ino: %" SCNu64, &file->inode);
	}
	/* Gone while it was read: other descriptors of the file list everything. */
	if (ferror(f))
		keep = 0;
	return err ? err : keep;
}

/*
 * Is it a file of huge pages? That is asked of a path to it, not of the file: others
 * may be devices that answer to an open(), or of a server that never does. In a copy
 * of a host's files there is none, but names.
 */
static bool is_huge(const struct process *p, int path_fd, struct statx *st)
{
	*st = (struct statx){ 0 };
	if (root_is_copy())
		return true;
	return !statx(path_fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC,
		      STATX_INO, st) &&
	       huge_mounts_have(&p->mounts,
				makedev(st->stx_dev_major, st->stx_dev_minor));
}

/* Mounts have different numbers in different namespaces, devices have not. */
static void identify(struct kept_file *file, const struct statx *st)
{
	if (root_is_copy())
		return;
	file->device = makedev(st->stx_dev_major, st->stx_dev_minor);
	file->inode = st->stx_ino;
	file->page_bytes = st->stx_blksize;
}

static struct kept_file *find_file(struct kept *kept,
				   const struct kept_file *file)
{
	size_t i;

	for (i = 0; i < kept->n; i++)
		if (kept->file[i].device == file->device &&
		    kept->file[i].inode == file->inode)
			return &kept->file[i];
	return NULL;
}

/* Add @file, which is not in the list yet, and take over what it points to. */
static struct kept_file *add_file(struct kept *kept, struct kept_file *file)
{
	struct kept_file *more = reallocarray(kept->file, kept->n + 1,
					      sizeof(*more));

	if (!more)
		return NULL;
	kept->file = more;
	more[kept->n] = *file;
	file->lost = NULL;
	file->holder = NULL;
	return &more[kept->n++];
}

static void name_process(struct holder *holder, unsigned int pid)
{
	holder->pid = (pid_t)pid;
	if (read_line(holder->command, sizeof(holder->command),
		      "/proc/%u/comm", pid))
		strcpy(holder->command, "?");
}

static int add_holder(struct kept_file *file, const struct holder *holder)
{
	struct holder *more;

	if (file->n_holders &&
	    file->holder[file->n_holders - 1].pid == holder->pid)
		return 0;
	more = reallocarray(file->holder, file->n_holders + 1, sizeof(*more));
	if (!more)
		return -ENOMEM;
	file->holder = more;
	more[file->n_holders++] = *holder;
	return 0;
}

static void cut_deleted(char *path)
{
	static const char suffix[] = " (deleted)";
	size_t len = strlen(path), cut = sizeof(suffix) - 1;

	if (len >= cut && !strcmp(path + len - cut, suffix))
		path[len - cut] = '\0';
}

/* Only files of memfd_create() and files on hugetlbfs can have the policy. */
static bool may_be_kept(const struct process *p, const char *link,
			struct kept_file *file)
{
	char target[PATH_MAX];
	const char *name = target;
	ssize_t n = readlink(link, target, sizeof(target) - 1);

	if (n < 0)
		return false;
	target[n] = '\0';
	cut_deleted(target);
	if (begins(target, MEMFD))
		name += strlen(MEMFD);
	else if (!huge_mounts_find(&p->mounts, target))
		return false;
	snprintf(file->name, sizeof(file->name), "%.255s", name);
	return true;
}

/* Take what @fdinfo says of @file; closes @fdinfo. As parse_fdinfo(). */
static int take_fdinfo(struct process *p, struct kept_file *file,
		       const struct statx *st, FILE *fdinfo)
{
	struct kept_file *known;
	struct holder holder;
	int err, ret = parse_fdinfo(fdinfo, file);

	fclose(fdinfo);
	if (ret > 0) {
		identify(file, st);
		name_process(&holder, p->pid);
		known = find_file(&p->kept, file);
		if (!known)
			known = add_file(&p->kept, file);
		err = known ? add_holder(known, &holder) : -ENOMEM;
		ret = err ? err : 1;
	}
	free(file->lost);
	return ret;
}

static int open_path(const char *link)
{
	return root_is_copy() ? -1 : open(link, O_PATH | O_CLOEXEC);
}

/* A process or descriptor that is gone by now is not an error. */
static int read_descriptor(struct process *p, unsigned int fd)
{
	struct kept_file file = { 0 };
	char link[PATH_MAX];
	struct statx st;
	FILE *f = NULL;
	int path_fd;

	snprintf(link, sizeof(link), "%s",
		 root_path("/proc/%u/fd/%u", p->pid, fd));
	if (!may_be_kept(p, link, &file))
		return 0;
	path_fd = open_path(link);
	if (is_huge(p, path_fd, &st))
		f = root_fopen("/proc/%u/fdinfo/%u", p->pid, fd);
	if (path_fd >= 0)
		close(path_fd);
	return f ? take_fdinfo(p, &file, &st, f) : 0;
}

static int read_descriptors(struct process *p)
{
	char dir[64];
	unsigned int *fds;
	int i, n, err = 0;

	snprintf(dir, sizeof(dir), "/proc/%u/fdinfo", p->pid);
	n = list_numbered(dir, "", &fds);
	if (n == -EACCES || n == -EPERM)
		p->kept.unseen++;
	for (i = 0; i < n && err >= 0; i++)
		err = read_descriptor(p, fds[i]);
	free(fds);
	return err < 0 ? err : 0;
}

/* A line of /proc/PID/maps. */
struct mapping {
	char range[40];
	uint64_t bytes;
	bool is_private;	/* and writable: what is written is copied */
	const char *path;
};

static bool parse_mapping(char *line, struct mapping *m)
{
	unsigned long start, end;
	char mode[5];
	int at = 0;

	if (sscanf(line, "%lx-%lx %4s %*s %*s %*s %n", &start, &end, mode,
		   &at) != 3 || !at)
		return false;
	line[strcspn(line, "\n")] = '\0';
	m->path = line + at;
	m->bytes = end - start;
	m->is_private = mode[1] == 'w' && mode[3] == 'p';
	snprintf(m->range, sizeof(m->range), "%lx-%lx", start, end);
	/* Huge pages are mapped whole: users can map many small files. */
	return !((start | end) % HUGE_BYTES_MIN);
}

static bool may_be_huge(const struct process *p, const struct mapping *m)
{
	return begins(m->path, MEMFD) || begins(m->path, ANONYMOUS) ||
	       begins(m->path, SYSV) || huge_mounts_find(&p->mounts, m->path);
}

static enum unkept_why why_unkept(const struct mapping *m)
{
	return m->is_private ? UNKEPT_PRIVATE :
	       begins(m->path, ANONYMOUS) ? UNKEPT_ANONYMOUS :
	       begins(m->path, SYSV) ? UNKEPT_SYSV :
	       begins(m->path, MEMFD) ? UNKEPT_MEMFD : UNKEPT_FILE;
}

/* Those for that reason, or new ones; NULL without memory. */
static struct unkept *unkept_of(struct process *p, enum unkept_why why,
				uint64_t page_bytes)
{
	struct kept *kept = &p->kept;
	struct unkept *u;
	size_t i;

	for (i = 0; i < kept->n_unkept; i++) {
		u = &kept->unkept[i];
		if (u->why == why && u->page_bytes == page_bytes)
			return u;
	}
	u = reallocarray(kept->unkept, kept->n_unkept + 1, sizeof(*u));
	if (!u)
		return NULL;
	kept->unkept = u;
	u += kept->n_unkept++;
	*u = (struct unkept){ .why = why, .page_bytes = page_bytes };
	name_process(&u->process, p->pid);
	return u;
}

static int add_unkept(struct process *p, const struct mapping *m,
		      uint64_t page_bytes)
{
	struct unkept *unkept;

	if (!p->find_unkept)
		return 0;
	unkept = unkept_of(p, why_unkept(m), page_bytes);
	if (!unkept)
		return -ENOMEM;
	unkept->bytes += m->bytes;
	return 0;
}

static FILE *open_fdinfo(int fd)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	return fopen(path, "re");
}

/* Of the mapping's file, by a descriptor of our own. */
static int read_open_mapping(struct process *p, const struct mapping *m,
			     const char *link, const struct statx *st, int fd)
{
	struct kept_file file = { 0 };
	FILE *f = NULL;
	int ret = 0;

	if (may_be_kept(p, link, &file))
		f = open_fdinfo(fd);
	if (f)
		ret = take_fdinfo(p, &file, st, f);
	if (ret < 0 || (ret && !m->is_private))
		return ret;
	return add_unkept(p, m, st->stx_blksize);
}

static int read_huge_mapping(struct process *p, const struct mapping *m,
			     const char *link, const struct statx *st, int path_fd)
{
	char path[64];
	int fd, ret;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", path_fd);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	ret = read_open_mapping(p, m, link, st, fd);
	close(fd);
	return ret;
}

/* The process may have closed its descriptor: -EPERM if we may not have one. */
static int read_mapping(struct process *p, const struct mapping *m)
{
	char link[PATH_MAX];
	struct statx st;
	int path_fd, ret = 0;

	if (root_is_copy())
		return 0;
	snprintf(link, sizeof(link), "%s",
		 root_path("/proc/%u/map_files/%s", p->pid, m->range));
	path_fd = open_path(link);
	if (path_fd < 0)
		return errno == EPERM || errno == EACCES ? -EPERM : 0;
	if (is_huge(p, path_fd, &st))
		ret = read_huge_mapping(p, m, link, &st, path_fd);
	close(path_fd);
	return ret;
}

static int read_mappings(struct process *p)
{
	FILE *maps = root_fopen("/proc/%u/maps", p->pid);
	struct mapping m;
	char *line = NULL;
	size_t size = 0;
	int err = 0;

	while (maps && err >= 0 && getline(&line, &size, maps) >= 0)
		if (parse_mapping(line, &m) && may_be_huge(p, &m))
			err = read_mapping(p, &m);
	free(line);
	if (maps)
		fclose(maps);
	if (err == -EPERM)
		p->kept.unseen++;
	return err == -ENOMEM ? err : 0;
}

static int ask_descriptors(void *about)
{
	struct process *p = about;
	int err = huge_mounts_read(&p->mounts, p->pid);

	if (!err)
		err = read_descriptors(p);
	huge_mounts_free(&p->mounts);
	return err;
}

static int ask_mappings(void *about)
{
	struct process *p = about;
	int err = huge_mounts_read(&p->mounts, p->pid);

	if (!err)
		err = read_mappings(p);
	huge_mounts_free(&p->mounts);
	return err;
}

static void drop_process(void *about)
{
	struct process *p = about;

	kept_free(&p->kept);
	free(p);
}

/* Files can be of several processes. */
static int take_files(struct kept *kept, struct kept *from)
{
	struct kept_file *known;
	int err = 0;
	size_t i;

	for (i = 0; i < from->n && !err; i++) {
		known = find_file(kept, &from->file[i]);
		if (known)
			err = add_holder(known, from->file[i].holder);
		else if (!add_file(kept, &from->file[i]))
			err = -ENOMEM;
	}
	return err;
}

static int take_unkept(struct kept *kept, const struct kept *from)
{
	struct unkept *more;

	if (!from->n_unkept)
		return 0;
	more = reallocarray(kept->unkept, kept->n_unkept + from->n_unkept,
			    sizeof(*more));
	if (!more)
		return -ENOMEM;
	kept->unkept = more;
	memcpy(more + kept->n_unkept, from->unkept,
	       from->n_unkept * sizeof(*more));
	kept->n_unkept += from->n_unkept;
	return 0;
}

static int take_process(struct kept *kept, struct process *p)
{
	int err = take_files(kept, &p->kept);

	kept->unseen += p->kept.unseen;
	return err ? err : take_unkept(kept, &p->kept);
}

static int ask(struct kept *kept, pid_t pid, const struct question *question)
{
	struct process *p = calloc(1, sizeof(*p));
	int err;

	if (!p)
		return -ENOMEM;
	p->pid = (unsigned int)pid;
	p->find_unkept = !access(root_path("/sys/kernel/mm/mf_keep"), F_OK);
	err = ask_patiently(question, pid, p);
	if (err == -ETIMEDOUT)
		return err;
	if (!err)
		err = take_process(kept, p);
	drop_process(p);
	return err;
}

/*
 * The descriptors first, and apart: they are known even if the mappings are not, as a
 * process can hold the lock of these.
 */
void kept_read_process(struct kept *kept, pid_t pid)
{
	static const struct question
		descriptors = { ask_descriptors, drop_process },
		mappings = { ask_mappings, drop_process };
	int err = ask(kept, pid, &descriptors);

	if (!err)
		err = ask(kept, pid, &mappings);
	if (err == -ETIMEDOUT) {
		if (!kept->hanging++)
			kept->first_hanging = pid;
		err = 0;
	}
	kept->err = err;
}

void kept_read(struct kept *kept)
{
	unsigned int *pids;
	int i, n = list_numbered("/proc", "", &pids);

	*kept = (struct kept){ .err = n < 0 ? n : 0 };
	for (i = 0; i < n && !kept->err; i++)
		kept_read_process(kept, (pid_t)pids[i]);
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
	free(kept->unkept);
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
