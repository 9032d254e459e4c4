// SPDX-License-Identifier: GPL-2.0-only
#include "directmap.h"

#include "module.h"
#include "procfile.h"

#define PARAMETER	"/sys/module/mfr_test_directmap/parameters/pfn"

int directmap_load(void)
{
	return module_want("/mfr_test_directmap.ko");
}

char directmap_state(unsigned long pfn)
{
	char answer[8] = "";

	procfile_write(PARAMETER, "%lu", pfn);
	procfile_read(PARAMETER, answer, sizeof(answer));
	return answer[0];
}
