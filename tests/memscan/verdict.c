// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which machines does memscan scan without force?  One variant per machine; run
 * lists how each is configured.
 */
#include <errno.h>
#include <poison.h>
#include <stdio.h>
#include <string.h>
#include <kselftest_harness.h>

#include "hugepage.h"
#include "polling.h"
#include "procfile.h"
#include "scanner.h"

#define RAM_PA	(1UL << 20)	/* behind the hole of the BIOS */

FIXTURE(verdict)
{
};

FIXTURE_VARIANT(verdict)
{
	const char *refusal;	/* or NULL */
};

FIXTURE_VARIANT_ADD(verdict, intel) { };
FIXTURE_VARIANT_ADD(verdict, amd) { };

FIXTURE_VARIANT_ADD(verdict, intel_without_lmce) {
	.refusal = "the CPU has no local machine checks (MCG_LMCE_P)",
};

FIXTURE_VARIANT_ADD(verdict, amd_without_succor) {
	.refusal = "the CPU does not contain errors for software to recover (SUCCOR)",
};

FIXTURE_VARIANT_ADD(verdict, other_vendor) {
	.refusal = "machine check recovery is not known of this vendor's CPUs",
};

FIXTURE_SETUP(verdict)
{
	ASSERT_EQ(0, scanner_load(""));
}

FIXTURE_TEARDOWN_PARENT(verdict)
{
	scanner_unload();
}

TEST_F(verdict, is_in_words)
{
	static char said[1024], want[256];
	const char *why = variant->refusal;

	snprintf(want, sizeof(want),
		 "hypervisor: ok\nmachine check recovery: %s%s\n",
		 why ? "refused: " : "ok", why ? why : "");
	ASSERT_LT(0, procfile_read(MEMSCAN "capability", said, sizeof(said)));
	said[strnlen(want, sizeof(want))] = '\0';
	EXPECT_STREQ(want, said);
}

TEST_F(verdict, is_obeyed)
{
	static char want[256];

	snprintf(want, sizeof(want), "refused: %s",
		 variant->refusal ? variant->refusal : "");
	ASSERT_EQ(0, scanner_set("node0/enabled", "1"));
	if (!variant->refusal) {
		EXPECT_EQ(0, scanner_read(RAM_PA, BASE_PAGE));
		EXPECT_EQ(BASE_PAGE, scanner_figure("demand/read_bytes"));
		EXPECT_TRUE(poll_until(scanner_figure("node0/read_bytes")));
	} else {
		EXPECT_EQ(-EPERM, scanner_start(RAM_PA, BASE_PAGE));
		EXPECT_TRUE(scanner_comes_to("node0/state", want));
		EXPECT_EQ(0, scanner_figure("node0/read_bytes"));
	}
}

TEST_HARNESS_MAIN
