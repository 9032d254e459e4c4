// SPDX-License-Identifier: GPL-2.0-only
#include "model.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "nodes.h"

struct model *model;
enum broken broken;
void (*model_folio_ends)(int folio);

int model_init(void)
{
	int err = pools_read(SIZE_2M, &model->pools[POOL_2M]);

	if (!err)
		err = pools_read(SIZE_1G, &model->pools[POOL_1G]);
	error_counters_read(&model->errors);
	return err;
}

enum broken model_break(const char *name)
{
	static const char *const names[] = {
		[BREAK_CONTENT] = "content",
		[BREAK_GRANULE] = "granule",
		[BREAK_RANGES] = "ranges",
		[BREAK_POOL] = "pool",
		[BREAK_COUNTERS] = "counters",
		[BREAK_RELEASE] = "release",
		[BREAK_SWEEP] = "sweep",
	};
	size_t i;

	for (i = 1; i < sizeof(names) / sizeof(*names); i++)
		if (!strcmp(names[i], name))
			return broken = i;
	return BREAK_NOTHING;
}

unsigned int folio_next_raw(int folio, unsigned int from, unsigned int to)
{
	while (from < to && !page_is_raw(folio, from))
		from++;
	return from;
}

long model_available(size_t size)
{
	const struct pools *pools = &model->pools[pool_index(size)];

	return pools->free - pools->resv;
}

unsigned long model_poisoned(void)
{
	unsigned long sum = 0;
	int way;

	for (way = 0; way < WAYS; way++)
		sum += model->poisoned[way];
	return sum;
}

int model_free_file(void)
{
	int file;

	for (file = 0; file < FILES_MAX; file++)
		if (!model->file[file].live)
			return file;
	return -1;
}

int model_free_folio(size_t size)
{
	int folio = size == SIZE_1G ? GIGANTIC : 0;
	int end = size == SIZE_1G ? FOLIOS_MAX : SMALL_MAX;

	for (; folio < end; folio++)
		if (!model->folio[folio].live)
			return folio;
	return -1;
}

/*
 * Pools
 */

static void pool_take(const struct folio_model *f, bool reserved)
{
	struct pools *pools = &model->pools[pool_index(f->size)];

	pools->free--;
	pools->resv -= reserved;
	pools->node[node_of_pfn(f->pa / BASE_PAGE)].free--;
}

/* One that is above the size asked for goes instead of becoming free. */
static bool pool_drop_surplus(struct pools *pools, struct node_pool *node)
{
	if (!node->surplus)
		return false;
	node->surplus--;
	pools->surplus--;
	return true;
}

/* A page comes back from use; one with raw pages is gone for the pool. */
static void pool_put(const struct folio_model *f)
{
	int i = pool_index(f->size);
	struct pools *pools = &model->pools[i];
	struct node_pool *node = &pools->node[node_of_pfn(f->pa / BASE_PAGE)];
	bool raw = f->raw && broken != BREAK_POOL;
	bool surplus = pool_drop_surplus(pools, node);

	model->step[i].healthy += !raw;
	model->step[i].raw_surplus += raw && surplus;
	model->step[i].raw_persistent += raw && !surplus;
	if (raw || surplus) {
		pools->nr--;
		node->nr--;
	} else {
		pools->free++;
		node->free++;
	}
}

/*
 * Folios
 */

int model_touch(int file, unsigned int slot, uint64_t pa,
		unsigned int raw_limit)
{
	struct file_model *fm = &model->file[file];
	int folio = model_free_folio(fm->size);
	struct folio_model *f = &model->folio[folio];

	*f = (struct folio_model){
		.live = true, .pa = pa, .size = fm->size, .file = file,
		.slot = slot, .raw_limit = raw_limit,
	};
	memset(page_model(folio, 0), 0,
	       folio_pages(folio) * sizeof(struct page_model));
	pool_take(f, fm->slot[slot] == SLOT_RESERVED);
	fm->slot[slot] = folio;
	return folio;
}

static void end_if_unused(int folio)
{
	struct folio_model *f = &model->folio[folio];

	if (f->file >= 0 || f->pins)
		return;
	pool_put(f);
	model_folio_ends(folio);
	f->live = false;
}

void model_pin(int folio)
{
	model->folio[folio].pins++;
}

void model_unpin(int folio)
{
	model->folio[folio].pins--;
	end_if_unused(folio);
}

void model_write(int folio, unsigned int page, uint32_t stamp)
{
	struct page_model *p = page_model(folio, page);

	p->stamp = stamp;
	p->zero_from = p->zero_to = 0;
}

/* Punches meet a page with such a range only if they cover all of it. */
static void zero_in_page(struct page_model *p, size_t from, size_t to)
{
	if (p->state != PAGE_HEALTHY)
		return;
	if (!from && to == BASE_PAGE) {
		p->stamp = 0;
		p->zero_from = p->zero_to = 0;
	} else {
		p->zero_from = from;
		p->zero_to = to;
	}
}

void model_zero(int folio, size_t from, size_t to)
{
	size_t page, end;

	for (; from < to; from = end) {
		page = from / BASE_PAGE;
		end = (page + 1) * BASE_PAGE;
		if (end > to)
			end = to;
		zero_in_page(page_model(folio, page), from - page * BASE_PAGE,
			     end - page * BASE_PAGE);
	}
}

#define LOG_PERIOD_MS	5000
/* From a report to its line in the log, on a busy machine */
#define LOG_DELAY_MS	1000

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000UL + now.tv_nsec / 1000000;
}

void model_repeat(int folio)
{
	struct folio_model *f = &model->folio[folio];
	uint64_t *nth = &f->repeat_ms[f->repeats % LOGGED_REPEATS];
	uint64_t now = now_ms();

	model->log_known++;
	model->log_maybe += f->repeats >= LOGGED_REPEATS &&
			    now - *nth < LOG_PERIOD_MS + LOG_DELAY_MS;
	*nth = now;
	f->repeats++;
}

void model_poison(int folio, unsigned int page, unsigned int line,
		  enum error_way way)
{
	struct page_model *p = page_model(folio, page);

	p->state = error_is_real(way) ? PAGE_REAL : PAGE_SIMULATED;
	p->line = line;
	model->folio[folio].raw++;
	model->poisoned[way]++;
	model->log_news++;
	model->errors.corrupted_kb += BASE_PAGE >> 10;
	model->errors.total++;
	model->errors.recovered += broken == BREAK_COUNTERS ? 2 : 1;
}

/*
 * Files
 */

void model_create(int file, size_t size, unsigned int nr)
{
	struct file_model *fm = &model->file[file];
	unsigned int i;

	*fm = (struct file_model){
		.live = true, .size = size, .nr = nr, .holders = 1,
	};
	for (i = 0; i < SLOTS_MAX; i++)
		fm->slot[i] = SLOT_EMPTY;
}

long model_to_reserve(int file, unsigned int first, unsigned int nr)
{
	unsigned int slot;
	long n = 0;

	for (slot = first; slot < first + nr; slot++)
		n += model->file[file].slot[slot] == SLOT_EMPTY;
	return n;
}

void model_map(int file, unsigned int first, unsigned int nr)
{
	struct file_model *fm = &model->file[file];
	unsigned int slot;

	model->pools[pool_index(fm->size)].resv +=
		model_to_reserve(file, first, nr);
	for (slot = first; slot < first + nr; slot++)
		if (fm->slot[slot] == SLOT_EMPTY)
			fm->slot[slot] = SLOT_RESERVED;
}

/* A reservation goes with its folio, but stays if there is none. */
void model_drop_slot(int file, unsigned int slot)
{
	struct file_model *fm = &model->file[file];
	int folio = fm->slot[slot];

	if (folio < 0)
		return;
	fm->slot[slot] = SLOT_EMPTY;
	model->folio[folio].file = -1;
	model->folio[folio].slot = -1;
	end_if_unused(folio);
}

void model_truncate(int file, unsigned int nr)
{
	struct file_model *fm = &model->file[file];
	unsigned int slot;

	for (slot = nr; slot < SLOTS_MAX; slot++) {
		if (fm->slot[slot] == SLOT_RESERVED) {
			fm->slot[slot] = SLOT_EMPTY;
			model->pools[pool_index(fm->size)].resv--;
			model->step[pool_index(fm->size)].unreserved++;
		}
		model_drop_slot(file, slot);
	}
	fm->nr = nr;
}

void model_let_go(int file, unsigned int process)
{
	struct file_model *fm = &model->file[file];

	fm->holders &= ~(1U << process);
	if (fm->holders)
		return;
	model_truncate(file, 0);
	fm->live = false;
}
