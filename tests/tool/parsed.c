// SPDX-License-Identifier: GPL-2.0-only
/* Words from outside, at the edges of what they may be. */
#include <arpa/inet.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "accept.h"
#include "local_socket.h"
#include "machine.h"
#include "moment.h"
#include "number.h"
#include "plain.h"
#include "root.h"
#include "size.h"

#define N(table)	(sizeof(table) / sizeof((table)[0]))

static unsigned int number;
static bool failed;

static void ok(bool good, const char *what, const char *name)
{
	failed |= !good;
	printf("%sok %u - %s %s\n", good ? "" : "not ", ++number, what, name);
}

static const struct {
	const char *text;
	bool good;
	uint64_t value;
} numbers[] = {
	{ "0", true, 0 }, { "010", true, 8 }, { "0x1f", true, 31 }, { "9", true, 9 },
	{ "18446744073709551615", true, UINT64_MAX },
	{ "0xffffffffffffffff", true, UINT64_MAX },
	{ "18446744073709551616" }, { "0x10000000000000000" }, { "" }, { "-1" },
	{ "+1" }, { " 1" }, { "1 " }, { "1K" }, { "x" }, { "9223372036854775808", true, 1ULL << 63 },
}, sizes[] = {
	{ "0", true, 0 }, { "4096", true, 4096 }, { "1K", true, 1024 }, { "3M", true, 3 << 20 },
	{ "2G", true, 2ULL << 30 }, { "5T", true, 5ULL << 40 },
	{ "18446744073709551615", true, UINT64_MAX },
	{ "18014398509481983K", true, UINT64_MAX - 1023 }, { "18014398509481984K" },
	{ "16777215T", true, 0xffffffULL << 40 }, { "16777216T" },
	{ "1P" }, { "1k" }, { "1KK" }, { "1KiB" }, { "K" }, { "-1K" },
};

static void test_numbers(void)
{
	uint64_t value;
	size_t i;

	for (i = 0; i < N(numbers); i++)
		ok(number_parse(numbers[i].text, &value) == numbers[i].good &&
		   (!numbers[i].good || value == numbers[i].value), "number", numbers[i].text);
	for (i = 0; i < N(sizes); i++)
		ok(size_parse(sizes[i].text, &value) == sizes[i].good &&
		   (!sizes[i].good || value == sizes[i].value), "size", sizes[i].text);
}

static const struct {
	uint64_t bytes;
	const char *text;
} texts[] = {
	{ 0, "0 bytes" }, { 1023, "1023 bytes" }, { 1024, "1 KiB" }, { 1025, "1025 bytes" },
	{ 4096, "4 KiB" }, { 3 << 20, "3 MiB" }, { 1ULL << 30, "1 GiB" }, { 7ULL << 40, "7 TiB" },
	{ 2048ULL << 40, "2048 TiB" }, { UINT64_MAX, "18446744073709551615 bytes" },
}, rates[] = {
	{ 0, "0.0 MB/s" }, { 99999, "0.0 MB/s" }, { 100000, "0.1 MB/s" },
	{ 12749999, "12.7 MB/s" }, { 1000000000, "1000.0 MB/s" },
}, spans[] = {
	{ 0, "0 s" }, { 59, "59 s" }, { 60, "1 min 0 s" }, { 3599, "59 min 59 s" },
	{ 3600, "1 h 0 min" }, { 90061, "25 h 1 min" },
}, moments[] = {
	{ 0, "never" }, { 1, "1970-01-01 00:00" }, { 1764075600, "2025-11-25 13:00" },
	{ UINT64_MAX / 2, "never" },
};

static void test_texts(void)
{
	size_t i;

	for (i = 0; i < N(texts); i++)
		ok(!strcmp(size_text(texts[i].bytes).text, texts[i].text), "text", texts[i].text);
	for (i = 0; i < N(rates); i++)
		ok(!strcmp(rate_text(rates[i].bytes).text, rates[i].text), "rate", rates[i].text);
	for (i = 0; i < N(spans); i++)
		ok(!strcmp(span_text(spans[i].bytes).text, spans[i].text), "span", spans[i].text);
	for (i = 0; i < N(moments); i++)
		ok(!strcmp(moment_text(moments[i].bytes).text, moments[i].text), "moment",
		   moments[i].text);
	ok(!strcmp(count_text(COUNT_UNKNOWN).text, "?"), "count", "that is not known");
	ok(!strcmp(count_text(12).text, "12"), "count", "of twelve");
}

/* What a terminal may get: all of ASCII but control characters. */
static void test_plain(void)
{
	char name[2001];
	struct plain_text text = plain_text(" ~\x1f\x7f\xff");

	ok(!strcmp(text.text, " ~\\x1f\\x7f\\xff"), "plain", "text");
	memset(name, '\n', 2000);
	name[2000] = '\0';
	text = plain_text(name);
	ok(strlen(text.text) < sizeof(text.text) && strlen(text.text) % 4 == 0 &&
	   strlen(text.text) + 5 >= sizeof(text.text), "plain", "text is cut between two characters");
}

static const struct {
	const char *accept;
	enum exposition_format format;
} accepts[] = {
#define OPEN	"application/openmetrics-text"
	{ NULL, PROMETHEUS_TEXT }, { "", PROMETHEUS_TEXT },
	{ OPEN, OPENMETRICS }, { OPEN ";q=0", PROMETHEUS_TEXT },
	{ OPEN ";q=0.000", PROMETHEUS_TEXT }, { OPEN ";q=0.001", OPENMETRICS },
	{ OPEN ";q=0.0009", PROMETHEUS_TEXT },
	{ OPEN ";q=0.5,text/plain;q=0.5", OPENMETRICS },
	{ "text/plain;q=0.5," OPEN ";q=0.5", OPENMETRICS },
	{ OPEN ";q=0.5,text/plain;q=0.501", PROMETHEUS_TEXT },
	{ OPEN ";q=0.501,text/plain;q=0.5", OPENMETRICS },
	{ OPEN ";q=0.1,text/plain;q=0.09", OPENMETRICS },
	{ OPEN ";q=0.09,text/plain;q=0.1", PROMETHEUS_TEXT },
	{ OPEN ";q=1,text/plain", OPENMETRICS }, { OPEN ";q=1.0,text/plain", OPENMETRICS },
	{ OPEN ";q=1.9,text/plain", OPENMETRICS }, { OPEN ";q=0.999,text/plain", PROMETHEUS_TEXT },
	{ OPEN ";q=2,text/plain;q=0.1", PROMETHEUS_TEXT }, { OPEN ";q=x", PROMETHEUS_TEXT },
	{ "text/plain," OPEN ";q=0.1," OPEN, OPENMETRICS },
	{ OPEN "," OPEN ";q=0.1,text/plain;q=0.5", OPENMETRICS },
	{ OPEN "; q=0.2 ; version=\"1.0.0\"", OPENMETRICS },
	{ OPEN ";version=\"1.0.0", OPENMETRICS }, { OPEN ";version=1.0.00", PROMETHEUS_TEXT },
	{ OPEN ";version=1.0", PROMETHEUS_TEXT }, { "Application/OpenMetrics-Text", OPENMETRICS },
	{ OPEN ",text/plain;version=0.0.4", OPENMETRICS },
	{ OPEN ";q=0.5,text/plain;version=0.0.4", PROMETHEUS_TEXT },
	{ OPEN ";q=0.5,text/plain;version=0.0.5", OPENMETRICS },
	{ "\t " OPEN "\t;q=1", OPENMETRICS }, { OPEN "x", PROMETHEUS_TEXT },
};

static void test_accept(void)
{
	size_t i;

	for (i = 0; i < N(accepts); i++)
		ok(accept_format(accepts[i].accept) == accepts[i].format, "Accept:",
		   accepts[i].accept ? accepts[i].accept : "that is not there");
}

static const struct {
	const char *where;
	sa_family_t family;
	int port;
} places[] = {
	{ "127.0.0.1:1", AF_INET, 1 }, { "127.0.0.1:65535", AF_INET, 65535 },
	{ "127.0.0.1:65536" }, { "127.0.0.1:0" }, { "127.0.0.1:" }, { "127.0.0.1:80x" },
	{ "127.0.0.1:4294967297" }, { "127.0.0.1" }, { "127.0.0.2:80" }, { "0.0.0.0:80" },
	{ "[::1]:65535", AF_INET6, 65535 }, { "[::1]:65536" }, { "[::]:80" }, { "[::1]" },
	{ "unix:/x", AF_UNIX }, { "unix:x" }, { "unix:" }, { "/x" }, { "" },
};

static int port_of(const struct local_socket *s)
{
	switch (s->address.any.sa_family) {
	case AF_INET:
		return ntohs(s->address.v4.sin_port);
	case AF_INET6:
		return ntohs(s->address.v6.sin6_port);
	default:
		return 0;
	}
}

static bool is_local(const struct local_socket *s)
{
	switch (s->address.any.sa_family) {
	case AF_INET:
		return s->address.v4.sin_addr.s_addr == htonl(INADDR_LOOPBACK);
	case AF_INET6:
		return IN6_IS_ADDR_LOOPBACK(&s->address.v6.sin6_addr);
	default:
		return s->address.un.sun_path[0] == '/';
	}
}

/* A path has 107 bytes at most: with its end, it fills the address. */
static void test_paths(void)
{
	char where[120] = "unix:/";
	struct local_socket s;

	memset(where + 6, 'p', 106);
	ok(!local_socket_parse(&s, where) && strlen(s.address.un.sun_path) == 107,
	   "place", "of 107 bytes");
	where[6 + 106] = 'p';
	ok(local_socket_parse(&s, where) < 0, "place", "of 108 bytes");
}

static void test_places(void)
{
	struct local_socket s;
	size_t i;
	int err;

	for (i = 0; i < N(places); i++) {
		err = local_socket_parse(&s, places[i].where);
		ok(places[i].family ?
		   !err && s.address.any.sa_family == places[i].family && s.fd == -1 &&
		   port_of(&s) == places[i].port && is_local(&s) : err < 0, "place",
		   places[i].where);
	}
}

static const struct {
	const char *theirs, *ours;
	enum blocks blocks;
} compared[] = {
	{ "0x80 0-7", "0x80 0-7", BLOCKS_SAME }, { "unknown", "unknown", BLOCKS_SAME },
	{ "0x80 0-7", "0x80 0-6", BLOCKS_MISSING }, { "0x80 0-7", "0x80 0-3", BLOCKS_MISSING },
	{ "0x80 0-7", "0x80 0-2", BLOCKS_OTHER }, { "0x80 0-7", "0x80 0-3,8", BLOCKS_OTHER },
	{ "0x80 0-7", "0x80 0-8", BLOCKS_OTHER }, { "0x80 0-7", "0x40 0-7", BLOCKS_OTHER },
	{ "0x80 0-3,8-11", "0x80 0-3,8-9,11", BLOCKS_MISSING },
	{ "0x80 0-3,8-11", "0x80 0-4", BLOCKS_OTHER }, { "0x80 1,3,5", "0x80 3,5", BLOCKS_MISSING },
	{ "0x80 1,3,5", "0x80 4,5", BLOCKS_OTHER }, { "0x80 5", "0x80 4", BLOCKS_OTHER },
	{ "0x80 0-7", "unknown", BLOCKS_OTHER }, { "unknown", "0x80 0-7", BLOCKS_OTHER },
	{ "0x80", "0x80 0", BLOCKS_OTHER }, { "0x80 0-7", "0x80 ", BLOCKS_OTHER },
}, asked[] = {
	/* The address is ours; is it there? */
	{ "0x1000 0-2,4", "0", BLOCKS_SAME }, { "0x1000 0-2,4", "0x2fff", BLOCKS_SAME },
	{ "0x1000 0-2,4", "0x3000", BLOCKS_MISSING }, { "0x1000 0-2,4", "0x3fff", BLOCKS_MISSING },
	{ "0x1000 0-2,4", "0x4000", BLOCKS_SAME }, { "0x1000 0-2,4", "0x5000", BLOCKS_MISSING },
	{ "0x1000 1", "0xfff", BLOCKS_MISSING }, { "unknown", "0x5000", BLOCKS_SAME },
	{ "0x1000 5-3,7", "0x4000", BLOCKS_MISSING },
};

static void test_blocks(void)
{
	char name[64];
	uint64_t at;
	size_t i;

	for (i = 0; i < N(compared); i++) {
		snprintf(name, sizeof(name), "%s with %s", compared[i].theirs, compared[i].ours);
		ok(machine_compare_blocks(compared[i].theirs, compared[i].ours) ==
		   compared[i].blocks, "blocks:", name);
	}
	for (i = 0; i < N(asked); i++) {
		snprintf(name, sizeof(name), "%s in %s", asked[i].ours, asked[i].theirs);
		ok(number_parse(asked[i].ours, &at) &&
		   machine_has_block(asked[i].theirs, at) == (asked[i].blocks == BLOCKS_SAME),
		   "address:", name);
	}
}

int main(void)
{
	test_numbers();
	test_texts();
	test_plain();
	test_accept();
	test_places();
	test_paths();
	test_blocks();
	return failed;
}
