// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdlib.h>

#include "event_formats.h"

/* ras:mc_event prints mc_event_error_type(NUMBER); names as in linux/edac.h. */
static unsigned long long error_type(struct trace_seq *seq,
				     unsigned long long *args)
{
	static const char *const names[] = {
		"Corrected", "Uncorrected", "Deferred", "Fatal", "Info",
	};
	const unsigned long long last = sizeof(names) / sizeof(names[0]) - 1;

	trace_seq_puts(seq, names[args[0] < last ? args[0] : last]);
	return 0;
}

/* The layout of the header of a ring buffer's page. */
static int add_header(struct tep_handle *tep)
{
	int size, err = -1;
	char *header = tracefs_instance_file_read(NULL, "events/header_page",
						  &size);

	if (header)
		err = tep_parse_header_page(tep, header, (unsigned long)size,
					    sizeof(long));
	free(header);
	return err;
}

struct tep_handle *event_formats_new(void)
{
	struct tep_handle *tep = tep_alloc();

	if (!tep)
		return NULL;
	if (!tep_register_print_function(tep, error_type, TEP_FUNC_ARG_STRING,
					 "mc_event_error_type",
					 TEP_FUNC_ARG_INT, TEP_FUNC_ARG_VOID) &&
	    !add_header(tep))
		return tep;
	tep_free(tep);
	return NULL;
}

int event_formats_add(struct tep_handle *tep, const char *system,
		      const char *event)
{
	char *format;
	int size, err;

	format = tracefs_event_file_read(NULL, system, event, "format", &size);
	if (!format)
		return -1;
	err = tep_parse_event(tep, format, (unsigned long)size, system);
	free(format);
	if (err)
		errno = EPROTO;
	return err ? -1 : 0;
}
