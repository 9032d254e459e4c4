/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * PID 1 of the lab's guest: set the machine up, run one command, report its
 * exit status, switch the machine off.
 *
 * lab/vm passes its input in the initramfs:
 *
 *	/lab/argv	the command, each argument ended by NUL; without this
 *			file, an interactive shell runs
 *	/lab/files/	if this directory exists, the host's root, mounted over
 *			9p, becomes the root, with these files on top
 *	/lab/modules/	modules to load first, in the order of their names:
 *			those that the kernel does not have built in
 *
 * The command's output goes unchanged to the second serial port; the first is
 * the kernel's console.  There lab/vm reads the outcome, one line each:
 * "lab init: started", then "lab init: exit STATUS" or "lab init: failed".
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/module.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/klog.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#define STRAGGLER_MS	2000
#define COMMAND_TTY	"/dev/ttyS1"
#define MODULES		"/lab/modules"
#define CONSOLE_LEVEL	8		/* of syslog(2) */

/* Neither "quiet" nor a command that silenced the console may hide this. */
static void __attribute__((format(printf, 1, 2))) report(const char *fmt, ...)
{
	int fd = open("/dev/kmsg", O_WRONLY | O_CLOEXEC);
	char line[64];
	va_list ap;

	klogctl(CONSOLE_LEVEL, NULL, 7);
	/* One write() is one record.  dprintf() would seek, and fail. */
	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	if (fd < 0 || write(fd, line, strlen(line)) < 0)
		perror("lab init: cannot write to the kernel's log");
	close(fd);
}

static void __attribute__((noreturn)) power_off(void)
{
	sync();
	reboot(RB_POWER_OFF);
	for (;;)
		pause();
}

/* The lab itself failed: print why where the command's output would go. */
static void __attribute__((noreturn, format(printf, 1, 2)))
fail(const char *fmt, ...)
{
	int err = errno;
	va_list ap;

	va_start(ap, fmt);
	fputs("lab init: cannot ", stderr);
	vfprintf(stderr, fmt, ap);
	fprintf(stderr, ": %s\n", strerror(err));
	va_end(ap);
	tcdrain(STDERR_FILENO);
	report("<1>lab init: failed\n");
	power_off();
}

static void mount_at(const char *fs, const char *dir, const char *options)
{
	mkdir(dir, 0755);
	if (mount(fs, dir, fs, 0, options) && errno != EBUSY)
		fail("mount %s at %s", fs, dir);
}

static void mount_all(void)
{
	mount_at("devtmpfs", "/dev", NULL);
	mount_at("devpts", "/dev/pts", NULL);
	mount_at("tmpfs", "/dev/shm", NULL);
	mount_at("proc", "/proc", NULL);
	mount_at("sysfs", "/sys", NULL);
	mount_at("debugfs", "/sys/kernel/debug", NULL);
	mount_at("tracefs", "/sys/kernel/tracing", NULL);
	mount_at("cgroup2", "/sys/fs/cgroup", NULL);
	mount_at("tmpfs", "/tmp", "mode=1777");
	mount_at("tmpfs", "/run", NULL);
}

static int not_hidden(const struct dirent *d)
{
	return d->d_name[0] != '.';
}

/* The modules are compressed; the kernel decompresses them. */
static void load_modules(void)
{
	struct dirent **d;
	int i, fd, nr = scandir(MODULES, &d, not_hidden, alphasort);

	for (i = 0; i < nr; i++) {
		char path[sizeof(MODULES) + sizeof(d[i]->d_name)];

		sprintf(path, MODULES "/%s", d[i]->d_name);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0 || syscall(SYS_finit_module, fd, "",
				      MODULE_INIT_COMPRESSED_FILE))
			fail("load %s", path);
		close(fd);
	}
}

/* Use the host's root, read-only, below a tmpfs that takes all changes. */
static void enter_host_root(void)
{
	mkdir("/host", 0755);
	mkdir("/root", 0755);
	mount_at("tmpfs", "/changes", NULL);
	mkdir("/changes/upper", 0755);
	mkdir("/changes/work", 0755);
	if (mount("host", "/host", "9p", MS_RDONLY,
		  "trans=virtio,version=9p2000.L,msize=262144,cache=loose"))
		fail("mount the host's root over 9p");
	if (mount("overlay", "/root", "overlay", 0,
		  "lowerdir=/lab/files:/host,"
		  "upperdir=/changes/upper,workdir=/changes/work"))
		fail("mount an overlay on the host's root");
	if (chdir("/root") || mount(".", "/", NULL, MS_MOVE, NULL) ||
	    chroot(".") || chdir("/"))
		fail("change to the host's root");
}

static void use_console(void)
{
	int fd = open("/dev/console", O_RDWR | O_NOCTTY);

	if (fd < 0)
		return;
	dup2(fd, STDOUT_FILENO);
	dup2(fd, STDERR_FILENO);
	close(fd);
}

/* If @raw, bytes pass unchanged, and input has no special effect. */
static void use_command_tty(bool raw)
{
	struct termios tio;
	int fd = open(COMMAND_TTY, O_RDWR | O_NOCTTY);

	if (fd < 0 || tcgetattr(fd, &tio))
		fail("open " COMMAND_TTY);
	if (raw)
		cfmakeraw(&tio);
	cfsetspeed(&tio, B115200);
	tio.c_cflag |= CLOCAL;
	if (tcsetattr(fd, TCSANOW, &tio))
		fail("set up " COMMAND_TTY);
	dup2(fd, STDOUT_FILENO);
	dup2(fd, STDERR_FILENO);
	if (!raw)
		dup2(fd, STDIN_FILENO);
	close(fd);
}

static void stdin_from_nothing(void)
{
	int fd = open("/dev/null", O_RDONLY);

	if (fd < 0)
		fail("open /dev/null");
	dup2(fd, STDIN_FILENO);
	if (fd != STDIN_FILENO)
		close(fd);
}

/* The whole file followed by a NUL; NULL if there is no such file. */
static char *read_whole(const char *path, size_t *size)
{
	struct stat st;
	FILE *f = fopen(path, "r");
	char *data;

	if (!f)
		return NULL;
	if (fstat(fileno(f), &st))
		fail("stat %s", path);
	data = calloc(1, st.st_size + 1);
	if (!data || fread(data, 1, st.st_size, f) != (size_t)st.st_size)
		fail("read %s", path);
	fclose(f);
	*size = st.st_size;
	return data;
}

/* The arguments in @data, each ended by NUL, as an array for execve(). */
static char **split_arguments(char *data, size_t size)
{
	char **argv = NULL, *p = data;
	size_t n = 0;

	do {
		argv = reallocarray(argv, n + 2, sizeof(*argv));
		if (!argv)
			fail("hold the arguments");
		argv[n++] = p;
		p += strlen(p) + 1;
	} while (p < data + size);
	argv[n] = NULL;
	return argv;
}

static char **command(void)
{
	static char *shell[] = { "/bin/sh", NULL };
	size_t size;
	char *data = read_whole("/lab/argv", &size);

	return data ? split_arguments(data, size) : shell;
}

static void environment(void)
{
	clearenv();
	setenv("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:"
	       "/sbin:/bin", 1);
	setenv("HOME", "/", 1);
	setenv("TERM", "vt100", 1);
}

/* A failed exec sends its errno over the pipe; a successful one closes it. */
static pid_t start(char **argv, bool interactive)
{
	int err = 0, pipefd[2];
	pid_t pid;

	if (pipe2(pipefd, O_CLOEXEC))
		fail("make a pipe");
	pid = fork();
	if (pid < 0)
		fail("fork");
	if (!pid) {
		setsid();
		if (interactive)
			ioctl(STDIN_FILENO, TIOCSCTTY, 0);
		execvp(argv[0], argv);
		err = errno;
		if (write(pipefd[1], &err, sizeof(err)) < 0)
			_exit(1);
		_exit(0);
	}
	close(pipefd[1]);
	if (read(pipefd[0], &err, sizeof(err)) > 0) {
		errno = err;
		fail("execute %s", argv[0]);
	}
	close(pipefd[0]);
	return pid;
}

static int exit_status_of(pid_t pid)
{
	int status = 0;
	pid_t gone;

	do {
		gone = wait(&status);
	} while (gone != pid && (gone > 0 || errno == EINTR));
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status)
				   : WEXITSTATUS(status);
}

/* A process stuck in the kernel must not keep the machine on. */
static void kill_stragglers(void)
{
	int ms;

	kill(-1, SIGKILL);
	for (ms = 0; ms < STRAGGLER_MS; ms++) {
		if (waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD)
			return;
		usleep(1000);
	}
}

int main(void)
{
	bool host_root = !access("/lab/files", F_OK);
	bool interactive = !!access("/lab/argv", F_OK);
	char **argv = command();
	int status;

	mount_at("devtmpfs", "/dev", NULL);
	use_console();
	load_modules();
	if (host_root)
		enter_host_root();
	mount_all();
	stdin_from_nothing();
	use_command_tty(!interactive);
	environment();
	report("<1>lab init: started\n");
	status = exit_status_of(start(argv, interactive));
	kill_stragglers();
	tcdrain(STDOUT_FILENO);
	report("<1>lab init: exit %d\n", status);
	power_off();
}
