// SPDX-License-Identifier: GPL-2.0-only
#include "pins.h"

#include <errno.h>
#include <unistd.h>

#include "checks.h"
#include "model.h"
#include "pin.h"
#include "view.h"

struct pin pins[PINS_MAX];

int pins_free(void)
{
	int i;

	for (i = 0; i < PINS_MAX; i++)
		if (!pins[i].live)
			return i;
	return -1;
}

/* Pages before the first raw one; -EFAULT if that is the first of all. */
static long pipe_takes(int folio, unsigned int page, unsigned int nr)
{
	unsigned int raw = folio_next_raw(folio, page, page + nr);

	return raw == page ? -EFAULT : (long)(raw - page);
}

static bool start_in_pipe(struct pin *p, char *addr)
{
	long want = pipe_takes(p->folio, p->page, p->nr);
	long got = pin_in_pipe(addr, p->nr, &p->fd);

	p->live = got >= 0;
	if (got > 0)
		p->nr = got;
	return expect_number("pages that a pipe takes", want, got);
}

/* All or nothing. */
static bool start_in_ring(struct pin *p, char *addr)
{
	bool healthy = folio_next_raw(p->folio, p->page, p->page + p->nr) ==
		       p->page + p->nr;

	p->fd = pin_long_term(addr, p->nr * BASE_PAGE);
	p->live = p->fd >= 0;
	if (page_is_raw(p->folio, p->page))
		return expect_number("registration of a raw page", -EFAULT,
				     p->fd);
	return expect_number("registration of a buffer", healthy, p->live);
}

bool pin_start(int pin, enum pin_kind kind, int folio, unsigned int page,
	       unsigned int nr, unsigned int nth)
{
	struct pin *p = &pins[pin];
	char *addr = view_folio(folio, nth) + page * BASE_PAGE;
	bool fine;

	*p = (struct pin){ .kind = kind, .folio = folio, .page = page, .nr = nr };
	fine = kind == PIN_PIPE ? start_in_pipe(p, addr) :
				  start_in_ring(p, addr);
	if (p->live)
		model_pin(folio);
	return fine;
}

/* The kernel is not prepared to copy from a page that broke meanwhile. */
static bool read_pipe(const struct pin *p)
{
	static char data[BASE_PAGE] __attribute__((aligned(4096)));
	unsigned int page;

	if (folio_next_raw(p->folio, p->page, p->page + p->nr) !=
	    p->page + p->nr)
		return true;
	for (page = p->page; page < p->page + p->nr; page++)
		if (!expect_number("read of a pinned page", BASE_PAGE,
				   read(p->fd, data, BASE_PAGE)) ||
		    !check_bytes(p->folio, page, data, 0, BASE_PAGE))
			return false;
	return true;
}

bool pin_end(int pin)
{
	struct pin *p = &pins[pin];
	bool fine = p->kind != PIN_PIPE || read_pipe(p);

	close(p->fd);
	p->live = false;
	model_unpin(p->folio);
	return fine;
}

void pins_forget(void)
{
	int i;

	for (i = 0; i < PINS_MAX; i++)
		if (pins[i].live)
			close(pins[i].fd);
}
