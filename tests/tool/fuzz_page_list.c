// SPDX-License-Identifier: GPL-2.0-only
/*
 * Any bytes as a list of bad pages: refused, or a list that prints to the same
 * and that more pages can be added to in any order.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "page_list.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "does not hold: %s\n", what);
	abort();
}

static char *print(const struct page_list *list, size_t *size)
{
	char *text = NULL;
	FILE *f = open_memstream(&text, size);

	require(!!f, "memory");
	require(!page_list_print(list, f), "memory");
	require(!fclose(f), "memory");
	return text;
}

/* Add its ranges to an empty list, last first, and each twice. */
static void add_backwards(const struct page_list *list)
{
	struct page_list other = { .machine = list->machine };
	char why[128], *text;
	size_t i, size;

	for (i = list->n; i--;) {
		require(!page_list_add(&other, list->range[i].start,
				       list->range[i].length), "memory");
		require(!page_list_add(&other, list->range[i].start,
				       list->range[i].length), "memory");
	}
	require(page_list_bytes(&other) == page_list_bytes(list),
		"adding in any order gives the same bytes");
	text = print(&other, &size);
	page_list_free(&other);
	require(!page_list_parse(&other, text, size, why),
		"what was added is in order");
	page_list_free(&other);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct page_list list;
	size_t printed_size;
	char why[128] = "", *printed;

	if (page_list_parse(&list, (const char *)data, size, why)) {
		require(*why, "a refusal says why");
		return 0;
	}
	printed = print(&list, &printed_size);
	add_backwards(&list);
	require(list.n < size, "no more pages than bytes");
	page_list_free(&list);
	require(!page_list_parse(&list, printed, printed_size, why),
		"what is printed can be read");
	page_list_free(&list);
	free(printed);
	return 0;
}
