// SPDX-License-Identifier: GPL-2.0-only
/*
 * The formats by name, and the spellings that they share: times, ids, addresses.
 */
#include "events/format.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "util/cleanup.h"

static const struct format formats[] = {
	{ "json", format_json }, { "text", format_text }, { "ecs", NULL },    { "ocsf", NULL },
	{ "cef", NULL },         { "leef", NULL },        { "syslog", NULL },
};

const struct format *format_at(size_t i)
{
	return i < ARRAY_SIZE(formats) ? &formats[i] : NULL;
}

const struct format *format_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(formats); i++)
		if (!strcmp(formats[i].name, name))
			return &formats[i];
	return NULL;
}

void format_time(uint64_t us, char out[FORMAT_TIME_SIZE])
{
	time_t seconds = (time_t)(us / 1000000);
	struct tm tm;
	size_t n;

	if (!gmtime_r(&seconds, &tm))
		tm = (struct tm){ .tm_year = 70, .tm_mday = 1 }; /* a year that no int holds */
	n = strftime(out, FORMAT_TIME_SIZE - 9, "%Y-%m-%dT%H:%M:%S", &tm);
	/* fits */
	(void)snprintf(out + n, FORMAT_TIME_SIZE - n, ".%06uZ", (unsigned)(us % 1000000));
}

void format_id(const struct event_source *source, uint64_t seq, char out[FORMAT_ID_SIZE])
{
	/* fits */
	(void)snprintf(out, FORMAT_ID_SIZE, "%s-%s-%" PRIu64, source->boot_id, source->instance,
		       seq);
}

void format_ip(const uint8_t ip[16], char out[FORMAT_IP_SIZE])
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	bool v4 = !memcmp(ip, mapped, sizeof(mapped));

	if (!inet_ntop(v4 ? AF_INET : AF_INET6, v4 ? ip + 12 : ip, out, FORMAT_IP_SIZE))
		out[0] = '\0'; /* cannot be: the buffer is large enough */
}
