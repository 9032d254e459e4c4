/* SPDX-License-Identifier: GPL-2.0-only */
/* References to pages by get_user_pages(), each held by a descriptor. */
#ifndef PIN_H
#define PIN_H

#include <stddef.h>

/*
 * Put pages into a pipe (FOLL_GET, fast).  Returns how many of the @pages at
 * @addr it took, with the end to read from in @fd; or -errno, without @fd.
 */
long pin_in_pipe(void *addr, size_t pages, int *fd);

/*
 * A registered buffer of io_uring (FOLL_PIN | FOLL_LONGTERM) of @len bytes at
 * @addr: the descriptor, whose close() unpins, or -errno.
 */
int pin_long_term(void *addr, size_t len);

/* Base pages (un)pinned by FOLL_PIN since boot; this process' own charges. */
struct pins {
	long acquired, released;
	long locked_kb, pinned_kb;
};

void pins_read(struct pins *pins);

#endif /* PIN_H */
