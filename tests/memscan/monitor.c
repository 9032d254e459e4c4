// SPDX-License-Identifier: GPL-2.0-only
#include "monitor.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <termios.h>
#include <unistd.h>

#define MONITOR	"/dev/ttyS2"

/* The monitor's answers are discarded; do not echo them back to it. */
static int make_raw(int fd)
{
	struct termios tio;

	if (tcgetattr(fd, &tio))
		return -errno;
	cfmakeraw(&tio);
	return tcsetattr(fd, TCSAFLUSH, &tio) ? -errno : 0;
}

int monitor_do(const char *format, ...)
{
	int err, fd = open(MONITOR, O_RDWR | O_NOCTTY | O_CLOEXEC);
	va_list args;

	if (fd < 0)
		return -errno;
	err = make_raw(fd);
	va_start(args, format);
	/* Output from before the terminal was raw was echoed: end that line. */
	if (!err && (dprintf(fd, "\n") < 0 || vdprintf(fd, format, args) < 0 ||
		     dprintf(fd, "\n") < 0 || tcdrain(fd)))
		err = -errno;
	va_end(args);
	close(fd);
	return err;
}
