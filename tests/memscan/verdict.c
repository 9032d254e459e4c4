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
#include "ranges.h"
#include "scanner.h"

#define RAM_PA	(1UL << 20)	/* after the hole of the BIOS */

FIXTURE(verdict)
{
};

/* Why the two checks refuse, on both CPUs; NULL if they do not. */
FIXTURE_VARIANT(verdict)
{
	const char *machine_checks;
	const char *recovery;
};

#define NOT_ON	"local machine checks are off (MCG_EXT_CTL), by the firmware or mce=no_lmce"

FIXTURE_VARIANT_ADD(verdict, amd) { };

FIXTURE_VARIANT_ADD(verdict, amd_with_mce_off) {
	.machine_checks = "machine checks are off (CR4.MCE), as with mce=off: a hit would reset the machine",
};

FIXTURE_VARIANT_ADD(verdict, amd_without_succor) {
	.recovery = "the CPU does not contain errors for software to recover (SUCCOR)",
};

FIXTURE_VARIANT_ADD(verdict, intel_with_lmce_off) {
	.recovery = NOT_ON,
};

FIXTURE_VARIANT_ADD(verdict, intel_without_lmce) {
	.recovery = "the CPU has no local machine checks (MCG_LMCE_P)",
};

FIXTURE_VARIANT_ADD(verdict, other_vendor) {
	.recovery = "machine check recovery is not known of this vendor's CPUs",
};

FIXTURE_SETUP(verdict)
{
	ASSERT_EQ(0, scanner_load(""));
}

FIXTURE_TEARDOWN_PARENT(verdict)
{
	scanner_unload();
}

static int add_verdict(char *at, size_t size, const char *name, const char *why)
{
	if (why)
		return snprintf(at, size, "%s: refused: %s (CPUs 0-1)\n", name,
				why);
	return snprintf(at, size, "%s: ok\n", name);
}

TEST_F(verdict, is_in_words)
{
	static char said[1024], want[512] = "hypervisor: ok\n";
	size_t n = strlen(want);

	n += add_verdict(want + n, sizeof(want) - n, "machine checks",
			 variant->machine_checks);
	add_verdict(want + n, sizeof(want) - n, "machine check recovery",
		    variant->recovery);
	ASSERT_LT(0, procfile_read(MEMSCAN "capability", said, sizeof(said)));
	said[strnlen(want, sizeof(want))] = '\0';
	EXPECT_STREQ(want, said);
}

#define EXPECT_REFUSED(why) do {					\
	static char want_[256];						\
									\
	snprintf(want_, sizeof(want_), "refused: %s", why);		\
	ASSERT_EQ(0, scanner_set("node0/enabled", "1"));		\
	EXPECT_EQ(-EPERM, range_start(RAM_PA, BASE_PAGE));		\
	EXPECT_TRUE(scanner_comes_to("node0/state", want_));		\
	EXPECT_EQ(0, scanner_figure("node0/read_bytes"));		\
} while (0)

#define EXPECT_SCANNING() do {						\
	ASSERT_EQ(0, scanner_set("node0/enabled", "1"));		\
	EXPECT_EQ(0, range_read(RAM_PA, BASE_PAGE));			\
	EXPECT_EQ(1, range_last("read_pages"));				\
	EXPECT_TRUE(poll_until(scanner_figure("node0/read_bytes")));	\
} while (0)

TEST_F(verdict, is_obeyed)
{
	const char *why = variant->machine_checks ?: variant->recovery;

	if (why)
		EXPECT_REFUSED(why);
	else
		EXPECT_SCANNING();
}

/* force=1 does not override a check that prevents a reset of the machine. */
TEST_F(verdict, is_forced_only_where_it_is_survived)
{
	ASSERT_EQ(0, scanner_unload());
	ASSERT_EQ(0, scanner_load("force=1"));
	if (variant->machine_checks)
		EXPECT_REFUSED(variant->machine_checks);
	else
		EXPECT_SCANNING();
}

TEST_HARNESS_MAIN
