/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * JSON as the subcommands print it, made with jansson.  A failed allocation
 * ends the program, so callers need not check.
 */
#ifndef MFR_JSON_H
#define MFR_JSON_H

#include <jansson.h>

#include "host.h"
#include "problems.h"

/* Like json_pack(), but never NULL. */
json_t *json_make(const char *format, ...);

/* Print to the standard output, indented or on one line, and free @json. */
void json_print(json_t *json);
void json_print_line(json_t *json);

/* True if one of these was called. */
bool json_printed(void);

/*
 * Names come from programs and firmware, and are kept as they are; one that is
 * not UTF-8 is escaped (plain.h), as JSON cannot have it.
 */
json_t *json_of_name(const char *name);

/* Null for COUNT_UNKNOWN. */
json_t *json_of_count(uint64_t count);

json_t *json_of_problems(const struct problems *problems);
json_t *json_of_missing(const struct host *host);
json_t *json_of_scan(const struct scan *scan);
json_t *json_of_scanner(const struct scanner *scanner);
json_t *json_of_host(const struct host *host);

#endif /* MFR_JSON_H */
