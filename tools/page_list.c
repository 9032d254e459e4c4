// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "page_list.h"

#define MAGIC		"mfr-badpages 2"
#define MAGIC_1		"mfr-badpages 1"	/* without a checksum */

struct parser {
	const char *begin;
	const char *line_begin;
	bool has_checksum;
	const char *text;
	size_t left;
	unsigned int line_number;
	char line[sizeof(((struct machine *)0)->blocks) + 16];
	const char *wrong;
};

/* Take the next line; false at the end, or if a list cannot contain it. */
static bool next_line(struct parser *p)
{
	const char *end = memchr(p->text, '\n', p->left);
	size_t len = end ? (size_t)(end - p->text) : 0;

	p->line_number++;
	if (!end || len >= sizeof(p->line) || memchr(p->text, 0, len)) {
		p->wrong = p->left ? "not a line of such a list" :
				     "the list ends too early";
		return false;
	}
	memcpy(p->line, p->text, len);
	p->line_begin = p->text;
	p->line[len] = '\0';
	p->text = end + 1;
	p->left -= len + 1;
	return true;
}

/* The rest of the next line, which has to begin with @word. */
static bool next_value(struct parser *p, const char *word, char *value,
		       size_t size)
{
	size_t len = strlen(word);

	if (!next_line(p))
		return false;
	if (strncmp(p->line, word, len) || p->line[len] != ' ' ||
	    !p->line[len + 1] || strlen(p->line + len + 1) >= size) {
		p->wrong = word;
		return false;
	}
	strcpy(value, p->line + len + 1);
	return true;
}

static bool parse_hex(const char **p, uint64_t *value)
{
	char *end;

	if (strncmp(*p, "0x", 2) || !strchr("0123456789abcdef", (*p)[2]) ||
	    !(*p)[2])
		return false;
	errno = 0;
	*value = strtoull(*p, &end, 16);
	*p = end;
	return !errno;
}

static bool parse_range(const char *p, struct page_range *range)
{
	return parse_hex(&p, &range->start) && *p++ == ' ' &&
	       parse_hex(&p, &range->length) && !*p &&
	       range->length && !(range->start % PAGE_LIST_BASE_BYTES) &&
	       !(range->length % PAGE_LIST_BASE_BYTES) &&
	       range->start + range->length > range->start;
}

static int append(struct page_list *list, const struct page_range *range)
{
	struct page_range *more = list->range;

	/* The array grows by doubling, so it is full at powers of two. */
	if (!(list->n & (list->n - 1))) {
		more = reallocarray(more, list->n ? 2 * list->n : 1,
				    sizeof(*more));
		if (!more)
			return -ENOMEM;
		list->range = more;
	}
	more[list->n++] = *range;
	return 0;
}

static uint64_t end_of(const struct page_range *range)
{
	return range->start + range->length;
}

static int parse_page(struct page_list *list, struct parser *p)
{
	struct page_range range;

	if (!parse_range(p->line + strlen("page "), &range))
		p->wrong = "not 'page 0xADDRESS 0xLENGTH' in whole pages";
	else if (list->n && end_of(&list->range[list->n - 1]) > range.start)
		p->wrong = "pages are not in order, or overlap";
	else
		return append(list, &range);
	return -EINVAL;
}

/* CRC-32 as in IEEE 802.3: one digit that flips retires a good page. */
static uint32_t checksum(const char *text, size_t size)
{
	uint32_t crc = UINT32_MAX;
	unsigned int bit;

	while (size--) {
		crc ^= (unsigned char)*text++;
		for (bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
	}
	return ~crc;
}

static int parse_end(const struct page_list *list, struct parser *p)
{
	char expected[48];
	int n = snprintf(expected, sizeof(expected), "end %zu", list->n);

	if (p->has_checksum)
		snprintf(expected + n, sizeof(expected) - (size_t)n, " %08x",
			 checksum(p->begin, (size_t)(p->line_begin - p->begin)));
	if (p->has_checksum && !strncmp(p->line, expected, (size_t)n) &&
	    strcmp(p->line, expected))
		p->wrong = "the checksum is not that of the list: it was changed or damaged";
	else if (strcmp(p->line, expected))
		p->wrong = "neither a page nor the end with the right count";
	else if (p->left)
		p->wrong = "something follows the end";
	return p->wrong ? -EINVAL : 0;
}

static int parse_pages(struct page_list *list, struct parser *p)
{
	int err;

	while (next_line(p)) {
		if (strncmp(p->line, "page ", 5))
			return parse_end(list, p);
		err = parse_page(list, p);
		if (err)
			return err;
	}
	return -EINVAL;
}

static int parse_all(struct page_list *list, struct parser *p)
{
	struct machine *machine = &list->machine;

	if (!next_line(p))
		return -EINVAL;
	p->has_checksum = !strcmp(p->line, MAGIC);
	if (!p->has_checksum && strcmp(p->line, MAGIC_1)) {
		p->wrong = "not '" MAGIC "': another kind of file, or another version of mfr wrote it";
		return -EINVAL;
	}
	if (!next_value(p, "machine", machine->id, sizeof(machine->id)) ||
	    !next_value(p, "blocks", machine->blocks, sizeof(machine->blocks)))
		return -EINVAL;
	return parse_pages(list, p);
}

int page_list_parse(struct page_list *list, const char *text, size_t size,
		    char why[128])
{
	struct parser p = { .begin = text, .text = text, .left = size };
	int err;

	*list = (struct page_list){ 0 };
	err = parse_all(list, &p);
	if (!err)
		return 0;
	page_list_free(list);
	snprintf(why, 128, "line %u: %s", p.line_number,
		 p.wrong ? p.wrong : strerror(-err));
	return err;
}

static void print_lines(const struct page_list *list, FILE *f)
{
	size_t i;

	fprintf(f, MAGIC "\nmachine %s\nblocks %s\n", list->machine.id,
		list->machine.blocks);
	for (i = 0; i < list->n; i++)
		fprintf(f, "page 0x%" PRIx64 " 0x%" PRIx64 "\n",
			list->range[i].start, list->range[i].length);
}

int page_list_print(const struct page_list *list, FILE *f)
{
	char *text = NULL;
	size_t size;
	FILE *lines = open_memstream(&text, &size);
	int err = lines ? 0 : -errno;

	if (lines)
		print_lines(list, lines);
	if (lines && fclose(lines))
		err = -errno;
	if (!err)
		fprintf(f, "%send %zu %08x\n", text, list->n,
			checksum(text, size));
	free(text);
	return err;
}

/* The first range that ends at or after @start. */
static size_t place_of(const struct page_list *list, uint64_t start)
{
	size_t from = 0, to = list->n;

	while (from < to) {
		size_t middle = from + (to - from) / 2;

		if (end_of(&list->range[middle]) < start)
			from = middle + 1;
		else
			to = middle;
	}
	return from;
}

int page_list_add(struct page_list *list, uint64_t start, uint64_t length)
{
	size_t i = place_of(list, start), last = i;
	uint64_t end = start + length;

	while (last < list->n && list->range[last].start <= end) {
		if (list->range[last].start < start)
			start = list->range[last].start;
		if (end_of(&list->range[last]) > end)
			end = end_of(&list->range[last]);
		last++;
	}
	if (i == last && append(list, &(struct page_range){ 0 }))
		return -ENOMEM;
	/* Move the ranges from last on to i + 1; append() made room. */
	memmove(&list->range[i + 1], &list->range[last],
		(list->n - (i == last) - last) * sizeof(*list->range));
	list->n -= last > i ? last - i - 1 : 0;
	list->range[i] = (struct page_range){ start, end - start };
	return 0;
}

uint64_t page_list_bytes(const struct page_list *list)
{
	uint64_t sum = 0;
	size_t i;

	for (i = 0; i < list->n; i++)
		sum += list->range[i].length;
	return sum;
}

void page_list_free(struct page_list *list)
{
	free(list->range);
	*list = (struct page_list){ 0 };
}
