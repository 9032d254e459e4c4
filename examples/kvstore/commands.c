// SPDX-License-Identifier: MIT
#define _GNU_SOURCE
#include "commands.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "snapshot.h"

struct call {
	struct store *store;
	const char *snapshot;
	char *key;
	char *value;
	FILE *answer;
	uint64_t listed;
};

static void refuse(struct call *c, int err)
{
	const char *why = strerror(-err);

	if (err == -EINVAL)
		why = "a key has 1 to 250 bytes and no blanks";
	else if (err == -E2BIG)
		why = "a value has 65536 bytes at most";
	else if (err == -ENOSPC)
		why = "no memory is left: delete records, or start anew with more";
	fprintf(c->answer, "error %s\n", why);
}

static void set(struct call *c)
{
	int err = store_set(c->store, c->key, c->value, strlen(c->value));

	if (err)
		refuse(c, err);
	else
		fputs("ok\n", c->answer);
}

static void get(struct call *c)
{
	static char value[VALUE_BYTES_MAX];
	int64_t length = store_get(c->store, c->key, value);

	if (length == -ENOENT)
		fputs("none\n", c->answer);
	else if (length < 0)
		fputs("lost\n", c->answer);
	else
		fprintf(c->answer, "value %.*s\n", (int)length, value);
}

static void delete(struct call *c)
{
	fputs(store_delete(c->store, c->key) ? "none\n" : "ok\n", c->answer);
}

static void where(struct call *c)
{
	const struct record *r = store_find(c->store, c->key);

	if (r)
		fprintf(c->answer, "at %" PRIu64 " %" PRIu32 "\n", r->offset, r->length);
	else
		fputs("none\n", c->answer);
}

static void list_if_lost(const struct record *r, void *arg)
{
	struct call *c = arg;

	if (!store_is_lost(c->store, r))
		return;
	fprintf(c->answer, "lost %s\n", r->key);
	c->listed++;
}

static void lost(struct call *c)
{
	store_each(c->store, list_if_lost, c);
	fprintf(c->answer, "end %" PRIu64 "\n", c->listed);
}

static void stats(struct call *c)
{
	const struct mfr_region *r = c->store->region;

	fprintf(c->answer,
		"version %s\nrecords %" PRIu64 "\nbytes %" PRIu64
		"\npage_bytes %" PRIu64 "\nkept %d\nlost_bytes %" PRIu64 "\nend 6\n",
		VERSION, c->store->count, mfr_region_bytes(r),
		mfr_region_page_bytes(r), mfr_region_is_kept(r),
		mfr_ledger_lost_bytes(mfr_region_ledger(r)));
}

static void save(struct call *c)
{
	uint64_t saved, lost;
	int err;

	if (!c->snapshot) {
		fputs("error the server runs without --snapshot FILE\n", c->answer);
		return;
	}
	err = snapshot_save(c->store, c->snapshot, &saved, &lost);
	if (err)
		fprintf(c->answer, "error cannot write %s: %s\n", c->snapshot,
			strerror(-err));
	else
		fprintf(c->answer, "saved %" PRIu64 " lost %" PRIu64 "\n", saved, lost);
}

static const struct command {
	const char *name;
	int words;			/* after the name */
	void (*run)(struct call *c);
} commands[] = {
	{ "set", 2, set },
	{ "get", 1, get },
	{ "delete", 1, delete },
	{ "where", 1, where },
	{ "lost", 0, lost },
	{ "stats", 0, stats },
	{ "save", 0, save },
};

void command_run(struct store *store, const char *snapshot, char *line,
		 FILE *answer)
{
	struct call call = { .store = store, .snapshot = snapshot,
			     .answer = answer };
	const char *name = strsep(&line, " ");
	const struct command *c = commands;
	const struct command *end = c + sizeof(commands) / sizeof(*c);

	while (c < end && strcmp(c->name, name))
		c++;
	if (c == end) {
		fprintf(answer, "error '%.20s' is no command; see kvstore --help\n",
			name);
		return;
	}
	call.key = c->words == 2 ? strsep(&line, " ") : line;
	call.value = line;
	if (c->words ? !line : !!line)
		fprintf(answer, "error %s wants %d words\n", name, c->words);
	else
		c->run(&call);
}
