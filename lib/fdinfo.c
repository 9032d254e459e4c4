// SPDX-License-Identifier: MIT
#define _GNU_SOURCE
#include "fdinfo.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "context.h"
#include "region.h"

/* The text after @key and blanks; NULL if @line does not start with @key. */
static const char *value_of(const char *line, const char *key)
{
	size_t length = strlen(key);

	if (strncmp(line, key, length))
		return NULL;
	line += length;
	return line + strspn(line, " \t");
}

/* One hex number with 0x; strtoull() alone would accept signs and blanks. */
static bool parse_hex(const char **text, uint64_t *number)
{
	char *end;

	if (strncmp(*text, "0x", 2) || !strchr("0123456789abcdefABCDEF", (*text)[2]) ||
	    !(*text)[2])
		return false;
	errno = 0;
	*number = strtoull(*text, &end, 16);
	*text = end;
	return !errno;
}

static bool parse_range(const char *text, struct mfr_range *range)
{
	if (!parse_hex(&text, &range->offset) || *text++ != '+' ||
	    !parse_hex(&text, &range->length))
		return false;
	return (!*text || !strcmp(text, "\n")) && range->length &&
	       range->length <= UINT64_MAX - range->offset;
}

int mfr_fdinfo_line(const char *line, struct mfr_range *range)
{
	const char *value = value_of(line, "mf_keep_ue_mapped:");
	int saved = errno;
	bool valid;

	if (value)
		return *value == '1' ? MFR_FDINFO_POLICY : MFR_FDINFO_OTHER;
	value = value_of(line, "mf_ue:");
	if (!value)
		return MFR_FDINFO_OTHER;
	valid = parse_range(value, range);
	errno = saved;
	return valid ? MFR_FDINFO_RANGE : -EBADMSG;
}

/* What lies behind the region came when the file grew. */
static void take_range(struct mfr_region *region, struct mfr_range range,
		       uint64_t *pages)
{
	if (range.offset >= region->bytes)
		return;
	if (range.length > region->bytes - range.offset)
		range.length = region->bytes - range.offset;
	*pages += mfr_ledger_mark(region->ledger, range.offset, range.length);
}

static int take_line(struct mfr_region *region, const char *line,
		     uint64_t *pages)
{
	struct mfr_range range;
	int kind = mfr_fdinfo_line(line, &range);

	if (kind == MFR_FDINFO_POLICY) {
		region->kept = true;
		region->whole = false;
	}
	if (kind != MFR_FDINFO_RANGE)
		return kind < 0 ? kind : 0;
	take_range(region, range, pages);
	return 0;
}

static FILE *open_fdinfo(int fd)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	return fopen(path, "re");
}

int mfr_fdinfo_has_policy(int fd)
{
	FILE *file = open_fdinfo(fd);
	struct mfr_range range;
	char *line = NULL;
	bool has = false;
	size_t size = 0;

	if (!file)
		return -errno;
	while (!has && getline(&line, &size, file) >= 0)
		has = mfr_fdinfo_line(line, &range) == MFR_FDINFO_POLICY;
	free(line);
	fclose(file);
	return has;
}

int mfr_fdinfo_load(struct mfr_region *region, uint64_t *pages)
{
	FILE *file = open_fdinfo(region->fd);
	char *line = NULL;
	size_t size = 0;
	int err = 0;

	*pages = 0;
	if (!file && errno != ENOENT && errno != EACCES)
		return -errno;
	if (!file) {
		mfr_context_say(region->context,
				"cannot read /proc/self/fdinfo/%d: %s; what was lost before is not on the ledger",
				region->fd, strerror(errno));
		return 0;
	}
	region->whole = true;
	while (!err && getline(&line, &size, file) >= 0)
		err = take_line(region, line, pages);
	/* Neither a failed read nor a lack of memory may shorten the list */
	if (!err && !feof(file))
		err = -EIO;
	free(line);
	fclose(file);
	return err;
}
