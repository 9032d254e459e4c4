// SPDX-License-Identifier: GPL-2.0-only
/*
 * Random writes to every file of memscan, and to its device: each is accepted and
 * shown, or refused without effect.
 *
 *	fuzz [--seed N] [--writes N]
 *
 * does N writes per writable file on average, and occasionally tries to open
 * another file for writing; order and contents follow from the seed.  Prints
 * TAP; a failure prints how to reproduce it.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "polling.h"
#include "ranges.h"
#include "scanner.h"

#define FILES_MAX	512
#define INPUT_MAX	8192
#define TEXT_MAX	64
/* Number of writes per attempt to open a read-only file for writing. */
#define OTHERS_LESS	50

struct file {
	char *path;
	int fd;			/* of settings: for reading and writing */
	char text[TEXT_MAX];	/* what it showed last */
};

/* Writable files, and the others. */
static struct file settings[FILES_MAX], others[FILES_MAX];
static int nr_settings, nr_others;
static unsigned long seed, writes = 500, taken, refused;
static uint64_t state;

/* splitmix64: any seed will do. */
static uint64_t draw(void)
{
	uint64_t z = state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

static uint64_t below(uint64_t n)
{
	return draw() % n;
}

static int add_file(const char *path, const struct stat *st, int type,
		    struct FTW *ftw)
{
	(void)ftw;
	if (type != FTW_F)
		return 0;
	if (!(st->st_mode & 0222) && nr_others < FILES_MAX)
		others[nr_others++].path = strdup(path);
	else if (nr_settings < FILES_MAX)
		settings[nr_settings++] = (struct file){
			.path = strdup(path),
			.fd = open(path, (st->st_mode & 0444 ? O_RDWR :
					  O_WRONLY) | O_CLOEXEC),
		};
	return 0;
}

static void read_text(const struct file *file, char *text)
{
	ssize_t len = pread(file->fd, text, TEXT_MAX - 1, 0);

	text[len < 0 ? 0 : len] = '\0';
}

/* Numbers at and next to likely limits, in every notation. */
static size_t number(char *input)
{
	static const char *const formats[] = {
		"%llu", "%#llx", "0%llo", "%lld", "-%llu", "+%llu", " %llu",
		"%llu\n", "%llu\n\n", "%llu ", "%llus", "%llu%%", "0x%llu",
		"%llu.0", "00%llu",
	};
	uint64_t value = below(2) ? 1ULL << below(64) : below(200000);

	value += below(3) - 1;
	if (!below(4))
		value *= 4096;
	return sprintf(input, formats[below(sizeof(formats) /
					    sizeof(*formats))],
		       (unsigned long long)value);
}

static size_t word(char *input)
{
	static const char *const words[] = {
		"", "\n", " ", "all", "hugetlb", "nohugetlb", "free", "all\n",
		"ALL", "all free", "fre", "freeze", "on", "yes", "y", "true",
		"0", "1", "2", "-0", "0x", "1e3", "\xff", "0\n1", "1\n0",
	};

	return sprintf(input, "%s", words[below(sizeof(words) /
						sizeof(*words))]);
}

static size_t noise(char *input)
{
	size_t i, len = below(32);

	for (i = 0; i < len; i++)
		input[i] = draw();
	return len;
}

static size_t overlong(char *input)
{
	size_t len = 1 + below(INPUT_MAX);

	memset(input, "09 x\n"[below(5)], len);
	input[0] = "012 "[below(4)];
	return len;
}

/* A word or a number with a NUL in it. */
static size_t with_nul(char *input)
{
	size_t len = below(2) ? word(input) : number(input);

	input[len] = '\0';
	input[len + 1] = '1';
	return len + 1 + below(2);
}

static size_t make_input(char *input)
{
	static size_t (*const makers[])(char *) = {
		number, number, number, word, word, noise, overlong, with_nul,
	};

	return makers[below(sizeof(makers) / sizeof(*makers))](input);
}

static void show(const char *input, size_t len)
{
	size_t i;

	for (i = 0; i < len && i < 64; i++)
		printf(input[i] >= ' ' && input[i] < 127 ? "%c" : "\\x%02x",
		       (unsigned char)input[i]);
}

/* What it shows is of the scope that is set. */
static bool is_coverage(const struct file *file)
{
	return strstr(file->path, "/coverage");
}

/* Are all settings unchanged? */
static bool nothing_changed(void)
{
	char text[TEXT_MAX];
	int i;

	for (i = 0; i < nr_settings; i++) {
		read_text(&settings[i], text);
		if (is_coverage(&settings[i]) ||
		    !strcmp(text, settings[i].text))
			continue;
		printf("# %s: %s became %s\n", settings[i].path,
		       settings[i].text, text);
		return false;
	}
	return true;
}

static int base_of(const char *number)
{
	return strncasecmp(number, "0x", 2) ? 10 : 16;
}

/* True if @text shows the number or the word of @input. */
static bool says(const char *text, const char *input)
{
	if (*text >= '0' && *text <= '9')
		return strtoull(text, NULL, base_of(text)) ==
		       strtoull(input, NULL, base_of(input));
	return !strncmp(text, input, strcspn(text, "\n"));
}

/*
 * The write is accepted completely and shown, or refused with an expected error.
 * An empty write never reaches memscan.
 */
static bool is_sound(struct file *file, const char *input, ssize_t len)
{
	ssize_t done = pwrite(file->fd, input, len, 0);
	int err = done < 0 ? errno : 0;
	bool sound;

	if (err) {
		refused++;
		sound = err == EINVAL || err == EBUSY || err == EPERM;
	} else {
		taken += done > 0;
		if (done)
			read_text(file, file->text);
		sound = done == len && (!done || says(file->text, input));
	}
	if (sound && nothing_changed())
		return true;
	printf("# %s: ", file->path);
	show(input, len);
	printf(" (%zd bytes) gave: %s\n", len, err ? strerror(err) : "taken");
	return false;
}

/* An order of three random parts, or any other text. */
static size_t make_order(char *input)
{
	size_t len = 0;
	int i;

	if (!below(4))
		return make_input(input);
	for (i = 0; i < 3; i++) {
		len += below(3) ? number(input + len) :
				  (size_t)sprintf(input + len, "4096");
		input[len++] = i == 2 ? '\n' : ' ';
	}
	return len - below(2);
}

/*
 * A range is refused, and reads nothing; or it is taken, and reads memory. How
 * long that lasts is not our concern.
 */
static bool range_is_sound(void)
{
	static char input[INPUT_MAX + 4];
	size_t len = make_order(input);
	int fd = range_open();
	ssize_t done;
	char line[256];
	int n, refused_by;
	bool sound;

	if (fd < 0)
		return false;
	done = write(fd, input, len);
	refused_by = done < 0 ? errno : 0;
	n = range_line(fd, line);
	if (refused_by)
		sound = (refused_by == EINVAL || refused_by == EPERM) &&
			(!n || n == -EPERM);
	else
		sound = done == (ssize_t)len &&
			(n > 0 || n == -EAGAIN || n == -EPERM);
	close(fd);
	*(refused_by ? &refused : &taken) += 1;
	if (sound)
		return true;
	printf("# " DEV_MEMSCAN ": ");
	show(input, len);
	printf(" (%zu bytes) gave %zd, then %d\n", len, done, n);
	return false;
}

static bool cannot_be_written(const struct file *file)
{
	int fd = open(file->path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 && errno == EACCES)
		return true;
	printf("# %s: can be opened for writing\n", file->path);
	return false;
}

static bool number_option(int argc, char **argv, const char *name,
			  unsigned long *value)
{
	if (argc < 2 || strcmp(argv[0], name))
		return false;
	*value = strtoul(argv[1], NULL, 0);
	return true;
}

/* True if memscan works as before. */
static bool still_works(void)
{
	if (scanner_set("pause", "0") || scanner_set("node0/enabled", "0") ||
	    !scanner_comes_to("node0/state", "idle"))
		return false;
	return !range_read(1UL << 20, 4096) &&
	       range_last("read_pages") == 1;
}

static void result(bool ok, int number, const char *name)
{
	printf("%sok %d %s\n", ok ? "" : "not ", number, name);
}

static bool write_randomly(void)
{
	static char input[INPUT_MAX + 4];
	unsigned long i;
	size_t len;

	for (i = 0; i < writes * nr_settings; i++) {
		len = make_input(input);
		input[len] = '\0';
		if (is_sound(&settings[below(nr_settings)], input, len) &&
		    (i % OTHERS_LESS ||
		     (cannot_be_written(&others[below(nr_others)]) &&
		      range_is_sound())))
			continue;
		printf("# write %lu; to have this again: fuzz --seed %#lx --writes %lu\n",
		       i, seed, writes);
		return false;
	}
	return true;
}

int main(int argc, char **argv)
{
	uint32_t random = 0;
	bool sound, works;
	int i;

	getrandom(&random, sizeof(random), 0);
	seed = random;
	for (i = 1; i < argc; i += 2)
		if (!number_option(argc - i, argv + i, "--seed", &seed) &&
		    !number_option(argc - i, argv + i, "--writes", &writes)) {
			fprintf(stderr, "Usage: fuzz [--seed N] [--writes N]\n");
			return 2;
		}
	state = seed;
	printf("TAP version 13\n1..2\n");
	if (scanner_load("force=1"))
		return 1;
	nftw(MEMSCAN, add_file, 16, FTW_PHYS);
	for (i = 0; i < nr_settings; i++)
		read_text(&settings[i], settings[i].text);
	sound = nr_settings && nr_others && write_randomly();
	printf("# fuzz --seed %#lx --writes %lu: %d settings, %d other files, %lu taken, %lu refused\n",
	       seed, writes, nr_settings, nr_others, taken, refused);
	result(sound && taken && refused, 1, "fuzz.refused_or_taken");
	for (i = 0; i < nr_settings; i++)
		close(settings[i].fd);
	works = still_works();
	result(works, 2, "fuzz.still_works");
	scanner_unload();
	return !(sound && works);
}
