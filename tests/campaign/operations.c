// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include "operations.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#include "checks.h"
#include "hugepage.h"
#include "model.h"
#include "pageflags.h"
#include "pattern.h"
#include "peers.h"
#include "pins.h"
#include "poisoning.h"
#include "pool.h"
#include "procfile.h"
#include "view.h"

#define FILES_AIM	5	/* more only as long as peers hold some */
#define LINES		(BASE_PAGE / 64)

/* NOT_NOW: the model has nothing to do it to.  Nothing was done. */
enum outcome { NOT_NOW, AS_EXPECTED, WRONG };

static char text[256];
static int about = -1;
static bool want_gigantic;
static uint64_t hash = 0xcbf29ce484222325;	/* FNV-1a */

const char *operation_text(void)
{
	return text;
}

int operation_file(void)
{
	return about;
}

uint64_t operations_hash(void)
{
	return hash;
}

/* Before it is done, so that what goes wrong has a name. */
__attribute__((format(printf, 2, 3)))
static void announce(int file, const char *format, ...)
{
	const char *at;
	va_list args;

	about = file;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	for (at = text; *at; at++)
		hash = (hash ^ (unsigned char)*at) * 0x100000001b3;
}

static enum outcome outcome(bool fine)
{
	return fine ? AS_EXPECTED : WRONG;
}

/*
 * Choosing
 */

/* One of those below @n that are @suitable, or -1. */
static int pick(struct rng *rng, int n, bool (*suitable)(int))
{
	int i, found = 0, chosen;

	for (i = 0; i < n; i++)
		found += suitable(i);
	if (!found)
		return -1;
	chosen = rng_below(rng, found);
	for (i = 0; !suitable(i) || chosen--; i++)
		;
	return i;
}

static bool file_is_open(int file)
{
	return view.fd[file] >= 0;
}

static bool file_has_slots(int file)
{
	return file_is_open(file) && model->file[file].nr;
}

static bool folio_may_break(int folio)
{
	const struct folio_model *f = &model->folio[folio];

	return f->live && f->raw < f->raw_limit;
}

static bool folio_is_broken(int folio)
{
	return model->folio[folio].live && model->folio[folio].raw;
}

static bool folio_is_mapped(int folio)
{
	return model->folio[folio].live && view_folio(folio, 0);
}

static bool mapping_is_used(int mapping)
{
	return view.mapping[mapping].addr;
}

static bool pin_is_used(int pin)
{
	return pins[pin].live;
}

static bool peer_is_live(int peer)
{
	return model->peer[peer].live;
}

static bool peer_is_free(int peer)
{
	return peer && !model->peer[peer].live;
}

/* A process that maps the folio, NOBODY if there is none. */
static int pick_consumer(struct rng *rng, int folio)
{
	const struct folio_model *f = &model->folio[folio];
	int who[PROCESSES_MAX], n = 0, peer;

	if (f->file < 0)
		return NOBODY;
	if (view_folio(folio, 0))
		who[n++] = 0;
	for (peer = 1; peer < PROCESSES_MAX; peer++)
		if (model->peer[peer].live &&
		    model->peer[peer].covers[f->file] & 1 << f->slot)
			who[n++] = peer;
	return n ? who[rng_below(rng, n)] : NOBODY;
}

/* How many raw pages a folio shall have in the end. */
static unsigned int pick_raw_limit(struct rng *rng, size_t size)
{
	unsigned int kind = rng_below(rng, 100);

	if (size == SIZE_1G)
		return rng_range(rng, 100, 1500);
	if (kind < 8)
		return 0;
	if (kind < 28)
		return rng_range(rng, 1, 8);
	if (kind < 55)
		return rng_range(rng, 9, 64);
	if (kind < 90)
		return rng_range(rng, 65, 400);
	return SMALL_PAGES;
}

/*
 * The pool
 */

/* The kernel chooses the nodes; their sum is what the model knows. */
static bool adopt_nodes(struct pools *m, const struct pools *seen)
{
	struct node_pool sum = { 0 };
	int node;

	for (node = 0; node < NODES_MAX; node++) {
		m->node[node] = seen->node[node];
		sum.nr += seen->node[node].nr;
		sum.free += seen->node[node].free;
		sum.surplus += seen->node[node].surplus;
	}
	return expect_number("huge pages of all nodes", m->nr, sum.nr) &&
	       expect_number("free huge pages of all nodes", m->free,
			     sum.free) &&
	       expect_number("surplus huge pages of all nodes", m->surplus,
			     sum.surplus);
}

static void model_grow(struct pools *m, long count)
{
	long persistent = m->nr - m->surplus;
	long missing = count - persistent;
	long taken = missing < m->surplus ? missing : m->surplus;

	m->surplus -= taken;
	m->nr += missing - taken;
	m->free += missing - taken;
}

/* What is in use or reserved becomes surplus, what is neither goes. */
static void model_shrink(struct pools *m, long count)
{
	long used = m->resv + m->nr - m->free;
	long least = count > used ? count : used;
	long gone = m->nr - m->surplus - least;

	if (gone > 0) {
		m->nr -= gone;
		m->free -= gone;
	}
	m->surplus = m->nr - count;
}

static long set_pool(long count)
{
	long nr = pool_set(SIZE_2M, count);

	if (nr >= model->pools[POOL_2M].nr)
		return nr;
	/* Fragments: as an operator would do */
	procfile_write("/proc/sys/vm/compact_memory", "1");
	return pool_set(SIZE_2M, count);
}

static bool resize(long count)
{
	struct pools *m = &model->pools[POOL_2M], seen;

	if (count >= m->nr - m->surplus)
		model_grow(m, count);
	else
		model_shrink(m, count);
	return expect_number("huge pages that could be had, or are left",
			     m->nr, set_pool(count)) &&
	       !pools_read(SIZE_2M, &seen) && adopt_nodes(m, &seen);
}

static bool have_available(struct rng *rng, long n)
{
	const struct pools *m = &model->pools[POOL_2M];
	long missing = n - model_available(SIZE_2M);

	if (missing <= 0)
		return true;
	return resize(m->nr + missing + rng_below(rng, 8));
}

static enum outcome op_resize(struct rng *rng)
{
	const struct pools *m = &model->pools[POOL_2M];
	long persistent = m->nr - m->surplus;
	long count = rng_percent(rng, 50) ?
		     (long)rng_below(rng, persistent + 1) :
		     persistent + (long)rng_below(rng, 8);

	announce(-1, "resize the pool to %ld", count);
	return outcome(resize(count));
}

/*
 * Files and mappings
 */

static int live_files(void)
{
	int file, n = 0;

	for (file = 0; file < FILES_MAX; file++)
		n += file_is_open(file);
	return n;
}

static bool map(int file, unsigned int first, unsigned int nr)
{
	int i = view_map(file, first, nr);

	if (i < 0)
		return impossible("mmap", i);
	model_map(file, first, nr);
	return true;
}

static bool create(int file, size_t size, unsigned int nr)
{
	view.fd[file] = hugepage_memfd(size);
	if (view.fd[file] < 0)
		return impossible("memfd_create", view.fd[file]);
	if (ftruncate(view.fd[file], nr * size))
		return impossible("ftruncate", -errno);
	model_create(file, size, nr);
	return map(file, 0, nr);
}

static enum outcome op_create(struct rng *rng)
{
	int file = model_free_file();
	bool gigantic = want_gigantic && model_available(SIZE_1G) > 0 &&
			!model->folio[GIGANTIC].live && rng_percent(rng, 30);
	unsigned int nr = gigantic ? 1 : rng_range(rng, 1, SLOTS_MAX);

	if (file < 0 || live_files() >= FILES_AIM || view_free_mapping() < 0)
		return NOT_NOW;
	announce(file, "create file %d with %u pages of %s", file, nr,
		 gigantic ? "1 GiB" : "2 MiB");
	if (gigantic)
		return outcome(create(file, SIZE_1G, nr));
	return outcome(have_available(rng, nr) && create(file, SIZE_2M, nr));
}

static enum outcome op_close(struct rng *rng)
{
	int file = pick(rng, FILES_MAX, file_is_open);

	if (file < 0)
		return NOT_NOW;
	announce(file, "close file %d", file);
	view_close(file);
	model_let_go(file, 0);
	return AS_EXPECTED;
}

static enum outcome op_map(struct rng *rng)
{
	int file = pick(rng, FILES_MAX, file_has_slots);
	unsigned int first, nr;

	if (file < 0 || view_free_mapping() < 0)
		return NOT_NOW;
	first = rng_below(rng, model->file[file].nr);
	nr = rng_range(rng, 1, model->file[file].nr - first);
	if (model_to_reserve(file, first, nr) >
	    model_available(model->file[file].size))
		return NOT_NOW;
	announce(file, "map %u pages of file %d from %u on", nr, file, first);
	return outcome(map(file, first, nr));
}

static enum outcome op_unmap(struct rng *rng)
{
	int i = pick(rng, MAPPINGS_MAX, mapping_is_used);

	if (i < 0)
		return NOT_NOW;
	announce(view.mapping[i].file, "unmap mapping %d, of file %d", i,
		 view.mapping[i].file);
	view_unmap(i);
	return AS_EXPECTED;
}

/* Its pages are faulted in again when they are loaded next. */
static enum outcome op_zap(struct rng *rng)
{
	int i = pick(rng, MAPPINGS_MAX, mapping_is_used);
	const struct mapping *m = &view.mapping[i];

	if (i < 0)
		return NOT_NOW;
	announce(m->file, "zap mapping %d, of file %d", i, m->file);
	if (madvise(m->addr, m->nr * model->file[m->file].size, MADV_DONTNEED))
		return outcome(impossible("MADV_DONTNEED", -errno));
	return AS_EXPECTED;
}

/*
 * Contents
 */

static bool touch(int file, unsigned int slot, int node,
		  unsigned int raw_limit)
{
	char *addr = view_address(file, slot, 0);
	int err = nodes_prefer(node);
	struct sigbus seen;
	unsigned long pfn;

	if (err)
		return impossible("set_mempolicy", err);
	if (sigbus_on_load(addr, &seen))
		return unexpected("first touch of a huge page", "a page",
				  "SIGBUS");
	pfn = pagemap_pfn(addr);
	if (!pfn)
		return unexpected("page frame after a touch", "one", "none");
	model_touch(file, slot, pfn * BASE_PAGE, raw_limit);
	return true;
}

static void write_pages(int folio, unsigned int page, unsigned int nr,
			unsigned int nth)
{
	char *addr = view_folio(folio, nth);

	for (; nr--; page++) {
		if (page_is_raw(folio, page))
			continue;
		model->last_stamp++;
		pattern_fill(addr + page * BASE_PAGE,
			     (size_t)model->last_stamp * BASE_PAGE, BASE_PAGE);
		model_write(folio, page, model->last_stamp +
			    (broken == BREAK_CONTENT));
	}
}

/* Can this process touch the slot, if it is not there yet? */
static bool may_touch(int file, unsigned int slot)
{
	const struct file_model *fm = &model->file[file];

	if (fm->slot[slot] >= 0)
		return true;
	return model_free_folio(fm->size) >= 0 &&
	       (fm->slot[slot] == SLOT_RESERVED ||
		model_available(fm->size) > 0);
}

/* The first write to a slot often fills it, as users of huge pages do. */
static enum outcome op_write(struct rng *rng)
{
	int file = pick(rng, FILES_MAX, file_has_slots);
	unsigned int slot, page, nr, pages, limit, nth = rng_below(rng, 8);
	int node = rng_below(rng, nodes_count());
	bool fresh;

	if (file < 0)
		return NOT_NOW;
	slot = rng_below(rng, model->file[file].nr);
	if (!view_places(file, slot) || !may_touch(file, slot))
		return NOT_NOW;
	fresh = model->file[file].slot[slot] < 0;
	pages = model->file[file].size / BASE_PAGE;
	limit = pick_raw_limit(rng, model->file[file].size);
	page = rng_below(rng, pages - 64);
	nr = rng_range(rng, 1, 64);
	if (fresh && pages == SMALL_PAGES && rng_percent(rng, 50)) {
		page = 0;
		nr = pages;
	}
	announce(file, "write pages %u+%u of slot %u of file %d%s", page, nr,
		 slot, file, fresh ? ", the first touch" : "");
	if (fresh && !touch(file, slot, node, limit))
		return WRONG;
	write_pages(model->file[file].slot[slot], page, nr, nth);
	return outcome(check_page(model->file[file].slot[slot], page, nth + 1));
}

#define READ_PAGES	32
static char buffer[READ_PAGES * BASE_PAGE] __attribute__((aligned(4096)));

static bool check_buffer(int folio, unsigned int page, size_t got)
{
	unsigned int i;

	for (i = 0; i < got / BASE_PAGE; i++)
		if (!check_bytes(folio, page + i, buffer + i * BASE_PAGE, 0,
				 BASE_PAGE))
			return false;
	return true;
}

static long read_file(int folio, unsigned int page, size_t len)
{
	const struct folio_model *f = &model->folio[folio];
	long got = pread(view.fd[f->file], buffer, len,
			 f->slot * f->size + page * BASE_PAGE);

	return got < 0 ? -errno : got;
}

static long read_process(int folio, unsigned int page, size_t len,
			 unsigned int nth)
{
	struct iovec to = { buffer, len };
	struct iovec from = { view_folio(folio, nth) + page * BASE_PAGE, len };
	long got = process_vm_readv(getpid(), &to, 1, &from, 1, 0);

	return got < 0 ? -errno : got;
}

/* By the kernel: up to the first raw page, an error if that is the first. */
static enum outcome op_read(struct rng *rng)
{
	int folio = pick(rng, FOLIOS_MAX, folio_is_mapped);
	bool by_fd = rng_percent(rng, 50);
	unsigned int page, nr, healthy, nth = rng_below(rng, 8);
	long want, got;

	if (folio < 0)
		return NOT_NOW;
	page = rng_below(rng, folio_pages(folio) - READ_PAGES);
	nr = rng_range(rng, 1, READ_PAGES);
	announce(model->folio[folio].file, "read pages %u+%u of folio %d by %s",
		 page, nr, folio, by_fd ? "pread" : "process_vm_readv");
	healthy = folio_next_raw(folio, page, page + nr) - page;
	want = healthy ? (long)(healthy * BASE_PAGE) :
	       by_fd ? -EIO : -EFAULT;
	got = by_fd ? read_file(folio, page, nr * BASE_PAGE) :
		      read_process(folio, page, nr * BASE_PAGE, nth);
	return outcome(expect_number("bytes read", want, got) &&
		       (got < 0 || check_buffer(folio, page, got)));
}

/*
 * Holes and ends of files
 */

/* The end of a hole within a page, which must not make a second range there. */
static size_t hole_end(int file, size_t offset)
{
	const struct file_model *fm = &model->file[file];
	size_t in_slot = offset % fm->size;
	int folio = fm->slot[offset / fm->size];

	if (folio >= 0 &&
	    page_model(folio, in_slot / BASE_PAGE)->zero_to)
		return offset - offset % BASE_PAGE;
	return offset;
}

static void model_punch(int file, size_t from, size_t to)
{
	const struct file_model *fm = &model->file[file];
	size_t size = fm->size, start, end;
	unsigned int slot;

	for (slot = from / size; slot * size < to; slot++) {
		start = slot * size < from ? from - slot * size : 0;
		end = to < (slot + 1) * size ? to - slot * size : size;
		if (!start && end == size)
			model_drop_slot(file, slot);
		else if (fm->slot[slot] >= 0)
			model_zero(fm->slot[slot], start, end);
	}
}

/* Does the hole have a raw page of a folio that it has not all of? */
static bool hole_has_raw(int file, size_t from, size_t to)
{
	const struct file_model *fm = &model->file[file];
	size_t size = fm->size, start, end, last;
	unsigned int slot;

	for (slot = from / size; slot * size < to; slot++) {
		start = slot * size < from ? from - slot * size : 0;
		end = to < (slot + 1) * size ? to - slot * size : size;
		last = (end + BASE_PAGE - 1) / BASE_PAGE;
		if (fm->slot[slot] >= 0 && (start || end < size) &&
		    folio_next_raw(fm->slot[slot], start / BASE_PAGE, last) <
		    last)
			return true;
	}
	return false;
}

static enum outcome punch(int file, size_t from, size_t to)
{
	long want = hole_has_raw(file, from, to) ? -EIO : 0, got;

	if (from >= to)
		return NOT_NOW;
	announce(file, "punch %#zx to %#zx out of file %d", from, to, file);
	got = fallocate(view.fd[file],
			FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, from,
			to - from) ? -errno : 0;
	model_punch(file, from, to);
	return outcome(expect_number("hole punch", want, got));
}

static enum outcome op_punch_bytes(struct rng *rng)
{
	int file = pick(rng, FILES_MAX, file_has_slots);
	size_t from, to, end;

	if (file < 0)
		return NOT_NOW;
	end = model->file[file].nr * model->file[file].size;
	from = rng_below(rng, end / 64) * 64;
	to = from + rng_range(rng, 1, 16 * LINES) * 64;
	if (to >= end)
		return NOT_NOW;
	return punch(file, hole_end(file, from), hole_end(file, to));
}

static enum outcome op_punch_slots(struct rng *rng)
{
	int file = pick(rng, FILES_MAX, file_has_slots);
	unsigned int slot, nr;
	size_t size;

	if (file < 0)
		return NOT_NOW;
	size = model->file[file].size;
	slot = rng_below(rng, model->file[file].nr);
	nr = rng_range(rng, 1, model->file[file].nr - slot);
	return punch(file, slot * size, (slot + nr) * size);
}

static enum outcome op_truncate(struct rng *rng)
{
	int file = pick(rng, FILES_MAX, file_is_open);
	unsigned int nr;

	if (file < 0)
		return NOT_NOW;
	nr = model->file[file].size == SIZE_1G ? rng_below(rng, 2) :
	     rng_below(rng, SLOTS_MAX + 1);
	announce(file, "truncate file %d from %u to %u pages", file,
		 model->file[file].nr, nr);
	if (ftruncate(view.fd[file], nr * model->file[file].size))
		return outcome(impossible("ftruncate", -errno));
	model_truncate(file, nr);
	return AS_EXPECTED;
}

/*
 * Errors
 */

static enum error_way pick_way(struct rng *rng, int who)
{
	unsigned int n = rng_below(rng, 100);

	if (who == NOBODY)
		return n < 20 ? ERROR_SCRUB : ERROR_INJECT;
	if (n < 68)
		return ERROR_CONSUME;
	if (n < 72)
		return ERROR_SCRUB;
	if (n < 86 || who)
		return ERROR_INJECT;
	return ERROR_MADVISE;
}

static bool poison_one(struct rng *rng, int folio, unsigned int page)
{
	int who = pick_consumer(rng, folio);
	enum error_way way = pick_way(rng, who);

	return poison_page(folio, page, rng_below(rng, LINES), way,
			   error_consumes(way) ? who : NOBODY,
			   rng_below(rng, 8));
}

static unsigned int pick_healthy(int folio, unsigned int page)
{
	while (page_is_raw(folio, page))
		page = (page + 1) % folio_pages(folio);
	return page;
}

static unsigned int pick_burst(struct rng *rng, unsigned int most)
{
	unsigned int kind = rng_below(rng, 100);
	unsigned int n = kind < 40 ? 1 : kind < 65 ? rng_range(rng, 2, 8) :
			 rng_range(rng, 9, 128);

	return n < most ? n : most;
}

static enum outcome op_poison(struct rng *rng)
{
	int folio = pick(rng, FOLIOS_MAX, folio_may_break);
	const struct folio_model *f = &model->folio[folio];
	unsigned int n, page;
	bool adjacent, fine = true;

	if (folio < 0)
		return NOT_NOW;
	n = pick_burst(rng, f->raw_limit - f->raw);
	adjacent = rng_percent(rng, 50);
	page = rng_below(rng, folio_pages(folio));
	announce(f->file, "poison %u%s pages of folio %d (slot %d of file %d) from %u on",
		 n, adjacent ? " adjacent" : "", folio, f->slot, f->file, page);
	while (n-- && fine) {
		page = pick_healthy(folio, page);
		fine = poison_one(rng, folio, page);
		if (!adjacent)
			page = rng_below(rng, folio_pages(folio));
	}
	return outcome(fine);
}

static enum outcome op_poison_again(struct rng *rng)
{
	int folio = pick(rng, FOLIOS_MAX, folio_is_broken);
	unsigned int page, pages;
	int who;

	if (folio < 0)
		return NOT_NOW;
	pages = folio_pages(folio);
	page = folio_next_raw(folio, rng_below(rng, pages), pages);
	if (page == pages)
		page = folio_next_raw(folio, 0, pages);
	who = page_model(folio, page)->state == PAGE_REAL ?
	      pick_consumer(rng, folio) : NOBODY;
	announce(model->folio[folio].file,
		 "report raw page %u of folio %d again, process %d", page,
		 folio, who);
	return outcome(poison_again(folio, page, who, rng_below(rng, 8)));
}

static enum outcome op_poison_released(struct rng *rng)
{
	unsigned long pfn = releases_raw_pfn(rng);

	if (!pfn)
		return NOT_NOW;
	announce(-1, "report a released raw page again");
	return outcome(poison_released(pfn));
}

/*
 * Processes
 */

static enum outcome op_fork(struct rng *rng)
{
	int peer = pick(rng, PROCESSES_MAX, peer_is_free);
	bool early = rng_percent(rng, 50);
	int err;

	if (peer < 0)
		return NOT_NOW;
	announce(-1, "fork process %d%s", peer, early ? ", early kill" : "");
	err = peer_start(peer, early);
	return outcome(!err || impossible("fork", err));
}

static enum outcome op_exit(struct rng *rng)
{
	int peer = pick(rng, PROCESSES_MAX, peer_is_live);
	bool kill_it = rng_percent(rng, 30);

	if (peer < 0)
		return NOT_NOW;
	announce(-1, "%s process %d", kill_it ? "kill" : "end", peer);
	peer_end(peer, kill_it);
	return AS_EXPECTED;
}

static enum outcome op_exec(struct rng *rng)
{
	int file = pick(rng, FILES_MAX, file_has_slots);

	if (file < 0)
		return NOT_NOW;
	announce(file, "exec a successor that inherits file %d", file);
	return outcome(successor_check(file, rng_next(rng)));
}

static enum outcome op_peer_check(struct rng *rng)
{
	int peer = pick(rng, PROCESSES_MAX, peer_is_live);

	if (peer < 0)
		return NOT_NOW;
	announce(-1, "process %d checks all that it has", peer);
	return outcome(peer_check(peer, true, rng));
}

/*
 * Pins
 */

static enum outcome op_pin(struct rng *rng)
{
	int pin = pins_free(), folio = pick(rng, FOLIOS_MAX, folio_is_mapped);
	enum pin_kind kind = rng_below(rng, 2);
	unsigned int page, nr, nth = rng_below(rng, 8);

	if (pin < 0 || folio < 0)
		return NOT_NOW;
	page = rng_below(rng, folio_pages(folio) - 16);
	nr = rng_range(rng, 1, 16);
	announce(model->folio[folio].file, "pin %d: pages %u+%u of folio %d by a %s",
		 pin, page, nr, folio, kind == PIN_RING ? "ring" : "pipe");
	return outcome(pin_start(pin, kind, folio, page, nr, nth));
}

static enum outcome op_unpin(struct rng *rng)
{
	int pin = pick(rng, PINS_MAX, pin_is_used);

	if (pin < 0)
		return NOT_NOW;
	announce(model->folio[pins[pin].folio].file, "unpin %d", pin);
	return outcome(pin_end(pin));
}

/*
 * All of them
 */

static const struct operation {
	unsigned int weight;
	enum outcome (*run)(struct rng *rng);
} operations[] = {
	{ 40, op_poison },
	{ 12, op_create },
	{ 25, op_write },
	{ 4, op_map },
	{ 2, op_unmap },
	{ 2, op_zap },
	{ 6, op_read },
	{ 6, op_poison_again },
	{ 2, op_poison_released },
	{ 3, op_punch_bytes },
	{ 2, op_punch_slots },
	{ 2, op_truncate },
	{ 3, op_fork },
	{ 3, op_exit },
	{ 1, op_exec },
	{ 1, op_peer_check },
	{ 3, op_pin },
	{ 3, op_unpin },
	{ 2, op_resize },
	{ 4, op_close },
};
#define N_OPERATIONS	(sizeof(operations) / sizeof(*operations))

static const struct operation *draw(struct rng *rng)
{
	unsigned int i, n, sum = 0;

	for (i = 0; i < N_OPERATIONS; i++)
		sum += operations[i].weight;
	n = rng_below(rng, sum);
	for (i = 0; n >= operations[i].weight; i++)
		n -= operations[i].weight;
	return &operations[i];
}

int operations_init(bool gigantic)
{
	long nr = pool_set(SIZE_2M, 0);

	want_gigantic = gigantic;
	return !nr ? 0 : nr < 0 ? (int)nr : -EBUSY;
}

bool operation_step(struct rng *rng)
{
	enum outcome o;

	do {
		o = draw(rng)->run(rng);
	} while (o == NOT_NOW);
	return o == AS_EXPECTED;
}

bool operations_finish(void)
{
	bool fine = true;
	int i;

	announce(-1, "end: unpin, close, let all processes exit");
	for (i = 0; i < PINS_MAX; i++)
		if (pins[i].live)
			fine &= pin_end(i);
	for (i = 0; i < FILES_MAX; i++)
		if (file_is_open(i)) {
			view_close(i);
			model_let_go(i, 0);
		}
	peers_end();
	return fine;
}
