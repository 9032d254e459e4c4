// SPDX-License-Identifier: GPL-2.0-only
#include "view.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

struct view view;

void view_init(void)
{
	int file;

	for (file = 0; file < FILES_MAX; file++)
		view.fd[file] = -1;
}

int view_free_mapping(void)
{
	int i;

	for (i = 0; i < MAPPINGS_MAX; i++)
		if (!view.mapping[i].addr)
			return i;
	return -1;
}

static size_t bytes_of(int file, unsigned int nr)
{
	return nr * model->file[file].size;
}

int view_map(int file, unsigned int first, unsigned int nr)
{
	int i = view_free_mapping();
	char *addr;

	if (i < 0)
		return -ENOSPC;
	addr = mmap(NULL, bytes_of(file, nr), PROT_READ | PROT_WRITE,
		    MAP_SHARED, view.fd[file], bytes_of(file, first));
	if (addr == MAP_FAILED)
		return -errno;
	view.mapping[i] = (struct mapping){ addr, file, first, nr };
	return i;
}

void view_unmap(int mapping)
{
	struct mapping *m = &view.mapping[mapping];

	munmap(m->addr, bytes_of(m->file, m->nr));
	m->addr = NULL;
}

void view_close(int file)
{
	int i;

	for (i = 0; i < MAPPINGS_MAX; i++)
		if (view.mapping[i].addr && view.mapping[i].file == file)
			view_unmap(i);
	close(view.fd[file]);
	view.fd[file] = -1;
}

static bool covers(const struct mapping *m, int file, unsigned int slot)
{
	return m->addr && m->file == file && slot - m->first < m->nr;
}

unsigned int view_places(int file, unsigned int slot)
{
	unsigned int n = 0;
	int i;

	for (i = 0; i < MAPPINGS_MAX; i++)
		n += covers(&view.mapping[i], file, slot);
	return n;
}

char *view_address(int file, unsigned int slot, unsigned int nth)
{
	unsigned int places = view_places(file, slot);
	const struct mapping *m;

	if (!places)
		return NULL;
	nth %= places;
	for (m = view.mapping; !covers(m, file, slot) || nth--; m++)
		;
	return m->addr + bytes_of(file, slot - m->first);
}

char *view_folio(int folio, unsigned int nth)
{
	const struct folio_model *f = &model->folio[folio];

	return f->file < 0 ? NULL : view_address(f->file, f->slot, nth);
}

bool view_is_page(int folio, unsigned int page, uintptr_t addr)
{
	const struct folio_model *f = &model->folio[folio];
	unsigned int i, places = view_places(f->file, f->slot);

	for (i = 0; i < places; i++)
		if (addr == (uintptr_t)view_folio(folio, i) + page * BASE_PAGE)
			return true;
	return false;
}

uint8_t view_covers(int file)
{
	unsigned int slot;
	uint8_t bits = 0;

	for (slot = 0; slot < SLOTS_MAX; slot++)
		if (view_places(file, slot))
			bits |= 1 << slot;
	return bits;
}
