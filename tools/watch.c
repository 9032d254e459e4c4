// SPDX-License-Identifier: GPL-2.0-only
/*
 * mfr watch: memory errors as they come, from the kernel's tracepoints.
 *
 * A tracing instance of our own: whoever else traces is not disturbed, and
 * what we switched on is gone with us.  libtracefs reads and decodes it.
 */
#include <err.h>
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <tracefs.h>
#include <unistd.h>

#include "command.h"
#include "json.h"
#include "root.h"

#define POLL_MS		100
#define MEMORY_FAILURE	"memory_failure_event"

enum { KEY_COUNT = 0x200 };

/* uapi/asm-generic/siginfo.h: BUS_MCEERR_AR, BUS_MCEERR_AO */
#define SIGBUS_FILTER	"sig == 7 && (code == 4 || code == 5)"

static const struct source {
	const char *system;
	const char *event;
	const char *filter;
	const char *word;	/* what we call it */
} sources[] = {
	{ "mce", "mce_record", NULL, "machine-check" },
	{ "signal", "signal_generate", SIGBUS_FILTER, "sigbus" },
	{ "ras", MEMORY_FAILURE, NULL, "memory-failure" },
	{ "memory_failure", MEMORY_FAILURE, NULL, "memory-failure" },
	{ "ras", "mc_event", NULL, "edac" },
};

static const char *const systems[] = {
	"mce", "signal", "ras", "memory_failure", NULL
};

#define N_SOURCES	(sizeof(sources) / sizeof(sources[0]))

struct watch {
	unsigned long count;	/* end after so many events; 0: never */
	unsigned long seen;
	struct tep_handle *tep;
	struct tracefs_instance *instance;
};

/* An event, decoded. */
struct sighting {
	const struct source *source;
	uint64_t nanoseconds;	/* since boot */
	const char *text;	/* the kernel's own words */
	int pid;		/* in whose context, 0: nobody's */
	char command[32];
	uint64_t pfn;
	int node;		/* -1 if not known */
};

static volatile sig_atomic_t interrupted;

static void on_signal(int sig)
{
	(void)sig;
	interrupted = 1;
}

static const struct source *find_source(const char *event)
{
	size_t i;

	for (i = 0; i < N_SOURCES; i++)
		if (!strcmp(sources[i].event, event))
			return &sources[i];
	return NULL;
}

/* The node that has the memory block of the page. */
static int node_of(uint64_t pfn)
{
	char line[32];
	uint64_t block_bytes;
	unsigned int *nodes;
	int i, n, node = -1;

	if (read_line(line, sizeof(line),
		      "/sys/devices/system/memory/block_size_bytes"))
		return -1;
	block_bytes = strtoull(line, NULL, 16);
	n = list_numbered("/sys/devices/system/node", "node", &nodes);
	for (i = 0; i < n && block_bytes && node < 0; i++)
		if (!access(root_path("/sys/devices/system/node/node%u/memory%"
				      PRIu64, nodes[i],
				      pfn * 4096 / block_bytes), F_OK))
			node = (int)nodes[i];
	free(nodes);
	return node;
}

static void print_text(const struct sighting *s)
{
	printf("%" PRIu64 ".%06" PRIu64 "  %-14s  %s",
	       s->nanoseconds / 1000000000,
	       s->nanoseconds / 1000 % 1000000, s->source->word, s->text);
	if (s->pid)
		printf("; in %s (%d)", s->command, s->pid);
	if (s->node >= 0)
		printf("; node %d", s->node);
	putchar('\n');
	fflush(stdout);
}

static void print_json(const struct sighting *s)
{
	json_print_line(json_make("{ss ss sI so si so so so}",
		"schema", "mfr-watch-1",
		"event", s->source->word,
		"nanoseconds", (json_int_t)s->nanoseconds,
		"text", json_of_name(s->text),
		"pid", s->pid,
		"command", json_of_name(s->command),
		"pfn", s->pfn ? json_integer((json_int_t)s->pfn) : json_null(),
		"node", s->node >= 0 ? json_integer(s->node) : json_null()));
}

/* Events name the page, or an address in it. */
static uint64_t pfn_in(struct tep_event *event, struct tep_record *record)
{
	unsigned long long value;

	if (!tep_get_field_val(NULL, event, "pfn", record, &value, 0))
		return value;
	if (!tep_get_field_val(NULL, event, "addr", record, &value, 0) ||
	    !tep_get_field_val(NULL, event, "address", record, &value, 0))
		return value / 4096;
	return 0;
}

static void decode(struct watch *watch, struct tep_event *event,
		   struct tep_record *record, struct sighting *s)
{
	s->nanoseconds = record->ts;
	s->pid = tep_data_pid(watch->tep, record);
	if (!s->pid || read_line(s->command, sizeof(s->command),
				 "/proc/%d/comm", s->pid))
		strcpy(s->command, "?");
	s->pfn = pfn_in(event, record);
	s->node = s->pfn ? node_of(s->pfn) : -1;
}

/* Called by libtracefs for each event; nonzero ends its round. */
static int show(struct tep_event *event, struct tep_record *record, int cpu,
		void *arg)
{
	struct sighting s = { .source = find_source(event->name) };
	struct watch *watch = arg;
	struct trace_seq text;

	(void)cpu;
	if (!s.source)
		return 0;
	trace_seq_init(&text);
	tep_print_event(watch->tep, &text, record, "%s", TEP_PRINT_INFO);
	trace_seq_terminate(&text);
	s.text = text.buffer;
	decode(watch, event, record, &s);
	(want_json ? print_json : print_text)(&s);
	trace_seq_destroy(&text);
	return ++watch->seen == watch->count;
}

static bool enough(const struct watch *watch)
{
	return watch->count && watch->seen >= watch->count;
}

static int follow(struct watch *watch)
{
	const struct timespec pause = { .tv_nsec = POLL_MS * 1000000L };

	while (!interrupted && !enough(watch)) {
		if (tracefs_iterate_raw_events(watch->tep, watch->instance,
					       NULL, 0, show, watch) < 0) {
			warn("cannot read the kernel's events");
			return STATUS_UNKNOWN;
		}
		nanosleep(&pause, NULL);
	}
	return STATUS_FINE;
}

static int enable(struct watch *watch, const struct source *source)
{
	if (source->filter &&
	    tracefs_event_file_write(watch->instance, source->system,
				     source->event, "filter",
				     source->filter) < 0)
		return -1;
	return tracefs_event_enable(watch->instance, source->system,
				    source->event);
}

/* What a kernel lacks is left out; without memory failures there is no use. */
static int enable_all(struct watch *watch)
{
	bool useful = false;
	size_t i;

	for (i = 0; i < N_SOURCES; i++) {
		if (!tracefs_event_file_exists(watch->instance,
					       sources[i].system,
					       sources[i].event, "enable"))
			continue;
		if (enable(watch, &sources[i])) {
			warn("cannot switch the event %s:%s on",
			     sources[i].system, sources[i].event);
			return -1;
		}
		useful |= !strcmp(sources[i].event, MEMORY_FAILURE);
	}
	if (!useful)
		warnx("this kernel has no event ras:" MEMORY_FAILURE ": it needs CONFIG_MEMORY_FAILURE and CONFIG_RAS");
	return useful ? 0 : -1;
}

static int watch_instance(struct watch *watch)
{
	int status = STATUS_UNKNOWN;

	watch->tep = tracefs_local_events_system(NULL, systems);
	if (!watch->tep)
		warn("cannot read the formats of the kernel's events");
	else if (!enable_all(watch))
		status = follow(watch);
	tep_free(watch->tep);
	return status;
}

static int start(struct watch *watch)
{
	char name[32];
	int status;

	if (!tracefs_tracing_dir()) {
		warnx("no tracefs: run as root, or mount -t tracefs tracefs /sys/kernel/tracing");
		return STATUS_UNKNOWN;
	}
	snprintf(name, sizeof(name), "mfr-%d", getpid());
	watch->instance = tracefs_instance_create(name);
	if (!watch->instance) {
		warn("cannot make the tracing instance %s; run as root", name);
		return STATUS_UNKNOWN;
	}
	status = watch_instance(watch);
	tracefs_instance_destroy(watch->instance);
	tracefs_instance_free(watch->instance);
	return status;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct watch *watch = state->input;
	char *end;

	if (key != KEY_COUNT)
		return ARGP_ERR_UNKNOWN;
	errno = 0;
	watch->count = strtoul(arg, &end, 10);
	if (errno || *end || !watch->count || *arg == '-')
		argp_error(state, "--count %s is not a number above 0", arg);
	return 0;
}

static const struct argp_option options[] = {
	{ .name = "count", .key = KEY_COUNT, .arg = "N",
	  .doc = "End after N events" },
	{ 0 }
};

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.children = json_option,
	.doc = "Show machine checks, memory failures, the SIGBUS that they "
	       "bring, and what EDAC reports, as they come, "
	       "until interrupted."
	       "\vExit status: 0 ended as asked, 2 could not watch.",
};

int command_watch(int argc, char **argv)
{
	struct sigaction sa = { .sa_handler = on_signal };
	struct watch watch = { 0 };

	argp_parse(&argp, argc, argv, 0, NULL, &watch);
	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
	return start(&watch);
}
