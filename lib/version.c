// SPDX-License-Identifier: MIT
#include <mfr.h>

#include "page.h"

const char *mfr_version(void)
{
	return VERSION;
}

uint64_t mfr_page_bytes(void)
{
	return MFR_PAGE_BYTES;
}
