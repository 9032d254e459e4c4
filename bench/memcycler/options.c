// SPDX-License-Identifier: GPL-2.0-only
#include "options.h"

#include <argp.h>
#include <err.h>
#include <numa.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

const char *const backing_names[] = {
	[BACKING_THP] = "thp",
	[BACKING_2M] = "2M",
	[BACKING_1G] = "1G",
	[BACKING_BASE] = "base",
	NULL
};

const char *const order_names[] = {
	[ORDER_SEQUENTIAL] = "sequential",
	[ORDER_PAGE] = "page",
	[ORDER_LINE] = "line",
	NULL
};

static const char *const how_names[] = {
	[HOW_KEPT] = "kept",
	[HOW_SPLIT] = "split",
	[HOW_POISON] = "poison",
	[HOW_HWPOISON] = "hwpoison",
	NULL
};

static const char doc[] =
	"Cycle through memory with many threads: read every 64-bit word, check it, "
	"write the next value.  The rate is in words per microsecond, of all threads."
	"\vHow a huge page that is hit was dealt with (HOW):\n\n"
	"  kept      still mapped huge, one base page is not touched any more\n"
	"  split     base pages in its place, one is not touched any more\n"
	"  poison    a line is bad, and the kernel decides (in the lab; once)\n"
	"  hwpoison  the same, with MADV_HWPOISON (once)\n\n"
	"Several --hit take turns on the same memory, forwards and backwards, and "
	"are compared with the first.  Exit status: 1 for a wrong value, 2 if the "
	"run is not possible, 3 if a SIGBUS took more than a base page.";

static const struct argp_option entries[] = {
	{ "threads", 't', "N", 0, "Threads (as many as CPUs)", 0 },
	{ "size", 's', "BYTES", 0, "Memory, with K, M or G (1G)", 0 },
	{ "seconds", 'd', "N", 0, "Run time of each turn, at least a pass (10)", 0 },
	{ "warm-up", 'w', "N", 0, "Seconds ahead of each (1)", 0 },
	{ "turns", 'n', "N", 0, "Turns of each --hit (1)", 0 },
	{ "backing", 'b', "KIND", 0,
	  "thp: anonymous huge pages; 2M, 1G: hugetlb memfd; base: 4 KiB pages (thp)",
	  0 },
	{ "keep", 'k', NULL, 0,
	  "Create the memfd with MFD_MF_KEEP_UE_MAPPED", 0 },
	{ "node", 'N', "N", 0, "Threads and memory on this NUMA node", 0 },
	{ "hit", 'H', "SHARE%[:HOW],...", 0,
	  "Share of the huge pages that an error has hit (0)", 0 },
	{ "order", 'o', "ORDER", 0,
	  "sequential; page, line: those at random (sequential)", 0 },
	{ "json", 'j', "FILE", 0, "Write the result as JSON too; -: instead", 0 },
	{ "quiet", 'q', NULL, 0, "No live rate", 0 },
	{ 0 }
};

static double number(const char *text, double max, const char *what)
{
	char *end;
	double n = strtod(text, &end);

	if (end == text || *end || !(n >= 0 && n <= max))
		errx(STATUS_REFUSED, "%s: '%s' is not a number up to %.0f",
		     what, text, max);
	return n;
}

static unsigned int whole(const char *text, unsigned int max, const char *what)
{
	double n = number(text, max, what);

	if (n != (unsigned int)n || !n)
		errx(STATUS_REFUSED, "%s: '%s' is not a whole number above 0",
		     what, text);
	return n;
}

static size_t size(const char *text)
{
	static const char units[] = "KMG";
	unsigned long n;
	const char *unit;
	char *end;

	n = strtoul(text, &end, 10);
	unit = *end ? strchr(units, *end) : NULL;
	if (unit && !end[1])
		n <<= 10 * (unit - units + 1);
	else if (end == text || *end)
		errx(STATUS_REFUSED,
		     "--size: '%s' is not a size, such as 512M or 4G", text);
	return n;
}

static int one_of(const char *text, const char *const *names, const char *what)
{
	int i;

	for (i = 0; names[i]; i++)
		if (!strcmp(text, names[i]))
			return i;
	errx(STATUS_REFUSED, "%s: '%s' is none of those that --help lists",
	     what, text);
}

static void add_state(struct options *o, char *text)
{
	struct damage *d = &o->states[o->n_states];
	char *how, *percent;

	if (o->n_states == STATES_MAX)
		errx(STATUS_REFUSED, "--hit: at most %d", STATES_MAX);
	o->state_names[o->n_states++] = strdup(text);
	how = strchr(text, ':');
	if (how) {
		*how++ = '\0';
		d->how = one_of(how, how_names, "--hit");
	}
	percent = strchr(text, '%');
	if (percent && !percent[1])
		*percent = '\0';
	d->share = number(text, 100, "--hit") / 100;
}

static void add_states(struct options *o, char *list)
{
	char *item;

	for (item = strtok(list, ","); item; item = strtok(NULL, ","))
		add_state(o, item);
}

static void run_on_node(unsigned int node)
{
	struct bitmask *nodes = numa_allocate_nodemask();

	if (numa_available() < 0 || (int)node > numa_max_node() ||
	    numa_run_on_node(node))
		errx(STATUS_REFUSED, "--node: there is no node %u with CPUs",
		     node);
	numa_bitmask_setbit(nodes, node);
	numa_set_membind(nodes);
	numa_free_nodemask(nodes);
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;

	switch (key) {
	case 't':
		o->threads = whole(arg, THREADS_MAX, "--threads");
		return 0;
	case 's':
		o->bytes = size(arg);
		return 0;
	case 'd':
		o->seconds = number(arg, 1e6, "--seconds");
		return 0;
	case 'w':
		o->warm_up_seconds = number(arg, 1e6, "--warm-up");
		return 0;
	case 'n':
		o->turns = whole(arg, 10000, "--turns");
		return 0;
	case 'b':
		o->backing = one_of(arg, backing_names, "--backing");
		return 0;
	case 'k':
		o->keep = true;
		return 0;
	case 'N':
		run_on_node(number(arg, 1023, "--node"));
		return 0;
	case 'H':
		add_states(o, arg);
		return 0;
	case 'o':
		o->order = one_of(arg, order_names, "--order");
		return 0;
	case 'j':
		o->json = arg;
		return 0;
	case 'q':
		o->quiet = true;
		return 0;
	case ARGP_KEY_ARG:
		errx(STATUS_REFUSED, "'%s' is no option", arg);
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static unsigned int cpus(void)
{
	cpu_set_t set;

	return sched_getaffinity(0, sizeof(set), &set) ? 1 : CPU_COUNT(&set);
}

static void check_states(const struct options *o)
{
	unsigned int i;

	for (i = 0; i < o->n_states; i++) {
		const struct damage *d = &o->states[i];

		if (d->share && o->backing == BACKING_BASE)
			errx(STATUS_REFUSED,
			     "--hit: there are no huge pages to hit among base pages");
		if (how_is_poison(d->how) &&
		    (o->n_states > 1 || o->turns > 1))
			errx(STATUS_REFUSED,
			     "--hit: poison cannot be undone for another turn");
	}
}

static void check(const struct options *o)
{
	size_t unit = backing_bytes(o->backing);

	if (!o->bytes || o->bytes % unit)
		errx(STATUS_REFUSED,
		     "--size: %zu bytes are not a multiple of %zu MiB, the huge page",
		     o->bytes, unit >> 20);
	if (o->bytes / BASE_PAGE_BYTES < o->threads)
		errx(STATUS_REFUSED, "--size: less than a page for a thread");
	if (o->keep && o->backing != BACKING_2M && o->backing != BACKING_1G)
		errx(STATUS_REFUSED, "--keep: only a hugetlb memfd can be kept; give --backing 2M or 1G");
	check_states(o);
}

void options_parse(int argc, char **argv, struct options *o)
{
	static const struct argp argp = {
		.options = entries, .parser = parse, .doc = doc,
	};

	*o = (struct options){
		.bytes = 1UL << 30,
		.seconds = 10,
		.warm_up_seconds = 1,
		.turns = 1,
	};
	argp_err_exit_status = STATUS_REFUSED;
	argp_parse(&argp, argc, argv, 0, NULL, o);
	if (!o->threads)
		o->threads = cpus();
	if (!o->n_states)
		add_state(o, (char[]){ "0" });
	check(o);
}
