// SPDX-License-Identifier: GPL-2.0-only
/*
 * PID 1 of the guest whose memory breaks: it fills memory with a pattern, and
 * does what the host asks for by the second serial port, a line each:
 *
 *	where PAGE	"where PAGE: GUEST_PHYSICAL_ADDRESS"
 *	read PAGE	let a child read a line of that page: "read PAGE:
 *			done", "... not as written" or "... ended by signal N"
 *	work NUMBER	let a child take new memory, write and read it: "work
 *			NUMBER: done"
 *	check		read all of it: "check: N as written, N not, N lost"
 *
 * It says "ready: N pages" first, also after a reset.
 */
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "pattern.h"

#define WIRE		"/dev/ttyS1"
#define BAD_WORD	(0x140 / sizeof(uint64_t))	/* of the line that breaks */
#define WORK_BYTES	(4UL << 20)

static volatile uint64_t *memory;
static size_t pages;
static FILE *questions, *answers;
static sigjmp_buf at_sigbus;

enum found { AS_WRITTEN, OTHERWISE, LOST, FOUND_KINDS };

static void __attribute__((format(printf, 1, 2))) answer(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vfprintf(answers, fmt, ap);
	va_end(ap);
	fputc('\n', answers);
	fflush(answers);
}

static void on_sigbus(int signal)
{
	(void)signal;
	siglongjmp(at_sigbus, 1);
}

static void open_wire(void)
{
	struct termios tio;
	int fd;

	mkdir("/dev", 0755);
	mkdir("/proc", 0755);
	mount("dev", "/dev", "devtmpfs", 0, NULL);
	mount("proc", "/proc", "proc", 0, NULL);
	fd = open(WIRE, O_RDWR | O_NOCTTY);
	if (fd < 0 || tcgetattr(fd, &tio))
		err(1, WIRE);
	cfmakeraw(&tio);
	tio.c_cflag |= CLOCAL;
	tcsetattr(fd, TCSANOW, &tio);
	questions = fdopen(fd, "r");
	answers = fdopen(dup(fd), "w");
}

static void *new_memory(size_t bytes)
{
	void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		err(1, "mmap");
	return p;
}

static void fill(size_t mib)
{
	size_t page, word;

	pages = (mib << 20) / PAGE_BYTES;
	memory = new_memory(pages * PAGE_BYTES);
	for (page = 0; page < pages; page++)
		for (word = 0; word < PAGE_WORDS; word++)
			memory[page * PAGE_WORDS + word] =
				pattern_word(page, word);
}

static void where(size_t page)
{
	int fd = open("/proc/self/pagemap", O_RDONLY);
	uintptr_t va = (uintptr_t)&memory[page * PAGE_WORDS];
	uint64_t entry = 0;

	if (fd < 0 || pread(fd, &entry, 8, va / PAGE_BYTES * 8) != 8)
		entry = 0;
	close(fd);
	answer("where %zu: 0x%llx", page,
	       (entry & ((1ULL << 55) - 1)) * PAGE_BYTES);
}

/* Exit status 0 if the word is as written. */
static void __attribute__((noreturn)) read_page(size_t page)
{
	size_t word = page * PAGE_WORDS + BAD_WORD;

	_exit(memory[word] != pattern_word(page, BAD_WORD));
}

static void __attribute__((noreturn)) work(size_t number)
{
	volatile uint64_t *p = new_memory(WORK_BYTES);
	size_t i;

	(void)number;
	for (i = 0; i < WORK_BYTES / 8; i++)
		p[i] = i;
	for (i = 0; i < WORK_BYTES / 8; i++)
		if (p[i] != i)
			_exit(1);
	_exit(0);
}

/* Answer what became of a child that does this. */
static void in_child(const char *name, size_t number,
		     void (*what)(size_t number))
{
	int status = 0;
	pid_t pid = fork();

	if (!pid) {
		signal(SIGBUS, SIG_DFL);
		what(number);
	}
	waitpid(pid, &status, 0);
	if (WIFSIGNALED(status))
		answer("%s %zu: ended by signal %d", name, number,
		       WTERMSIG(status));
	else
		answer("%s %zu: %s", name, number,
		       WEXITSTATUS(status) ? "not as written" : "done");
}

static enum found look_at(size_t page)
{
	const volatile uint64_t *words = &memory[page * PAGE_WORDS];

	if (sigsetjmp(at_sigbus, 0))
		return LOST;
	return words[0] == pattern_word(page, 0) && pattern_is_whole(words) ?
		AS_WRITTEN : OTHERWISE;
}

static void check(void)
{
	size_t page, found[FOUND_KINDS] = { 0 };

	for (page = 0; page < pages; page++)
		found[look_at(page)]++;
	answer("check: %zu as written, %zu not, %zu lost", found[AS_WRITTEN],
	       found[OTHERWISE], found[LOST]);
}

static void obey(const char *line)
{
	size_t page = 0;

	if (sscanf(line, "where %zu", &page) == 1)
		where(page % pages);
	else if (sscanf(line, "read %zu", &page) == 1)
		in_child("read", page % pages, read_page);
	else if (sscanf(line, "work %zu", &page) == 1)
		in_child("work", page, work);
	else if (!strncmp(line, "check", 5))
		check();
	else
		answer("what is that: %s", line);
}

int main(void)
{
	struct sigaction action = {
		.sa_handler = on_sigbus, .sa_flags = SA_NODEFER,
	};
	const char *mib = getenv("pattern_mib");
	char line[80];

	open_wire();
	sigaction(SIGBUS, &action, NULL);
	fill(mib ? strtoul(mib, NULL, 10) : 64);
	answer("ready: %zu pages", pages);
	while (fgets(line, sizeof(line), questions))
		obey(line);
	return 1;
}
