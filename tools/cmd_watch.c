// SPDX-License-Identifier: GPL-2.0-only
/*
 * mfr watch: memory errors as they occur, from the kernel's tracepoints.
 *
 * A tracing instance of our own does not disturb other tracers, and destroying
 * it disables what we enabled.  libtracefs reads and decodes its events.
 */
#include <err.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <tracefs.h>
#include <unistd.h>

#include "command.h"
#include "culprit.h"
#include "dimm_labels.h"
#include "event_formats.h"
#include "interrupt.h"
#include "json.h"
#include "lost_events.h"
#include "machine.h"
#include "mce.h"
#include "number.h"
#include "plain.h"
#include "root.h"

#define POLL_MS		100
#define MEMORY_FAILURE	"memory_failure_event"
#define EDAC		"mc_event"

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
	{ "memscan", "memscan_hit", NULL, "scan-hit" },
	{ "memscan", "memscan_pass", NULL, "scan-pass" },
	{ "ras", EDAC, NULL, "edac" },
};

#define N_SOURCES	(sizeof(sources) / sizeof(sources[0]))

/* Not an event: a gap between events. */
static const struct source gap = { .event = "", .word = "lost" };

/* An event, decoded. */
struct sighting {
	const struct source *source;
	uint64_t nanoseconds;	/* since boot; 0 for a gap */
	char *text;		/* in the event's own print format */
	struct culprit culprit;
	uint64_t pfn;
	int node;		/* -1 if not known */
	uint64_t lost;		/* number of events missing here */
};

/*
 * The events of a round are all decoded before the first is shown: EDAC may
 * name the DIMM of an error before or after the kernel has handled the error.
 */
struct watch {
	uint64_t count;		/* end after this many events; 0: never */
	uint64_t shown;
	uint64_t lost;
	struct tep_handle *tep;
	struct tracefs_instance *instance;
	size_t n;
	struct sighting *sighting;
};

static const struct source *find_source(const char *event)
{
	size_t i;

	for (i = 0; i < N_SOURCES; i++)
		if (!strcmp(sources[i].event, event))
			return &sources[i];
	return NULL;
}

/* The node that has the page's memory block, or -1. */
static int node_of(uint64_t pfn)
{
	uint64_t block_bytes;
	unsigned int *nodes;
	int i, n, node = -1;

	if (machine_block_bytes(&block_bytes))
		return -1;
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
	const char *dimm = dimm_labels_find(s->pfn);
	char *text = plain_copy(s->text);

	if (s->nanoseconds)
		printf("%" PRIu64 ".%06" PRIu64, s->nanoseconds / 1000000000,
		       s->nanoseconds / 1000 % 1000000);
	else
		putchar('-');
	printf("  %-14s  %s", s->source->word, text);
	free(text);
	if (s->culprit.pid)
		printf("; in %s (%d)", plain_text(s->culprit.command).text,
		       s->culprit.pid);
	if (s->node >= 0)
		printf("; node %d", s->node);
	if (dimm && strcmp(s->source->event, EDAC))
		printf("; DIMM %s", plain_text(dimm).text);
	putchar('\n');
	fflush(stdout);
}

static void print_json(const struct sighting *s)
{
	const char *dimm = dimm_labels_find(s->pfn);

	json_print_line(json_make("{ss ss so so si so so so so sI}",
		"schema", "mfr-watch-1",
		"event", s->source->word,
		"nanoseconds", s->nanoseconds ?
			json_integer((json_int_t)s->nanoseconds) : json_null(),
		"text", json_of_name(s->text),
		"pid", s->culprit.pid,
		"command", json_of_name(s->culprit.command),
		"pfn", s->pfn ? json_integer((json_int_t)s->pfn) : json_null(),
		"node", s->node >= 0 ? json_integer(s->node) : json_null(),
		"dimm", dimm ? json_of_name(dimm) : json_null(),
		"lost", (json_int_t)s->lost));
}

static void show(const struct sighting *s)
{
	(want_json ? print_json : print_text)(s);
}

static uint64_t field(struct tep_event *event, struct tep_record *record,
		      const char *name)
{
	unsigned long long value;

	return tep_get_field_val(NULL, event, name, record, &value, 0) ?
	       0 : value;
}

static uint64_t pfn_of_mce(struct tep_event *event, struct tep_record *record)
{
	const struct mce_record mce = {
		.status = field(event, record, "status"),
		.addr = field(event, record, "addr"),
		.misc = field(event, record, "misc"),
		.ipid = field(event, record, "ipid"),
		.bank = (unsigned int)field(event, record, "bank"),
		.vendor = (unsigned int)field(event, record, "cpuvendor"),
	};

	return mce_pfn(&mce, mce_physical_bits());
}

/* An event has the pfn, an address in the page, or neither (0). */
static uint64_t pfn_in(struct tep_event *event, struct tep_record *record)
{
	if (!strcmp(event->name, "mce_record"))
		return pfn_of_mce(event, record);
	if (!strcmp(event->name, EDAC))
		return field(event, record, "address") / 4096;
	return field(event, record, "pfn");
}

static void decode(struct watch *watch, struct tep_event *event,
		   struct tep_record *record, struct sighting *s)
{
	s->nanoseconds = record->ts;
	s->culprit = culprit_of(watch->tep, event, record);
	s->pfn = pfn_in(event, record);
	s->node = s->pfn ? node_of(s->pfn) : -1;
}

static char *text_of(struct watch *watch, struct tep_record *record)
{
	struct trace_seq seq;
	char *text;

	trace_seq_init(&seq);
	tep_print_event(watch->tep, &seq, record, "%s", TEP_PRINT_INFO);
	trace_seq_terminate(&seq);
	text = strdup(seq.buffer);
	trace_seq_destroy(&seq);
	if (!text)
		err(STATUS_UNKNOWN, "no memory for an event");
	return text;
}

static void note_dimm(struct tep_event *event, struct tep_record *record,
		      uint64_t pfn)
{
	const char *label;
	int len;

	if (strcmp(event->name, EDAC))
		return;
	label = tep_get_field_raw(NULL, event, "label", record, &len, 0);
	if (label)
		dimm_labels_note(pfn, label);
}

/* Called by libtracefs for each event. */
static int collect(struct tep_event *event, struct tep_record *record,
		   int cpu, void *arg)
{
	struct sighting s = { .source = find_source(event->name) };
	struct watch *watch = arg;
	struct sighting *more;

	(void)cpu;
	if (!s.source)
		return 0;
	s.text = text_of(watch, record);
	decode(watch, event, record, &s);
	note_dimm(event, record, s.pfn);
	more = reallocarray(watch->sighting, watch->n + 1, sizeof(s));
	if (!more)
		err(STATUS_UNKNOWN, "no memory for an event");
	watch->sighting = more;
	more[watch->n++] = s;
	return 0;
}

static bool enough(const struct watch *watch)
{
	return watch->count && watch->shown >= watch->count;
}

/*
 * Overwritten events are older than any that their CPU still has, so the gap is
 * shown first.  If a round has no events, none was overwritten.
 */
static int show_gap(struct watch *watch)
{
	struct sighting s = { .source = &gap, .culprit.command = "?",
			      .node = -1 };
	uint64_t lost = watch->lost;

	if (watch->n && lost_events_count(watch->instance, &lost))
		return -1;
	s.lost = lost - watch->lost;
	watch->lost = lost;
	if (!s.lost)
		return 0;
	if (asprintf(&s.text, "%" PRIu64 " events are missing here: they came faster than they were read; mfr status has all errors in its counters",
		     s.lost) < 0)
		return -1;
	show(&s);
	free(s.text);
	return 0;
}

static void show_round(struct watch *watch)
{
	size_t i;

	for (i = 0; i < watch->n; i++) {
		if (!enough(watch)) {
			show(&watch->sighting[i]);
			watch->shown++;
		}
		free(watch->sighting[i].text);
	}
	watch->n = 0;
}

static int follow_events(struct watch *watch)
{
	int status = STATUS_FINE;

	while (!interrupted() && !enough(watch)) {
		if (tracefs_iterate_raw_events(watch->tep, watch->instance,
					       NULL, 0, collect, watch) < 0 ||
		    show_gap(watch)) {
			warn("cannot read the kernel's events");
			status = STATUS_UNKNOWN;
			break;
		}
		show_round(watch);
		interrupt_or_pause(POLL_MS);
	}
	free(watch->sighting);
	return status;
}

static int enable(struct watch *watch, const struct source *source)
{
	if (event_formats_add(watch->tep, source->system, source->event))
		return -1;
	if (source->filter &&
	    tracefs_event_file_write(watch->instance, source->system,
				     source->event, "filter",
				     source->filter) < 0)
		return -1;
	return tracefs_event_enable(watch->instance, source->system,
				    source->event);
}

/* Events that the kernel lacks are left out; memory failures are required. */
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

	watch->tep = event_formats_new();
	if (!watch->tep)
		warn("cannot read the formats of the kernel's events");
	else if (!enable_all(watch))
		status = follow_events(watch);
	tep_free(watch->tep);
	return status;
}

static int start(struct watch *watch)
{
	char name[32];
	int status;

	if (!tracefs_tracing_dir()) {
		warnx("there is no tracefs: mount -t tracefs tracefs /sys/kernel/tracing, as root; a kernel that has none lacks CONFIG_TRACING");
		return STATUS_UNKNOWN;
	}
	snprintf(name, sizeof(name), "mfr-%d", getpid());
	watch->instance = tracefs_instance_create(name);
	if (!watch->instance) {
		warnx("cannot make the tracing instance %s: %s%s", name,
		      strerror(errno),
		      errno == EACCES || errno == EPERM ? "; run as root" : "");
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

	if (key != KEY_COUNT)
		return ARGP_ERR_UNKNOWN;
	if (!number_parse(arg, &watch->count) || !watch->count)
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
	       "bring, what the scanner finds and EDAC reports, as they come, "
	       "until interrupted."
	       "\vExit status: 0 ended as asked, 2 could not watch.",
};

int command_watch(int argc, char **argv)
{
	struct watch watch = { 0 };

	argp_parse(&argp, argc, argv, 0, NULL, &watch);
	interrupt_catch();
	return start(&watch);
}
