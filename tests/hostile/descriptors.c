// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include "descriptors.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if_alg.h>
#include <linux/io_uring.h>
#include <linux/perf_event.h>
#include <mqueue.h>
#include <net/if.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/fanotify.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "arena.h"

#define FLAGS	(O_NONBLOCK | O_CLOEXEC)

static int fds[FD_MAX];

int descriptor(enum descriptor which)
{
	return fds[which];
}

int descriptors_any(struct rng *rng)
{
	unsigned int which = rng_below(rng, FD_MAX);
	int fd = fds[which];

	/* These two are for scenes only, which explain why. */
	return fd < 0 || which == FD_MEM || which == FD_ALG_OP ? (int)rng_below(rng, 3) : fd;
}

static void open_files(void)
{
	fds[FD_KNOWN] = arena_fd(0);
	fds[FD_NEW] = arena_fd(1);
	fds[FD_GIGANTIC] = arena_fd(2);
	fds[FD_SHMEM] = memfd_create("shmem", MFD_ALLOW_SEALING);
	if (ftruncate(fds[FD_SHMEM], 1 << 16))
		fds[FD_SHMEM] = -1;
	fds[FD_FILE] = open("/tmp", O_TMPFILE | O_RDWR, 0600);
	fds[FD_DIR] = open("/proc/self", O_RDONLY | O_DIRECTORY);
	fds[FD_PROC] = open("/proc/self/maps", O_RDONLY);
	fds[FD_MEM] = open("/proc/self/mem", O_RDWR);
	fds[FD_NULL] = open("/dev/null", O_RDWR);
	fds[FD_ZERO] = open("/dev/zero", O_RDWR);
	fds[FD_PTY] = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_NONBLOCK);
	fds[FD_FUSE] = open("/dev/fuse", O_RDWR | O_NONBLOCK);
}

static void open_pipes(void)
{
	if (pipe2(&fds[FD_PIPE_OUT], FLAGS) || pipe2(&fds[FD_PIPE2_OUT], FLAGS))
		return;
	fcntl(fds[FD_PIPE_IN], F_SETPIPE_SZ, 1 << 16);
}

static void open_events(void)
{
	sigset_t none;

	sigemptyset(&none);
	fds[FD_EVENT] = eventfd(1, EFD_NONBLOCK);
	fds[FD_TIMER] = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
	fds[FD_SIGNAL] = signalfd(-1, &none, SFD_NONBLOCK);
	fds[FD_INOTIFY] = inotify_init1(IN_NONBLOCK);
	fds[FD_FANOTIFY] = fanotify_init(FAN_NONBLOCK | FAN_REPORT_FID, 0);
	fds[FD_EPOLL] = epoll_create1(0);
	fds[FD_FAULT] = syscall(SYS_userfaultfd, FLAGS | 1);
	fds[FD_PIDFD] = syscall(SYS_pidfd_open, getpid(), 0);
	mq_unlink("/hostile");
	fds[FD_QUEUE] = mq_open("/hostile", O_RDWR | O_CREAT | O_NONBLOCK,
				0600, NULL);
}

static int bound(int type, struct sockaddr_in *addr)
{
	int fd = socket(AF_INET, type | SOCK_NONBLOCK, 0);
	socklen_t len = sizeof(*addr);

	*addr = (struct sockaddr_in){ .sin_family = AF_INET };
	addr->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (bind(fd, (void *)addr, sizeof(*addr)) ||
	    getsockname(fd, (void *)addr, &len))
		addr->sin_port = 0;
	return fd;
}

/* In a new network namespace the loopback device is down. */
static void raise_loopback(void)
{
	struct ifreq up = { .ifr_name = "lo" };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	up.ifr_flags = IFF_UP;
	ioctl(fd, SIOCSIFFLAGS, &up);
	close(fd);
}

static void open_inet(void)
{
	struct sockaddr_in addr;
	int listener;

	raise_loopback();
	fds[FD_UDP] = bound(SOCK_DGRAM, &addr);
	connect(fds[FD_UDP], (void *)&addr, sizeof(addr));
	listener = bound(SOCK_STREAM, &addr);
	listen(listener, 1);
	fds[FD_TCP] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	connect(fds[FD_TCP], (void *)&addr, sizeof(addr));
	fds[FD_TCP_PEER] = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
	close(listener);
}

static void open_hash(void)
{
	struct sockaddr_alg sha = {
		.salg_family = AF_ALG, .salg_type = "hash", .salg_name = "sha256"
	};

	fds[FD_ALG] = socket(AF_ALG, SOCK_SEQPACKET, 0);
	if (!bind(fds[FD_ALG], (void *)&sha, sizeof(sha)))
		fds[FD_ALG_OP] = accept(fds[FD_ALG], NULL, NULL);
}

static void open_sockets(void)
{
	socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, &fds[FD_UNIX]);
	socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, &fds[FD_DGRAM]);
	open_inet();
	open_hash();
	fds[FD_NETLINK] = socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK, 0);
	fds[FD_VSOCK] = socket(AF_VSOCK, SOCK_STREAM | SOCK_NONBLOCK, 0);
	fds[FD_PACKET] = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK,
				htons(3));
	fds[FD_XDP] = socket(AF_XDP, SOCK_RAW | SOCK_NONBLOCK, 0);
}

static void open_observers(void)
{
	struct io_uring_params params = { 0 };
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE, .size = sizeof(attr),
		.config = PERF_COUNT_SW_CPU_CLOCK, .sample_period = 1000000,
		.sample_type = PERF_SAMPLE_IP, .exclude_kernel = 1,
	};

	fds[FD_PERF] = syscall(SYS_perf_event_open, &attr, 0, -1, -1, 0);
	fds[FD_URING] = syscall(SYS_io_uring_setup, 8, &params);
}

void descriptors_open(void)
{
	memset(fds, -1, sizeof(fds));
	open_files();
	open_pipes();
	open_events();
	open_sockets();
	open_observers();
}
