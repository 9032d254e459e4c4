// SPDX-License-Identifier: GPL-2.0-only
#include "poisoning.h"

#include <errno.h>
#include <poison.h>

#include "checks.h"
#include "kmsg.h"
#include "model.h"
#include "peers.h"
#include "polling.h"
#include "view.h"

static bool raise_here(int folio, unsigned int page, unsigned int line,
		       enum error_way way, unsigned int nth)
{
	const struct hugepage hp = {
		.size = model->folio[folio].size,
		.fd = -1,
		.map = view_folio(folio, nth),
		.pa = model->folio[folio].pa,
	};
	size_t offset = page * BASE_PAGE + line * LAB_POISON_LINE_BYTES;
	struct sigbus seen;
	int err;

	model->hits += way == ERROR_CONSUME;
	err = error_raise(&hp, offset, way, &seen);
	if (err)
		return impossible("raise an error", err);
	return !error_consumes(way) || check_signal(folio, page, &seen);
}

static bool raise_in_peer(int folio, unsigned int page, unsigned int line,
			  int who, unsigned int nth)
{
	unsigned long pfn = page_pfn(folio, page);
	unsigned long before = error_results(pfn);
	int err = lab_poison_add(pfn * BASE_PAGE +
				 line * LAB_POISON_LINE_BYTES, 1);

	if (err)
		return impossible("poison memory", err);
	/* It counts what it loads as known */
	model->log_known--;
	return peer_raw_load(who, folio, page, nth) &&
	       expect_number("result in the log", true,
			     poll_until(error_results(pfn) > before));
}

bool poison_page(int folio, unsigned int page, unsigned int line,
		 enum error_way way, int who, unsigned int nth)
{
	bool fine;

	/* madvise() wants the start of a page */
	if (way == ERROR_MADVISE)
		line = 0;
	model_poison(folio, page, line, way);
	frame_set(frames.raw, page_pfn(folio, page));
	fine = who > 0 ? raise_in_peer(folio, page, line, who, nth) :
			 raise_here(folio, page, line, way, nth);
	log_collect();
	return fine && peers_check_told(folio, page, who);
}

static bool inject_again(unsigned long pfn)
{
	return expect_number("answer to the report of a known raw page",
			     -EHWPOISON, error_inject_pfn(pfn));
}

bool poison_again(int folio, unsigned int page, int who, unsigned int nth)
{
	model->repeated++;
	if (who == NOBODY) {
		model_repeat(folio);
		return inject_again(page_pfn(folio, page));
	}
	return who ? peer_raw_load(who, folio, page, nth) :
		     check_raw_load(folio, page, nth);
}

bool poison_released(unsigned long pfn)
{
	model->repeated++;
	model->log_released++;
	return inject_again(pfn);
}
