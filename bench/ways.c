// SPDX-License-Identifier: GPL-2.0-only
#include "ways.h"

#include <err.h>
#include <string.h>

#include "load.h"

/* clang-format makes one column of assembly. */
/* clang-format off */
#define LINE	((unsigned long)MEMSCAN_LINE_BYTES)

static void page_memscan(const char *from)
{
	if (memscan_load(from, from + PAGE,
			 from + PAGE + MEMSCAN_AHEAD_BYTES).trap)
		errx(1, "a load trapped");
}

/* The instructions have the line's address as %0. */
#define EACH_LINE(instructions, ...)					\
	for (const char *at = from; at < from + PAGE; at += LINE)	\
		__asm__ volatile(instructions				\
				 : : "r" (at) : "memory", ##__VA_ARGS__)

/* Lines of the page that follows, too, which is in the TLB in a huge page. */
static void page_ahead(const char *from)
{
	EACH_LINE("prefetchnta 4096(%0)\n\tmov (%0), %%rax", "rax");
}

#define EIGHT_WORDS							\
	"mov (%0), %%rax\n\tmov 8(%0), %%rax\n\t"			\
	"mov 16(%0), %%rax\n\tmov 24(%0), %%rax\n\t"			\
	"mov 32(%0), %%rax\n\tmov 40(%0), %%rax\n\t"			\
	"mov 48(%0), %%rax\n\tmov 56(%0), %%rax"

static void page_words(const char *from)
{
	EACH_LINE(EIGHT_WORDS, "rax");
}

/* All lines of the page at once, without a place in the outer caches. */
static void page_nta(const char *from)
{
	EACH_LINE("prefetchnta (%0)");
	EACH_LINE(EIGHT_WORDS, "rax");
}

static void page_lines(const char *from)
{
	EACH_LINE("mov (%0), %%rax", "rax");
}

static void page_sse(const char *from)
{
	EACH_LINE("movdqa (%0), %%xmm0\n\tmovdqa 16(%0), %%xmm1\n\t"
		  "movdqa 32(%0), %%xmm2\n\tmovdqa 48(%0), %%xmm3",
		  "xmm0", "xmm1", "xmm2", "xmm3");
}

static void page_avx2(const char *from)
{
	EACH_LINE("vmovdqa (%0), %%ymm0\n\tvmovdqa 32(%0), %%ymm1",
		  "xmm0", "xmm1");
}

static void page_avx512(const char *from)
{
	EACH_LINE("vmovdqa64 (%0), %%zmm0", "xmm0");
}

static void page_ntload(const char *from)
{
	EACH_LINE("vmovntdqa (%0), %%ymm0\n\tvmovntdqa 32(%0), %%ymm1",
		  "xmm0", "xmm1");
}

static void page_lods(const char *from)
{
	size_t words = PAGE / 8;

	__asm__ volatile("rep lodsq" : "+S" (from), "+c" (words)
			 : : "rax", "memory");
}

static char sink[PAGE] __attribute__((aligned(PAGE)));

/* What copy_mc_to_kernel() does, which other scanners use for each page. */
static void page_movs(const char *from)
{
	char *to = sink;
	size_t n = PAGE;

	__asm__ volatile("rep movsb" : "+S" (from), "+D" (to), "+c" (n)
			 : : "memory");
}

static void page_memcpy(const char *from)
{
	memcpy(sink, from, PAGE);
	__asm__ volatile("" : : "r" (sink) : "memory");
}

/* clang-format on */

static bool always(void)
{
	return true;
}

static bool has_avx2(void)
{
	return __builtin_cpu_supports("avx2");
}

static bool has_avx512(void)
{
	return __builtin_cpu_supports("avx512f");
}

const struct way ways[] = {
	{ "memscan", page_memscan, always },
	{ "ahead", page_ahead, always },
	{ "lines", page_lines, always },
	{ "nta", page_nta, always },
	{ "words", page_words, always },
	{ "sse", page_sse, always },
	{ "avx2", page_avx2, has_avx2 },
	{ "avx512", page_avx512, has_avx512 },
	{ "ntload", page_ntload, has_avx2 },
	{ "lods", page_lods, always },
	{ "movs", page_movs, always },
	{ "memcpy", page_memcpy, always },
	{ NULL, NULL, NULL }
};

const struct way *way_find(const char *name)
{
	const struct way *way = ways;

	while (strcmp(way->name, name))
		way++;
	return way;
}

void way_read(const struct way *way, const char *from, size_t bytes)
{
	const char *page;

	for (page = from; page < from + bytes; page += PAGE)
		way->page(page);
}
